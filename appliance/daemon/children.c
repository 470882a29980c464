/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/children.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/text.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/oom.h"

enum { LATER_MS = 2000, CHANNEL_BUFFER = 1 << 20, CHILD_SEND_MS = 1000 };

void children_buffers(int fd)
{
	const int size = CHANNEL_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

enum role_state child_state(const struct child *child, int64_t *since_ms)
{
	const struct children *all = child->all;
	const int64_t now = all->daemon->now;
	const struct role_facts facts = {
		.running = child->pid != 0, .ready = child->ready, .failures = child->failures,
		.can_start = all->hooks->allowed(all->context, child->role),
		.work_ms = child->owes ? now - child->sent_at : -1,
		.silent_ms = child->asked ? now - child->asked : -1,
		.age_ms = now - child->started,
	};

	return role_state(&facts, since_ms);
}

void child_explain(const struct child *child, char *text, size_t size)
{
	const char *role = role_print(child->role);
	char whole[CHILD_TEXT + 128], progress[48] = "";
	int64_t since, seconds;
	enum role_state state = child_state(child, &since);

	seconds = since / 1000;
	if (child->total)
		snprintf(progress, sizeof(progress), " (%u %% done)",
			 (unsigned int)(100ULL * child->progress / child->total));
	switch (state) {
	case ROLE_STATE_BUSY:
		snprintf(whole, sizeof(whole),
			 "the %s role has been busy with a policy for %lld s%s", role,
			 (long long)seconds, progress);
		break;
	case ROLE_STATE_SILENT:
		snprintf(whole, sizeof(whole), "the %s role has not answered for %lld s, and is "
			 "started again soon", role, (long long)seconds);
		break;
	case ROLE_STATE_STARTING:
		snprintf(whole, sizeof(whole), "the %s role is starting, for %lld s", role,
			 (long long)seconds);
		break;
	case ROLE_STATE_WAITING:
		snprintf(whole, sizeof(whole),
			 "the %s role waits for what it needs: see trouble in "
			 "cordon status",
			 role);
		break;
	case ROLE_STATE_RESTARTING:
		snprintf(whole, sizeof(whole),
			 "the %s role ended %u times and is started again: %s", role,
			 child->deaths.count, child->reason);
		break;
	default:
		snprintf(whole, sizeof(whole), "the %s role runs", role);
	}
	text_fit(text, size, whole, strlen(whole));
}

/* Only a process that was not reaped yet: its number is nobody else's. */
void child_kill(struct child *child, const char *why)
{
	if (!child->pid)
		return;
	text_fit(child->trouble, sizeof(child->trouble), why, strlen(why));
	kill(child->pid, SIGKILL);
}

/* A child that does not read must not stop the parent. */
int child_send(struct child *child, enum message_type type, const void *body, size_t size, int fd)
{
	struct pollfd room = { .fd = child->watch.fd, .events = POLLOUT };
	int error;

	if (!child->pid)
		return -ESRCH;
	do
		error = message_send(child->watch.fd, type, body, size, fd);
	while (error == -EAGAIN && poll(&room, 1, CHILD_SEND_MS) == 1);
	if (error) {
		log_error("%s: cannot be told anything (%s): it is started again",
			  role_print(child->role), strerror(-error));
		child_kill(child, "it took no messages");
	}
	return error;
}

void child_answered(struct child *child)
{
	child->asked = 0;
	child->answered = child->all->daemon->now;
}

/* Of a role, so it is shown with nothing in it that a terminal obeys. */
void child_trouble(struct child *child, const struct message *message)
{
	text_fit(child->trouble, sizeof(child->trouble), (const char *)message->body,
		 strnlen((const char *)message->body, message->size));
}

/* Its channel has something. */
static void channel_ready(struct watch *watch, uint32_t events)
{
	static struct message message;
	struct child *child = watch->context;
	int got = message_receive(watch->fd, &message);

	if (got == 1) {
		child->all->hooks->heard(child->all->context, child, &message);
		message_close(&message);
		return;
	}
	if (got == -EAGAIN)
		return;
	/* Gone, or talking nonsense (an empty message looks like an end); SIGCHLD does the rest. */
	loop_remove(&child->all->daemon->loop, &child->watch);
	if (got != 0 || !(events & EPOLLHUP))
		child_kill(child, "it sent a damaged message");
}

/* ---- start ---- */

/*
 * The folder that the role makes its root. A role that writes has its own; the others want an empty
 * one, and where even that cannot be made any that they cannot write to, since their filter opens
 * no file anyway.
 */
static int enter_folder(const struct daemon *daemon, enum role role)
{
	if (role == ROLE_JOURNAL || role == ROLE_UPDATE)
		return fchdir(daemon->state) < 0 ? -1
						 : chdir(role == ROLE_JOURNAL ? "log" : "update");
	if (fchdir(daemon->run) == 0 && chdir("empty") == 0)
		return 0;
	return chdir("/var/empty") < 0 && chdir("/proc/driver") < 0 ? chdir("/sys") : 0;
}

/* In the child: what failed, to the parent, which knows nothing else of it. */
static void give_up(int channel, const char *what)
{
	char text[128];
	int length = snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));

	(void)!message_send(channel, MESSAGE_TROUBLE, text, (size_t)length, -1);
	_exit(127);
}

