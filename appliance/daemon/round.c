/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/round.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/daemon/alive.h"
#include "appliance/daemon/drive.h"
#include "appliance/daemon/heard.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parts.h"
#include "appliance/daemon/requests.h"
#include "appliance/daemon/status.h"
#include "appliance/daemon/tell.h"
#include "appliance/daemon/witness.h"

enum { TICK_MS = 1000, SHORT_TICK_MS = 20, AGAIN_MS = 500, JOURNAL_STOP_MS = 3000 };

/* ---- roles that end ---- */

static void role_ended(struct parent *parent, pid_t pid, int status)
{
	struct child_end end;
	struct child *child;

	if (!children_ended(&parent->children, pid, status, &end))
		return;
	child = end.child;
	if (child->role != ROLE_COMPILE && !parent->daemon.stopping)
		drive_died(parent, child);
	child_clear(child);
	if (child->role == ROLE_DNS || child->role == ROLE_RULES)
		parent->linked = false;
	if (child->role == ROLE_UPDATE)
		requests_abandoned(parent, "the update role ended and is started again: see cordon "
				   "update status\n");
	if (child->role == ROLE_COMPILE) {
		if (end.crashed)
			log_error("compile: %s", child->reason);
		drive_compiler_gone(parent);
		return;
	}
	if (parent->daemon.stopping)
		return;
	if (child->role == ROLE_JOURNAL)
		parts_mend_log(parent);
	if (child->role == ROLE_DNS)
		listeners_renew(&parent->listeners);
	witness_role(parent, &end);
	child_again(&end);
}

static void reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (copies_reaped(&parent->copies, pid, status))
			continue;
		if (disks_reaped(&parent->disks, pid, status, parent->daemon.now))
			requests_disks(parent);
		else
			role_ended(parent, pid, status);
	}
}

/* ---- signals ---- */

static void signal_ready(struct watch *watch, uint32_t events)
{
	struct parent *parent = watch->context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap(parent);
		break;
	case SIGHUP:
		witness_signal(parent, (pid_t)info.ssi_pid, info.ssi_uid);
		change_want(&parent->change, CAUSE_RELOAD);
		break;
	case SIGUSR1:
		parent->daemon.restarting = parent->daemon.stopping = true;
		break;
	default:
		parent->daemon.stopping = true;
	}
}

static int open_signals(struct parent *parent)
{
	sigset_t set;
	int error;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	parent->signals = (struct watch){ signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					  signal_ready, parent };
	if (parent->signals.fd < 0)
		return -errno;
	error = loop_add(&parent->daemon.loop, &parent->signals, EPOLLIN);
	if (error)
		close(parent->signals.fd);
	return error;
}

/* ---- hooks of the parts ---- */

static bool role_allowed(void *context, enum role role)
{
	return parts_allow(context, role);
}

static int role_told(void *context, struct child *child)
{
	return tell_role(context, child);
}

static void role_heard(void *context, struct child *child, struct message *message)
{
	heard_message(context, child, message);
}

static const struct children_hooks hooks = { role_allowed, role_told, role_heard };

static void request_asked(void *context, struct control_client *client)
{
	requests_take(context, client);
}

static void poll_ended(void *context, uint32_t poll, int code, const char *text)
{
	requests_polled(context, poll, code, text);
}

static void update_noted(void *context, const char *what, int64_t release, const char *text)
{
	witness_update(context, what, release, text);
}

/* ---- life ---- */

static void end_mode(struct parent *parent)
{
	const struct mode_clock clock = parts_clock(parent);

	standing_move(&parent->standing, &clock);
	if (!change_runs(&parent->change) && standing_expire(&parent->standing, clock.now))
		change_want(&parent->change, CAUSE_MODE_END);
}

static int next_timeout(const struct parent *parent)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		if (parent->children.child[role].start_at)
			return SHORT_TICK_MS;
	}
	return TICK_MS;
}

/* Without these there is no daemon: nothing to do but to wait for a descriptor or memory. */
static void open_loop(struct parent *parent)
{
	int error, said = 0;

	for (;;) {
		error = loop_init(&parent->daemon.loop);
		if (!error) {
			error = open_signals(parent);
			if (!error)
				return;
			loop_release(&parent->daemon.loop);
		}
		if (error != said)
			log_error("cannot start yet: %s", strerror(-error));
		said = error;
		usleep(AGAIN_MS * 1000);
	}
}

