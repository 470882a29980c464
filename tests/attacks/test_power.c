/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The power fails, or the disk does, at every write, fsync, rename and unlink of a run of the
 * client. The run is a child in which these calls are counted (the linker's --wrap); what a cut
 * takes from a real disk is taken here, too: bytes that were not synced are lost, and so may be a
 * rename or an unlink while the folder is not synced.
 */
#include "tests/attacks/forge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"

enum fault {
	CUT,		/* the call was the last; of a write one half */
	CUT_LOSING,	/* it was the last, and what was not synced is lost with it */
	FAIL_ONCE,
	FAIL_FROM_NOW,	/* a disk that is full, and then read-only */
	FAULTS
};

static struct {
	bool on;
	enum fault fault;
	int left;		/* calls until then */
	bool last;		/* this is the call */
	int unsynced;		/* a descriptor of the file that was written last; -1: none */
	int folder;		/* of the name that was changed last; -1: none, or synced */
	char name[128];
	bool existed;
} disk = { .unsynced = -1, .folder = -1 };

static const char undo[] = "undo";

ssize_t __real_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __real_renameat(int from, const char *old, int to, const char *name);
int __real_unlinkat(int folder, const char *name, int flags);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_fsync(int fd);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __wrap_unlinkat(int folder, const char *name, int flags);

static void __attribute__((noreturn)) cut(bool losing)
{
	struct stat status;

	if (losing && disk.unsynced >= 0 && fstat(disk.unsynced, &status) == 0)
		(void)!ftruncate(disk.unsynced, status.st_size / 2);
	if (losing && disk.folder >= 0 && disk.existed)
		__real_renameat(disk.folder, undo, disk.folder, disk.name);
	else if (losing && disk.folder >= 0)
		__real_unlinkat(disk.folder, disk.name, 0);
	_exit(200);
}

/* Before a call; true: it has to fail. */
static bool strikes(void)
{
	if (!disk.on)
		return false;
	if (disk.left > 0) {
		disk.left--;
		return false;
	}
	disk.last = true;
	if (disk.fault == FAIL_ONCE)
		disk.on = false;
	return disk.fault == FAIL_ONCE || disk.fault == FAIL_FROM_NOW;
}

/* After a call that strikes let through. */
static void struck(void)
{
	if (disk.on && disk.last)
		cut(disk.fault == CUT_LOSING);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	ssize_t done;

	if (strikes()) {
		errno = ENOSPC;
		return -1;
	}
	/* A cut within a write leaves half of it. */
	done = __real_write(fd, data, disk.on && disk.last && size > 1 ? size / 2 : size);
	if (disk.on && disk.unsynced < 0)
		disk.unsynced = dup(fd);
	struck();
	return done;
}

int __wrap_fsync(int fd)
{
	struct stat status;
	int result;

	if (strikes()) {
		errno = EIO;
		return -1;
	}
	result = __real_fsync(fd);
	if (disk.on && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		__real_unlinkat(disk.folder, undo, 0);
		disk.folder = -1;
	} else if (disk.on && disk.unsynced >= 0) {
		close(disk.unsynced);
		disk.unsynced = -1;
	}
	struck();
	return result;
}

/* Keeps the old file at hand, for the case that the change of its name is lost. */
static void remember(int folder, const char *name)
{
	if (!disk.on)
		return;
	__real_unlinkat(folder, undo, 0);
	disk.existed = linkat(folder, name, folder, undo, 0) == 0;
	disk.folder = folder;
	snprintf(disk.name, sizeof(disk.name), "%s", name);
}

int __wrap_renameat(int from, const char *old, int to, const char *name)
{
	int result;

	if (strikes()) {
		errno = EROFS;
		return -1;
	}
	remember(to, name);
	result = __real_renameat(from, old, to, name);
	struck();
	return result;
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
	int result;

	if (strikes()) {
		errno = EROFS;
		return -1;
	}
	remember(folder, name);
	result = __real_unlinkat(folder, name, flags);
	struck();
	return result;
}

/* ---- the client's folder as it was before the run ---- */

struct copy {
	struct {
		char name[128];
		char *data;
		size_t size;
	} file[16];
	size_t files;
};

static void empty(const struct forge *forge)
{
	DIR *directory = opendir(forge->folder);
	const struct dirent *entry;

	assert_non_null(directory);
	while ((entry = readdir(directory)))
		unlinkat(forge->fd, entry->d_name, 0);
	closedir(directory);
}

static void copy_take(struct copy *copy, const struct forge *forge)
{
	DIR *directory = opendir(forge->folder);
	const struct dirent *entry;

	*copy = (struct copy){ .files = 0 };
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (file_read(forge->fd, entry->d_name, 1 << 20, &copy->file[copy->files].data,
			      &copy->file[copy->files].size) < 0)
			continue;
		assert_true(copy->files < 15);
		snprintf(copy->file[copy->files].name, sizeof(copy->file[0].name), "%s",
			 entry->d_name);
		copy->files++;
	}
	closedir(directory);
}

static void copy_put(const struct copy *copy, const struct forge *forge)
{
	empty(forge);
	for (size_t i = 0; i < copy->files; i++)
		assert_int_equal(file_replace(forge->fd, copy->file[i].name, copy->file[i].data,
					      copy->file[i].size, 0644), 0);
}

static void copy_release(struct copy *copy)
{
	for (size_t i = 0; i < copy->files; i++)
		free(copy->file[i].data);
}

/* ---- runs ---- */

