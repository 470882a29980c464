/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/evidence/leases.h"

enum { LEASES_SECOND_MS = 1000, LEASES_DAY_MS = 24 * 60 * 60 * 1000 };

/* A piece of the line. */
struct piece {
	const char *text;
	size_t length;
	unsigned int column;	/* from 1 */
};
/* ASCII in any case. */
bool piece_is(const struct piece *piece, const char *word);

/* Damage in this line. */
void leases_damage(struct leases *leases, unsigned int column, const char *expected);

/*
 * The MAC address into the naming. What no device can have, such as zeros, is none: servers write
 * it for a client whose MAC they do not know. False: it has another form.
 */
bool leases_mac(struct naming *naming, const struct piece *piece);
/* Hands the naming to the sink, if it says anything of anything. */
int leases_emit(struct leases *leases, const struct naming *naming);

/* One line without its end; it has no NUL bytes. 0, or what the sink returned. */
int leases_dnsmasq(struct leases *leases, const char *line, size_t length);
int leases_isc(struct leases *leases, const char *line, size_t length);
int leases_csv(struct leases *leases, const char *line, size_t length);

/*
 * Times: 2026-11-29, with T or blank 08:15[:30[.123]], with Z, UTC or +01:00; slashes in place of
 * hyphens; seconds since 1970. date_only: no time of day. 0 or -EINVAL.
 */
int leases_time(const struct piece *piece, int32_t utc_offset, int64_t *ms, bool *date_only);
/* Month/day/year in two or four digits, and hour:minute:second, as Windows writes them. */
int leases_windows_time(const struct piece *date, const struct piece *time, int32_t utc_offset,
			int64_t *ms);
/* ISC: weekday, year/month/day, time in UTC; or "epoch SECONDS". "never" is not a time. */
int leases_isc_time(const struct piece *piece, int64_t *ms);
