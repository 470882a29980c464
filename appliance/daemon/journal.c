/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/role.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/cursor.h"
#include "appliance/daemon/log.h"
#include "appliance/ipc/control.h"
#include "appliance/journal/journal.h"
#include "appliance/journal/store.h"

/*
 * The journal role: events from the workers' rings and from NFLOG in, the block log out. Its root
 * is the log folder; it can change nothing but that.
 */
struct journal_role {
	struct role_start start;
	struct journal *journal;
	bool has_policy;	/* before that no rule has a name */
	int64_t hostile_ms;	/* uptime when the parent was last told of a damaged event */
};

enum {
	ROUND = 4096,	/* records of one ring before the others have their turn */
	NAP_MS = 10,
	HOSTILE_MS = 1000
};

/* Files of its own folder, and what SQLite does with them: locks, shared memory with readers. */
static const int syscalls[] = {
	SYS_openat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_ftruncate, SYS_fdatasync,
	SYS_fsync, SYS_pread64, SYS_pwrite64, SYS_fstatfs, SYS_fcntl, SYS_lseek, SYS_getdents64,
	SYS_getcwd, SYS_getuid, SYS_fchown, SYS_fchmod, SYS_faccessat,
#ifdef SYS_unlink
	SYS_unlink, SYS_access, SYS_readlink, SYS_rename, SYS_stat, SYS_lstat,
#else
	SYS_readlinkat,
#endif
};

/* A worker writes whole events; one that does not is the parent's to end. It is still counted. */
static void damaged_event(struct journal_role *role, unsigned int index)
{
	const uint8_t worker = (uint8_t)index;
	const int64_t now = clock_uptime_ms();

	journal_lost(role->journal, LOSS_RINGS, 1);
	if (role->hostile_ms && now - role->hostile_ms < HOSTILE_MS)
		return;
	role->hostile_ms = now;
	role_tell(MESSAGE_HOSTILE, &worker, sizeof(worker), -1);
}

/* How many records there were; ROUND: there may be more. */
static int drain_ring(struct journal_role *role, unsigned int index)
{
	struct ring *ring = &role->start.worker[index].shared->ring;
	uint8_t record[RING_RECORD_MAX];
	struct event event;
	int size, count;

	journal_ring_lost(role->journal, index,
			  atomic_load_explicit(&ring->lost, memory_order_relaxed));
	for (count = 0; count < ROUND && (size = ring_read(ring, record)) != 0; count++) {
		if (size > 0 && event_decode(&event, record, (size_t)size) == 0)
			journal_event(role->journal, &event);
		else
			damaged_event(role, index);
	}
	return count;
}

static void drain_nflog(struct journal_role *role)
{
	_Alignas(8) uint8_t data[64 * 1024];

	for (int i = 0; i < ROUND; i++) {
		ssize_t got = recv(role->start.nflog, data, sizeof(data), MSG_DONTWAIT);

		if (got < 0 && errno == ENOBUFS) {
			journal_overrun(role->journal);
			continue;
		}
		if (got <= 0)
			return;
		journal_nflog(role->journal, data, (size_t)got, clock_wall_ms(),
			      clock_uptime_ms());
	}
}

static void take_policy(struct journal_role *role, struct message *message)
{
	struct diag diag;
	void *block = NULL;
	size_t size;
	int error = message->fd < 0 ? -EBADMSG : message_map(message->fd, &block, &size);

	diag_init(&diag);
	if (message->fd >= 0)
		close(message->fd);
	if (!error) {
		error = journal_policy(role->journal, block, size);
		if (error)
			munmap(block, size);
		else
			role->has_policy = true;
	}
	if (error)
		diag_error(&diag, "compiled policy", 0, 0, "%s", strerror(-error));
	role_applied(error, true, &diag);
}

static void take_notice(struct journal_role *role, const struct message *message)
{
	struct message_notice notice;
	struct entry_notice entry;
	int error;

	if (message_read_notice(message, &notice) < 0)
		_exit(1);
	entry = (struct entry_notice){ .wall_ms = notice.wall_ms, .uptime_ms = notice.uptime_ms,
				       .kind = notice.kind, .actor = notice.actor,
				       .body = notice.members };
	if (notice.number == 0) {
		journal_standing(role->journal, notice.members);
		return;
	}
	error = journal_notice(role->journal, notice.number, &entry, clock_wall_ms());
	/* Not heard: the parent sends it again, and it is known then. */
	(void)!message_send_noted(MESSAGE_CHANNEL, notice.number, error);
}

static void take_unlogged(struct journal_role *role, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	journal_lost(role->journal, LOSS_KERNEL, cursor_get64(&cursor));
}

/* ---- checkpoints (journal/sealing.h) ---- */

static int ask_signature(void *context, const void *head, size_t size)
{
	(void)context;
	return message_send(MESSAGE_CHANNEL, MESSAGE_HEAD, head, size, -1);
}

static void take_note(struct journal_role *role, const struct message *message)
{
	journal_note(role->journal, message->body, message->size, clock_uptime_ms());
}

/* At the end. Whatever else comes then is too late. */
static bool wait_note(void *context, int64_t ms)
{
	struct pollfd channel = { .fd = MESSAGE_CHANNEL, .events = POLLIN };
	static struct message message;

	if (poll(&channel, 1, (int)ms) <= 0 || message_receive(MESSAGE_CHANNEL, &message) != 1)
		return false;
	message_close(&message);
	if (message.type == MESSAGE_NOTE)
		take_note(context, &message);
	return true;
}

