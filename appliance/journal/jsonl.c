/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/jsonl.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/journal/notice.h"

/* An object being read; failed is sticky, as in base/cursor.h. */
struct object {
	const json_t *json;
	bool failed;
};

/* ---- values ---- */

/* NULL if it is null or missing. */
static const char *get_text(struct object *object, const char *key)
{
	const json_t *value = json_object_get(object->json, key);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_string(value))
		object->failed = true;
	return json_string_value(value);
}

/* "" after a failure. */
static const char *need_text(struct object *object, const char *key)
{
	const char *text = get_text(object, key);

	if (text)
		return text;
	object->failed = true;
	return "";
}

static void copy_text(struct object *object, const char *key, char *buffer, size_t size)
{
	const char *text = need_text(object, key);

	if (snprintf(buffer, size, "%s", text) >= (int)size)
		object->failed = true;
}

static uint64_t need_number(struct object *object, const char *key, uint64_t most)
{
	const json_t *value = json_object_get(object->json, key);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || (uint64_t)number > most) {
		object->failed = true;
		return 0;
	}
	return (uint64_t)number;
}

/* False if it is missing. */
static bool get_flag(struct object *object, const char *key)
{
	const json_t *value = json_object_get(object->json, key);

	if (value && !json_is_boolean(value))
		object->failed = true;
	return json_is_true(value);
}

/* Exactly what clock_print prints; milliseconds since 1970. */
static int64_t parse_time(struct object *object, const char *text)
{
	struct tm tm = { .tm_mday = 1 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	char again[CLOCK_TEXT];
	int64_t wall_ms = 0;

	if (rest && rest[0] == '.')
		wall_ms = (int64_t)timegm(&tm) * 1000 + strtol(rest + 1, NULL, 10) % 1000;
	if (!rest || strcmp(clock_print(wall_ms, again), text) != 0)
		object->failed = true;
	return wall_ms;
}

/* Seconds in JSON. */
static int64_t need_uptime_ms(struct object *object)
{
	const json_t *value = json_object_get(object->json, "uptime");
	double seconds = json_number_value(value);

	/* 30,000 years: the log is printed with 15 digits. */
	if (!json_is_number(value) || !(seconds >= 0 && seconds < 9e11)) {
		object->failed = true;
		return 0;
	}
	return (int64_t)(seconds * 1000 + 0.5);
}

static bool get_addr(struct object *object, const char *key, struct addr *addr)
{
	const char *text = get_text(object, key);

	if (!text)
		return false;
	if (addr_parse(addr, text, strlen(text)) < 0)
		object->failed = true;
	return true;
}

static bool get_mac(struct object *object, uint8_t mac[6])
{
	const char *text = get_text(object, "mac");
	char again[18];
	int end = 0;

	if (!text)
		return false;
	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &end) != 6)
		object->failed = true;
	snprintf(again, sizeof(again), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	if (strcmp(again, text) != 0)
		object->failed = true;
	return true;
}

/* ---- names ---- */

/* One byte of a label: itself, "\X" or "\DDD". Moves on in *text. */
static uint8_t parse_byte(const char **text)
{
	const char *at = *text;
	unsigned int byte = (uint8_t)at[0];

	if (byte != '\\') {
		*text = at + 1;
	} else if (sscanf(at + 1, "%3u", &byte) == 1 && strspn(at + 1, "0123456789") >= 3) {
		*text = at + 4;
	} else {
		byte = (uint8_t)at[1];
		*text = at + (byte ? 2 : 1);
	}
	return (uint8_t)byte;
}

/* A client may ask for any bytes, so this takes all that name_print prints. */
static int parse_name(struct name *name, const char *text)
{
	uint8_t wire[NAME_WIRE_MAX + 1] = { 0 };
	const char *at = strcmp(text, ".") == 0 ? "" : text;
	size_t label = 0, end = 1;
	char again[NAME_TEXT];

	while (*at) {
		if (end >= NAME_WIRE_MAX)
			return -EINVAL;
		if (*at == '.') {
			label = end++;
			at++;
			continue;
		}
		wire[end++] = parse_byte(&at);
		if (++wire[label] > NAME_LABEL_MAX)
			return -EINVAL;
	}
	if (name_from_wire(name, wire, end + (end > 1)) < 0)
		return -EINVAL;
	return strcmp(name_print(name->wire, again), text) == 0 ? 0 : -EINVAL;
}

