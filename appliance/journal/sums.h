/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"
#include "rules/policy/rule.h"

/*
 * Reads the sums of each day: who met which rule by which channel, how often. Of a closed day they
 * are stored, of the open one they are counted now.
 */
struct sums_row {
	int32_t date;		/* of the day's file, days since 1970 */
	struct addr client;
	bool has_mac;
	uint8_t mac[6];
	bool forwarder;
	const char *interface;	/* "": unknown; valid until the next row, as is rule */
	const char *rule;	/* "": unknown */
	enum category category;
	enum event_channel channel;
	enum action action;
	enum action would;
	bool has_resolver;
	struct addr resolver;
	uint64_t count;
	int64_t first_ms, last_ms;
};

/*
 * Calls back for each row of each day that has something since since_ms, in the order of days.
 * Stops when each returns another value than 0, and returns that; else 0, or -errno (-ENOENT: there
 * is no log). *damaged: days that could not be read; the others were.
 */
int sums_read(const char *folder, int64_t since_ms,
	      int (*each)(void *context, const struct sums_row *row), void *context,
	      uint32_t *damaged) __attribute__((warn_unused_result));
