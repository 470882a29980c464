/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/journal/days.h"
#include "appliance/journal/store.h"

const char *disk_print(enum disk_folder folder)
{
	static const char *const words[DISK_FOLDERS] = { "state", "log" };

	return words[folder];
}

unsigned int disk_percent(uint64_t used, uint64_t free)
{
	/* No disk is too large to multiply. */
	while (used > UINT32_MAX || free > UINT32_MAX) {
		used >>= 1;
		free >>= 1;
	}
	return used == 0 ? 0 : (unsigned int)((used * 100 + used + free - 1) / (used + free));
}

/* ---- in the child ---- */

/* Does what was written reach the disk? */
static int sync_folder(int fd, const char *file)
{
	int log = openat(fd, *file ? file : ".", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = 0;

	if (log >= 0) {
		if (fdatasync(log) < 0)
			error = -errno;
		close(log);
	} else if (errno != ENOENT) {
		error = -errno;
	}
	/* A file system that syncs no folder is none that dies. */
	if (!error && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		error = -errno;
	return error;
}

/* What the journal writes to now: the log beside the open day. "": nothing. */
static void open_day(int folder, char name[DAYS_NAME + 8])
{
	char day[DAYS_NAME];
	struct days days;

	name[0] = '\0';
	if (days_list(folder, &days) == 0) {
		for (size_t i = 0; i < days.count; i++) {
			if (days.file[i].kind == DAYS_OPEN)
				snprintf(name, DAYS_NAME + 8, "%s-wal",
					 days_print(&days.file[i], day));
		}
	}
	days_free(&days);
}

/* file: in the folder, synced too. */
static void poll_disk(struct disk *disk, int fd, const char *file)
{
	struct statvfs system;
	struct stat status;

	disk->error = 0;
	if (fd < 0 || fstatvfs(fd, &system) < 0 || fstat(fd, &status) < 0) {
		disk->error = -errno;
		return;
	}
	disk->device = status.st_dev;
	disk->used = (system.f_blocks - system.f_bfree) * (uint64_t)system.f_frsize;
	disk->free = system.f_bavail * (uint64_t)system.f_frsize;
	disk->inodes_used = system.f_files - system.f_ffree;
	disk->inodes_free = system.f_favail;
	disk->read_only = system.f_flag & ST_RDONLY;
	disk->known = true;
	disk->error = sync_folder(fd, file);
}

static __attribute__((noreturn)) void poll_folders(struct disk_report *report, int state,
					   const struct disk_log *log)
{
	char file[DAYS_NAME + 8] = "";
	int folder;

	/* It keeps neither the lock nor a socket of a parent that ends before it. */
	if (dup2(state, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, UINT_MAX, 0) < 0)
		_exit(1);
	state = STDERR_FILENO + 1;
	folder = openat(state, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	poll_disk(&report->disk[DISK_STATE], state, "");
	report->disk[DISK_LOG].known = false;
	report->disk[DISK_LOG].error = 0;
	if (folder >= 0 || errno != ENOENT) {
		if (folder >= 0)
			open_day(folder, file);
		poll_disk(&report->disk[DISK_LOG], folder, file);
	}
	retention_read(&report->retention, state, store_budget(state, log->budget), log->floor,
		       log->now);
	_exit(0);
}

/* ---- in the parent ---- */

void disks_poll(struct disks *disks, int state, const struct disk_log *log, int64_t now,
		int64_t age_ms)
{
	void *memory;

	if (state < 0 || disks->poller || (disks->polled && now - disks->polled < age_ms))
		return;
	if (!disks->shared) {
		memory = mmap(NULL, sizeof(*disks->shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			return;
		disks->shared = memory;
	}
	disks->began = now;
	disks->poller = fork();
	if (disks->poller == 0)
		poll_folders(disks->shared, state, log);
	if (disks->poller < 0)
		disks->poller = 0;
}

bool disks_reaped(struct disks *disks, pid_t pid, int status, int64_t now)
{
	struct disk_report *report = &disks->report;

	if (!disks->poller || pid != disks->poller)
		return false;
	disks->poller = 0;
	disks->polled = now;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return true;
	for (int i = 0; i < DISK_FOLDERS; i++) {
		int32_t before = report->disk[i].error;

		report->disk[i] = disks->shared->disk[i];
		if (report->disk[i].error)
			disks->failed[i] = now;
		/* The kernel tells an error of the disk once. */
		else if (before && now - disks->failed[i] < DISK_ERROR_MS)
			report->disk[i].error = before;
	}
	report->retention = disks->shared->retention;
	return true;
}

bool disks_silent(const struct disks *disks, int64_t now)
{
	return disks->poller && now - disks->began >= DISK_SILENT_MS;
}