/* In the child: descriptor 3 is the channel, nothing else is inherited, and the program anew. */
static void execute(const struct daemon *daemon, enum role role, int channel)
{
	char word[32];
	char *const arguments[] = { (char *)(uintptr_t)"cordond", (char *)(uintptr_t)"--role",
				    word, NULL };
	char *const environment[] = { NULL };
	sigset_t none;

	snprintf(word, sizeof(word), "%s", role_print(role));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (enter_folder(daemon, role) < 0)
		give_up(channel, "its folder cannot be entered");
	if (dup2(channel, MESSAGE_CHANNEL) != MESSAGE_CHANNEL ||
	    fcntl(MESSAGE_CHANNEL, F_SETFD, 0) < 0 ||
	    close_range(MESSAGE_CHANNEL + 1, UINT_MAX, 0) < 0)
		give_up(channel, "its descriptors cannot be set up");
	execve("/proc/self/exe", arguments, environment);
	give_up(MESSAGE_CHANNEL, "/proc/self/exe cannot be executed (is /proc mounted?)");
}

static int spawn(struct child *child)
{
	struct daemon *daemon = child->all->daemon;
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	children_buffers(pair[0]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	child->pid = fork();
	if (child->pid == 0)
		execute(daemon, child->role, pair[1]);
	error = child->pid < 0 ? -errno : 0;
	close(pair[1]);
	if (error) {
		child->pid = 0;
		close(pair[0]);
		return error;
	}
	child->watch = (struct watch){ pair[0], channel_ready, child };
	return loop_add(&daemon->loop, &child->watch, EPOLLIN);
}

static void cannot_start(struct child *child, int error)
{
	char text[CHILD_TEXT];

	snprintf(text, sizeof(text), "it cannot be started: %s%s", strerror(-error),
		 error == -EAGAIN ? " (is there a limit of processes?)" :
		 error == -EMFILE ? " (of cordond itself)" : "");
	if (strcmp(text, child->reason) != 0)
		log_error("%s: %s", role_print(child->role), text);
	memcpy(child->reason, text, sizeof(text));
	if (child->pid)
		child_kill(child, text);	/* told half of it, it would wait for ever */
	else if (child->role != ROLE_COMPILE)
		child->start_at = child->all->daemon->now + LATER_MS;
}

int child_start(struct child *child)
{
	struct children *all = child->all;
	int error;

	child->start_at = 0;
	if (child->pid || all->daemon->stopping || !all->hooks->allowed(all->context, child->role))
		return 0;
	child->ready = false;
	child->sent = child->applied = 0;
	child->owes = false;
	child->asked = child->answered = 0;
	child->started = all->daemon->now;
	child->trouble[0] = '\0';
	child->progress = child->total = 0;
	error = spawn(child);
	if (!error)
		error = all->hooks->tell(all->context, child);
	if (!error)
		error = child_send(child, MESSAGE_SEAL, NULL, 0, -1);
	if (error)
		cannot_start(child, error);
	return error;
}

void children_init(struct children *children, struct daemon *daemon,
		   const struct children_hooks *hooks, void *context)
{
	*children = (struct children){ .daemon = daemon, .hooks = hooks, .context = context,
				       .oom_kills = oom_kills() };
	for (int role = 0; role < ROLE_COUNT; role++)
		children->child[role] = (struct child){ .all = children, .role = (enum role)role,
							.watch.fd = -1 };
}

void children_due(struct children *children)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct child *child = &children->child[role];

		if (child->start_at && child->start_at <= children->daemon->now)
			(void)!child_start(child);	/* and again later */
	}
}

void child_stop(struct child *child)
{
	int status;

	if (!child->pid)
		return;
	/* The journal writes what it still counts when its channel closes. */
	loop_remove(&child->all->daemon->loop, &child->watch);
	shutdown(child->watch.fd, SHUT_RDWR);
	close(child->watch.fd);
	for (int wait = 0; child->pid && wait < 100; wait++) {
		if (waitpid(child->pid, &status, WNOHANG) == child->pid)
			child->pid = 0;
		else
			usleep(20 * 1000);
	}
	if (child->pid) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, &status, 0);
		child->pid = 0;
	}
}

void children_stop(struct children *children)
{
	children->daemon->stopping = true;
	for (int role = 0; role < ROLE_COUNT; role++)
		child_stop(&children->child[role]);
}
