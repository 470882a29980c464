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
#include "appliance/daemon/parent.h"
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

static char *line_print(const struct parent *parent, const char *event, int64_t release,
			const char *text)
{
	char time[32], boot[CLOCK_BOOT_ID], state[9] = "";
	size_t length = strlen(text);
	json_t *object;
	char *line, *text_line = NULL;

	clock_boot_id(boot);
	if (parent->current.number)
		snprintf(state, sizeof(state), "%08x", policy_state(&parent->current.policy));
	metadata_time_print(updates_now(parent), time);
	if (length && text[length - 1] == '\n')
		length--;
	object = json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:s, s:s%}", "time", time, "boot", boot,
			   "uptime", (json_int_t)(clock_uptime_ms() / 1000), "event", event, "release",
			   (json_int_t)release, "state", state, "source",
			   parent->updates.attempt.source, "text", text, length);
	if (object && strcmp(event, "accepted") == 0)
		add_signers(object, &parent->updates.running);
	line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	if (line && asprintf(&text_line, "%s\n", line) < 0)
		text_line = NULL;
	free(line);
	json_decref(object);
	return text_line;
}

/* The status says so, too. */
static void lost(struct parent *parent, int error)
{
	parent->history_lost++;
	parent->history_error = error;
}

/* line ends with a newline. */
static void append(struct parent *parent, const char *name, const char *line)
{
	const char *from;
	struct text all = TEXT_EMPTY;
	char *old = NULL;
	size_t size = 0;
	int error = file_read(parent->state, name, 2 * HISTORY_MAX, &old, &size);

	/* What cannot be read now is not written over. */
	if (file_error_passes(error)) {
		log_error("%s/%s cannot be read now, and lacks a line: %s", parent->state_path,
			  name, strerror(-error));
		lost(parent, error);
		return;
	}
	if (error && error != -ENOENT)
		(void)!file_set_aside(parent->state, name);
	from = error ? "" : old;
	while (strlen(from) > HISTORY_MAX && strchr(from, '\n'))
		from = strchr(from, '\n') + 1;
	text_puts(&all, from);
	text_puts(&all, line);
	error = text_failed(&all) ? -ENOMEM
				  : file_replace(parent->state, name, all.data, all.length, 0644);
	if (error) {
		log_error("%s/%s cannot be written: %s", parent->state_path, name,
			  strerror(-error));
		lost(parent, error);
	}
	free(old);
	text_release(&all);
}

void history_add(struct parent *parent, const char *event, int64_t release, const char *text)
{
	char *line = line_print(parent, event, release, text);

	if (line) {
		append(parent, HISTORY_FILE, line);
	} else {
		log_error("out of memory: the history lacks an event: %s", event);
		lost(parent, -ENOMEM);
	}
	free(line);
}

void history_receipt(struct parent *parent, const char *line)
{
	append(parent, RECEIPTS_FILE, line);
}
