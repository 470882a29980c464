/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/record.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"

enum { MAC_TEXT = 18, FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };

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

static void put_mac(struct object *object, const uint8_t *mac)
{
	char text[MAC_TEXT];

	if (mac)
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5]);
	put_text(object, "mac", mac ? text : NULL);
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

/* When and on which appliance. */
static void put_origin(struct object *object, int64_t wall_ms, int64_t uptime_ms,
		       const struct record_context *context)
{
	char time[CLOCK_TEXT];

	put_text(object, "time", clock_print(wall_ms, time));
	put_text(object, "boot_id", context->boot_id);
	put(object, "uptime", json_real((double)uptime_ms / 1000));
	put_text(object, "appliance", context->appliance);
}

static void put_client(struct object *object, const struct event *event,
		       const struct record_context *context)
{
	char state[9];

	snprintf(state, sizeof(state), "%08x", event->state);
	put_text(object, "state", state);
	put_addr(object, "client", &event->client);
	put_mac(object, context->mac);
	put_text(object, "interface", context->interface);
	put_number(object, "client_port", event->client_port);
	put(object, "forwarder", json_boolean(context->forwarder));
}

/* What the client asked for, and which server it asked. */
static void put_target(struct object *object, const struct event *event)
{
	bool dns = event->channel != CHANNEL_PACKET;
	char qtype[QTYPE_TEXT], name[NAME_TEXT];

	put_addr(object, "resolver", event->has_resolver ? &event->resolver : NULL);
	put_text(object, "qtype", dns ? qtype_print(event->qtype, qtype) : NULL);
	put_protocol(object, event->protocol);
	put_number(object, "port", event->port);
	put_text(object, "name",
		 event->name.length ? name_print(event->name.wire, name) : NULL);
	put_addr(object, "address", event->has_address ? &event->address : NULL);
}

static void put_verdict(struct object *object, const struct event *event,
			const struct policy_rule *rule)
{
	put_text(object, "rule", rule ? rule->id : NULL);
	put_text(object, "category", rule ? category_print(rule->category) : NULL);
	put_text(object, "action", action_print(event->action));
	put_text(object, "would",
		 event->intended != event->action ? action_print(event->intended) : NULL);
	put_text(object, "channel", channel_print(event->channel));
	put_text(object, "direction",
		 event->channel != CHANNEL_PACKET ? NULL : event->inbound ? "in" : "out");
	put_number(object, "count", event->count);
}

static int finish(struct object *object, char **line)
{
	/* 15 digits: milliseconds stay exact for any uptime, without rounding noise. */
	*line = object->failed ? NULL : json_dumps(object->json, FLAGS | JSON_REAL_PRECISION(15));
	json_decref(object->json);
	return *line ? 0 : -ENOMEM;
}

void record_prepare(void)
{
	json_object_seed(0);
}

int record_print(const struct event *event, const struct record_context *context, char **line)
{
	struct object object = { .json = json_object() };

	put_origin(&object, event->wall_ms, event->uptime_ms, context);
	put_client(&object, event, context);
	put_target(&object, event);
	put_verdict(&object, event, context->rule);
	return finish(&object, line);
}

int record_print_lost(int64_t wall_ms, int64_t uptime_ms, const struct record_context *context,
		      const uint64_t lost[LOSS_COUNT], char **line)
{
	struct object object = { .json = json_object() };
	uint64_t sum = 0;

	for (int loss = 0; loss < LOSS_COUNT; loss++)
		sum += lost[loss];
	put_origin(&object, wall_ms, uptime_ms, context);
	put_number(&object, "lost", sum);
	for (int loss = 0; loss < LOSS_COUNT; loss++)
		put_number(&object, loss_print((enum loss)loss), lost[loss]);
	return finish(&object, line);
}

static void put_categories(struct object *object, uint32_t categories)
{
	json_t *list = categories ? json_array() : json_null();

	for (int category = 0; category < CATEGORY_COUNT; category++) {
		if (categories & 1U << category &&
		    json_array_append_new(list, json_string(category_print(
							(enum category)category))) < 0)
			object->failed = true;
	}
	put(object, "categories", list);
}

int record_print_mode(int64_t wall_ms, int64_t uptime_ms, const struct record_context *context,
		      const struct mode_record *mode, char **line)
{
	struct object object = { .json = json_object() };
	char until[CLOCK_TEXT];

	put_origin(&object, wall_ms, uptime_ms, context);
	put_text(&object, "mode", mode_print(mode->mode));
	put_text(&object, "until",
		 mode->mode == MODE_ENFORCE ? NULL : clock_print(mode->until * 1000, until));
	put_categories(&object, mode->categories);
	put_text(&object, "reason", mode->reason);
	put_text(&object, "by", mode->by);
	return finish(&object, line);
}