/* ---- events ---- */

static uint8_t need_protocol(struct object *object, const struct addr *client)
{
	const json_t *value = json_object_get(object->json, "protocol");
	const char *text = json_string_value(value);

	if (!text)
		return (uint8_t)need_number(object, "protocol", UINT8_MAX);
	if (strcmp(text, "tcp") == 0)
		return IPPROTO_TCP;
	if (strcmp(text, "udp") == 0)
		return IPPROTO_UDP;
	if (strcmp(text, "icmp") != 0)
		object->failed = true;
	return addr_is_v4(client) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static uint32_t need_state(struct object *object)
{
	const char *text = need_text(object, "state");
	unsigned long state = strtoul(text, NULL, 16);
	char again[9];

	snprintf(again, sizeof(again), "%08x", (uint32_t)state);
	if (strcmp(again, text) != 0)
		object->failed = true;
	return (uint32_t)state;
}

static void get_client(struct object *object, struct entry_event *entry)
{
	struct event *event = &entry->event;
	const char *interface = get_text(object, "interface");

	event->state = need_state(object);
	if (!get_addr(object, "client", &event->client))
		object->failed = true;
	event->has_mac = get_mac(object, event->mac);
	if (interface && snprintf(entry->interface, sizeof(entry->interface), "%s", interface) >=
			 (int)sizeof(entry->interface))
		object->failed = true;
	event->client_port = (uint16_t)need_number(object, "client_port", UINT16_MAX);
	entry->forwarder = get_flag(object, "forwarder");
}

static void get_target(struct object *object, struct event *event)
{
	const char *qtype = get_text(object, "qtype"), *name = get_text(object, "name");

	event->has_resolver = get_addr(object, "resolver", &event->resolver);
	if (qtype && qtype_parse(&event->qtype, qtype) < 0)
		object->failed = true;
	event->protocol = need_protocol(object, &event->client);
	event->port = (uint16_t)need_number(object, "port", UINT16_MAX);
	if (name && parse_name(&event->name, name) < 0)
		object->failed = true;
	event->has_address = get_addr(object, "address", &event->address);
}

static enum action get_action(struct object *object, const char *key, enum action otherwise)
{
	const char *text = get_text(object, key);
	enum action action = otherwise;

	if (text && strcmp(text, action_print(ACTION_NONE)) == 0)
		return ACTION_NONE;
	if (text && action_parse(&action, text, strlen(text)) < 0)
		object->failed = true;
	return action;
}

static void get_verdict(struct object *object, struct event *event)
{
	const char *direction = get_text(object, "direction");

	(void)need_text(object, "action");
	event->action = get_action(object, "action", ACTION_NONE);
	event->intended = get_action(object, "would", event->action);
	if (channel_parse(&event->channel, need_text(object, "channel")) < 0)
		object->failed = true;
	event->inbound = direction && strcmp(direction, "in") == 0;
	if (direction && !event->inbound && strcmp(direction, "out") != 0)
		object->failed = true;
	event->count = need_number(object, "count", INT64_MAX);
	if (event->count == 0)
		object->failed = true;
}

static void get_rule(struct object *object, struct jsonl_entry *line)
{
	struct entry_event *event = &line->entry.event;
	const char *category;
	enum category number = CATEGORY_UPDATE;

	event->event.rule = POLICY_NO_RULE;
	if (!get_text(object, "rule"))
		return;
	copy_text(object, "rule", line->id, sizeof(line->id));
	category = need_text(object, "category");
	if (category_parse(&number, category, strlen(category)) < 0)
		object->failed = true;
	line->rule = (struct entry_rule){
		.state = event->event.state, .index = POLICY_NO_RULE, .id = line->id,
		.evidence = "", .versions = "", .category = (uint8_t)number,
	};
	event->rule_key = entry_rule_key(&line->rule);
}

static void get_event(struct object *object, struct jsonl_entry *line)
{
	struct event *event = &line->entry.event.event;

	line->entry.type = ENTRY_EVENT;
	event->wall_ms = parse_time(object, need_text(object, "time"));
	event->uptime_ms = need_uptime_ms(object);
	get_client(object, &line->entry.event);
	get_target(object, event);
	get_verdict(object, event);
	get_rule(object, line);
}

/* ---- notices ---- */

static uint32_t get_categories(struct object *object)
{
	const json_t *list = json_object_get(object->json, "categories");
	uint32_t categories = 0;

	if (list && !json_is_null(list) && !json_is_array(list))
		object->failed = true;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		enum category category;

		if (!word || category_parse(&category, word, strlen(word)) < 0) {
			object->failed = true;
			return 0;
		}
		categories |= 1U << category;
	}
	return categories;
}

