/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/daemon/folder.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/sockets.h"
#include "appliance/ipc/control.h"
#include "appliance/journal/journal.h"
#include "appliance/journal/days.h"

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 30 * 1000 };

/* ---- folders ---- */

static int open_folder(const char *path, struct diag *diag)
{
	int fd = -1;

	if (mkdir(path, 0755) == 0 || errno == EEXIST || errno == EROFS)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	fd = -errno;
	diag_error(diag, path, 0, 0, "cannot be opened as a folder: %s", strerror(errno));
	return fd;
}

static int write_pid(int fd)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	return ftruncate(fd, 0) < 0 || write(fd, text, (size_t)length) != length ? -EIO : 0;
}

/* One daemon a run folder; the lock goes with the process. */
static int open_run(struct parent *parent, struct diag *diag)
{
	int error;

	if (parent->daemon.run < 0)
		parent->daemon.run = open_folder(parent->daemon.run_path, diag);
	if (parent->daemon.run < 0)
		return parent->daemon.run;
	if (parent->daemon.lock < 0) {
		parent->daemon.lock = file_lock(parent->daemon.run, "pid", false);
		error = parent->daemon.lock;
		if (error == -EWOULDBLOCK) {
			diag_error(diag, parent->daemon.run_path, 0, 0,
				   "another cordond runs there: stop "
				   "it, or use another --run");
			return -EBUSY;
		}
		if (error < 0) {
			diag_error(diag, parent->daemon.run_path, 0, 0, "cannot be locked: %s",
				   strerror(-error));
			return error == -EBUSY ? -EAGAIN : error;
		}
		(void)!write_pid(parent->daemon.lock);
	}
	error = folder_make(parent->daemon.run, "empty",
			    &(struct folder_access){ 0555, 0, 0 });
	if (error)
		diag_error(diag, parent->daemon.run_path, 0, 0, "empty: %s", strerror(-error));
	return error;
}

static int open_state(struct parent *parent, struct diag *diag)
{
	parent->daemon.state = open_folder(parent->daemon.state_path, diag);
	return parent->daemon.state < 0 ? parent->daemon.state : 0;
}

/* ---- the log, which another user writes ---- */

/*
 * Gives the journal its file, and lets readers read it. *found: who owned it. The number of links:
 * the owner of the folder could put another file's name there.
 */
static int mend_access(int folder, const char *name, uid_t owner, uid_t *found)
{
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC), error = 0;
	bool is_owned, is_right;
	struct stat status;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &status) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	*found = status.st_uid;
	is_owned = *found == owner && status.st_gid == CONTROL_READER_GID;
	is_right = (status.st_mode & 07777) == 0640;
	if ((!is_owned || !is_right) && (!S_ISREG(status.st_mode) || status.st_nlink != 1))
		error = -EMLINK;
	if (!error && !is_owned && fchown(fd, owner, CONTROL_READER_GID) < 0)
		error = -errno;
	if (!error && !is_right && fchmod(fd, 0640) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* A directory, link or FIFO in place of a day's file keeps the journal from using the day. */
static void clear_odd(const struct parent *parent, int folder, const char *name)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISREG(status.st_mode) || file_set_aside(folder, name) < 0)
		return;
	log_warning("%s/log/%s is no regular file: it is %s.damaged now",
		    parent->daemon.state_path, name, name);
}

/* The files of one day (journal/days.h); *found: who owned the one that name names then. */
static int mend_day(struct parent *parent, int folder, const struct days_file *file,
		    char name[DAYS_NAME + 8], uid_t *found)
{
	static const char *const sides[] = { "", "-wal", "-shm" };
	uid_t owner = settings_uid(&parent->daemon.settings, ROLE_JOURNAL);
	char day[DAYS_NAME];
	int error = 0;

	days_print(file, day);
	for (size_t i = 0; !error && i < sizeof(sides) / sizeof(*sides); i++) {
		snprintf(name, DAYS_NAME + 8, "%s%s", day, sides[i]);
		clear_odd(parent, folder, name);
		*found = owner;
		error = mend_access(folder, name, owner, found);
		if (!error && *found != owner)
			log_warning("%s/log/%s belonged to user %u: it is the block log's again "
				    "(user %u)", parent->daemon.state_path, name, *found, owner);
	}
	return error;
}