static void begin(struct parent *parent)
{
	struct daemon *daemon = &parent->daemon;
	struct mode_clock clock;

	daemon->now = daemon->began = clock_uptime_ms();
	daemon->workers = daemon->settings.workers;
	if (daemon->workers == 0)
		daemon->workers = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (daemon->workers > SETTINGS_WORKERS)
		daemon->workers = SETTINGS_WORKERS;
	clock_boot_id(daemon->boot);
	children_init(&parent->children, daemon, &hooks, parent);
	change_init(&parent->change);
	parent->copies.daemon = parent->patience.daemon = parent->control.daemon = daemon;
	parent->control.asked = request_asked;
	parent->control.context = parent;
	parts_init(parent);
	parent->witness.reloader = (struct actor){ .kind = ACTOR_BOX };
	probe_init(&parent->probe, &daemon->loop);
	parent->key.daemon = parent->seal.daemon = daemon;
	parent->seal.key = &parent->key;
	parent->seal.notices = &parent->notices;
	seal_init(&parent->seal);
	parent->updates = (struct updates){
		.daemon = daemon, .role = parent_role(parent, ROLE_UPDATE),
		.current = &parent->change.current, .mode = &parent->standing.mode,
		.polled = poll_ended, .noted = update_noted, .context = parent,
		.key = &parent->key, .note = parent->seal.note,
	};
	updates_init(&parent->updates);
	clock = parts_clock(parent);
	standing_init(&parent->standing, daemon, &clock);
}

static void round_once(struct parent *parent)
{
	parent->daemon.now = clock_uptime_ms();
	loop_deliver(&parent->daemon.loop);
	parts_tick(parent);
	children_due(&parent->children);
	drive_tick(parent);
	requests_tick(parent);
	alive_tick(parent);
	if (updates_tick(&parent->updates, !change_runs(&parent->change)))
		change_want(&parent->change, CAUSE_UPDATE);
	status_poll(parent, DISK_POLL_MS);
	end_mode(parent);
	witness_tick(parent);
	drive(parent);
}

/*
 * The second barrier (nft/route.h) prohibits what has no mark, and a reverse path filter that looks
 * up without it would drop all that is forwarded. Here for every interface, those of later too;
 * without /proc the rules role does it for each that it sees.
 */
static void validate_by_mark(void)
{
	int fd = open("/proc/sys/net/ipv4/conf/all/src_valid_mark", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		log_debug("src_valid_mark: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The journal asks for its last checkpoint, and goes. */
static void stop_journal(struct parent *parent)
{
	struct child *journal = parent_role(parent, ROLE_JOURNAL);
	const int64_t until = clock_uptime_ms() + JOURNAL_STOP_MS;
	const uint8_t reason = CHECKPOINT_STOP;
	static struct message message;
	int left;

	if (!journal->ready || !journal->pid)
		return;
	notices_send(&parent->notices, journal->watch.fd, parent->daemon.now);
	if (child_send(journal, MESSAGE_CHECKPOINT, &reason, 1, -1) < 0)
		return;
	while ((left = (int)(until - clock_uptime_ms())) > 0) {
		struct pollfd channel = { .fd = journal->watch.fd, .events = POLLIN };

		if (poll(&channel, 1, left) <= 0 ||
		    message_receive(journal->watch.fd, &message) != 1)
			return;
		heard_message(parent, journal, &message);
		message_close(&message);
	}
}

/* The journal comes last: it stores what the others still count. */
static void stop_roles(struct parent *parent)
{
	parent->daemon.stopping = true;
	for (int role = 0; role < ROLE_COUNT; role++) {
		if (role != ROLE_JOURNAL)
			child_stop(parent_role(parent, (enum role)role));
	}
	stop_journal(parent);
	children_stop(&parent->children);
}

/*
 * The rules role comes before all that may fail or hang, the disk above all: it closes the gateway
 * in the kernel before it is READY, and what follows can only open that.
 */
int round_run(struct parent *parent)
{
	struct daemon *daemon = &parent->daemon;

	begin(parent);
	open_loop(parent);
	if (parts_lock(parent) == -EBUSY)
		return 1;
	validate_by_mark();
	(void)!child_start(parent_role(parent, ROLE_RULES));	/* and again later */
	watchdog_init(&parent->watchdog, daemon->settings.watchdog, daemon->run, daemon->now);
	parts_tick(parent);
	patience_load(&parent->patience);
	change_want(&parent->change, CAUSE_START);
	drive(parent);
	while (!daemon->stopping) {
		if (loop_wait(&daemon->loop, next_timeout(parent)) < 0)
			usleep(AGAIN_MS * 1000);
		round_once(parent);
	}
	watchdog_leave(&parent->watchdog, daemon->restarting);
	stop_roles(parent);
	if (daemon->restarting) {
		log_info(
			"starts again with other settings; what is blocked stays blocked "
			"meanwhile");
		return 0;
	}
	log_warning("stopped. Blocks and DNS capture stay in force, so clients resolve nothing "
		    "until cordond runs again or `cordon disarm` takes them away");
	return 0;
}
