/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <jansson.h>
#include <linux/magic.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/text.h"
#include "appliance/base/version.h"
#include "appliance/box/base/paths.h"
#include "appliance/command/command.h"
#include "rules/signed/freshness.h"

char *box_path(char buffer[BOX_PATH], const char *path)
{
	const char *prefix = getenv(PATH_PREFIX_VARIABLE);

	snprintf(buffer, BOX_PATH, "%s%s", prefix ? prefix : "", path);
	return buffer;
}

char *box_read(const char *path, size_t limit, size_t *size)
{
	char full[BOX_PATH], *data = NULL;

	return file_read(AT_FDCWD, box_path(full, path), limit, &data, size) < 0 ? NULL : data;
}

bool box_peek(const char *path, char *buffer, size_t size)
{
	char full[BOX_PATH];
	int fd = open(box_path(full, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t at = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (got > 0 && at < size - 1) {
		got = read(fd, buffer + at, size - 1 - at);
		at += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	buffer[at] = '\0';
	return got >= 0;
}

void box_log(const char *format, ...)
{
	char full[BOX_PATH], line[512] = "cordon: ";
	const size_t start = strlen(line);
	int fd = open(box_path(full, "/dev/kmsg"), O_WRONLY | O_CLOEXEC | O_APPEND);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);
	va_end(arguments);
	/* The kernel shows it on the console as it is; of several lines it makes messages of their
	 * own. */
	for (char *at = line; (at = strchr(at, '\n'));)
		*at = at[1] ? ' ' : '\0';
	text_mask(line);
	strcat(line, "\n");
	if (fd < 0)
		return;
	(void)!write(fd, line, strlen(line));
	close(fd);
}

void box_say(const char *text)
{
	char full[BOX_PATH];
	int fd = open(box_path(full, "/dev/console"), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return;
	dprintf(fd, "cordon: %s", text);
	close(fd);
}

int box_write(const char *path, const char *text, size_t size, mode_t mode)
{
	char full[BOX_PATH];
	int error = file_replace(AT_FDCWD, box_path(full, path), text, size, mode);

	if (error)
		fprintf(stderr, "cordon: %s: cannot write: %s\n", full, strerror(-error));
	return error ? EXIT_NO : EXIT_YES;
}

bool box_keeps(void)
{
	char path[BOX_PATH];
	struct statfs status;

	return getenv(PATH_PREFIX_VARIABLE) || statfs(box_path(path, PATH_DATA), &status) < 0 ||
	       status.f_type != TMPFS_MAGIC;
}

bool box_has(const char *path)
{
	char full[BOX_PATH];

	return access(box_path(full, path), F_OK) == 0;
}

bool box_is_on(const char *path)
{
	char text[8];

	return box_peek(path, text, sizeof(text)) && text[0] == '1';
}

int box_lock(const char *path)
{
	char full[BOX_PATH];

	return file_lock(AT_FDCWD, box_path(full, path), true);
}

void box_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

static int remount_boot(unsigned long readonly)
{
	char path[BOX_PATH];

	return getenv(PATH_PREFIX_VARIABLE) ||
			       mount(NULL, box_path(path, PATH_BOOT), NULL,
				     MS_REMOUNT | MS_NODEV | MS_NOSUID | MS_NOEXEC | readonly,
				     NULL) == 0 ?
		       0 :
		       -errno;
}

/* Of two that write there, the first to end would take the partition away from the other one. */
static struct {
	unsigned int depth;
	int lock;
	bool remounted;		/* else it was writable before */
} boot;

int box_boot_begin(void)
{
	char path[BOX_PATH];
	struct statvfs status;
	int error = 0;

	if (boot.depth++ > 0)
		return 0;
	boot.lock = box_lock(PATH_RUN "/boot.lock");
	boot.remounted =
		statvfs(box_path(path, PATH_BOOT), &status) == 0 && status.f_flag & ST_RDONLY;
	if (boot.remounted)
		error = remount_boot(0);
	if (error)
		box_boot_end();
	return error;
}

void box_boot_end(void)
{
	if (boot.depth == 0 || --boot.depth > 0)
		return;
	if (boot.remounted)
		(void)!remount_boot(MS_RDONLY);
	box_unlock(boot.lock);
}

/* ---- time, console ---- */

int64_t box_now(const char *text, size_t size)
{
	json_t *kept = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct clock_reading reading;
	struct freshness freshness;
	bool behind;

	clock_read(&reading);
	freshness_init(&freshness, version_build_time(), kept, reading.uptime_ms);
	json_decref(kept);
	return freshness_now(&freshness, &reading, &behind);
}

/* "tty0 ttyS0": the last one is what /dev/console leads to. */
static const char *active_console(char *text, size_t size)
{
	char *last;

	if (!box_peek("/sys/class/tty/console/active", text, size))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	last = strrchr(text, ' ');
	return last ? last + 1 : text;
}

bool box_at_console(void)
{
	char text[128], path[160];
	const char *name;
	struct stat status, console;

	if (fstat(STDIN_FILENO, &status) < 0 || !S_ISCHR(status.st_mode))
		return false;
	if (status.st_rdev == makedev(5, 1))
		return true;
	name = active_console(text, sizeof(text));
	snprintf(path, sizeof(path), "/dev/%s", name ? name : "");
	return name && stat(path, &console) == 0 && S_ISCHR(console.st_mode) &&
	       console.st_rdev == status.st_rdev;
}

bool box_may_decide(void)
{
	return getenv(PATH_PREFIX_VARIABLE) || box_at_console();
}
