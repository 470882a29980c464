/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"
#include "rules/policy/rule.h"

/*
 * Reads the sums of each day: who met which rule by which channel, how often. Of a closed day they
 * are stored, of the open one they are counted now. One reading sees one state of the log, however
 * often it goes over it and whatever the journal writes or closes meanwhile.
 */
struct sums_row {
	int32_t date;		/* of the day's file, days since 1970 */
	struct addr client;
	uint8_t host_bits;	/* at the end of the client's address, unknown; 0: one client */
	bool has_mac;
	uint8_t mac[6];
	bool forwarder;
	const char *interface;	/* "": unknown; valid until the next row, as is rule */
	const char *rule;	/* "": unknown */
	enum category category;	/* CATEGORY_COUNT: unknown */
	enum event_channel channel;
	enum action action;
	enum action would;
	bool has_resolver;
	struct addr resolver;
	uint64_t count;
	int64_t first_ms, last_ms;
};

/* The rows of the table tally of a closed day, from its events. */
#define SUMS_OF_EVENTS \
	"SELECT client, coarse, rule, channel, action, would, resolver, sum(count), min(wall)," \
	" max(wall + span) FROM event JOIN subject USING(subject)" \
	" GROUP BY client, coarse, rule, channel, action, would, resolver"

/* ... and of the table sighting, from those: when each client was seen, which networks are not. */
#define SUMS_OF_CLIENTS \
	"SELECT client, max(coarse) AS coarse, min(first) AS first, max(last) AS last FROM tally" \
	" GROUP BY client, coarse > 1"

struct sums;

/* Days that end before since_ms are left out. 0 or -errno: -ENOENT: there is no log. */
int sums_open(struct sums **sums, const char *folder, int64_t since_ms)
	__attribute__((warn_unused_result));
void sums_close(struct sums *sums);

/*
 * Calls back for each row that ends at since_ms or later, in the order of days; rows of one client
 * of a day follow each other. Stops when each returns another value than 0, and returns that; else
 * 0. *damaged: days that could not be read; the others were.
 */
int sums_read(struct sums *sums, int (*each)(void *context, const struct sums_row *row),
	      void *context, uint32_t *damaged) __attribute__((warn_unused_result));

/* The same for the clients alone: one row each per day, or two if there are coarse ones. Only
 * date, the client's members and the times are set. */
int sums_clients(struct sums *sums, int (*each)(void *context, const struct sums_row *row),
		 void *context, uint32_t *damaged) __attribute__((warn_unused_result));
