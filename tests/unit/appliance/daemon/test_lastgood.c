/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/daemon/lastgood.h"
#include "appliance/ipc/message.h"
#include "appliance/settings/lists.h"

static char path[64];
static int folder;
static struct policy policy;
static void *block;

static int make(void **state)
{
	static const char text[] = "list: site\nversion: 1\n[update]\n"
				   "blocked.example evidence=\"a test\"\n";
	struct list_text list = { .name = "site.rules", .text = text, .length = sizeof(text) - 1 };
	static struct settings settings;
	struct policy_options options;
	static struct diag diag;
	size_t size;

	(void)state;
	diag_init(&diag);
	settings_init(&settings);
	settings_policy_options(&settings, &options);
	if (lists_compile_texts(&list, 1, &settings, &options, &block, &size, &diag) < 0 ||
	    policy_open(&policy, block, size) < 0)
		return -1;
	strcpy(path, "/tmp/lastgood-XXXXXX");
	folder = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return folder < 0 ? -1 : 0;
}

static int destroy(void **state)
{
	(void)state;
	unlinkat(folder, "policy", 0);
	unlinkat(folder, "policy.damaged", 0);
	close(folder);
	free(block);
	return rmdir(path);
}

/* A start in which the lists cannot be compiled had nothing but those lists. */
static void what_was_in_force_is_enough(void **state)
{
	struct stat first, second;
	void *data;
	size_t size;
	int fd;

	(void)state;
	assert_int_equal(lastgood_load(folder), -ENOENT);
	assert_int_equal(lastgood_save(folder, &policy), 0);
	assert_int_equal(fstatat(folder, "policy", &first, 0), 0);
	assert_int_equal(first.st_mode & 07777, 0600);
	fd = lastgood_load(folder);
	assert_true(fd >= 0);
	assert_int_equal(message_map(fd, &data, &size), 0);
	assert_int_equal(size, policy.size);
	assert_memory_equal(data, block, size);
	munmap(data, size);
	close(fd);
	/* The same again does not wear the disk. */
	assert_int_equal(lastgood_save(folder, &policy), 0);
	assert_int_equal(fstatat(folder, "policy", &second, 0), 0);
	assert_int_equal(first.st_ino, second.st_ino);
}

static void damage(off_t at)
{
	int fd = openat(folder, "policy", O_RDWR | O_CLOEXEC);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void damaged_block_is_set_aside(void **state)
{
	(void)state;
	for (off_t at = 0; at < (off_t)policy.size; at += 37) {
		assert_int_equal(lastgood_save(folder, &policy), 0);
		damage(at);
		assert_int_equal(lastgood_load(folder), -EBADMSG);
		assert_int_equal(faccessat(folder, "policy", F_OK, 0), -1);
		assert_int_equal(faccessat(folder, "policy.damaged", F_OK, 0), 0);
	}
}

static void block_that_others_can_write_is_not_used(void **state)
{
	(void)state;
	assert_int_equal(lastgood_save(folder, &policy), 0);
	assert_int_equal(fchmodat(folder, "policy", 0666, 0), 0);
	assert_int_equal(lastgood_load(folder), -EBADMSG);
	assert_int_equal(symlinkat("policy.damaged", folder, "policy"), 0);
	assert_int_equal(lastgood_load(folder), -EBADMSG);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(what_was_in_force_is_enough),
		in_folder(damaged_block_is_set_aside),
		in_folder(block_that_others_can_write_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
