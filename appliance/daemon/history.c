/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/history.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/daemon/log.h"
#include "rules/signed/metadata.h"

#define HISTORY_FILE "history.jsonl"
#define RECEIPTS_FILE "receipts.jsonl"

enum { HISTORY_MAX = 128 * 1024 };

/* Who vouched for it, for the day when the repository has gone on. */
static void add_signers(json_t *object, const struct bundle_info *running)
{
	json_t *signers = json_array();
	char digest[2 * sizeof(running->digest) + 1];

	hex_print(running->digest, sizeof(running->digest), digest);
	for (size_t i = 0; i < running->signers; i++)
		(void)json_array_append_new(signers, json_string(running->signer[i]));
	(void)json_object_set_new(object, "digest", json_string(digest));
	(void)json_object_set_new(object, "signers", signers);
}

static char *line_print(const struct history_line *fields)
{
	const char *text = fields->text;
	char time[32], boot[CLOCK_BOOT_ID];
	size_t length = strlen(text);
	json_t *object;
	char *line, *text_line = NULL;

	clock_boot_id(boot);
	metadata_time_print(fields->time, time);
	if (length && text[length - 1] == '\n')
		length--;
	object = json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:s%}", "time", time, "boot", boot,
			   "uptime", (json_int_t)(clock_uptime_ms() / 1000), "event", fields->event,
			   "release", (json_int_t)fields->release, "state", fields->state, "source",
			   fields->source, "text", text, length);
	if (object && fields->signed_by)
		add_signers(object, fields->signed_by);
	line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	if (line && asprintf(&text_line, "%s\n", line) < 0)
		text_line = NULL;
	free(line);
	json_decref(object);
	return text_line;
}

/* The status says so, too. */
static void lost(struct history *history, int error)
{
	history->lost++;
	history->error = error;
}

/* line ends with a newline. */
static void append(struct history *history, const char *name, const char *line)
{
	const char *from;
	struct text all = TEXT_EMPTY;
	char *old = NULL;
	size_t size = 0;
	int error = file_read(history->daemon->state, name, 2 * HISTORY_MAX, &old, &size);

	/* What cannot be read now is not written over. */
	if (file_error_passes(error)) {
		log_error("%s/%s cannot be read now, and lacks a line: %s",
			  history->daemon->state_path, name, strerror(-error));
		lost(history, error);
		return;
	}
	if (error && error != -ENOENT)
		(void)!file_set_aside(history->daemon->state, name);
	from = error ? "" : old;
	while (strlen(from) > HISTORY_MAX && strchr(from, '\n'))
		from = strchr(from, '\n') + 1;
	text_puts(&all, from);
	text_puts(&all, line);
	error = text_failed(&all) ?
			-ENOMEM :
			file_replace(history->daemon->state, name, all.data, all.length, 0644);
	if (error) {
		log_error("%s/%s cannot be written: %s", history->daemon->state_path, name,
			  strerror(-error));
		lost(history, error);
	}
	free(old);
	text_release(&all);
}

void history_add(struct history *history, const struct history_line *fields)
{
	char *line = line_print(fields);

	if (line) {
		append(history, HISTORY_FILE, line);
	} else {
		log_error("out of memory: the history lacks an event: %s", fields->event);
		lost(history, -ENOMEM);
	}
	free(line);
}

void history_receipt(struct history *history, const char *line)
{
	append(history, RECEIPTS_FILE, line);
}
