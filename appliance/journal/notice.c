/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/notice.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/hex.h"
#include "appliance/base/version.h"
#include "appliance/journal/days.h"
#include "rules/policy/rule.h"

enum { FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };

void notice_prepare(void)
{
	json_object_seed(0);
}

int notice_members(json_t *object, char **body)
{
	char *text = object ? json_dumps(object, FLAGS) : NULL;
	size_t length;

	*body = text;
	json_decref(object);
	if (!text)
		return -ENOMEM;
	length = strlen(text);
	memmove(text, text + 1, length - 2);
	text[length - 2] = '\0';
	return 0;
}

int notice_parse(const char *body, json_t **members)
{
	char *text;

	*members = NULL;
	if (asprintf(&text, "{%s}", body) < 0)
		return -ENOMEM;
	*members = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return *members ? 0 : -EBADMSG;
}

static json_t *categories_json(uint32_t categories)
{
	json_t *list = categories ? json_array() : json_null();

	for (int category = 0; category < CATEGORY_COUNT; category++) {
		if (categories & 1U << category &&
		    json_array_append_new(list, json_string(category_print(
							(enum category)category))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *notice_mode_json(const struct mode_record *mode)
{
	const char *until = NULL;
	char text[CLOCK_TEXT];

	if (mode->mode != MODE_ENFORCE)
		until = clock_print(mode->until * 1000, text);
	return json_pack("{s:s, s:s?, s:o, s:s, s:s}", "mode", mode_print(mode->mode), "until",
			 until, "categories", categories_json(mode->categories), "reason",
			 mode->reason, "by", mode->by);
}

int notice_mode(const struct mode_record *mode, char **body)
{
	return notice_members(notice_mode_json(mode), body);
}

/* ---- from other programs ---- */

bool notice_is_offered(const char *kind)
{
	static const char *const kinds[] = {
		NOTICE_SETTINGS, NOTICE_STICK, NOTICE_RESET, NOTICE_IMAGE, NOTICE_LOGIN,
		NOTICE_SELFTEST, NOTICE_HOSTS, NOTICE_NAMES,
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

/* Lower-case words, none of those that every record has. */
static bool is_key(const char *key)
{
	static const char *const taken[] = { "id", "time", "boot_id", "uptime", "appliance",
					     "notice", "actor", "late" };
	size_t length = strlen(key);

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (strcmp(key, taken[i]) == 0)
			return false;
	}
	return length > 0 && length < 32 &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyz_-") == length;
}

static bool is_scalar(const json_t *value)
{
	return !json_is_array(value) && !json_is_object(value);
}

static bool is_flat(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (!is_key(key) || !is_scalar(value))
			return false;
	}
	return json_object_size(object) <= NOTICE_MEMBERS;
}

static bool is_value(const json_t *value)
{
	json_t *item;
	size_t index;

	if (!json_is_array(value))
		return is_scalar(value);
	json_array_foreach(value, index, item) {
		if (json_is_array(item) || (json_is_object(item) && !is_flat(item)))
			return false;
	}
	return json_array_size(value) <= NOTICE_ITEMS;
}

int notice_check(const char *text, json_t **members)
{
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *value;
	bool good = json_is_object(object) && json_object_size(object) <= NOTICE_MEMBERS;
	const char *key;

	if (good) {
		json_object_foreach(object, key, value)
			good &= is_key(key) && is_value(value);
	}
	*members = good ? object : NULL;
	if (!good)
		json_decref(object);
	return good ? 0 : -EBADMSG;
}

/* ---- the journal's own ---- */

int notice_start(char **body)
{
	return notice_members(json_pack("{s:s}", "version", VERSION_TEXT), body);
}

int notice_expired(uint32_t days, uint64_t bytes, int32_t first, int32_t last, uint32_t number,
		   char **body)
{
	const struct days_file oldest = { .date = first }, newest = { .date = last };
	char from[DAYS_NAME], to[DAYS_NAME];

	days_print(&oldest, from);
	days_print(&newest, to);
	/* Of "000000-2026-11-29.open.db" the date alone. */
	return notice_members(json_pack("{s:I, s:I, s:s#, s:s#, s:I}", "days", (json_int_t)days,
				"bytes", (json_int_t)bytes, "first", from + 7, 10,
				"last", to + 7, 10, "number", (json_int_t)number),
			      body);
}

int notice_folded(const struct days_file *file, uint64_t before,
		  const uint8_t digest[DIGEST_SIZE], char **body)
{
	char name[DAYS_NAME], hex[2 * DIGEST_SIZE + 1];

	hex_print(digest, DIGEST_SIZE, hex);
	return notice_members(json_pack("{s:s, s:I, s:s, s:I, s:I, s:s}",
					"file", days_print(file, name),
					"number", (json_int_t)file->number,
					"grain", days_grain_print(file->grain),
					"bytes_before", (json_int_t)before,
					"bytes", (json_int_t)file->size, "sha256", hex), body);
}

int notice_damaged(uint32_t files, char **body)
{
	return notice_members(json_pack("{s:I}", "files", (json_int_t)files), body);
}

int notice_gap(uint64_t last, int64_t since_ms, char **body)
{
	char since[CLOCK_TEXT];

	return notice_members(json_pack("{s:I, s:s}", "last", (json_int_t)last, "since",
				clock_print(since_ms, since)), body);
}

int notice_seal(const char *what, uint64_t batches, uint64_t last, char **body)
{
	return notice_members(json_pack("{s:s, s:I, s:I}", "what", what, "signed",
					(json_int_t)batches, "last", (json_int_t)last), body);
}

int notice_lost(const uint64_t lost[LOSS_COUNT], char **body)
{
	json_t *object = json_object();
	uint64_t sum = 0;
	int error = 0;

	for (int loss = 0; loss < LOSS_COUNT; loss++)
		sum += lost[loss];
	error |= json_object_set_new(object, "lost", json_integer((json_int_t)sum));
	for (int loss = 0; loss < LOSS_COUNT; loss++)
		error |= json_object_set_new(object, loss_print((enum loss)loss),
					     json_integer((json_int_t)lost[loss]));
	if (error) {
		json_decref(object);
		object = NULL;
	}
	return notice_members(object, body);
}

int notice_budget(bool reached, char **body)
{
	return notice_members(json_pack("{s:s}", "what", reached ? "reached" : "left"), body);
}

int notice_taken(const char *file, uint64_t lines, uint64_t damaged, char **body)
{
	return notice_members(json_pack("{s:s, s:I, s:I}", "file", file, "lines", (json_int_t)lines,
				"damaged", (json_int_t)damaged), body);
}
