/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/evidence/leases_internal.h"

void leases_init(struct leases *leases, enum leases_format format,
		 const struct leases_options *options)
{
	*leases = (struct leases){ .format = format, .options = *options, .line = 1 };
	if (!options->lease_ms)
		leases->options.lease_ms = format == LEASES_WINDOWS ? 8 * (int64_t)LEASES_DAY_MS :
								      LEASES_DAY_MS / 24;
}

static int take_line(struct leases *leases)
{
	size_t length = leases->length;

	leases->length = 0;
	if (leases->too_long) {
		leases->too_long = false;
		leases_damage(leases, LEASES_LINE + 1,
			      "line too long: expected at most 4096 bytes");
		return 0;
	}
	if (length && leases->text[length - 1] == '\r')
		length--;
	switch (leases->format) {
	case LEASES_DNSMASQ:
		return leases_dnsmasq(leases, leases->text, length);
	case LEASES_ISC:
		return leases_isc(leases, leases->text, length);
	default:
		return leases_csv(leases, leases->text, length);
	}
}

static int refuse(struct leases *leases, const char *expected)
{
	leases_damage(leases, (unsigned int)leases->length + 1, expected);
	return -EILSEQ;
}

/* The byte order marks of UTF-16 are no UTF-8; that of UTF-8 is dropped. */
static int check_mark(struct leases *leases)
{
	static const char utf8[] = "\xef\xbb\xbf";
	const size_t length = leases->length;
	const char *text = leases->text;

	if (length == 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return refuse(leases, "UTF-16: expected UTF-8; save or convert it as such");
	if (length > 3 || memcmp(text, utf8, length) != 0)
		leases->started = length >= 2;
	if (length == 3 && memcmp(text, utf8, 3) == 0) {
		leases->length = 0;
		leases->started = true;
	}
	return 0;
}

static int take_byte(struct leases *leases, char byte)
{
	int error;

	if (byte == '\0')
		return refuse(leases, "NUL byte: expected text in UTF-8 (not UTF-16)");
	if (byte == '\n') {
		leases->started = true;
		error = take_line(leases);
		leases->line++;
		return error;
	}
	if (leases->length == LEASES_LINE) {
		leases->too_long = true;
		return 0;
	}
	leases->text[leases->length++] = byte;
	return leases->started ? 0 : check_mark(leases);
}

int leases_feed(struct leases *leases, const void *data, size_t size)
{
	const char *bytes = data;

	for (size_t i = 0; i < size && !leases->error; i++)
		leases->error = take_byte(leases, bytes[i]);
	return leases->error;
}

int leases_end(struct leases *leases)
{
	const bool csv = leases->format == LEASES_WINDOWS || leases->format == LEASES_INFOBLOX ||
			 leases->format == LEASES_TABLE;

	if (!leases->error && (leases->length || leases->too_long))
		leases->error = take_line(leases);
	if (leases->error)
		return leases->error;
	if (leases->in_lease)
		leases_damage(leases, 1, "the file ends within a lease: expected }");
	if (csv && !leases->header) {
		leases->line = 0;
		leases_damage(leases, 0, leases->format == LEASES_WINDOWS ?
			      "no line with the columns: expected ID,Date,Time,Description,..." :
			      leases->format == LEASES_INFOBLOX ?
			      "no line with the columns: expected header-lease,..." :
			      "no line with the columns: expected ip, mac, name, user, site, "
			      "first, last");
		return -EINVAL;
	}
	return 0;
}
