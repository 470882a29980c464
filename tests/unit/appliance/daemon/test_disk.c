/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/daemon/disk.h"

static void percent_as_df_says_it(void **state)
{
	(void)state;
	assert_int_equal(disk_percent(0, 0), 0);
	assert_int_equal(disk_percent(0, 100), 0);
	assert_int_equal(disk_percent(1 << 20, 3 << 20), 25);
	assert_int_equal(disk_percent(750000, 250000), 75);
	assert_int_equal(disk_percent(749000, 251000), 75);
	assert_int_equal(disk_percent(3, 5), 38);
	assert_int_equal(disk_percent(100, 0), 100);
	/* No more than it is while anything is free. */
	assert_in_range(disk_percent(UINT64_MAX / 4, UINT64_MAX / 8), 66, 68);
}

static struct disk_report *poll_now(struct disks *disks, int folder, int64_t now)
{
	const struct disk_log log = { .budget = 1 << 20, .floor = 1, .now = 1 };
	int status;
	pid_t pid;

	disks_poll(disks, folder, &log, now, 0);
	assert_true(disks->poller > 0);
	pid = waitpid(disks->poller, &status, 0);
	assert_false(disks_reaped(disks, pid + 1, status, now));
	assert_true(disks_reaped(disks, pid, status, now));
	return &disks->report;
}

static void full_and_read_only_show(void **state)
{
	static const char bytes[48 << 10];
	char path[] = "/tmp/cordon-disk.XXXXXX";
	struct disks disks = { .poller = 0 };
	struct disk_report *report;
	int folder, fd;

	(void)state;
	assert_non_null(mkdtemp(path));
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", path, "tmpfs", 0, "size=64k,nr_inodes=8") < 0) {
		rmdir(path);
		print_message("not tried: it needs root and mount namespaces\n");
		skip();
	}
	folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(folder, "log", 0700), 0);
	fd = openat(folder, "log/000001-2026-11-28.db", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	report = poll_now(&disks, folder, 1000);
	for (int i = 0; i < DISK_FOLDERS; i++) {
		assert_true(report->disk[i].known && !report->disk[i].read_only);
		assert_int_equal(report->disk[i].error, 0);
		assert_int_equal(disk_percent(report->disk[i].used, report->disk[i].free), 75);
		assert_int_equal(disk_percent(report->disk[i].inodes_used,
					      report->disk[i].inodes_free),
				 38);
	}
	assert_int_equal(report->disk[0].device, report->disk[1].device);
	assert_int_equal(report->retention.used, sizeof(bytes));
	assert_int_equal(report->retention.budget, 32 << 10);
	assert_true(write(fd, bytes, sizeof(bytes)) < (ssize_t)sizeof(bytes));
	close(fd);
	assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, "size=64k"), 0);
	report = poll_now(&disks, folder, 2000);
	assert_int_equal(disk_percent(report->disk[0].used, report->disk[0].free), 100);
	assert_true(report->disk[0].read_only);
	close(folder);
	assert_int_equal(umount(path), 0);
	rmdir(path);
}

/* The kernel tells an error of the disk once: it is kept for a while. */
static void an_error_is_said_for_a_while(void **state)
{
	char path[] = "/tmp/cordon-disk.XXXXXX";
	struct disks disks = { .poller = 0 };
	int folder;

	(void)state;
	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(folder, "log", 0700), 0);
	assert_int_equal(poll_now(&disks, folder, 1000)->disk[DISK_STATE].error, 0);
	disks.report.disk[DISK_STATE].error = -EIO;
	disks.failed[DISK_STATE] = 1000;
	assert_int_equal(poll_now(&disks, folder, 2000)->disk[DISK_STATE].error, -EIO);
	assert_int_equal(poll_now(&disks, folder, 1000 + DISK_ERROR_MS)->disk[DISK_STATE].error, 0);
	/* A poll that does not end is an answer, too. */
	disks.poller = 1;
	disks.began = 5000;
	assert_false(disks_silent(&disks, 5000 + DISK_SILENT_MS - 1));
	assert_true(disks_silent(&disks, 5000 + DISK_SILENT_MS));
	unlinkat(folder, "log", AT_REMOVEDIR);
	close(folder);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent_as_df_says_it),
		cmocka_unit_test(an_error_is_said_for_a_while),
		cmocka_unit_test(full_and_read_only_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