/* All that the rings hold is stored first. */
static void end(struct journal_role *role)
{
	for (unsigned int i = 0; role->has_policy && i < role->start.workers; i++)
		(void)drain_ring(role, i);
	journal_close(role->journal, clock_wall_ms(), clock_uptime_ms());
	_exit(0);
}

static void take_checkpoint(struct journal_role *role, const struct message *message)
{
	if (message->size != 1)
		_exit(1);
	if (message->body[0] == CHECKPOINT_STOP)
		end(role);
	journal_checkpoint(role->journal, clock_wall_ms());
}

static void hear(struct journal_role *role)
{
	static struct message message;

	if (message_receive(MESSAGE_CHANNEL, &message) != 1)
		end(role);
	if (message.type == MESSAGE_POLICY)
		take_policy(role, &message);
	else if (message.type == MESSAGE_NOTICE)
		take_notice(role, &message);
	else if (message.type == MESSAGE_NOTE)
		take_note(role, &message);
	else if (message.type == MESSAGE_CHECKPOINT)
		take_checkpoint(role, &message);
	else if (message.type == MESSAGE_UNLOGGED && message.size == sizeof(uint64_t))
		take_unlogged(role, &message);
	else
		_exit(1);
}

/*
 * Under load the rings fill faster than this role can be woken for each batch: it leaves them alone
 * for a moment instead, and no worker spends a system call on it. A ring holds some 100 ms of the
 * heaviest load.
 */
static void nap(struct journal_role *role)
{
	struct pollfd channel = { .fd = MESSAGE_CHANNEL, .events = POLLIN };

	if (poll(&channel, 1, NAP_MS) > 0)
		hear(role);
}

/* Sleeps until something is there, at most a second: the log's clock. */
static void wait(struct journal_role *role)
{
	struct pollfd fds[] = {
		{ .fd = MESSAGE_CHANNEL, .events = POLLIN },
		/* Nothing is read before there is a policy that can name its rule. */
		{ .fd = role->has_policy ? role->start.wake : -1, .events = POLLIN },
		{ .fd = role->has_policy ? role->start.nflog : -1, .events = POLLIN },
	};
	bool empty = true;
	uint64_t count;

	for (unsigned int i = 0; i < role->start.workers; i++)
		empty = ring_wait(&role->start.worker[i].shared->ring) && empty;
	if (poll(fds, sizeof(fds) / sizeof(*fds), empty || !role->has_policy ? 1000 : 0) <= 0)
		return;
	if (fds[1].revents)
		(void)!read(role->start.wake, &count, sizeof(count));
	if (fds[0].revents)
		hear(role);
}

/* NULL, and then a killed journal's counts are lost, when the parent could not make it. */
static void *map_memory(int fd)
{
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, journal_memory(), PROT_READ | PROT_WRITE,
						  MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int open_journal(struct journal_role *role, int folder, const char *boot_id)
{
	const struct settings *settings = &role->start.settings;
	const struct sealing_hooks sealing = { ask_signature, wait_note, role };
	const struct journal_options options = {
		.before = &role->start.before, .sealing = &sealing,
		.folder = folder, .route = role->start.route, .budget = settings->log_budget,
		.write_budget = settings->log_write_budget,
		.retention_days = settings->log_retention_days,
		.counts_only = settings->log_counts_only,
		.counts_onlys = settings->log_counts_onlys,
		.appliance = role->start.identity, .boot_id = boot_id,
		.memory = map_memory(role->start.table),
		.forwarder = settings->forwarder, .forwarders = settings->forwarders,
		.settings = settings,
	};

	return journal_open(&role->journal, &options);
}

int role_journal(void)
{
	static struct journal_role role;
	struct sandbox sandbox = { .root = ".", .files = 64, .file_size = 1ULL << 40,
				   .syscalls = syscalls, .threads = true,
				   .syscall_count = sizeof(syscalls) / sizeof(*syscalls) };
	char boot_id[CLOCK_BOOT_ID];
	int folder, error;

	role_begin(&role.start, ROLE_JOURNAL);
	/* From /proc, which is out of sight once the log folder is the root. */
	clock_boot_id(boot_id);
	/* The parent made the log folder the working folder: the sandbox makes it the root. */
	folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	umask(0027);	/* readers may read its files (ipc/control.h) */
	sandbox.gid = CONTROL_READER_GID;
	sandbox.uid = settings_uid(&role.start.settings, ROLE_JOURNAL);
	role_seal(&sandbox);
	error = folder < 0 ? -ENOTDIR : open_journal(&role, folder, boot_id);
	if (error)
		role_fail("the log folder cannot be written: %s; what is blocked is blocked, and "
			  "nothing is logged", strerror(-error));
	journal_begin(role.journal, clock_wall_ms(), clock_uptime_ms());
	role_tell(MESSAGE_READY, NULL, 0, -1);
	for (;;) {
		int most = 0;

		if (!role.has_policy) {
			wait(&role);
			continue;
		}
		for (unsigned int i = 0; i < role.start.workers; i++) {
			int count = drain_ring(&role, i);

			most = count > most ? count : most;
		}
		drain_nflog(&role);
		journal_tick(role.journal, clock_wall_ms(), clock_uptime_ms());
		if (most == 0)
			wait(&role);
		else if (most < ROUND)
			nap(&role);
	}
}
