/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/role.h"

enum { LATER_MS = 2000, CHANNEL_BUFFER = 1 << 20, PEER_SEND_MS = 200, CHILD_SEND_MS = 1000 };

static void set_buffers(int fd)
{
	const int size = CHANNEL_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

enum role_state child_state(const struct child *child, int64_t *since_ms)
{
	const struct parent *parent = child->parent;
	const struct role_facts facts = {
		.running = child->pid != 0, .ready = child->ready, .failures = child->failures,
		.can_start = parts_allow(parent, child->role),
		.work_ms = child->owes ? parent->now - child->sent_at : -1,
		.silent_ms = child->asked ? parent->now - child->asked : -1,
		.age_ms = parent->now - child->started,
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
		snprintf(whole, sizeof(whole), "the %s role has been busy with a policy for %lld s%s",
			 role, (long long)seconds, progress);
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
		snprintf(whole, sizeof(whole), "the %s role waits for what it needs: see trouble in "
			 "cordon status", role);
		break;
	case ROLE_STATE_RESTARTING:
		snprintf(whole, sizeof(whole), "the %s role ended %u times and is started again: %s",
			 role, child->deaths.count, child->reason);
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

void child_room(struct child *child, const struct generation *generation)
{
	const struct parent *parent = child->parent;
	uint64_t room = role_dns_room(parent->workers) + generation->policy.size +
			parent->current.policy.size + parent->next.policy.size;
	const struct rlimit limit = { .rlim_cur = room, .rlim_max = room };

	/* Refused, it has what it began with, and says so when that is not enough. */
	if (HARDENED && child->pid && prlimit(child->pid, RLIMIT_AS, &limit, NULL) < 0)
		log_debug("dns: address space: %s", strerror(errno));
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

/* ---- what a role is told before it seals itself ---- */

static int tell_workers(struct parent *parent, struct child *child)
{
	int error = 0;

	for (uint8_t i = 0; !error && i < parent->workers; i++) {
		error = child_send(child, MESSAGE_SHARED, &i, 1, parent->shared_fd[i]);
		for (unsigned int j = 0; !error && child->role == ROLE_DNS &&
		     j < parent->listeners; j++) {
			const uint8_t body[2] = { i, parent->protocol[j] };

			if (parent->listen[i][j] < 0)
				continue;
			error = child_send(child, MESSAGE_LISTEN, body, 2, parent->listen[i][j]);
		}
	}
	if (!error && parent->wake >= 0)
		error = child_send(child, MESSAGE_WAKE, NULL, 0, parent->wake);
	return error;
}

static int tell_journal(struct parent *parent, struct child *child)
{
	int error = tell_workers(parent, child);

	if (!error)
		error = child_send(child, MESSAGE_NFLOG, NULL, 0, parent->nflog);
	if (!error)
		error = child_send(child, MESSAGE_ROUTE, NULL, 0, parent->route);
	if (!error)
		error = child_send(child, MESSAGE_TABLE, NULL, 0, parent->table);
	if (!error)
		error = child_send(child, MESSAGE_IDENTITY, parent->identity,
				   strlen(parent->identity), -1);
	return error;
}

static int tell(struct parent *parent, struct child *child)
{
	int error = child_send(child, MESSAGE_SETTINGS, parent->text, parent->length, -1);

	if (!error && child->role == ROLE_DNS)
		error = tell_workers(parent, child);
	if (!error && child->role == ROLE_COMPILE)
		error = source_tell(parent, child);
	if (!error && child->role == ROLE_UPDATE)
		error = updates_tell_update(parent, child);
	if (!error && child->role == ROLE_JOURNAL)
		error = tell_journal(parent, child);
	return error ? error : child_send(child, MESSAGE_SEAL, NULL, 0, -1);
}

/* ---- start ---- */

/*
 * The folder that the role makes its root. A role that writes has its own; the others want an empty
 * one, and where even that cannot be made any that they cannot write to, since their filter opens
 * no file anyway.
 */
static int enter_folder(const struct parent *parent, enum role role)
{
	if (role == ROLE_JOURNAL || role == ROLE_UPDATE)
		return fchdir(parent->state) < 0 ? -1
						 : chdir(role == ROLE_JOURNAL ? "log" : "update");
	if (fchdir(parent->run) == 0 && chdir("empty") == 0)
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
static void execute(const struct parent *parent, enum role role, int channel)
{
	char word[32];
	char *const arguments[] = { (char *)(uintptr_t)"cordond", (char *)(uintptr_t)"--role",
				    word, NULL };
	char *const environment[] = { NULL };
	sigset_t none;

	snprintf(word, sizeof(word), "%s", role_print(role));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (enter_folder(parent, role) < 0)
		give_up(channel, "its folder cannot be entered");
	if (dup2(channel, MESSAGE_CHANNEL) != MESSAGE_CHANNEL ||
	    fcntl(MESSAGE_CHANNEL, F_SETFD, 0) < 0 ||
	    close_range(MESSAGE_CHANNEL + 1, UINT_MAX, 0) < 0)
		give_up(channel, "its descriptors cannot be set up");
	execve("/proc/self/exe", arguments, environment);
	give_up(MESSAGE_CHANNEL, "/proc/self/exe cannot be executed (is /proc mounted?)");
}

static int spawn(struct parent *parent, struct child *child)
{
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	set_buffers(pair[0]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	child->pid = fork();
	if (child->pid == 0)
		execute(parent, child->role, pair[1]);
	error = child->pid < 0 ? -errno : 0;
	close(pair[1]);
	if (error) {
		child->pid = 0;
		close(pair[0]);
		return error;
	}
	child->watch = (struct watch){ pair[0], child_heard, child };
	return loop_add(&parent->loop, &child->watch, EPOLLIN);
}

static void cannot_start(struct parent *parent, struct child *child, int error)
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
	else if (child->role == ROLE_COMPILE)
		change_compiler_gone(parent);
	else
		child->start_at = parent->now + LATER_MS;
}

void child_start(struct parent *parent, enum role role)
{
	struct child *child = &parent->child[role];
	int error;

	child->start_at = 0;
	if (child->pid || parent->stopping || !parts_allow(parent, role))
		return;
	child->ready = false;
	child->sent = child->applied = 0;
	child->owes = false;
	child->asked = child->answered = 0;
	child->started = parent->now;
	child->trouble[0] = '\0';
	child->progress = child->total = 0;
	error = spawn(parent, child);
	if (!error)
		error = tell(parent, child);
	if (error)
		cannot_start(parent, child, error);
}

void children_init(struct parent *parent)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		parent->child[role] = (struct child){ .parent = parent, .role = (enum role)role,
						      .watch.fd = -1 };
}

void children_connect(struct parent *parent)
{
	struct child *dns = &parent->child[ROLE_DNS], *rules = &parent->child[ROLE_RULES];
	const struct timeval patience = { .tv_usec = PEER_SEND_MS * 1000 };

	for (uint8_t i = 0; i < parent->workers; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
			log_error("dns and rules cannot be connected: %s: exempt services in "
				  "blocked networks stay closed", strerror(errno));
			return;
		}
		set_buffers(pair[0]);
		set_buffers(pair[1]);
		/* A worker never waits; the rules role waits a moment for a busy worker. */
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		setsockopt(pair[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		(void)(child_send(dns, MESSAGE_PEER, &i, 1, pair[0]) ||
		       child_send(rules, MESSAGE_PEER, &i, 1, pair[1]));
		close(pair[0]);
		close(pair[1]);
	}
}

void children_due(struct parent *parent)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct child *child = &parent->child[role];

		if (child->start_at && child->start_at <= parent->now)
			child_start(parent, (enum role)role);
	}
}

void children_stop(struct parent *parent)
{
	parent->stopping = true;
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct child *child = &parent->child[role];
		int status;

		if (!child->pid)
			continue;
		/* The journal writes what it still counts when its channel closes. */
		loop_remove(&parent->loop, &child->watch);
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
}
