/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/notice_line.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/command/command.h"
#include "appliance/ipc/actor.h"
#include "appliance/journal/losses.h"
#include "appliance/journal/notice.h"

/* What a person wrote of themselves is a note, and is marked as one. */
static void print_note(const json_t *event)
{
	const char *by = command_text_if(event, "by");

	if (by && *by)
		printf(", note \"by %s\"", by);
}

/* The appliance itself is not worth a word. */
static void print_actor(const struct entry_notice *notice)
{
	struct text out = TEXT_EMPTY;

	if (!notice->actor[0] || strcmp(notice->actor, "box") == 0)
		return;
	actor_describe(notice->actor, &out);
	printf(" [%s]", out.data ? out.data : "");
	text_release(&out);
}

static void print_mode(const json_t *event)
{
	const json_t *category;
	size_t index;

	printf("mode    %s", command_text(event, "mode"));
	json_array_foreach(json_object_get(event, "categories"), index, category)
		printf("%s%s", index ? ", " : " of ", json_string_value(category));
	if (json_is_string(json_object_get(event, "until")))
		printf(" until %s", command_text(event, "until"));
	print_note(event);
	if (*command_text(event, "reason"))
		printf(": %s", command_text(event, "reason"));
}

/* And where it was. */
static void print_lost(const json_t *event)
{
	bool first = true;

	printf("lost    %lld events could not be kept",
	       (long long)json_integer_value(json_object_get(event, "lost")));
	for (int loss = 0; loss < LOSS_COUNT; loss++) {
		const char *where = loss_print((enum loss)loss);
		json_int_t count = json_integer_value(json_object_get(event, where));

		if (!count)
			continue;
		printf("%s%s %lld", first ? ": " : ", ", where, (long long)count);
		first = false;
	}
}

/* What is not there has no words. */
static bool is_said(const json_t *value, const char *key)
{
	return strcmp(key, "by") != 0 && !json_is_null(value) && !json_is_false(value) &&
	       !(json_is_string(value) && !*json_string_value(value)) &&
	       !(json_is_array(value) && json_array_size(value) == 0);
}

/* {key, old, new} as "key: old -> new". */
static void print_change(const json_t *change)
{
	const char *old = command_text_if(change, "old");

	printf("%s: ", command_text(change, "key"));
	/* Each is masked in the same buffer. */
	printf("%s -> ", old ? old : "none");
	printf("%s", json_is_string(json_object_get(change, "new")) ?
	       command_text(change, "new") : "none");
}

static void print_item(const json_t *item)
{
	const json_t *holder;

	if (json_is_object(item)) {
		print_change(item);
		return;
	}
	holder = json_pack("{s:O}", "text", item);
	if (json_is_string(item))
		printf("%s", command_text(holder, "text"));
	else
		json_dumpf(item, stdout, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref((json_t *)(uintptr_t)holder);
}

static void print_value(const json_t *value)
{
	const json_t *item;
	size_t index;

	if (!json_is_array(value)) {
		print_item(value);
		return;
	}
	json_array_foreach(value, index, item) {
		if (index)
			fputs("; ", stdout);
		print_item(item);
	}
}

/* A kind without words of its own: its members as they are. */
static void print_other(const struct entry_notice *notice, const json_t *members)
{
	const char *key;
	json_t *value;
	bool first = true;

	printf("%-7s", notice->kind);
	json_object_foreach((json_t *)(uintptr_t)members, key, value) {
		if (!is_said(value, key))
			continue;
		printf("%s%s ", first ? " " : ", ", key);
		print_value(value);
		first = false;
	}
	print_note(members);
}

void notice_line(const struct entry_notice *notice)
{
	char time[CLOCK_TEXT];
	json_t *members;

	(void)!notice_parse(notice->body, &members);
	printf("%s ", clock_print(notice->wall_ms, time));
	if (strcmp(notice->kind, NOTICE_MODE) == 0)
		print_mode(members);
	else if (strcmp(notice->kind, NOTICE_LOST) == 0)
		print_lost(members);
	else
		print_other(notice, members);
	print_actor(notice);
	putchar('\n');
	json_decref(members);
}
