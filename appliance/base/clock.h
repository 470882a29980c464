/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Clocks, read at the rim. Wall time may be wrong (a box can wake in 1970). So anything that must
 * order events before the clock is set also carries the boot id and the uptime.
 */
enum { CLOCK_TEXT = 32, CLOCK_BOOT_ID = 37 };

/* Wall time since 1970 (UTC) and the uptime; they always succeed. */
int64_t clock_wall(void);	/* seconds since 1970, UTC */
int64_t clock_wall_ms(void);
int64_t clock_uptime_ms(void);	/* CLOCK_BOOTTIME: suspend counts */

/* All of them at once, the input of decisions about time (signed/freshness.h). */
struct clock_reading {
	int64_t wall;		/* clock_wall */
	int64_t uptime_ms;	/* clock_uptime_ms */
	bool synchronized;	/* the kernel says that a time service (NTP) keeps wall right */
};
void clock_read(struct clock_reading *reading);

/* RFC 3339 in UTC with milliseconds, "2026-11-23T23:14:59.123Z"; the beginning of 1970 for times
 * outside its range. Returns buffer. */
char *clock_print(int64_t wall_ms, char buffer[CLOCK_TEXT]);

/* The kernel's boot id, NUL-terminated; "unknown" when it cannot be read. */
void clock_boot_id(char id[CLOCK_BOOT_ID]);
