/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/journal/store.h"

static char folder_path[64];

static int make_folder(void **state)
{
	static int folder;

	strcpy(folder_path, "/tmp/cordon-store.XXXXXX");
	if (!mkdtemp(folder_path))
		return -1;
	folder = open(folder_path, O_RDONLY | O_DIRECTORY);
	*state = &folder;
	return folder < 0 ? -1 : 0;
}

static const char *const parts[] = { "events.jsonl", "events.1.jsonl", "events.2.jsonl",
				     "events.3.jsonl", "events.4.jsonl" };
enum { PARTS = sizeof(parts) / sizeof(*parts) };

static int remove_folder(void **state)
{
	int folder = *(int *)*state;

	for (int i = 0; i < PARTS; i++)
		unlinkat(folder, parts[i], 0);
	close(folder);
	return rmdir(folder_path);
}

static off_t size_of(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, 0) < 0 ? -1 : status.st_size;
}

static void content_is(int folder, const char *name, const char *expected)
{
	char *data;
	size_t size;

	assert_int_equal(file_read(folder, name, 1 << 20, &data, &size), 0);
	assert_string_equal(data, expected);
	free(data);
}

static void put_file(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static struct log_store *open_store(int folder, uint64_t budget)
{
	struct log_store *store;

	assert_int_equal(store_open(&store, folder, budget), 0);
	return store;
}

static void appends_lines_over_a_restart(void **state)
{
	int folder = *(int *)*state;
	struct log_store *store = open_store(folder, 1 << 16);

	assert_int_equal(store_append(store, "one", 3), 0);
	assert_int_equal(store_sync(store), 0);
	assert_int_equal(store_sync(store), 0);
	store_close(store);
	store = open_store(folder, 1 << 16);
	assert_int_equal(store_append(store, "two!", 3), 0);
	store_close(store);
	content_is(folder, "events.jsonl", "one\ntwo\n");
}

static void half_a_line_is_ended(void **state)
{
	int folder = *(int *)*state;
	struct log_store *store;

	put_file(folder, "events.jsonl", "whole\nhal");
	store = open_store(folder, 1 << 16);
	assert_int_equal(store_append(store, "new", 3), 0);
	store_close(store);
	content_is(folder, "events.jsonl", "whole\nhal\nnew\n");
}

static void zeros_of_a_power_cut_are_dropped(void **state)
{
	int folder = *(int *)*state;
	struct log_store *store;
	int fd;

	put_file(folder, "events.jsonl", "whole\nhal");
	fd = openat(folder, "events.jsonl", O_WRONLY);
	assert_int_equal(ftruncate(fd, 5000), 0);
	close(fd);
	store = open_store(folder, 1 << 16);
	assert_int_equal(store_append(store, "new", 3), 0);
	store_close(store);
	content_is(folder, "events.jsonl", "whole\nhal\nnew\n");
}

static void rotates_within_the_budget(void **state)
{
	int folder = *(int *)*state;
	const uint64_t budget = 4000;
	struct log_store *store = open_store(folder, budget);
	char line[100];

	for (int i = 0; i < 500; i++) {
		off_t sum = 0;
		int length = snprintf(line, sizeof(line), "line %03d %060d", i, 0);

		assert_int_equal(store_append(store, line, (size_t)length), 0);
		for (int part = 0; part < PARTS; part++) {
			off_t size = size_of(folder, parts[part]);

			assert_true(size <= (off_t)budget / STORE_PARTS);
			sum += size > 0 ? size : 0;
		}
		assert_true(sum <= (off_t)budget);
	}
	store_close(store);
	for (int part = 0; part < STORE_PARTS; part++)
		assert_true(size_of(folder, parts[part]) > 0);
	assert_int_equal(size_of(folder, "events.4.jsonl"), -1);
}

static void lower_budget_drops_the_oldest(void **state)
{
	int folder = *(int *)*state;
	char *text = calloc(1, 901);
	struct log_store *store;

	assert_non_null(text);
	memset(text, 'x', 900);
	text[899] = '\n';
	for (int part = 0; part < STORE_PARTS; part++)
		put_file(folder, parts[part], text);
	free(text);
	store = open_store(folder, 2800);
	assert_true(size_of(folder, "events.2.jsonl") > 0);
	assert_int_equal(size_of(folder, "events.3.jsonl"), -1);
	assert_int_equal(store_append(store, "new", 3), 0);
	assert_int_equal(size_of(folder, "events.jsonl"), 4);
	assert_int_equal(size_of(folder, "events.1.jsonl"), 900);
	store_close(store);
}

static void line_larger_than_a_part(void **state)
{
	struct log_store *store = open_store(*(int *)*state, 400);
	char line[100];

	memset(line, 'x', sizeof(line));
	assert_int_equal(store_append(store, line, 100), -EMSGSIZE);
	assert_int_equal(store_append(store, line, 99), 0);
	store_close(store);
}

/* Half a line that did not fit is taken back: what is in the file stays whole lines. */
static void file_size_limit(void **state)
{
	int folder = *(int *)*state;
	struct log_store *store = open_store(folder, 1 << 20);
	struct rlimit before, low;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	low = before;
	low.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(store_append(store, "1234567", 7), 0);
	assert_true(store_append(store, "1234567", 7) < 0);
	assert_true(store_append(store, "1234567", 7) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	content_is(folder, "events.jsonl", "1234567\n");
	assert_int_equal(store_append(store, "again", 5), 0);
	content_is(folder, "events.jsonl", "1234567\nagain\n");
	store_close(store);
}

static off_t size_of_all(int folder)
{
	off_t all = 0;

	for (int i = 0; i < PARTS; i++)
		all += size_of(folder, parts[i]) > 0 ? size_of(folder, parts[i]) : 0;
	return all;
}

static int open_disk(const char *size)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", folder_path, "tmpfs", 0, size) < 0) {
		print_message("not tried: it needs root and mount namespaces\n");
		skip();
	}
	return open(folder_path, O_RDONLY | O_DIRECTORY);
}

