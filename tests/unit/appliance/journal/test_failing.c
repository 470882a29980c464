/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails: the n-th time that SQLite opens, reads, writes, syncs or cuts a file, for
 * n = 1, 2, ... What the store took is read later; what it refused stays with the caller, who tries
 * again; so nothing is lost, and nothing is stored twice.
 */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/reader.h"
#include "appliance/journal/store.h"

enum { DAY_MS = 86400000, BATCHES = 6, TRIES = 50 };
static const int64_t monday = 1764547200000;	/* 2025-12-01T00:00:00Z */

/* ---- the failing disk: SQLite's own with a counter before it ---- */

static struct {
	int left;		/* operations until the one that fails; 0: none does */
	int code;
	bool for_good;		/* each one after it, too */
	bool met;
} fault;
static pthread_t writer;	/* the tidy thread is not counted: its order varies */

struct file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs *unix_vfs;

static int due(void)
{
	if (!fault.left || !pthread_equal(writer, pthread_self()))
		return SQLITE_OK;
	if (fault.left > 1) {
		fault.left--;
		return SQLITE_OK;
	}
	fault.met = true;
	if (!fault.for_good)
		fault.left = 0;
	return fault.code;
}

#define REAL(file) (((struct file *)(void *)(file))->real)
#define PASS(file, method, ...) \
	(due() ? fault.code : REAL(file)->pMethods->method(REAL(file), __VA_ARGS__))

static int vfs_close(sqlite3_file *file)
{
	return REAL(file)->pMethods->xClose(REAL(file));
}

static int vfs_load(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
	return REAL(file)->pMethods->xRead(REAL(file), data, size, at);
}

static int vfs_store(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
	return PASS(file, xWrite, data, size, at);
}

static int vfs_cut(sqlite3_file *file, sqlite3_int64 size)
{
	return PASS(file, xTruncate, size);
}

static int vfs_sync_it(sqlite3_file *file, int flags)
{
	return PASS(file, xSync, flags);
}

