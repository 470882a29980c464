/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/record.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/journal/notice.h"

enum { MAC_TEXT = 18, WHOLE_BOOT = 36, FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };

/* A JSON object being filled; failed is sticky, as in base/cursor.h. */
struct object {
	json_t *json;
	bool failed;
};

static void put(struct object *object, const char *key, json_t *value)
{
	if (json_object_set_new(object->json, key, value) < 0)
		object->failed = true;
}

/* NULL becomes null. Bytes that are not UTF-8 (an interface may have such a name) become '?'. */
static void put_text(struct object *object, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : json_null();
	char plain[256];

	if (!value) {
		snprintf(plain, sizeof(plain), "%s", text);
		for (char *at = plain; *at; at++)
			*at = (unsigned char)*at < 0x80 ? *at : '?';
		value = json_string(plain);
	}
	put(object, key, value);
}

static void put_number(struct object *object, const char *key, uint64_t number)
{
	put(object, key, json_integer(number <= INT64_MAX ? (json_int_t)number : INT64_MAX));
}

static void put_addr(struct object *object, const char *key, const struct addr *addr)
{
	char text[ADDR_TEXT];

	put_text(object, key, addr ? addr_print(addr, text) : NULL);
}

/* A network when the event is of more than one client: "192.0.2.0/24". */
static void put_clients(struct object *object, const struct entry_event *entry)
{
	const struct prefix prefix = { entry->event.client, (uint8_t)(128 - entry->host_bits) };
	char text[PREFIX_TEXT];

	put_text(object, "client", prefix_print(&prefix, text));
}

static void put_mac(struct object *object, const uint8_t *mac)
{
	char text[MAC_TEXT];

	if (mac)
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5]);
	put_text(object, "mac", mac ? text : NULL);
}

/* Presence has none. */
static void put_port(struct object *object, const char *key, const struct event *event,
		     uint16_t port)
{
	if (channel_is_presence(event->channel))
		put(object, key, json_null());
	else
		put_number(object, key, port);
}

static void put_protocol(struct object *object, uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		put_text(object, "protocol", "tcp");
		break;
	case IPPROTO_UDP:
		put_text(object, "protocol", "udp");
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		put_text(object, "protocol", "icmp");
		break;
	default:
		put_number(object, "protocol", protocol);
	}
}

/* Which entry, when and on which appliance. */
static void put_origin(struct object *object, const struct log_entry *entry,
		       const struct record_context *context)
{
	bool event = entry->type == ENTRY_EVENT;
	int64_t wall_ms = event ? entry->event.event.wall_ms : entry->notice.wall_ms;
	int64_t uptime_ms = event ? entry->event.event.uptime_ms : entry->notice.uptime_ms;
	char time[CLOCK_TEXT], id[RECORD_ID];

	put_text(object, "id", record_id(context->boot_id, entry->sequence, id));
	put_text(object, "time", clock_print(wall_ms, time));
	put_text(object, "boot_id", context->boot_id);
	put(object, "uptime", json_real((double)uptime_ms / 1000));
	put_text(object, "appliance", context->appliance);
}

static void put_client(struct object *object, const struct entry_event *entry)
{
	const struct event *event = &entry->event;
	const bool presence = channel_is_presence(event->channel);
	char state[9];

	snprintf(state, sizeof(state), "%08x", event->state);
	put_text(object, "state", presence ? NULL : state);
	put_clients(object, entry);
	put_mac(object, event->has_mac ? event->mac : NULL);
	put_text(object, "interface", entry->interface[0] ? entry->interface : NULL);
	put_port(object, "client_port", event, event->client_port);
	put(object, "forwarder", json_boolean(entry->forwarder));
	put(object, "group", json_null());
	put(object, "exception", json_null());
}

/* What the client asked for, and which server it asked. */
static void put_target(struct object *object, const struct event *event)
{
	const bool presence = channel_is_presence(event->channel);
	const bool dns = event->channel != CHANNEL_PACKET && !presence;
	char qtype[QTYPE_TEXT], name[NAME_TEXT];

	put_addr(object, "resolver", event->has_resolver ? &event->resolver : NULL);
	put_text(object, "qtype", dns ? qtype_print(event->qtype, qtype) : NULL);
	if (presence)
		put_text(object, "protocol", NULL);
	else
		put_protocol(object, event->protocol);
	put_port(object, "port", event, event->port);
	put_text(object, "name",
		 event->name.length ? name_print(event->name.wire, name) : NULL);
	put_addr(object, "address", event->has_address ? &event->address : NULL);
}