/* A budget larger than the disk: the oldest go, the newest stay, and half of the disk is free for
 * others. */
static void small_disk(void **state)
{
	struct log_store *store;
	char line[1001];
	int folder = open_disk("size=64k");

	(void)state;
	assert_true(folder >= 0);
	assert_int_equal(store_budget(folder, 1 << 20), 32 << 10);
	assert_int_equal(store_budget(folder, 1 << 10), 1 << 10);
	store = open_store(folder, 1 << 20);
	for (int i = 0; i < 200; i++) {
		memset(line, i < 199 ? 'x' : 'y', sizeof(line));
		assert_int_equal(store_append(store, line, sizeof(line)), 0);
	}
	assert_in_range(size_of_all(folder), 16 << 10, 32 << 10);
	/* The disk grows, and with the next part that counts. */
	assert_int_equal(mount(NULL, folder_path, NULL, MS_REMOUNT, "size=256k"), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(store_append(store, line, sizeof(line)), 0);
	assert_true(size_of(folder, "events.1.jsonl") > 24 << 10);
	store_close(store);
	close(folder);
	assert_int_equal(umount(folder_path), 0);
}

static void fill(int folder, const char *name)
{
	static const char page[4096];
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	close(fd);
}

/* Bytes of the log; every line of it is whole. */
static size_t whole_lines(int folder, const char *newest)
{
	size_t all = 0, length = strlen(newest);

	for (int i = 0; i < PARTS; i++) {
		char *data;
		size_t size;

		if (file_read(folder, parts[i], 1 << 20, &data, &size) < 0)
			continue;
		assert_int_equal(size % (length + 1), 0);
		for (size_t at = length; at < size; at += length + 1)
			assert_int_equal(data[at], '\n');
		if (i == 0)
			assert_memory_equal(data + size - length - 1, newest, length);
		free(data);
		all += size;
	}
	return all;
}

/* Others filled the disk: old lines make room, a part at a time, at last within the current part.
 */
static void a_full_disk_costs_the_oldest_lines(void **state)
{
	static const char others[40 << 10];
	struct log_store *store;
	char line[1001];
	int folder = open_disk("size=64k,nr_inodes=40");

	(void)state;
	assert_true(folder >= 0);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	store = open_store(folder, 1 << 20);
	for (int i = 0; i < 26; i++)
		assert_int_equal(store_append(store, line, strlen(line)), 0);
	assert_int_equal(store_freed(store), 0);
	(void)!file_replace(folder, "others", others, sizeof(others), 0600);
	fill(folder, "more");
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%01000d", i);
		assert_int_equal(store_append(store, line, strlen(line)), 0);
		assert_true(whole_lines(folder, line) >= 4096);
	}
	assert_true(store_freed(store) > 8 << 10);
	assert_int_equal(store_freed(store), 0);
	store_close(store);
	close(folder);
	assert_int_equal(umount(folder_path), 0);
}

