/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/crypto/digest.h"
#include "base/file.h"
#include "base/hex.h"
#include "daemon/log.h"
#include "daemon/sockets.h"
#include "journal/aggregate.h"

enum { TICK_MS = 1000, SHORT_TICK_MS = 20, KEEP_MS = 10 * 60 * 1000 };

/* ---- folders ---- */

static int open_folder(const char *path, struct diag *diag)
{
	int fd = -1;

	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		diag_error(diag, path, 0, 0, "cannot be opened as a folder: %s", strerror(errno));
	return fd;
}

static int open_subfolder(int folder, const char *name, mode_t mode, uid_t owner,
			  struct diag *diag)
{
	if ((mkdirat(folder, name, mode) < 0 && errno != EEXIST) ||
	    fchownat(folder, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(folder, name, mode, 0) < 0) {
		diag_error(diag, name, 0, 0, "cannot be made: %s", strerror(errno));
		return -EIO;
	}
	return 0;
}

/* One daemon a run folder; the lock goes with the process. */
static int lock(struct parent *parent, struct diag *diag)
{
	char text[16];
	int fd = openat(parent->run, "pid", O_RDWR | O_CREAT | O_CLOEXEC, 0644), length;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		diag_error(diag, parent->run_path, 0, 0, errno == EWOULDBLOCK ?
			   "another cordond runs there: stop it, or use another --run" :
			   "cannot be locked");
		return -EBUSY;
	}
	length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)length) != length)
		return -errno;
	/* Kept open until the process ends. */
	return 0;
}

static int open_folders(struct parent *parent, struct diag *diag)
{
	uid_t journal = settings_uid(&parent->settings, ROLE_JOURNAL);
	int error;

	parent->state = open_folder(parent->state_path, diag);
	if (parent->state < 0)
		return -EIO;
	error = lock(parent, diag);
	if (!error)
		error = open_subfolder(parent->run, "empty", 0555, 0, diag);
	if (!error)
		error = open_subfolder(parent->state, "log", 0750, journal, diag);
	return error;
}

/* ---- what the roles share ---- */