/* A run in a child; 0: it ended before the fault came. */
static int run(struct forge *forge, enum fault fault, int calls)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		char *content = NULL;
		int error;

		disk.fault = fault;
		disk.left = calls;
		disk.on = true;
		error = forge_download(forge, "rules/a", &content);
		/* After a failure that passed, the run may well have succeeded. */
		_exit(error ? 100 : disk.on && disk.fault != FAIL_FROM_NOW ? 0 : 101);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const char *const name[] = { "root.json", "timestamp.json", "snapshot.json",
				    "targets.json" };

struct versions {
	int64_t version[4];
};

static struct versions kept(const struct forge *forge)
{
	struct versions versions;

	for (size_t i = 0; i < 4; i++)
		versions.version[i] = forge_kept(forge, name[i]);
	return versions;
}

/* After a fault: each file as before or as after, a mirror with old files (replay, when not
 * NULL) does not get through meanwhile, and the next run recovers. */
static void check(struct forge *forge, const struct versions *before, const struct versions *after,
		  bool rotating, const struct text *replay)
{
	struct versions now = kept(forge);
	struct text honest = TEXT_EMPTY;
	char *content = NULL;

	for (size_t i = 0; i < 4; i++) {
		bool gone = rotating && (i == 1 || i == 2) && now.version[i] == 0;

		/* Of two new roots the first may be the one. */
		bool between = i == 0 && now.version[i] > before->version[i] &&
			       now.version[i] < after->version[i];

		if (!gone && !between && now.version[i] != before->version[i] &&
		    now.version[i] != after->version[i])
			fail_msg("%s has version %lld", name[i], (long long)now.version[i]);
	}
	if (replay) {
		forge_sign(forge_role(forge, "timestamp"), &honest);
		forge_put(forge, "metadata/timestamp.json", replay->data, replay->length);
		assert_int_equal(forge_refresh(forge), -EEXIST);
		forge_put(forge, "metadata/timestamp.json", honest.data, honest.length);
		text_release(&honest);
	}
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	assert_string_equal(content, "new");
	free(content);
	now = kept(forge);
	assert_memory_equal(&now, after, sizeof(now));
}

static void every_fault(struct forge *forge, const struct versions *after, bool rotating,
			const struct text *replay)
{
	struct versions before = kept(forge);
	struct copy copy;
	unsigned int runs = 0;

	copy_take(&copy, forge);
	for (enum fault fault = CUT; fault < FAULTS; fault++) {
		int result = 1;

		for (int calls = 0; result != 0 && calls < 200; calls++, runs++) {
			copy_put(&copy, forge);
			result = run(forge, fault, calls);
			if (fault == FAIL_FROM_NOW && result == 101)
				result = 0;
			check(forge, &before, after, rotating,
			      !rotating && fault == CUT_LOSING ? replay : NULL);
		}
		assert_int_equal(result, 0);
	}
	print_message("%u runs\n", runs);
	copy_release(&copy);
}

/* Version 2 of everything is accepted, version 3 waits. */
static void prepare(struct forge *forge, struct text *replay)
{
	char *content = NULL;

	forge->options.keep_targets = true;
	forge_target(forge, "targets", "rules/a", "old");
	forge_sign(forge_role(forge, "timestamp"), replay);
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	assert_string_equal(content, "old");
	free(content);
	forge_target(forge, "targets", "rules/a", "new");
}

static void attack_26_cut_or_full_disk_at_every_step(void **state)
{
	struct forge *forge = *state;
	struct text replay = TEXT_EMPTY;

	prepare(forge, &replay);
	forge_publish(forge, "root");
	forge_publish_all(forge);
	every_fault(forge, &(struct versions){ { 2, 3, 3, 3 } }, false, &replay);
	text_release(&replay);
}

/* Versions pushed ahead, and the way back by new keys: also then no step may be the last. */
static void attack_26_cut_or_full_disk_during_a_rotation(void **state)
{
	struct forge *forge = *state;
	struct text replay = TEXT_EMPTY;
	char *content = NULL;

	prepare(forge, &replay);
	forge_set_version(forge, "snapshot", 99);
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 100);
	forge_grant(forge, "snapshot", (const struct forge_key *[]){ forge_p256(7) }, 1, 1);
	forge_publish(forge, "root");
	forge_publish(forge, "root");
	forge_set_version(forge, "snapshot", 3);
	forge_publish_all(forge);
	every_fault(forge, &(struct versions){ { 3, 4, 4, 4 } }, true, &replay);
	text_release(&replay);
}

static void attack_26_two_clients_at_once(void **state)
{
	struct forge *forge = *state;
	struct store *store;
	char *before = forge_state(forge), *after;

	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	forge_refuses(forge, -EBUSY);
	store_free(store);
	after = forge_state(forge);
	assert_string_equal(before, after);
	free(before);
	free(after);
	forge_accepts(forge);
}

/* What a cut left behind is gone after the next run. */
static void attack_26_leftovers(void **state)
{
	struct forge *forge = *state;
	char *content;

	assert_int_equal(file_replace(forge->fd, "snapshot.json.new", "half", 4, 0644), 0);
	forge_accepts(forge);
	content = forge_state(forge);
	assert_null(strstr(content, ".new"));
	free(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(attack_26_cut_or_full_disk_at_every_step),
		FORGE_TEST(attack_26_cut_or_full_disk_during_a_rotation),
		FORGE_TEST(attack_26_two_clients_at_once),
		FORGE_TEST(attack_26_leftovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