/* A program that takes all space that is freed must not get the whole log. */
static void the_newest_lines_stay_whoever_fills_the_disk(void **state)
{
	struct log_store *store;
	char line[1001];
	int folder = open_disk("size=64k");

	(void)state;
	assert_true(folder >= 0);
	store = open_store(folder, 1 << 20);
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%01000d", i);
		if (i >= 10)
			fill(folder, "others");
		assert_int_equal(store_append(store, line, strlen(line)), 0);
		assert_true(i < 10 || whole_lines(folder, line) >= 4000);
	}
	store_close(store);
	close(folder);
	assert_int_equal(umount(folder_path), 0);
}

/* Rotation makes a new file, and there is none to be had. */
static void a_disk_without_inodes_costs_the_oldest_part(void **state)
{
	struct log_store *store;
	char line[1001], name[16];
	int folder = open_disk("size=256k,nr_inodes=12");

	(void)state;
	assert_true(folder >= 0);
	store = open_store(folder, 1 << 20);
	for (int i = 0; i < 600; i++) {
		snprintf(line, sizeof(line), "%01000d", i);
		assert_int_equal(store_append(store, line, strlen(line)), 0);
		for (int other = 0; i == 40 && other < 20; other++) {
			snprintf(name, sizeof(name), "other%d", other);
			close(openat(folder, name, O_WRONLY | O_CREAT, 0600));
		}
	}
	(void)whole_lines(folder, line);
	store_close(store);
	close(folder);
	assert_int_equal(umount(folder_path), 0);
}

static void refuses_what_is_no_file(void **state)
{
	int folder = *(int *)*state;
	struct log_store *store;

	assert_int_equal(symlinkat("/etc/passwd", folder, "events.jsonl"), 0);
	assert_int_equal(store_open(&store, folder, 1 << 16), -ELOOP);
	assert_int_equal(unlinkat(folder, "events.jsonl", 0), 0);
	assert_int_equal(mkfifoat(folder, "events.jsonl", 0600), 0);
	assert_int_equal(store_open(&store, folder, 1 << 16), -EINVAL);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(appends_lines_over_a_restart),
		in_folder(half_a_line_is_ended),
		in_folder(zeros_of_a_power_cut_are_dropped),
		in_folder(rotates_within_the_budget),
		in_folder(lower_budget_drops_the_oldest),
		in_folder(line_larger_than_a_part),
		in_folder(file_size_limit),
		in_folder(small_disk),
		in_folder(refuses_what_is_no_file),
		in_folder(a_full_disk_costs_the_oldest_lines),
		in_folder(the_newest_lines_stay_whoever_fills_the_disk),
		in_folder(a_disk_without_inodes_costs_the_oldest_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