static int open_shared(struct parent *parent, unsigned int index)
{
	int fd = memfd_create("worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *memory;

	/* A role that could shrink it would end whoever reads it. */
	if (fd < 0 || ftruncate(fd, sizeof(struct worker_shared)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	memory = mmap(NULL, sizeof(struct worker_shared), PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	parent->shared_fd[index] = fd;
	parent->shared[index] = memory;
	return 0;
}

/* What the journal still counts, so that its end loses nothing. */
static int open_table(struct parent *parent)
{
	parent->table = memfd_create("journal", MFD_CLOEXEC);
	return parent->table < 0 || ftruncate(parent->table, (off_t)aggregate_size()) < 0 ? -errno
											  : 0;
}

static int open_listeners(struct parent *parent, unsigned int index, struct diag *diag)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	const struct settings *settings = &parent->settings;

	parent->listeners = 0;
	for (size_t i = 0; i < settings->listens; i++) {
		for (size_t j = 0; j < (ENABLED(CONFIG_DNS_TCP) ? 2 : 1); j++) {
			int fd = socket_listen(&settings->listen[i], protocols[j], diag);

			if (fd < 0)
				return fd;
			parent->protocol[parent->listeners] = protocols[j];
			parent->listen[index][parent->listeners++] = fd;
		}
	}
	return 0;
}

static int open_sockets(struct parent *parent, struct diag *diag)
{
	int error = 0;

	for (unsigned int i = 0; !error && i < parent->workers; i++) {
		error = open_shared(parent, i);
		if (error)
			diag_error(diag, "shared memory", 0, 0, "%s", strerror(-error));
		else
			error = open_listeners(parent, i, diag);
	}
	parent->wake = parent->nflog = parent->route = parent->table = -1;
	if (error || !ENABLED(CONFIG_JOURNAL))
		return error;
	parent->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	parent->nflog = socket_nflog(parent->settings.nflog_group, diag);
	parent->route = socket_route(diag);
	error = open_table(parent);
	if (error)
		diag_error(diag, "shared memory", 0, 0, "%s", strerror(-error));
	if (!error && (parent->wake < 0 || parent->nflog < 0 || parent->route < 0))
		error = -EIO;
	return error;
}

/* Stable for a machine, and says nothing of it: a digest of the machine id. */
static void find_identity(struct parent *parent)
{
	uint8_t digest[DIGEST_SIZE];
	char *text = NULL, host[64] = "";
	size_t length = 0;

	if (parent->settings.appliance_id[0]) {
		snprintf(parent->identity, sizeof(parent->identity), "%s",
			 parent->settings.appliance_id);
		return;
	}
	if (file_read(AT_FDCWD, "/etc/machine-id", 256, &text, &length) < 0)
		gethostname(host, sizeof(host) - 1);
	if (digest_sha256(text ? text : host, text ? length : strlen(host), digest) < 0)
		memset(digest, 0, sizeof(digest));
	hex_print(digest, 6, parent->identity);
	free(text);
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
		children_reap(parent);
		break;
	case SIGHUP:
		change_begin(parent, CAUSE_RELOAD);
		break;
	default:
		parent->stopping = true;
	}
}

static int open_signals(struct parent *parent)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	parent->signals = (struct watch){ signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					  signal_ready, parent };
	if (parent->signals.fd < 0)
		return -errno;
	return loop_add(&parent->loop, &parent->signals, EPOLLIN);
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

static void load_mode(struct parent *parent, struct diag *diag)
{
	struct mode_clock clock = mode_clock(parent);

	mode_load(&parent->mode, &parent->mode_clock, parent->state, diag);
	(void)mode_move(&parent->mode, &parent->mode_clock, &clock);
	if (mode_ended(&parent->mode, clock.now))
		parent->mode = (struct mode_record){ .mode = MODE_ENFORCE };
	else if (parent->mode.mode != MODE_ENFORCE)
		log_warning("mode %s goes on, by %s: %s", mode_print(parent->mode.mode),
			    parent->mode.by, parent->mode.reason);
	(void)mode_first_start(&parent->mode, &parent->settings, parent->state, clock.now);
	if (parent_keep_mode(parent) < 0)
		log_error("the mode cannot be kept in %s: a restart will enforce",
			  parent->state_path);
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
	    (moved || parent->now - parent->mode_kept >= KEEP_MS) && parent_keep_mode(parent) < 0)
		log_error("the mode cannot be kept in %s: a restart will enforce",
			  parent->state_path);
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

/* The watchdog comes before the disk, which may hang. */
static int open_all(struct parent *parent, struct diag *diag)
{
	int error;

	parent->run = open_folder(parent->run_path, diag);
	if (parent->run < 0)
		return -EIO;
	watchdog_init(&parent->watchdog, parent->settings.watchdog, parent->run, parent->now);
	error = loop_init(&parent->loop);
	if (!error)
		error = open_signals(parent);
	if (!error)
		error = open_folders(parent, diag);
	if (!error)
		error = open_sockets(parent, diag);
	if (!error)
		error = control_open(parent, diag);
	return error;
}

int parent_run(struct parent *parent)
{
	static struct diag diag;
	int error;

	diag_init(&diag);
	parent->now = parent->began = clock_uptime_ms();
	parent->workers = parent->settings.workers;
	if (parent->workers == 0)
		parent->workers = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (parent->workers > SETTINGS_WORKERS)
		parent->workers = SETTINGS_WORKERS;
	parent->current.fd = parent->next.fd = -1;
	children_init(parent);
	error = open_all(parent, &diag);
	if (!error) {
		find_identity(parent);
		clock_boot_id(parent->boot);
		(void)!updates_init(parent, &diag);
		load_mode(parent, &diag);
	}
	log_diag(&diag);
	if (error) {
		if (diag.count == 0)
			log_error("cannot start: %s", strerror(-error));
		return 1;
	}
	child_start(parent, ROLE_RULES);
	if (ENABLED(CONFIG_JOURNAL))
		child_start(parent, ROLE_JOURNAL);
	if (parent->updates.on)
		child_start(parent, ROLE_UPDATE);
	change_begin(parent, CAUSE_START);
	while (!parent->stopping) {
		if (loop_wait(&parent->loop, next_timeout(parent)) < 0)
			break;
		parent->now = clock_uptime_ms();
		loop_deliver(&parent->loop);
		children_due(parent);
		change_tick(parent);
		control_tick(parent);
		alive_tick(parent);
		updates_tick(parent);
		end_mode(parent);
	}
	watchdog_leave(&parent->watchdog);
	children_stop(parent);
	log_warning("stopped. Blocks and DNS capture stay in force, so clients resolve nothing "
		    "until cordond runs again or `cordon disarm` takes them away");
	return 0;
}