static int vfs_size_of(sqlite3_file *file, sqlite3_int64 *size)
{
	return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int vfs_lock(sqlite3_file *file, int lock)
{
	return REAL(file)->pMethods->xLock(REAL(file), lock);
}

static int vfs_unlock(sqlite3_file *file, int lock)
{
	return REAL(file)->pMethods->xUnlock(REAL(file), lock);
}

static int vfs_is_locked(sqlite3_file *file, int *lock)
{
	return REAL(file)->pMethods->xCheckReservedLock(REAL(file), lock);
}

static int vfs_control(sqlite3_file *file, int what, void *argument)
{
	return REAL(file)->pMethods->xFileControl(REAL(file), what, argument);
}

static int vfs_sector(sqlite3_file *file)
{
	return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int vfs_kind(sqlite3_file *file)
{
	return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int vfs_share(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
	return PASS(file, xShmMap, page, size, extend, memory);
}

static int vfs_share_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static void vfs_barrier(sqlite3_file *file)
{
	REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int vfs_unshare(sqlite3_file *file, int delete)
{
	return REAL(file)->pMethods->xShmUnmap(REAL(file), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = vfs_close, .xRead = vfs_load, .xWrite = vfs_store,
	.xTruncate = vfs_cut, .xSync = vfs_sync_it, .xFileSize = vfs_size_of,
	.xLock = vfs_lock, .xUnlock = vfs_unlock, .xCheckReservedLock = vfs_is_locked,
	.xFileControl = vfs_control, .xSectorSize = vfs_sector,
	.xDeviceCharacteristics = vfs_kind, .xShmMap = vfs_share,
	.xShmLock = vfs_share_lock, .xShmBarrier = vfs_barrier, .xShmUnmap = vfs_unshare,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		     int *out)
{
	struct file *both = (struct file *)(void *)file;
	int code = due();

	(void)vfs;
	both->base.pMethods = NULL;
	if (code)
		return SQLITE_CANTOPEN;
	both->real = (sqlite3_file *)(void *)(both + 1);
	code = unix_vfs->xOpen(unix_vfs, name, both->real, flags, out);
	if (code == SQLITE_OK)
		both->base.pMethods = &methods;
	return code;
}

static void install(void)
{
	static sqlite3_vfs failing;

	unix_vfs = sqlite3_vfs_find(NULL);
	assert_non_null(unix_vfs);
	failing = *unix_vfs;
	failing.zName = "failing";
	failing.szOsFile = (int)sizeof(struct file) + unix_vfs->szOsFile;
	failing.xOpen = open_file;
	assert_int_equal(sqlite3_vfs_register(&failing, 1), SQLITE_OK);
	writer = pthread_self();
}

/* ---- the store on it ---- */

static void add(struct log_batch *batch, int number, int64_t wall_ms)
{
	struct log_entry entry = { .type = ENTRY_EVENT };

	entry.event.event = (struct event){
		.wall_ms = wall_ms, .channel = CHANNEL_DNS, .action = ACTION_BLOCK,
		.intended = ACTION_BLOCK, .client = sample_addr("192.0.2.53"),
		.client_port = (uint16_t)number, .qtype = 28, .protocol = 17, .port = 53,
		.name = sample_name("a.example.com"), .count = 1,
	};
	assert_int_equal(batch_add(batch, &entry), 0);
}

/* How many events are read; each is there once. */
static int stored(void)
{
	const struct reader_options options = { .folder = "." };
	struct reader_entry entry;
	struct log_reader *reader;
	bool seen[BATCHES + 1] = { false };
	int count = 0;

	if (reader_open(&reader, &options) < 0)
		return 0;
	while (reader_next(reader, &entry)) {
		const int number = entry.entry.event.event.client_port;

		if (entry.entry.type != ENTRY_EVENT)
			continue;
		assert_in_range(number, 1, BATCHES);
		assert_false(seen[number]);
		seen[number] = true;
		count++;
	}
	reader_close(reader);
	return count;
}

static int open_store(struct log_store **store, int folder)
{
	const struct store_options options = { .folder = folder, .budget = 64 << 20,
					       .appliance = "gw", .boot_id = "boot" };
	struct day_end end;

	return store_open(store, &options, &end);
}

/* Batches over three days and a restart; one that was refused is tried again. Returns how many were
 * taken. */
static int run(int folder, struct log_batch *batch)
{
	struct log_store *store = NULL;
	int taken = 0, tries = 0;

	while (open_store(&store, folder) < 0) {
		if (++tries > TRIES)
			return taken;
	}
	batch_continue(batch, store_next(store));
	for (int i = 1; i <= BATCHES; i++) {
		const int64_t wall_ms = monday + (i - 1) / 2 * (int64_t)DAY_MS;
		int error = -EIO;

		add(batch, i, wall_ms);
		for (tries = 0; error && tries < TRIES; tries++) {
			error = store_write(store, batch, wall_ms);
			if (error == -EBUSY)
				usleep(10000);
		}
		if (!error)
			taken++;
		batch_clear(batch);
	}
	store_close(store);
	return taken;
}

/* Returns false when the fault was not met any more: all places were tried. */
static bool attempt(int number, int code, bool for_good)
{
	char path[] = "/dev/shm/cordon-failing.XXXXXX";
	int parent = open("/dev/shm", O_RDONLY | O_DIRECTORY), folder, taken;
	void *memory = calloc(1, batch_size());
	struct log_batch *batch;
	uint64_t lost;

	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	folder = open(".", O_RDONLY | O_DIRECTORY);
	batch = batch_attach(memory, &lost);
	fault.left = number;
	fault.code = code;
	fault.for_good = for_good;
	fault.met = false;
	taken = run(folder, batch);
	fault.left = 0;
	if (stored() != taken || (!for_good && taken != BATCHES))
		fail_msg("operation %d, code %d: %d taken, %d stored", number, code, taken,
			 stored());
	assert_int_equal(chdir("/"), 0);
	close(folder);
	free(memory);
	assert_int_equal(file_remove_tree(parent, strrchr(path, '/') + 1), 0);
	close(parent);
	return fault.met;
}

static void one_operation_fails(void **state)
{
	static const int codes[] = { SQLITE_IOERR_WRITE, SQLITE_FULL };
	int number;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		for (number = 1; attempt(number, codes[i], false); number++)
			;
		/* There are as many places as a few batches have writes. */
		assert_true(number > 50);
	}
}

static void the_disk_fails_for_good(void **state)
{
	int number = 1;

	(void)state;
	while (attempt(number, SQLITE_IOERR_WRITE, true))
		number += 3;
	assert_true(number > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_operation_fails),
		cmocka_unit_test(the_disk_fails_for_good),
	};

	install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
