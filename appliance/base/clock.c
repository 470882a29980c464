/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return read_ms(CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t clock_uptime_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

/* Only reads. If the kernel refuses, assume that no time service keeps the clock. */
static bool is_synchronized(void)
{
	struct timex timex = { .modes = 0 };

	return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

void clock_read(struct clock_reading *reading)
{
	reading->wall = clock_wall();
	reading->uptime_ms = clock_uptime_ms();
	reading->synchronized = is_synchronized();
}

char *clock_print(int64_t wall_ms, char buffer[CLOCK_TEXT])
{
	const int64_t last = 253402300799999;	/* 9999-12-31: RFC 3339 has four digits a year */
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t at;

	if (wall_ms < 0 || wall_ms > last || !gmtime_r(&seconds, &tm)) {
		snprintf(buffer, CLOCK_TEXT, "1970-01-01T00:00:00.000Z");
		return buffer;
	}
	at = strftime(buffer, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buffer + at, CLOCK_TEXT - at, ".%03dZ", (int)(wall_ms % 1000));
	return buffer;
}

void clock_boot_id(char id[CLOCK_BOOT_ID])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, id, CLOCK_BOOT_ID - 1);

	if (fd >= 0)
		close(fd);
	if (got != CLOCK_BOOT_ID - 1)
		snprintf(id, CLOCK_BOOT_ID, "unknown");
	else
		id[CLOCK_BOOT_ID - 1] = '\0';
}
