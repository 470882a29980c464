/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/daemon/retention.h"

#define LINE(time) "{\"time\":\"" time ".123Z\",\"boot_id\":\"x\"}\n"
#define NEW LINE("2026-11-24T00:00:00")
#define OLD LINE("1970-01-01T00:00:40")

enum { FLOOR = 1790000000, NOVEMBER = 1795478400, DAY = 86400 };

/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
static int64_t begin(const char *text, size_t *skipped)
{
	size_t length = strlen(text);
	char *copy = malloc(length ? length : 1);
	int64_t time;

	assert_non_null(copy);
	memcpy(copy, text, length);
	*skipped = 0;
	time = retention_begin(copy, length, FLOOR, skipped);
	free(copy);
	return time;
}

static void test_begin(void **state)
{
	size_t skipped;

	(void)state;
	assert_int_equal(begin(NEW NEW, &skipped), NOVEMBER);
	assert_int_equal(skipped, 0);
	assert_int_equal(begin(OLD OLD NEW, &skipped), NOVEMBER);
	assert_int_equal(skipped, 2 * strlen(OLD));
	assert_int_equal(begin("half a li\n\n" NEW, &skipped), NOVEMBER);
	assert_int_equal(begin(OLD, &skipped), 0);
	assert_int_equal(begin("", &skipped), 0);
	assert_int_equal(begin("{\"time\":\"2026-11-24T00:00:00", &skipped), 0);
	assert_int_equal(begin("{\"time\":\"2026-11-24T00:00\"}}}}}}}\n", &skipped), 0);
	assert_int_equal(begin("{\"time\":\"\n", &skipped), 0);
}

static void test_days(void **state)
{
	struct retention retention = { .used = 1000, .budget = 10000, .free = 1 << 20 };

	(void)state;
	/* 1000 bytes a day. */
	assert_true(retention_days(&retention, 1000, NOVEMBER, NOVEMBER + DAY) == 10);
	/* The disk ends first. */
	retention.free = 4000;
	assert_true(retention_days(&retention, 1000, NOVEMBER, NOVEMBER + DAY) == 5);
	assert_true(retention_days(&retention, 1000, NOVEMBER, NOVEMBER + RETENTION_AGE_S - 1) < 0);
	assert_true(retention_days(&retention, 1000, NOVEMBER, NOVEMBER - DAY) < 0);
	assert_true(retention_days(&retention, 1000, 0, NOVEMBER) < 0);
	assert_true(retention_days(&retention, 0, NOVEMBER, NOVEMBER + DAY) < 0);
}

static void put(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_read(void **state)
{
	char path[] = "/tmp/retention-XXXXXX";
	struct retention retention;
	int folder;

	(void)state;
	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(folder, "log", 0700), 0);
	retention_read(&retention, folder, 1 << 16, FLOOR, NOVEMBER + DAY);
	assert_int_equal(retention.used, 0);
	assert_true(retention.free > 0);
	assert_true(retention.days < 0);
	put(folder, "log/events.2.jsonl", OLD);
	put(folder, "log/events.1.jsonl", OLD NEW NEW);
	put(folder, "log/events.jsonl", NEW NEW);
	assert_int_equal(symlinkat("/dev/zero", folder, "log/events.3.jsonl"), 0);
	retention_read(&retention, folder, 8 * strlen(NEW), FLOOR, NOVEMBER + DAY);
	assert_int_equal(retention.used, 6 * strlen(NEW));
	/* Four lines a day since the clock was set, and there is room for eight. */
	assert_true(retention.days == 2);
	unlinkat(folder, "log/events.3.jsonl", 0);
	unlinkat(folder, "log/events.2.jsonl", 0);
	unlinkat(folder, "log/events.1.jsonl", 0);
	unlinkat(folder, "log/events.jsonl", 0);
	unlinkat(folder, "log", AT_REMOVEDIR);
	close(folder);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