static void put_verdict(struct object *object, const struct entry_event *entry,
			const struct entry_rule *rule)
{
	const struct event *event = &entry->event;
	char last[CLOCK_TEXT];

	put_text(object, "rule", rule ? rule->id : NULL);
	put_text(object, "category",
		 rule ? category_print((enum category)rule->category) : NULL);
	put_text(object, "action", channel_is_presence(event->channel) ?
		 NULL : action_print(event->action));
	put_text(object, "would",
		 event->intended != event->action ? action_print(event->intended) : NULL);
	put_text(object, "channel", channel_print(event->channel));
	put_text(object, "direction",
		 event->channel != CHANNEL_PACKET ? NULL : event->inbound ? "in" : "out");
	put_number(object, "count", event->count);
	put_text(object, "last", entry->span_ms ?
		 clock_print(event->wall_ms + entry->span_ms, last) : NULL);
	put(object, "coarse", json_boolean(entry->coarse));
}

/* The members that the notice brings, in their order. */
static int put_members(struct object *object, const struct entry_notice *notice)
{
	json_t *members;
	int error = notice_parse(notice->body, &members);

	put_text(object, "notice", notice->kind);
	put_text(object, "actor", notice->actor[0] ? notice->actor : NULL);
	if (error)
		return error;
	if (json_object_update_missing(object->json, members) < 0)
		object->failed = true;
	json_decref(members);
	return 0;
}

char *record_id(const char *boot_id, uint64_t sequence, char buffer[RECORD_ID])
{
	snprintf(buffer, RECORD_ID, "%.8s:%llu", boot_id, (unsigned long long)sequence);
	return buffer;
}

/* How many characters the boot id has, short or whole; 0: it is none. */
static size_t boot_length(const char *text)
{
	static const char *const digits = "0123456789abcdefABCDEF";
	const size_t length = strspn(text, digits);

	if (length != RECORD_BOOT - 1 || text[length] != '-')
		return length == RECORD_BOOT - 1 ? length : 0;
	for (size_t i = length; i < WHOLE_BOOT; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (!text[i] || (dash ? text[i] != '-' : !strchr(digits, text[i])))
			return 0;
	}
	return WHOLE_BOOT;
}

int record_parse_id(const char *text, char boot[RECORD_BOOT], uint64_t *sequence)
{
	const size_t length = boot_length(text);
	char *end;

	if (!length || text[length] != ':' || text[length + 1] < '0' || text[length + 1] > '9')
		return -EINVAL;
	errno = 0;
	*sequence = strtoull(text + length + 1, &end, 10);
	if (errno || *end || *sequence == 0 || *sequence > INT64_MAX)
		return -EINVAL;
	for (size_t i = 0; i < RECORD_BOOT - 1; i++)
		boot[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
	boot[RECORD_BOOT - 1] = '\0';
	return 0;
}

int record_json(const struct log_entry *entry, const struct record_context *context,
		json_t **line)
{
	struct object object = { .json = json_object() };
	int error = 0;

	put_origin(&object, entry, context);
	if (entry->type == ENTRY_NOTICE) {
		error = put_members(&object, &entry->notice);
	} else {
		put_client(&object, &entry->event);
		put_target(&object, &entry->event.event);
		put_verdict(&object, &entry->event, context->rule);
	}
	if (!error && object.failed)
		error = -ENOMEM;
	if (error) {
		json_decref(object.json);
		object.json = NULL;
	}
	*line = object.json;
	return error;
}

int record_print(const struct log_entry *entry, const struct record_context *context, char **line)
{
	json_t *object;
	int error = record_json(entry, context, &object);

	/* 15 digits: milliseconds stay exact for any uptime, without rounding noise. */
	*line = error ? NULL : json_dumps(object, FLAGS | JSON_REAL_PRECISION(15));
	json_decref(object);
	return error || *line ? error : -ENOMEM;
}
