/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/opt.h"

#include <errno.h>
#include <string.h>

enum { OPTION_COOKIE = 10, OPTION_ERROR = 15 };
enum { TYPE_OPT_RECORD = 41, RDATA = 8 };	/* RDATA: behind class, TTL and length */

/* The next option; false at the end or if it is cut off. */
static bool next_option(struct cursor *options, uint16_t *code, const uint8_t **value,
			uint16_t *length)
{
	if (cursor_left(options) == 0)
		return false;
	*code = cursor_get16(options);
	*length = cursor_get16(options);
	*value = cursor_take(options, *length);
	return *value && !options->failed;
}

static int read_cookie(struct opt *opt, const uint8_t *value, size_t length)
{
	size_t server = length - COOKIE_CLIENT;

	/* The first one counts (RFC 7873, 5.2). */
	if (opt->cookie)
		return 0;
	if (length < COOKIE_CLIENT || (server && server < COOKIE_SERVER_MIN) ||
	    server > COOKIE_SERVER_MAX)
		return -EBADMSG;
	opt->cookie = true;
	opt->server_size = (uint8_t)server;
	memcpy(opt->client, value, COOKIE_CLIENT);
	memcpy(opt->server, value + COOKIE_CLIENT, server);
	return 0;
}

int opt_read(struct opt *opt, const uint8_t *data, size_t size)
{
	struct cursor options = cursor_reader(data, size);
	const uint8_t *value;
	uint16_t code, length, flags;
	int error = 0;

	*opt = (struct opt){ .present = true };
	opt->size = cursor_get16(&options);
	opt->rcode = cursor_get8(&options);
	opt->version = cursor_get8(&options);
	flags = cursor_get16(&options);
	opt->dnssec_ok = flags & 0x8000;
	(void)cursor_get16(&options);
	while (!error && next_option(&options, &code, &value, &length)) {
		if (code == OPTION_COOKIE)
			error = read_cookie(opt, value, length);
	}
	return options.failed ? -EBADMSG : error;
}

/* The codes of DNSSEC itself, and those of NSEC3 and algorithms. */
static bool is_dnssec(uint16_t code)
{
	return code == 1 || code == 2 || (code >= 5 && code <= 12) || code == 27;
}

static void add(struct opt_errors *errors, uint16_t code, const uint8_t *text, size_t length)
{
	struct cursor cursor = cursor_writer(errors->bytes, sizeof(errors->bytes));

	errors->dnssec = errors->dnssec || is_dnssec(code);
	cursor.at = errors->size;
	cursor_put16(&cursor, OPTION_ERROR);
	cursor_put16(&cursor, (uint16_t)(2 + length));
	cursor_put16(&cursor, code);
	cursor_put(&cursor, text, length);
	if (!cursor.failed)
		errors->size = (uint16_t)cursor.at;
}

void opt_read_errors(struct opt_errors *errors, const uint8_t *data, size_t size)
{
	struct cursor options = cursor_reader(data, size);
	const uint8_t *value;
	uint16_t code, length;

	*errors = (struct opt_errors){ .size = 0 };
	(void)cursor_take(&options, RDATA);
	while (next_option(&options, &code, &value, &length)) {
		if (code == OPTION_ERROR && length >= 2)
			add(errors, (uint16_t)(value[0] << 8 | value[1]), value + 2, length - 2U);
	}
}

void opt_add_error(struct opt_errors *errors, uint16_t code, const char *text)
{
	add(errors, code, (const uint8_t *)text, strnlen(text, OPT_TEXT));
}

void opt_put(struct cursor *cursor, const struct opt *opt, const struct opt_errors *errors)
{
	const size_t cookie = opt->cookie ? COOKIE_CLIENT + opt->server_size : 0;
	const size_t size = (cookie ? 4 + cookie : 0) + (errors ? errors->size : 0);

	cursor_put8(cursor, 0);
	cursor_put16(cursor, TYPE_OPT_RECORD);
	cursor_put16(cursor, opt->size);
	cursor_put8(cursor, opt->rcode);
	cursor_put8(cursor, opt->version);
	cursor_put16(cursor, opt->dnssec_ok ? 0x8000 : 0);
	cursor_put16(cursor, (uint16_t)size);
	if (cookie) {
		cursor_put16(cursor, OPTION_COOKIE);
		cursor_put16(cursor, (uint16_t)cookie);
		cursor_put(cursor, opt->client, COOKIE_CLIENT);
		cursor_put(cursor, opt->server, opt->server_size);
	}
	if (errors)
		cursor_put(cursor, errors->bytes, errors->size);
}