static int get_mode(struct object *object, char **body)
{
	const char *word = need_text(object, "mode"), *until = get_text(object, "until");
	struct mode_record mode = { .mode = MODE_ENFORCE };

	while (mode.mode < MODE_COUNT && strcmp(mode_print(mode.mode), word) != 0)
		mode.mode++;
	if (mode.mode == MODE_COUNT || (mode.mode == MODE_ENFORCE) == !!until)
		object->failed = true;
	if (until)
		mode.until = parse_time(object, until) / 1000;
	mode.categories = get_categories(object);
	copy_text(object, "reason", mode.reason, sizeof(mode.reason));
	copy_text(object, "by", mode.by, sizeof(mode.by));
	return object->failed ? -EBADMSG : notice_mode(&mode, body);
}

static int get_lost(struct object *object, char **body)
{
	uint64_t lost[LOSS_COUNT];

	/* The sum over four of them has to fit, too. */
	for (int loss = 0; loss < LOSS_COUNT; loss++)
		lost[loss] = need_number(object, loss_print((enum loss)loss), INT64_MAX / 8);
	return object->failed ? -EBADMSG : notice_lost(lost, body);
}

static int get_notice(struct object *object, struct jsonl_entry *line, bool mode)
{
	struct entry_notice *notice = &line->entry.notice;
	int error;

	line->entry.type = ENTRY_NOTICE;
	notice->wall_ms = parse_time(object, need_text(object, "time"));
	notice->uptime_ms = need_uptime_ms(object);
	notice->kind = mode ? NOTICE_MODE : NOTICE_LOST;
	notice->actor = "";
	error = mode ? get_mode(object, &line->body) : get_lost(object, &line->body);
	notice->body = line->body;
	return error;
}

/* ---- lines ---- */

/* No line has more than a list in an object; the parser below would follow thousands, on a small
 * stack. */
static bool is_flat(const char *text, size_t length)
{
	int depth = 0;
	bool string = false;

	for (size_t i = 0; i < length; i++) {
		if (string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			string = !string;
		else if (!string && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!string && (text[i] == '}' || text[i] == ']'))
			depth--;
		if (depth > 2)
			return false;
	}
	return true;
}

static int read_object(struct object *object, struct jsonl_entry *line)
{
	int error = 0;

	copy_text(object, "boot_id", line->boot_id, sizeof(line->boot_id));
	copy_text(object, "appliance", line->appliance, sizeof(line->appliance));
	if (json_object_get(object->json, "channel"))
		get_event(object, line);
	else if (json_object_get(object->json, "mode"))
		error = get_notice(object, line, true);
	else if (json_object_get(object->json, "lost"))
		error = get_notice(object, line, false);
	else
		return -EBADMSG;
	return object->failed ? -EBADMSG : error;
}

int jsonl_parse(struct jsonl_entry *line, const char *text, size_t length)
{
	struct object object = { .failed = false };
	json_t *json;
	int error;

	memset(line, 0, sizeof(*line));
	if (length < JSONL_MIN || length > JSONL_MAX || !is_flat(text, length))
		return -EBADMSG;
	json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		return -EBADMSG;
	object.json = json;
	error = json_is_object(json) ? read_object(&object, line) : -EBADMSG;
	json_decref(json);
	if (error)
		jsonl_release(line);
	return error;
}

void jsonl_release(struct jsonl_entry *line)
{
	free(line->body);
	line->body = NULL;
}

int64_t jsonl_wall_ms(const struct jsonl_entry *line)
{
	return line->entry.type == ENTRY_EVENT ? line->entry.event.event.wall_ms :
	       line->entry.notice.wall_ms;
}
