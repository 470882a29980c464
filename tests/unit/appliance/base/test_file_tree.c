/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"

enum { DEEP = 3000, MANY = 3000, OUTSIDER = 65534 };

static char path[64];

static int make(void **state)
{
	static int folder;

	strcpy(path, "/tmp/cordon-tree.XXXXXX");
	if (!mkdtemp(path) || chmod(path, 0755) < 0)
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY);
	*state = &folder;
	return folder < 0 ? -1 : 0;
}

static int destroy(void **state)
{
	close(*(int *)*state);
	return rmdir(path);
}

static void touch(int folder, const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static bool is_there(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int enter(int folder, const char *name)
{
	int inner;

	assert_int_equal(mkdirat(folder, name, 0755), 0);
	inner = openat(folder, name, O_RDONLY | O_DIRECTORY);
	assert_true(inner >= 0);
	return inner;
}

static void removes_what_is_deeper_than_any_path(void **state)
{
	int folder = *(int *)*state, at = enter(folder, "tree");
	const struct rlimit few = { 16, 64 };
	struct rlimit old;

	for (int i = 0; i < DEEP; i++) {
		int inner = enter(at, i % 2 ? "d" : ".removed-1");

		touch(at, "file");
		close(at);
		at = inner;
	}
	close(at);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ few.rlim_cur, old.rlim_max }),
			 0);
	assert_int_equal(file_remove_tree(folder, "tree"), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_false(is_there(folder, "tree"));
}

static void removes_wide_and_strange_trees(void **state)
{
	int folder = *(int *)*state, at = enter(folder, "tree");
	char name[64];

	for (int i = 0; i < MANY; i++) {
		int inner;

		snprintf(name, sizeof(name), ".removed-%d", i);
		if (i % 3)
			touch(at, name);
		snprintf(name, sizeof(name), "folder \n%d", i);
		inner = enter(at, name);
		snprintf(name, sizeof(name), "folder %d", i);
		close(enter(inner, name));
		touch(inner, "file");
		close(inner);
	}
	assert_int_equal(mkfifoat(at, "pipe", 0), 0);
	close(at);
	assert_int_equal(file_remove_tree(folder, "tree"), 0);
	assert_false(is_there(folder, "tree"));
}

static void follows_no_link(void **state)
{
	int folder = *(int *)*state, at = enter(folder, "tree"), other = enter(folder, "other");

	touch(other, "kept");
	assert_int_equal(symlinkat("../other", at, "link"), 0);
	assert_int_equal(symlinkat("other", folder, "top"), 0);
	assert_int_equal(file_remove_tree(folder, "tree"), 0);
	assert_int_equal(file_remove_tree(folder, "top"), 0);
	assert_false(is_there(folder, "tree") || is_there(folder, "top"));
	assert_true(is_there(other, "kept"));
	close(at);
	close(other);
	assert_int_equal(file_remove_tree(folder, "other"), 0);
}

static void enters_no_other_file_system(void **state)
{
	int folder = *(int *)*state, at = enter(folder, "tree"), inner = enter(at, "mount");
	char where[128];

	close(inner);
	snprintf(where, sizeof(where), "%s/tree/mount", path);
	if (mount("tmpfs", where, "tmpfs", 0, NULL) < 0)
		skip();
	inner = openat(at, "mount", O_RDONLY | O_DIRECTORY);
	touch(inner, "kept");
	touch(at, "file");
	assert_true(file_remove_tree(folder, "tree") < 0);
	assert_true(is_there(inner, "kept"));
	assert_false(is_there(at, "file"));
	close(inner);
	assert_int_equal(umount(where), 0);
	close(at);
	assert_int_equal(file_remove_tree(folder, "tree"), 0);
}

static void takes_names_and_no_paths(void **state)
{
	int folder = *(int *)*state;

	assert_int_equal(file_remove_tree(folder, "nothing"), 0);
	assert_int_equal(file_remove_tree(folder, ""), -EINVAL);
	assert_int_equal(file_remove_tree(folder, "."), -EINVAL);
	assert_int_equal(file_remove_tree(folder, ".."), -EINVAL);
	assert_int_equal(file_remove_tree(folder, "../a"), -EINVAL);
	assert_int_equal(file_remove_tree(folder, "/tmp"), -EINVAL);
}

/* Names what may not be removed, and removes the rest. */
static void says_what_stayed(void **state)
{
	int folder = *(int *)*state, at = enter(folder, "tree"), locked = enter(at, "locked");
	int open_to_all = enter(at, "open");

	if (geteuid() != 0)
		skip();
	touch(locked, "kept");
	touch(open_to_all, "file");
	assert_int_equal(fchmod(at, 0777), 0);
	assert_int_equal(fchmod(open_to_all, 0777), 0);
	assert_int_equal(fchmod(folder, 0777), 0);
	assert_int_equal(seteuid(OUTSIDER), 0);
	assert_int_equal(file_remove_tree(folder, "tree"), -EACCES);
	assert_int_equal(seteuid(0), 0);
	assert_true(is_there(locked, "kept"));
	assert_false(is_there(open_to_all, "file"));
	close(locked);
	close(open_to_all);
	close(at);
	assert_int_equal(file_remove_tree(folder, "tree"), 0);
}

static void opens_beneath_alone(void **state)
{
	static const char *const wrong[] = { "/etc/passwd", "", "a//b", "a/", "./a", "a/./b",
					     "../a", "a/..", "a/../a/b" };
	int folder = *(int *)*state, a = enter(folder, "a"), fd;

	touch(a, "b");
	assert_int_equal(symlinkat("a", folder, "link"), 0);
	assert_int_equal(symlinkat("b", a, "link"), 0);
	assert_int_equal(mkfifoat(a, "pipe", 0600), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(file_open_beneath(folder, wrong[i], O_RDONLY, 0), -EINVAL);
	assert_int_equal(file_open_beneath(folder, "link/b", O_RDONLY, 0), -ELOOP);
	assert_int_equal(file_open_beneath(folder, "a/link", O_RDONLY, 0), -ELOOP);
	assert_int_equal(file_open_beneath(folder, "link", O_RDONLY | O_DIRECTORY, 0), -ELOOP);
	assert_int_equal(file_open_beneath(folder, "a/b/c", O_RDONLY, 0), -ENOTDIR);
	assert_int_equal(file_open_beneath(folder, "a/c", O_RDONLY, 0), -ENOENT);
	fd = file_open_beneath(folder, "a/b", O_RDONLY, 0);
	assert_true(fd >= 0);
	close(fd);
	fd = file_open_beneath(folder, "a/pipe", O_RDONLY, 0);
	assert_true(fd >= 0);
	close(fd);
	fd = file_open_beneath(folder, "a/new", O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	close(a);
	assert_int_equal(file_remove_tree(folder, "a"), 0);
	assert_int_equal(file_remove_tree(folder, "link"), 0);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(removes_what_is_deeper_than_any_path),
		in_folder(removes_wide_and_strange_trees),
		in_folder(follows_no_link),
		in_folder(enters_no_other_file_system),
		in_folder(takes_names_and_no_paths),
		in_folder(says_what_stayed),
		in_folder(opens_beneath_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
