/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/ipc/actor.h"
#include "appliance/journal/record.h"

/* ---- as data ---- */

static void put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

/* "kaspersky:update:=upd.example.com": list, category, pattern, which may have colons. */
static json_t *rule_json(const struct entry_rule *rule)
{
	const char *colon = rule ? strchr(rule->id, ':') : NULL;
	const char *second = colon ? strchr(colon + 1, ':') : NULL;
	json_t *object;

	if (!rule)
		return json_null();
	object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", rule->id, "category",
			   category_print((enum category)rule->category), "pattern",
			   second ? second + 1 : "", "confidence",
			   confidence_print((enum confidence)rule->confidence), "evidence",
			   rule->evidence, "versions", rule->versions);
	if (object)
		put(object, "list", json_stringn(rule->id, colon ? (size_t)(colon - rule->id) : 0));
	return object;
}

static json_t *policy_json(const struct policy_notice *policy)
{
	char id[RECORD_ID], time[CLOCK_TEXT];
	json_t *object;

	if (!policy || !policy->members)
		return json_null();
	object = json_deep_copy(policy->members);
	if (object) {
		put(object, "id", json_string(record_id(policy->boot, policy->sequence, id)));
		put(object, "time", json_string(clock_print(policy->wall_ms, time)));
		put(object, "actor", policy->actor[0] ? json_string(policy->actor) : json_null());
	}
	return object;
}

int why_json(const struct reader_entry *entry, const struct policy_notice *policy, json_t **why)
{
	json_t *event, *object = json_object();
	int error = record_json(&entry->entry, &entry->context, &event);

	if (error) {
		json_decref(object);
		return error;
	}
	put(object, "event", event);
	if (entry->entry.type == ENTRY_NOTICE) {
		struct text words = TEXT_EMPTY;

		actor_describe(entry->entry.notice.actor, &words);
		put(object, "actor", json_string(words.data ? words.data : ""));
		text_release(&words);
	} else {
		put(object, "rule", rule_json(entry->context.rule));
		put(object, "policy", policy_json(policy));
	}
	*why = object;
	return 0;
}

/* ---- for people ---- */

static void put_label(struct text *out, const char *label)
{
	text_printf(out, "%-12s", label);
}

/* A value as it may be shown, without quotes. */
static void put_value(struct text *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		text_put_masked(out, json_string_value(value), json_string_length(value), "");
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII |
			  JSON_REAL_PRECISION(15));
	text_puts(out, text ? text : "");
	free(text);
}

static bool is_there(const json_t *value)
{
	return value && !json_is_null(value) &&
	       !(json_is_string(value) && !*json_string_value(value));
}

static void put_line(struct text *out, const char *label, const json_t *value)
{
	if (!is_there(value))
		return;
	put_label(out, label);
	put_value(out, value);
	text_puts(out, "\n");
}

static void put_lines(struct text *out, const char *label, const json_t *list)
{
	const json_t *item;
	size_t index;

	json_array_foreach(list, index, item)
		put_line(out, index ? "" : label, item);
}

static void put_rest(struct text *out, const json_t *event)
{
	static const char *const told[] = { "id", "time", "boot_id", "uptime", "appliance",
					    "notice", "actor", "state", "rule", "category" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)event, key, value) {
		bool known = json_is_false(value);

		for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
			known |= strcmp(key, told[i]) == 0;
		if (!known && json_is_array(value))
			put_lines(out, key, value);
		else if (!known)
			put_line(out, strcmp(key, "by") == 0 ? "note by" : key, value);
	}
}

static void put_rule(struct text *out, const json_t *rule)
{
	if (!json_is_object(rule)) {
		text_puts(out, "rule        none, or not known any more\n");
		return;
	}
	put_line(out, "rule", json_object_get(rule, "id"));
	put_line(out, "pattern", json_object_get(rule, "pattern"));
	put_line(out, "category", json_object_get(rule, "category"));
	put_line(out, "confidence", json_object_get(rule, "confidence"));
	put_line(out, "evidence", json_object_get(rule, "evidence"));
	put_line(out, "lists", json_object_get(rule, "versions"));
}

static void put_actor(struct text *out, const char *label, const json_t *actor)
{
	put_label(out, label);
	actor_describe(json_is_string(actor) ? json_string_value(actor) : "", out);
	text_puts(out, "\n");
}

static void put_policy(struct text *out, const json_t *why)
{
	const json_t *policy = json_object_get(why, "policy");

	put_line(out, "policy", json_object_get(json_object_get(why, "event"), "state"));
	if (!json_is_object(policy)) {
		text_puts(out, "release     not known: the log has no notice of this policy\n");
		return;
	}
	put_line(out, "notice", json_object_get(policy, "id"));
	put_line(out, "since", json_object_get(policy, "time"));
	put_line(out, "cause", json_object_get(policy, "cause"));
	put_actor(out, "actor", json_object_get(policy, "actor"));
	if (!is_there(json_object_get(policy, "release"))) {
		text_puts(out, "release     none: unsigned lists of a folder\n");
		return;
	}
	put_line(out, "release", json_object_get(policy, "release"));
	put_line(out, "signed at", json_object_get(policy, "signed_at"));
	put_line(out, "bundle", json_object_get(policy, "digest"));
	put_line(out, "root", json_object_get(policy, "root"));
	put_lines(out, "signers", json_object_get(policy, "signers"));
}

void why_print(const json_t *why, struct text *out)
{
	const json_t *event = json_object_get(why, "event");

	put_line(out, "event", json_object_get(event, "id"));
	put_line(out, "time", json_object_get(event, "time"));
	put_line(out, "notice", json_object_get(event, "notice"));
	if (json_object_get(event, "notice"))
		put_actor(out, "actor", json_object_get(event, "actor"));
	put_rest(out, event);
	if (json_object_get(event, "notice"))
		return;
	put_rule(out, json_object_get(why, "rule"));
	put_policy(out, why);
}
