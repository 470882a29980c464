/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"

static char path[64];

static int make(void **state)
{
	static int folder;

	strcpy(path, "/tmp/cordon-file.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY);
	*state = &folder;
	return folder < 0 ? -1 : 0;
}

static int destroy(void **state)
{
	int folder = *(int *)*state;

	unlinkat(folder, "a", 0);
	unlinkat(folder, "a.new", 0);
	close(folder);
	return rmdir(path);
}

static void content_is(int folder, const char *expected)
{
	char *data;
	size_t size;

	assert_int_equal(file_read(folder, "a", 1 << 20, &data, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(data, expected);
	free(data);
}

static void replaces_whole_files(void **state)
{
	int folder = *(int *)*state;
	struct stat status;
	char absolute[128];

	assert_int_equal(file_replace(folder, "a", "first, longer", 13, 0600), 0);
	content_is(folder, "first, longer");
	assert_int_equal(file_replace(folder, "a", "second", 6, 0600), 0);
	content_is(folder, "second");
	assert_int_equal(fstatat(folder, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(fstatat(folder, "a.new", &status, 0), -1);
	snprintf(absolute, sizeof(absolute), "%s/a", path);
	assert_int_equal(file_replace(AT_FDCWD, absolute, "", 0, 0600), 0);
	content_is(folder, "");
	assert_int_equal(file_replace(folder, "none/a", "", 0, 0600), -ENOENT);
}

/* Whatever stands in place of the temporary file is not opened: not what a link leads to, no pipe
 * that would hang us, no second name of another file. */
static void does_not_open_what_stands_there(void **state)
{
	int folder = *(int *)*state;
	char *data;
	size_t size;

	assert_int_equal(file_replace(folder, "other", "other", 5, 0600), 0);
	assert_int_equal(symlinkat("other", folder, "a.new"), 0);
	assert_int_equal(file_replace(folder, "a", "x", 1, 0600), 0);
	content_is(folder, "x");
	assert_int_equal(mkfifoat(folder, "a.new", 0600), 0);
	alarm(5);
	assert_int_equal(file_replace(folder, "a", "y", 1, 0600), 0);
	alarm(0);
	content_is(folder, "y");
	assert_int_equal(linkat(folder, "other", folder, "a.new", 0), 0);
	assert_int_equal(file_replace(folder, "a", "z", 1, 0600), 0);
	content_is(folder, "z");
	assert_int_equal(file_read(folder, "other", 64, &data, &size), 0);
	assert_string_equal(data, "other");
	free(data);
	unlinkat(folder, "other", 0);
}

/* No room for the new file: the old one stays, and nothing beside it. */
static void full_disk_keeps_the_old_file(void **state)
{
	int folder = *(int *)*state;
	struct rlimit before, low;
	struct stat status;
	char large[1000] = { 0 };

	assert_int_equal(file_replace(folder, "a", "old", 3, 0600), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	low = before;
	low.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(file_replace(folder, "a", large, sizeof(large), 0600), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	content_is(folder, "old");
	assert_int_equal(fstatat(folder, "a.new", &status, 0), -1);
}

static bool all_equal(const char *data, size_t size)
{
	return size == 0 || memcmp(data, data + 1, size - 1) == 0;
}

/* Killed at any moment, there is the old file or the new one. */
static void killed_writer(void **state)
{
	int folder = *(int *)*state;

	for (unsigned int round = 0; round < 40; round++) {
		pid_t child = fork();
		char *data;
		size_t size;

		assert_true(child >= 0);
		if (child == 0) {
			char block[20000];

			for (char c = 'a';; c = c == 'z' ? 'a' : (char)(c + 1)) {
				memset(block, c, sizeof(block));
				if (file_replace(folder, "a", block, sizeof(block), 0600) != 0)
					_exit(1);
			}
		}
		usleep(1000 + round * 211);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		if (file_read(folder, "a", 1 << 20, &data, &size) == -ENOENT)
			continue;
		assert_int_equal(size, 20000);
		assert_true(all_equal(data, size));
		free(data);
	}
}

static void reading_is_bounded(void **state)
{
	int folder = *(int *)*state;
	char *data = NULL;
	size_t size;

	assert_int_equal(file_read(folder, "a", 10, &data, &size), -ENOENT);
	assert_int_equal(file_replace(folder, "a", "0123456789", 10, 0600), 0);
	assert_int_equal(file_read(folder, "a", 9, &data, &size), -EFBIG);
	assert_int_equal(file_read(folder, "a", 10, &data, &size), 0);
	free(data);
	assert_int_equal(file_read(folder, ".", 10, &data, &size), -EINVAL);
	assert_int_equal(unlinkat(folder, "a", 0), 0);
	assert_int_equal(mkfifoat(folder, "a", 0600), 0);
	assert_int_equal(file_read(folder, "a", 10, &data, &size), -EINVAL);
}

/* A lock on a file that anybody could open: any local user kept the daemon from starting. */
static void lock_of_a_stranger_counts_for_nothing(void **state)
{
	int folder = *(int *)*state, open_to_all, fd, other;
	struct stat status;

	open_to_all = openat(folder, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(open_to_all >= 0);
	assert_int_equal(fchmod(open_to_all, 0644), 0);
	assert_int_equal(flock(open_to_all, LOCK_EX | LOCK_NB), 0);
	fd = file_lock(folder, "a", false);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	other = file_lock(folder, "a", false);
	assert_int_equal(other, -EWOULDBLOCK);
	close(fd);
	fd = file_lock(folder, "a", false);
	assert_true(fd >= 0);
	close(fd);
	close(open_to_all);
}

static void lock_follows_no_link(void **state)
{
	int folder = *(int *)*state, fd;
	struct stat status;

	assert_int_equal(symlinkat("/dev/null", folder, "a"), 0);
	fd = file_lock(folder, "a", false);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	close(fd);
}

/* Too many open files was taken for damage, and what could not be read was removed. */
static void passing_errors_are_no_damage(void **state)
{
	int folder = *(int *)*state;

	assert_true(file_error_passes(-EMFILE) && file_error_passes(-ENFILE));
	assert_true(file_error_passes(-EIO) && file_error_passes(-ENOMEM));
	assert_true(file_error_passes(-EACCES));
	assert_false(file_error_passes(-ENOENT) || file_error_passes(-EFBIG));
	assert_false(file_error_passes(-EINVAL) || file_error_passes(0));
	assert_int_equal(file_replace(folder, "a", "x", 1, 0600), 0);
	assert_int_equal(file_set_aside(folder, "a"), 0);
	assert_int_equal(faccessat(folder, "a.damaged", F_OK, 0), 0);
	assert_int_equal(faccessat(folder, "a", F_OK, 0), -1);
	assert_int_equal(unlinkat(folder, "a.damaged", 0), 0);
}

/* In the fixture's folder; the mode of what is there then, links not followed. */
static int write_named(const char *text, mode_t mode, mode_t *found)
{
	char name[128];
	struct stat status;
	int error;

	snprintf(name, sizeof(name), "%s/a", path);
	error = file_write_named(name, text, strlen(text), mode, false);
	assert_int_equal(lstat(name, &status), 0);
	*found = status.st_mode;
	return error;
}

static void a_named_file_is_replaced_and_opened_to_nobody(void **state)
{
	int folder = *(int *)*state;
	mode_t mode;

	assert_int_equal(write_named("one", 0600, &mode), 0);
	assert_int_equal(mode, S_IFREG | 0600);
	assert_int_equal(fchmodat(folder, "a", 0644, 0), 0);
	assert_int_equal(write_named("two", 0600, &mode), 0);
	assert_int_equal(mode, S_IFREG | 0600);
	assert_int_equal(write_named("three", 0644, &mode), 0);
	assert_int_equal(mode, S_IFREG | 0600);
	content_is(folder, "three");
}

/* What is no regular file stays what it is. */
static void a_named_pipe_or_device_is_written_to(void **state)
{
	int folder = *(int *)*state, reader;
	char got[8] = "";
	mode_t mode;

	assert_int_equal(mkfifoat(folder, "a", 0600), 0);
	reader = openat(folder, "a", O_RDONLY | O_NONBLOCK);
	assert_int_equal(write_named("pipe", 0600, &mode), 0);
	assert_true(S_ISFIFO(mode));
	assert_int_equal(read(reader, got, sizeof(got)), 4);
	assert_string_equal(got, "pipe");
	close(reader);
	assert_int_equal(unlinkat(folder, "a", 0), 0);
	assert_int_equal(symlinkat("/dev/null", folder, "a"), 0);
	assert_int_equal(write_named("x", 0600, &mode), 0);
	assert_true(S_ISLNK(mode));
	assert_int_equal(unlinkat(folder, "a", 0), 0);
	assert_int_equal(symlinkat("/dev/full", folder, "a"), 0);
	assert_int_equal(write_named("x", 0600, &mode), -ENOSPC);
	assert_true(S_ISLNK(mode));
}

static void a_named_link_folder_or_socket_is_refused(void **state)
{
	int folder = *(int *)*state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char name[128];
	mode_t mode;

	snprintf(name, sizeof(name), "%s/target", path);
	assert_int_equal(symlinkat("target", folder, "a"), 0);
	assert_int_equal(write_named("x", 0600, &mode), -ELOOP);
	assert_true(S_ISLNK(mode));
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(file_replace(folder, "target", "old", 3, 0600), 0);
	assert_int_equal(write_named("x", 0600, &mode), -ELOOP);
	assert_true(S_ISLNK(mode));
	assert_int_equal(unlinkat(folder, "target", 0), 0);
	assert_int_equal(unlinkat(folder, "a", 0), 0);
	assert_int_equal(mkdirat(folder, "a", 0700), 0);
	assert_int_equal(write_named("x", 0600, &mode), -EISDIR);
	assert_int_equal(unlinkat(folder, "a", AT_REMOVEDIR), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/a", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write_named("x", 0600, &mode), -ENOTSUP);
	assert_true(S_ISSOCK(mode));
	close(fd);
	assert_int_equal(file_write_named(path, "x", 1, 0600, true), -EEXIST);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_named_file_is_replaced_and_opened_to_nobody),
		in_folder(a_named_pipe_or_device_is_written_to),
		in_folder(a_named_link_folder_or_socket_is_refused),
		in_folder(replaces_whole_files),
		in_folder(does_not_open_what_stands_there),
		in_folder(full_disk_keeps_the_old_file),
		in_folder(killed_writer),
		in_folder(reading_is_bounded),
		in_folder(lock_of_a_stranger_counts_for_nothing),
		in_folder(lock_follows_no_link),
		in_folder(passing_errors_are_no_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
