/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/oom.h"

enum { TICK_MS = 1000, SHORT_TICK_MS = 20, KEEP_MS = 10 * 60 * 1000, AGAIN_MS = 500 };

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
		children_reap(parent);
		break;
	case SIGHUP:
		change_begin(parent, CAUSE_RELOAD);
		break;
	case SIGUSR1:
		parent->restarting = parent->stopping = true;
		break;
	default:
		parent->stopping = true;
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
	error = loop_add(&parent->loop, &parent->signals, EPOLLIN);
	if (error)
		close(parent->signals.fd);
	return error;
}

/* ---- life ---- */

static struct mode_clock mode_clock(const struct parent *parent)
{
	struct mode_clock clock = { .now = updates_now(parent), .set = updates_clock_set(parent),
				    .uptime = parent->now / 1000 };

	memcpy(clock.boot, parent->boot, sizeof(clock.boot));
	return clock;
}

int parent_keep_mode(struct parent *parent)
{
	parent->mode_kept = parent->now;
	return mode_save(&parent->mode, &parent->mode_clock, parent->state);
}

static void keep_mode(struct parent *parent)
{
	if (parent_keep_mode(parent) < 0)
		log_error("the mode cannot be kept in %s: a restart will enforce",
			  parent->state_path);
}

/* Read when a policy is in force or on its way already: it takes a change of its own. */
static void let_mode_wait(struct parent *parent)
{
	if (parent->mode.mode == MODE_ENFORCE || !parent->last_number)
		return;
	parent->waiting_mode = parent->mode;
	parent->mode_waits = true;
	parent->mode = (struct mode_record){ .mode = MODE_ENFORCE };
	change_begin(parent, CAUSE_START);
}

int parent_load_mode(struct parent *parent, struct diag *diag)
{
	struct mode_clock clock = mode_clock(parent);
	int error = mode_load(&parent->mode, &parent->mode_clock, parent->state, diag);

	if (error)
		return error;
	(void)mode_move(&parent->mode, &parent->mode_clock, &clock);
	if (mode_ended(&parent->mode, clock.now))
		parent->mode = (struct mode_record){ .mode = MODE_ENFORCE };
	else if (parent->mode.mode != MODE_ENFORCE)
		log_warning("mode %s goes on, by %s: %s", mode_print(parent->mode.mode),
			    parent->mode.by, parent->mode.reason);
	(void)mode_first_start(&parent->mode, &parent->settings, parent->state, clock.now);
	keep_mode(parent);
	let_mode_wait(parent);
	return 0;
}

/* What passed up to a power cut must not begin anew for ever: the clock is kept from time to time. */
int64_t parent_move_mode(struct parent *parent)
{
	struct mode_clock clock = mode_clock(parent);
	bool moved = mode_move(&parent->mode, &parent->mode_clock, &clock);

	if (moved)
		log_info("the clock moved: mode %s ends in %lld s as before",
			 mode_print(parent->mode.mode),
			 (long long)(parent->mode.until - clock.now));
	if (parent->mode.mode != MODE_ENFORCE &&
	    (moved || parent->now - parent->mode_kept >= KEEP_MS))
		keep_mode(parent);
	return clock.now;
}

static void end_mode(struct parent *parent)
{
	int64_t now = parent_move_mode(parent);

	if (parent->changing || !mode_ended(&parent->mode, now))
		return;
	log_warning("mode %s ended by itself: enforcing", mode_print(parent->mode.mode));
	parent->mode = (struct mode_record){ .mode = MODE_ENFORCE, .since = now,
					     .reason = "the mode before ended by itself" };
	if (parent_keep_mode(parent) < 0)
		log_error("the file of the mode cannot be removed: its time is over anyway");
	change_begin(parent, CAUSE_MODE_END);
}

static int next_timeout(const struct parent *parent)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		if (parent->child[role].start_at)
			return SHORT_TICK_MS;
	}
	return TICK_MS;
}

/* Without these there is no daemon: nothing to do but to wait for a descriptor or memory. */
static void open_loop(struct parent *parent)
{
	int error, said = 0;

	for (;;) {
		error = loop_init(&parent->loop);
		if (!error) {
			error = open_signals(parent);
			if (!error)
				return;
			loop_release(&parent->loop);
		}
		if (error != said)
			log_error("cannot start yet: %s", strerror(-error));
		said = error;
		usleep(AGAIN_MS * 1000);
	}
}

static void begin(struct parent *parent)
{
	parent->now = parent->began = clock_uptime_ms();
	parent->workers = parent->settings.workers;
	if (parent->workers == 0)
		parent->workers = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (parent->workers > SETTINGS_WORKERS)
		parent->workers = SETTINGS_WORKERS;
	parent->current.fd = parent->next.fd = -1;
	parent->source = parent->current_source = SOURCE_NONE;
	children_init(parent);
	parts_init(parent);
	probe_init(&parent->probe);
	updates_init(parent);
	clock_boot_id(parent->boot);
	parent->oom_kills = oom_kills();
	parent->mode_clock = mode_clock(parent);
}

static void round_of(struct parent *parent)
{
	parent->now = clock_uptime_ms();
	loop_deliver(&parent->loop);
	parts_tick(parent);
	children_due(parent);
	patience_tick(parent);
	source_tick(parent);
	control_tick(parent);
	alive_tick(parent);
	updates_tick(parent);
	status_look(parent, DISK_LOOK_MS);
	end_mode(parent);
}

/*
 * The second barrier (nft/route.h) prohibits what has no mark, and a reverse path filter that looks up
 * without it would drop all that is forwarded. Here for every interface, those of later too; without
 * /proc the rules role does it for each that it sees.
 */
static void validate_by_mark(void)
{
	int fd = open("/proc/sys/net/ipv4/conf/all/src_valid_mark", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		log_debug("src_valid_mark: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/*
 * The rules role comes before all that may fail or hang, the disk above all: it closes the gateway
 * in the kernel before it is READY, and what follows can only open that.
 */
int parent_run(struct parent *parent)
{
	int wait = 0;

	begin(parent);
	open_loop(parent);
	if (parts_lock(parent) == -EBUSY)
		return 1;
	validate_by_mark();
	child_start(parent, ROLE_RULES);
	watchdog_init(&parent->watchdog, parent->settings.watchdog, parent->run, parent->now);
	parts_tick(parent);
	patience_load(parent);
	change_begin(parent, CAUSE_START);
	while (!parent->stopping) {
		wait = loop_wait(&parent->loop, next_timeout(parent));
		if (wait < 0)
			usleep(AGAIN_MS * 1000);
		round_of(parent);
	}
	watchdog_leave(&parent->watchdog, parent->restarting);
	children_stop(parent);
	if (parent->restarting) {
		log_info("starts again with other settings; what is blocked stays blocked meanwhile");
		return 0;
	}
	log_warning("stopped. Blocks and DNS capture stay in force, so clients resolve nothing "
		    "until cordond runs again or `cordon disarm` takes them away");
	return 0;
}
