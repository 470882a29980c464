/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/witness.h"
#include "appliance/journal/notice.h"

enum { LINE = 400, SECONDS = 19 };	/* characters of "2026-01-31T23:59:59" */

/* One line of the log; each points into it. */
struct line {
	const char *when, *word, *digits, *text;
	size_t when_size, word_size, digits_size, text_size;
};

/* Takes the field until the next blank of a line that ends at end. */
static const char *take_field(const char **at, const char *end, size_t *size)
{
	const char *field = *at, *blank = memchr(field, ' ', (size_t)(end - field));

	*size = (size_t)((blank ? blank : end) - field);
	*at = blank ? blank + 1 : end;
	return field;
}

/* Reads the next line; false at the end of the log. */
static bool read_line(const char **at, struct line *line)
{
	const char *from = *at, *end = strchrnul(from, '\n');

	if (!*from)
		return false;
	line->when = take_field(&from, end, &line->when_size);
	line->word = take_field(&from, end, &line->word_size);
	line->digits = take_field(&from, end, &line->digits_size);
	line->text = from;
	line->text_size = (size_t)(end - from);
	*at = *end ? end + 1 : end;
	return true;
}

static bool is(const char *field, size_t size, const char *wanted)
{
	return strlen(wanted) == size && memcmp(field, wanted, size) == 0;
}

bool set_log_has(const char *log, const char *word, const char *digits)
{
	struct line line;

	while (read_line(&log, &line)) {
		if (is(line.word, line.word_size, word) &&
		    is(line.digits, line.digits_size, digits))
			return true;
	}
	return false;
}

void set_log_find_refusal(const char *log, char *text, size_t size)
{
	struct line line;

	text[0] = '\0';
	while (read_line(&log, &line)) {
		/* Milliseconds are for no reader. */
		if (is(line.word, line.word_size, "refused"))
			snprintf(text, size, "%.*sZ: %.*s",
				 (int)(line.when_size < SECONDS ? line.when_size : SECONDS),
				 line.when, (int)line.text_size, line.text);
	}
}

/* What stays of a log of this size: all of it, or its last whole lines. */
static const char *newest(const char *log, size_t size)
{
	const char *newline;

	if (size <= SET_LOG_MAX / 2)
		return log;
	newline = strchrnul(log + size - SET_LOG_MAX / 4, '\n');
	return *newline ? newline + 1 : newline;
}

static void add_line(const char *log, size_t size, const char *word, const char *digits,
		     const char *text)
{
	struct text out = TEXT_EMPTY;
	char now[CLOCK_TEXT];

	text_puts(&out, log ? newest(log, size) : "");
	text_printf(&out, "%s %s %s ", clock_print(clock_wall_ms(), now), word, digits);
	for (; *text; text++)
		text_put(&out, *text == '\n' ? " " : text, 1);
	text_puts(&out, "\n");
	if (!text_failed(&out))
		(void)box_write(SET_LOG_PATH, out.data, out.length, 0600);
	text_release(&out);
}

/* A set that was taken is told with its changes (set_take.c), a reset by who orders it. */
static void tell(const char *word, const char *digest, const char *text)
{
	char line[LINE];

	if (strcmp(word, "taken") == 0 || strcmp(word, "reset") == 0)
		return;
	text_fit(line, sizeof(line), text, strlen(text));
	box_notice(NOTICE_SETTINGS, json_pack("{s:s, s:s?, s:s}", "what", word, "digest", digest,
					      "reason", line));
}

void set_log_note(const char *word, const uint8_t digest[DIGEST_SIZE], const char *text)
{
	char hex[2 * DIGEST_SIZE + 1] = "-", *log;
	size_t size = 0;

	if (digest)
		hex_print(digest, DIGEST_SIZE, hex);
	hex[digest ? SET_LOG_DIGITS : 1] = '\0';
	log = box_read(SET_LOG_PATH, SET_LOG_MAX, &size);
	if (!digest || !log || !set_log_has(log, word, hex)) {
		tell(word, digest ? hex : NULL, text);
		box_log("settings %s: %s", word, text);
		add_line(log, size, word, hex, text);
	}
	free(log);
}

void set_log_last_refusal(char *line, size_t size)
{
	size_t length;
	char *log = box_read(SET_LOG_PATH, SET_LOG_MAX, &length);

	set_log_find_refusal(log ? log : "", line, size);
	free(log);
}