/* 0 or the first error, with what a person can do about it. */
static int mend_log(struct parent *parent, struct diag *diag)
{
	uid_t owner = settings_uid(&parent->daemon.settings, ROLE_JOURNAL), found = owner;
	int folder = openat(parent->daemon.state, "log",
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = folder < 0 ? -errno : 0;
	char name[DAYS_NAME + 8] = "";
	struct days days = { .count = 0 };

	if (!error)
		error = days_list(folder, &days);
	for (size_t i = 0; !error && i < days.count; i++)
		error = mend_day(parent, folder, &days.file[i], name, &found);
	days_free(&days);
	if (error)
		diag_error(diag, parent->daemon.state_path, 0, 0,
			   "log/%s belongs to user %u, expected %u "
			   "(the journal), and that cannot be changed (%s): nothing is logged; do: "
			   "chown -R %u:%u %s/log",
			   name, found, owner, strerror(-error), owner, CONTROL_READER_GID,
			   parent->daemon.state_path);
	if (folder >= 0)
		close(folder);
	return error;
}

static int open_log(struct parent *parent, struct diag *diag)
{
	uid_t owner = settings_uid(&parent->daemon.settings, ROLE_JOURNAL);
	struct stat status = { .st_uid = 0 };
	int error;

	if (!ENABLED(CONFIG_JOURNAL))
		return 0;
	/* The journal's group is that of readers, so that they may read its files. */
	error = folder_make(parent->daemon.state, "log",
			    &(struct folder_access){ 0750, owner, CONTROL_READER_GID });
	if (!error)
		return mend_log(parent, diag);
	if (fstatat(parent->daemon.state, "log", &status, AT_SYMLINK_NOFOLLOW) < 0)
		diag_error(diag, parent->daemon.state_path, 0, 0, "log: %s: nothing is logged",
			   strerror(-error));
	else
		diag_error(diag, parent->daemon.state_path, 0, 0,
			   "log belongs to user %u with mode %04o, "
			   "expected %u (the journal) and 0750, and that cannot be changed (%s): "
			   "nothing is logged; do: chown -R %u:%u %s/log",
			   status.st_uid, (unsigned int)status.st_mode & 07777, owner,
			   strerror(-error), owner, CONTROL_READER_GID, parent->daemon.state_path);
	return error;
}

void parts_mend_log(struct parent *parent)
{
	struct part_state *part = &parent->part[PART_LOG];

	if (part->open)
		*part = (struct part_state){ .open = false };
}

/* ---- what the roles share ---- */

static int open_memory(struct parent *parent, unsigned int index)
{
	int fd = memfd_create("worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *memory;

	/* A role that could shrink it would kill each process that reads it (SIGBUS). */
	if (fd < 0 || ftruncate(fd, sizeof(struct worker_shared)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto failed;
	memory = mmap(NULL, sizeof(struct worker_shared), PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		goto failed;
	parent->shared_fd[index] = fd;
	parent->shared[index] = memory;
	return 0;
failed:
	index = (unsigned int)errno;
	if (fd >= 0)
		close(fd);
	return -(int)index;
}

static int open_shared(struct parent *parent, struct diag *diag)
{
	int error = 0;

	for (unsigned int i = 0; !error && i < parent->daemon.workers; i++)
		error = parent->shared[i] ? 0 : open_memory(parent, i);
	if (error)
		diag_error(diag, "shared memory", 0, 0, "%s", strerror(-error));
	return error;
}

/* ---- the journal's ---- */

/* What the journal still counts and what it lost, so that its end loses nothing. */
static int open_table(struct parent *parent)
{
	int fd = memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;
	void *memory = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)journal_memory()) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		memory = mmap(NULL, sizeof(struct losses), PROT_READ, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED) {
		parent->table = fd;
		parent->losses = memory;
		return 0;
	}
	error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

static int open_events(struct parent *parent, struct diag *diag)
{
	int error = 0;

	if (!ENABLED(CONFIG_JOURNAL))
		return 0;
	if (parent->wake < 0)
		parent->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (parent->wake < 0) {
		diag_error(diag, "eventfd", 0, 0, "%s", strerror(errno));
		return -errno;
	}
	if (parent->nflog < 0)
		parent->nflog = socket_nflog(parent->daemon.settings.nflog_group, diag);
	if (parent->route < 0)
		parent->route = socket_route(diag);
	if (parent->table < 0)
		error = open_table(parent);
	if (error)
		diag_error(diag, "shared memory", 0, 0, "%s", strerror(-error));
	return error ? error : parent->nflog < 0 || parent->route < 0 ? -EIO : 0;
}

/* Stable for a machine, and says nothing of it: a digest of the machine id. */
static int open_identity(struct parent *parent, struct diag *diag)
{
	uint8_t digest[DIGEST_SIZE];
	char *text = NULL, host[64] = "";
	size_t length = 0;
	int error;

	if (parent->daemon.settings.appliance_id[0]) {
		snprintf(parent->daemon.identity, sizeof(parent->daemon.identity), "%s",
			 parent->daemon.settings.appliance_id);
		return 0;
	}
	error = file_read(AT_FDCWD, "/etc/machine-id", 256, &text, &length);
	if (error)
		gethostname(host, sizeof(host) - 1);
	if (digest_sha256(error ? host : text, error ? strlen(host) : length, digest) < 0)
		memset(digest, 0, sizeof(digest));
	hex_print(digest, 6, parent->daemon.identity);
	if (!error)
		free(text);
	/* Another name in the log for a moment's shortage would be wrong for good. */
	if (!file_error_passes(error))
		return 0;
	diag_error(diag, "/etc/machine-id", 0, 0, "cannot be read now: %s", strerror(-error));
	return error;
}

struct mode_clock parts_clock(const struct parent *parent)
{
	const struct updates *updates = &parent->updates;
	struct mode_clock clock = { .now = updates_now(updates), .set = updates_clock_set(updates),
				    .uptime = parent->daemon.now / 1000 };

	memcpy(clock.boot, parent->daemon.boot, sizeof(clock.boot));
	return clock;
}

static int open_mode(struct parent *parent, struct diag *diag)
{
	const struct mode_clock clock = parts_clock(parent);
	int error = parent->updates.restored
			    ? standing_load(&parent->standing, &clock,
					    parent->change.last_number != 0, diag) : -EAGAIN;

	if (error)
		diag_error(diag, "state/mode", 0, 0, "cannot be read now (%s): enforcing",
			   error == -EAGAIN ? "the time is not known" : strerror(-error));
	/* Read when a policy is in force or on its way already: it takes a change of its own. */
	else if (parent->standing.waits)
		change_want(&parent->change, CAUSE_START);
	return error;
}

static int open_listeners(struct parent *parent, struct diag *diag)
{
	bool opened;
	int error = listeners_open(&parent->listeners, &opened, diag);

	/* It was started with fewer. */
	if (opened && parent_role(parent, ROLE_DNS)->pid)
		child_kill(parent_role(parent, ROLE_DNS), "there are more addresses to listen on");
	return error;
}

static int open_control(struct parent *parent, struct diag *diag)
{
	return control_open(&parent->control, diag);
}

static int open_seal(struct parent *parent, struct diag *diag)
{
	return seal_open(&parent->seal, diag);
}

static int open_updates(struct parent *parent, struct diag *diag)
{
	bool had = updates_bundled(&parent->updates);
	int error = updates_open(&parent->updates, diag);

	if (!had && updates_bundled(&parent->updates) && parent->change.last_number)
		change_want(&parent->change, CAUSE_START);
	return error;
}

/* ---- all of them ---- */

static const struct {
	const char *word;
	int (*open)(struct parent *parent, struct diag *diag);
	enum part needs;	/* itself: nothing */
} kinds[PART_COUNT] = {
	[PART_RUN] = { "run folder", open_run, PART_RUN },
	[PART_STATE] = { "state folder", open_state, PART_STATE },
	[PART_SHARED] = { "shared memory", open_shared, PART_SHARED },
	[PART_LISTEN] = { "listening sockets", open_listeners, PART_LISTEN },
	[PART_IDENTITY] = { "machine id", open_identity, PART_IDENTITY },
	[PART_SEAL] = { "checkpoints", open_seal, PART_STATE },
	[PART_LOG] = { "log folder", open_log, PART_STATE },
	[PART_EVENTS] = { "events of the kernel", open_events, PART_EVENTS },
	[PART_CONTROL] = { "control socket", open_control, PART_RUN },
	[PART_UPDATES] = { "signed updates", open_updates, PART_STATE },
	[PART_MODE] = { "mode", open_mode, PART_STATE },
};

const char *part_print(enum part part)
{
	return kinds[part].word;
}

void parts_init(struct parent *parent)
{
	parent->daemon.run = parent->daemon.state = parent->daemon.lock = -1;
	parent->wake = parent->nflog = parent->route = parent->table = -1;
	control_init(&parent->control);
	listeners_plan(&parent->listeners, &parent->daemon);
	for (int i = 0; i < PART_COUNT; i++)
		parent->part[i] = (struct part_state){ .open = false };
}

static void failed(struct parent *parent, struct part_state *part, const struct diag *diag)
{
	struct text text = TEXT_EMPTY;
	const char *why = "out of memory";

	diag_print(diag, &text);
	if (!text_failed(&text) && text.data) {
		why = text.data;
		text.data[strcspn(text.data, "\n")] = '\0';
	}
	if (strncmp(part->why, why, sizeof(part->why) - 1) != 0)
		log_error("%s", why);
	snprintf(part->why, sizeof(part->why), "%s", why);
	text_release(&text);
	part->pause = part->pause ? 2 * part->pause : FIRST_PAUSE_MS;
	if (part->pause > LONGEST_PAUSE_MS)
		part->pause = LONGEST_PAUSE_MS;
	part->again = parent->daemon.now + part->pause;
}

static int try(struct parent *parent, enum part kind)
{
	struct part_state *part = &parent->part[kind];
	struct diag diag;
	int error;

	diag_init(&diag);
	error = kinds[kind].open(parent, &diag);
	if (error) {
		failed(parent, part, &diag);
		if (kind == PART_RUN && error == -EBUSY)
			parent->daemon.stopping = true;
		return error;
	}
	if (diag.count)
		log_diag(&diag);
	if (part->why[0])
		log_info("%s: in order now", part_print(kind));
	*part = (struct part_state){ .open = true };
	return 0;
}

int parts_lock(struct parent *parent)
{
	return try(parent, PART_RUN) == -EBUSY ? -EBUSY : 0;
}

bool parts_allow(const struct parent *parent, enum role role)
{
	const struct part_state *part = parent->part;

	switch (role) {
	case ROLE_DNS:
		return part[PART_SHARED].open && listeners_any(&parent->listeners);
	case ROLE_JOURNAL:
		/* It is told what was signed before; if that cannot be read, it starts without. */
		return part[PART_SHARED].open && part[PART_LOG].open && part[PART_EVENTS].open &&
		       part[PART_IDENTITY].open &&
		       (part[PART_SEAL].open || part[PART_SEAL].why[0]);
	case ROLE_UPDATE:
		return parent->updates.on;
	default:
		return true;
	}
}

static void start_role(struct parent *parent, enum role role)
{
	struct child *child = parent_role(parent, role);

	if (!child->pid && !child->start_at && parts_allow(parent, role))
		(void)!child_start(child);	/* and again later */
}

void parts_tick(struct parent *parent)
{
	bool opened = false;

	for (int i = 0; i < PART_COUNT; i++) {
		const struct part_state *part = &parent->part[i];
		bool needed = kinds[i].needs != (enum part)i && !parent->part[kinds[i].needs].open;

		if (part->open || needed || part->again > parent->daemon.now)
			continue;
		opened = try(parent, (enum part)i) == 0 || opened;
	}
	if (ENABLED(CONFIG_JOURNAL))
		start_role(parent, ROLE_JOURNAL);
	if (ENABLED(CONFIG_UPDATE))
		start_role(parent, ROLE_UPDATE);
	if (opened)
		change_stir(&parent->change);
}
