/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/daemon/retention.h"

enum { DAY = 86400, TODAY = 20780, FLOOR = 20700 };

static void test_days(void **state)
{
	struct retention retention = { .used = 1000, .budget = 10000, .free = 1 << 20 };
	struct days_file file[] = {
		/* A clock that was not set. */
		{ 1, 0, DAYS_CLOSED, 5000, DAYS_MINUTES, false },
		{ 2, TODAY - 2, DAYS_CLOSED, 500, DAYS_MINUTES, false },
		{ 3, TODAY - 1, DAYS_CLOSED, 1500, DAYS_MINUTES, false },
		{ 4, TODAY, DAYS_OPEN, 9000, DAYS_MINUTES, false },		/* not over */
	};
	struct days days = { file, 4 };

	(void)state;
	/* 1000 bytes a day. */
	assert_true(retention_days(&retention, &days, FLOOR, TODAY) == 10);
	/* The disk ends first. */
	retention.free = 4000;
	assert_true(retention_days(&retention, &days, FLOOR, TODAY) == 5);
	/* No whole day. */
	assert_true(retention_days(&retention, &days, FLOOR, TODAY - 2) < 0);
	days.count = 0;
	assert_true(retention_days(&retention, &days, FLOOR, TODAY) < 0);
}

static void put(int folder, const char *name, size_t size)
{
	static const char zeros[8192];
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, zeros, size), size);
	close(fd);
}

static void test_read(void **state)
{
	static const char *const names[] = {
		"log/000001-2026-11-22.db", "log/000002-2026-11-23.open.db",
		"log/000002-2026-11-23.open.db-wal", "log/000003-2026-11-24.db",
		"log/events.1.jsonl.taken",
	};
	char path[] = "/tmp/retention-XXXXXX";
	struct retention retention;
	int folder;

	(void)state;
	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	retention_read(&retention, folder, 1 << 16, (int64_t)FLOOR * DAY, (int64_t)TODAY * DAY);
	assert_int_equal(retention.used, 0);
	assert_int_equal(mkdirat(folder, "log", 0700), 0);
	for (int i = 0; i < 3; i++)
		put(folder, names[i], 8192);
	assert_int_equal(symlinkat("/dev/zero", folder, names[3]), 0);
	put(folder, names[4], 100);
	retention_read(&retention, folder, 1 << 16, (int64_t)FLOOR * DAY, (int64_t)TODAY * DAY);
	assert_int_equal(retention.used, 3 * 8192 + 100);
	assert_true(retention.free > 0);
	assert_true(retention.days > 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(unlinkat(folder, names[i], 0), 0);
	unlinkat(folder, "log", AT_REMOVEDIR);
	close(folder);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
