/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/evidence/leases_internal.h"

enum { YEAR_LEAST = 1970, YEAR_MOST = 9999, ZONE_MOST = 14 * 3600 };

/* Days from 1970 to the first of a month, by whole years and months (Gregorian). */
static int64_t days_until(int year, int month)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	const int past = year - 1;

	return (int64_t)past * 365 + past / 4 - past / 100 + past / 400 - 719162 +
	       before[month - 1] + (leap && month > 2);
}

struct moment {
	int year, month, day, hour, minute, second;
};

static int moment_seconds(const struct moment *moment, int64_t *seconds)
{
	const struct moment next = { .year = moment->year + moment->month / 12,
				     .month = moment->month % 12 + 1 };
	int64_t days;

	if (moment->year < YEAR_LEAST || moment->year > YEAR_MOST || moment->month < 1 ||
	    moment->month > 12 || moment->hour > 23 || moment->minute > 59 || moment->second > 60)
		return -EINVAL;
	days = days_until(moment->year, moment->month) + moment->day - 1;
	if (moment->day < 1 || days >= days_until(next.year, next.month))
		return -EINVAL;
	*seconds = days * 86400 + moment->hour * 3600 + moment->minute * 60 + moment->second;
	return 0;
}

/* From least to most digits at the front, which are consumed. */
static bool digits(struct piece *piece, size_t least, size_t most, int *value)
{
	size_t count = 0;

	*value = 0;
	while (count < most && count < piece->length &&
	       (unsigned char)(piece->text[count] - '0') <= 9)
		*value = *value * 10 + (piece->text[count++] - '0');
	piece->text += count;
	piece->length -= count;
	return count >= least;
}

static bool skip(struct piece *piece, const char *one_of)
{
	if (!piece->length || !strchr(one_of, piece->text[0]))
		return false;
	piece->text++;
	piece->length--;
	return true;
}

static bool date(struct piece *piece, struct moment *moment)
{
	return digits(piece, 4, 4, &moment->year) && skip(piece, "-/") &&
	       digits(piece, 1, 2, &moment->month) && skip(piece, "-/") &&
	       digits(piece, 1, 2, &moment->day);
}

static bool clock_time(struct piece *piece, struct moment *moment)
{
	return digits(piece, 1, 2, &moment->hour) && skip(piece, ":") &&
	       digits(piece, 2, 2, &moment->minute) &&
	       (!skip(piece, ":") || digits(piece, 2, 2, &moment->second));
}

static int zone(struct piece *piece, int32_t *offset)
{
	const bool minus = piece->length && piece->text[0] == '-';
	int hours, minutes = 0;

	if (!piece->length)
		return 0;
	if (piece_is(piece, "z") || piece_is(piece, "utc") || piece_is(piece, "gmt")) {
		*offset = 0;
		return 0;
	}
	if (!skip(piece, "+-") || !digits(piece, 2, 2, &hours))
		return -EINVAL;
	skip(piece, ":");
	if ((piece->length && !digits(piece, 2, 2, &minutes)) || piece->length || minutes > 59)
		return -EINVAL;
	*offset = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
	return hours * 3600 > ZONE_MOST ? -EINVAL : 0;
}

/* Fewer digits are rather a date without hyphens; a single 0 is none. */
static int epoch(const struct piece *piece, int64_t *ms)
{
	int64_t seconds = 0;

	if ((piece->length < 9 && !piece_is(piece, "0")) || piece->length > 11)
		return -EINVAL;
	for (size_t i = 0; i < piece->length; i++) {
		if ((unsigned char)(piece->text[i] - '0') > 9)
			return -EINVAL;
		seconds = seconds * 10 + (piece->text[i] - '0');
	}
	*ms = seconds * LEASES_SECOND_MS;
	return 0;
}

int leases_time(const struct piece *piece, int32_t utc_offset, int64_t *ms, bool *date_only)
{
	struct piece rest = *piece;
	struct moment moment = { .year = 0 };
	int64_t seconds;
	int fraction;

	*date_only = false;
	if (epoch(piece, ms) == 0)
		return 0;
	if (!date(&rest, &moment))
		return -EINVAL;
	*date_only = rest.length == 0;
	if (!*date_only && (!skip(&rest, "Tt ") || !clock_time(&rest, &moment)))
		return -EINVAL;
	if (skip(&rest, ".") && !digits(&rest, 1, 9, &fraction))
		return -EINVAL;
	skip(&rest, " ");
	if (zone(&rest, &utc_offset) < 0 || moment_seconds(&moment, &seconds) < 0)
		return -EINVAL;
	*ms = (seconds - utc_offset) * LEASES_SECOND_MS;
	return 0;
}

int leases_windows_time(const struct piece *day, const struct piece *time, int32_t utc_offset,
			int64_t *ms)
{
	struct piece rest = *day, clock = *time;
	struct moment moment = { .year = 0 };
	int64_t seconds;

	if (!digits(&rest, 1, 2, &moment.month) || !skip(&rest, "/") ||
	    !digits(&rest, 1, 2, &moment.day) || !skip(&rest, "/") ||
	    !digits(&rest, 2, 4, &moment.year) || rest.length ||
	    !clock_time(&clock, &moment) || clock.length)
		return -EINVAL;
	if (moment.year < 100)
		moment.year += 2000;
	if (moment_seconds(&moment, &seconds) < 0)
		return -EINVAL;
	*ms = (seconds - utc_offset) * LEASES_SECOND_MS;
	return 0;
}

int leases_isc_time(const struct piece *piece, int64_t *ms)
{
	struct piece rest = *piece;
	bool date_only;
	int weekday;

	if (rest.length > 6 && memcmp(rest.text, "epoch ", 6) == 0) {
		rest.text += 6;
		rest.length -= 6;
		return epoch(&rest, ms);
	}
	if (!digits(&rest, 1, 1, &weekday) || !skip(&rest, " ") ||
	    leases_time(&rest, 0, ms, &date_only) < 0)
		return -EINVAL;
	return date_only ? -EINVAL : 0;
}
