/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/modes.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"

#define MODE_FILE "mode"
#define FIRST_START_FILE "first-start"

enum { MODE_FILE_MAX = 4096, CLOCK_SLACK = 300, CLOCK_JITTER = 2 };

static bool copy(char *out, size_t size, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && snprintf(out, size, "%s", text) < (int)size;
}

/* Of an older version: nothing, and then nothing moves. */
static void decode_clock(struct mode_clock *clock, const json_t *object)
{
	clock->now = json_integer_value(json_object_get(object, "now"));
	clock->uptime = json_integer_value(json_object_get(object, "uptime"));
	clock->set = json_is_true(json_object_get(object, "set"));
	if (!copy(clock->boot, sizeof(clock->boot), object, "boot"))
		clock->now = 0;
}

static bool decode(struct mode_record *record, const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "mode"));

	record->since = json_integer_value(json_object_get(object, "since"));
	record->until = json_integer_value(json_object_get(object, "until"));
	record->categories = (uint32_t)json_integer_value(json_object_get(object, "categories"));
	for (int mode = 0; word && mode < MODE_COUNT; mode++) {
		if (strcmp(word, mode_print((enum mode)mode)) != 0)
			continue;
		record->mode = (enum mode)mode;
		/* Files of before have no actor. */
		(void)copy(record->actor, sizeof(record->actor), object, "actor");
		return copy(record->reason, sizeof(record->reason), object, "reason") &&
		       copy(record->by, sizeof(record->by), object, "by");
	}
	return false;
}

static void damaged(int state, struct diag *diag)
{
	int error = file_set_aside(state, MODE_FILE);

	if (error)
		diag_error(diag, "state/" MODE_FILE, 0, 0, "damaged: enforcing; it cannot be set "
			   "aside: %s", strerror(-error));
	else
		diag_error(diag, "state/" MODE_FILE, 0, 0, "damaged: enforcing; it is kept as "
			   MODE_FILE ".damaged");
}

int mode_load(struct mode_record *record, struct mode_clock *clock, int state, struct diag *diag)
{
	char *text;
	size_t length;
	json_t *object;
	int error = file_read(state, MODE_FILE, MODE_FILE_MAX, &text, &length);

	*record = (struct mode_record){ .mode = MODE_ENFORCE };
	*clock = (struct mode_clock){ .now = 0 };
	if (error == -ENOENT)
		return 0;
	if (file_error_passes(error))
		return error;
	object = error ? NULL : json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (decode(record, object)) {
		decode_clock(clock, object);
	} else {
		*record = (struct mode_record){ .mode = MODE_ENFORCE };
		damaged(state, diag);
	}
	json_decref(object);
	if (!error)
		free(text);
	return 0;
}

int mode_save(const struct mode_record *record, const struct mode_clock *clock, int state)
{
	json_t *object;
	char *text;
	int error;

	if (record->mode == MODE_ENFORCE)
		return unlinkat(state, MODE_FILE, 0) < 0 && errno != ENOENT ? -errno : 0;
	object = json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "mode",
			   mode_print(record->mode), "since", (json_int_t)record->since, "until",
			   (json_int_t)record->until, "categories", (json_int_t)record->categories,
			   "reason", record->reason, "by", record->by, "actor", record->actor,
			   "now", (json_int_t)clock->now, "uptime", (json_int_t)clock->uptime,
			   "set", clock->set, "boot", clock->boot);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	error = text ? file_replace(state, MODE_FILE, text, strlen(text), 0600) : -ENOMEM;
	free(text);
	json_decref(object);
	return error;
}

bool mode_move(struct mode_record *record, struct mode_clock *clock, const struct mode_clock *now)
{
	bool same_boot = strcmp(clock->boot, now->boot) == 0;
	int64_t passed = same_boot ? now->uptime - clock->uptime : 0;
	int64_t step = now->now - clock->now - passed;
	bool moves = record->mode != MODE_ENFORCE && clock->now && !(clock->set && now->set) &&
		     (step > CLOCK_JITTER || step < -CLOCK_JITTER);

	*clock = *now;
	if (!moves)
		return false;
	record->since += step;
	record->until += step;
	return true;
}

bool mode_ended(const struct mode_record *record, int64_t now)
{
	return record->mode != MODE_ENFORCE &&
	       (now >= record->until || now < record->since - CLOCK_SLACK);
}

bool mode_first_start(struct mode_record *record, const struct settings *settings, int state,
		      int64_t now)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%lld\n", (long long)now);

	/* What cannot be looked for now may be there. */
	if (faccessat(state, FIRST_START_FILE, F_OK, 0) == 0 || errno != ENOENT ||
	    file_replace(state, FIRST_START_FILE, text, (size_t)length, 0600) < 0 ||
	    settings->monitor_first == 0 || record->mode != MODE_ENFORCE)
		return false;
	*record = (struct mode_record){ .mode = MODE_MONITOR, .since = now,
					.until = now + (int64_t)settings->monitor_first,
					.reason = "a new installation (monitor-first)",
					.by = "settings", .actor = "box" };
	return true;
}

int mode_request(struct mode_record *record, const struct control_request *request,
		 const struct settings *settings, int64_t now, struct diag *diag)
{
	if (request->mode == MODE_ENFORCE) {
		*record = (struct mode_record){ .mode = MODE_ENFORCE, .since = now };
		memcpy(record->reason, request->reason, sizeof(record->reason));
		memcpy(record->by, request->by, sizeof(record->by));
		return 0;
	}
	if (!request->seconds || !request->reason[0] || !request->by[0]) {
		diag_error(diag, "mode", 0, 0, "expected how long, a reason and a name");
		return -EINVAL;
	}
	if (request->seconds > settings->monitor_max) {
		diag_error(diag, "mode", 0, 0, "at most %llu seconds: a longer time is set as "
			   "monitor-max or monitor-first in cordon.conf, where a reviewer sees it",
			   (unsigned long long)settings->monitor_max);
		return -EINVAL;
	}
	*record = (struct mode_record){ .mode = request->mode, .since = now,
					.until = now + (int64_t)request->seconds,
					.categories = request->categories };
	memcpy(record->reason, request->reason, sizeof(record->reason));
	memcpy(record->by, request->by, sizeof(record->by));
	return 0;
}

uint32_t mode_monitor_mask(const struct mode_record *record)
{
	if (record->mode != MODE_MONITOR)
		return 0;
	return record->categories ? record->categories : (1U << CATEGORY_COUNT) - 1;
}
