/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/cursor.h"

enum { HAS_RESOLVER = 1, HAS_ADDRESS = 2, HAS_MAC = 4, INBOUND = 8 };

static const char *const channels[CHANNEL_COUNT] = {
	"dns", "answer", "packet", "tls", "quic", "http", "socks", "shape",
	"fingerprint", "seen-dns", "seen-link", "seen-dhcp",
};

static const struct { uint16_t qtype; const char *text; } qtypes[] = {
	{ 1, "A" }, { 2, "NS" }, { 5, "CNAME" }, { 6, "SOA" }, { 12, "PTR" },
	{ 15, "MX" }, { 16, "TXT" }, { 28, "AAAA" }, { 33, "SRV" }, { 35, "NAPTR" },
	{ 39, "DNAME" }, { 43, "DS" }, { 46, "RRSIG" }, { 47, "NSEC" },
	{ 48, "DNSKEY" }, { 50, "NSEC3" }, { 52, "TLSA" }, { 64, "SVCB" },
	{ 65, "HTTPS" }, { 99, "SPF" }, { 251, "IXFR" }, { 252, "AXFR" },
	{ 255, "ANY" }, { 257, "CAA" },
};
enum { QTYPES = sizeof(qtypes) / sizeof(*qtypes) };

const char *channel_print(enum event_channel channel)
{
	return channels[channel];
}

bool channel_is_presence(enum event_channel channel)
{
	return channel == CHANNEL_SEEN_DNS || channel == CHANNEL_SEEN_LINK ||
	       channel == CHANNEL_SEEN_DHCP;
}

int channel_parse(enum event_channel *channel, const char *text)
{
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		if (strcmp(channels[i], text) == 0) {
			*channel = (enum event_channel)i;
			return 0;
		}
	}
	return -EINVAL;
}

char *qtype_print(uint16_t qtype, char buffer[QTYPE_TEXT])
{
	for (size_t i = 0; i < QTYPES; i++) {
		if (qtypes[i].qtype == qtype) {
			snprintf(buffer, QTYPE_TEXT, "%s", qtypes[i].text);
			return buffer;
		}
	}
	snprintf(buffer, QTYPE_TEXT, "TYPE%u", qtype);
	return buffer;
}

int qtype_parse(uint16_t *qtype, const char *text)
{
	char again[QTYPE_TEXT];
	unsigned long number;

	for (size_t i = 0; i < QTYPES; i++) {
		if (strcmp(qtypes[i].text, text) == 0) {
			*qtype = qtypes[i].qtype;
			return 0;
		}
	}
	if (strncmp(text, "TYPE", 4) != 0)
		return -EINVAL;
	number = strtoul(text + 4, NULL, 10);
	*qtype = (uint16_t)number;
	/* As it is printed, and in no other way. */
	return number <= UINT16_MAX && strcmp(qtype_print(*qtype, again), text) == 0 ? 0 : -EINVAL;
}

size_t event_encode(const struct event *event, uint8_t data[EVENT_MAX])
{
	struct cursor cursor = cursor_writer(data, EVENT_MAX);

	cursor_put64(&cursor, (uint64_t)event->wall_ms);
	cursor_put64(&cursor, (uint64_t)event->uptime_ms);
	cursor_put8(&cursor, (uint8_t)event->channel);
	cursor_put8(&cursor, (uint8_t)event->action);
	cursor_put8(&cursor, (uint8_t)event->intended);
	cursor_put8(&cursor, (uint8_t)((event->has_resolver ? HAS_RESOLVER : 0) |
				       (event->has_address ? HAS_ADDRESS : 0) |
				       (event->has_mac ? HAS_MAC : 0) |
				       (event->inbound ? INBOUND : 0)));
	cursor_put(&cursor, event->client.bytes, 16);
	cursor_put16(&cursor, event->client_port);
	cursor_put32(&cursor, event->interface);
	cursor_put16(&cursor, event->qtype);
	cursor_put8(&cursor, event->protocol);
	cursor_put16(&cursor, event->port);
	cursor_put32(&cursor, event->state);
	cursor_put32(&cursor, event->rule);
	cursor_put64(&cursor, event->count);
	if (event->has_resolver)
		cursor_put(&cursor, event->resolver.bytes, 16);
	if (event->has_address)
		cursor_put(&cursor, event->address.bytes, 16);
	if (event->has_mac)
		cursor_put(&cursor, event->mac, sizeof(event->mac));
	cursor_put(&cursor, event->name.wire, event->name.length);
	return cursor.at;
}

int event_decode(struct event *event, const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	uint8_t channel, action, intended, flags;

	*event = (struct event){ .wall_ms = (int64_t)cursor_get64(&cursor) };
	event->uptime_ms = (int64_t)cursor_get64(&cursor);
	channel = cursor_get8(&cursor);
	action = cursor_get8(&cursor);
	intended = cursor_get8(&cursor);
	flags = cursor_get8(&cursor);
	cursor_get(&cursor, event->client.bytes, 16);
	event->client_port = cursor_get16(&cursor);
	event->interface = cursor_get32(&cursor);
	event->qtype = cursor_get16(&cursor);
	event->protocol = cursor_get8(&cursor);
	event->port = cursor_get16(&cursor);
	event->state = cursor_get32(&cursor);
	event->rule = cursor_get32(&cursor);
	event->count = cursor_get64(&cursor);
	event->has_resolver = flags & HAS_RESOLVER;
	if (event->has_resolver)
		cursor_get(&cursor, event->resolver.bytes, 16);
	event->has_address = flags & HAS_ADDRESS;
	if (event->has_address)
		cursor_get(&cursor, event->address.bytes, 16);
	event->inbound = flags & INBOUND;
	event->has_mac = flags & HAS_MAC;
	if (event->has_mac)
		cursor_get(&cursor, event->mac, sizeof(event->mac));
	if (cursor.failed || channel >= CHANNEL_COUNT || action >= ACTION_COUNT ||
	    intended >= ACTION_COUNT || flags > (HAS_RESOLVER | HAS_ADDRESS | HAS_MAC | INBOUND))
		return -EBADMSG;
	event->channel = (enum event_channel)channel;
	event->action = (enum action)action;
	event->intended = (enum action)intended;
	if (cursor_left(&cursor) == 0)
		return 0;
	if (name_from_wire(&event->name, data + cursor.at, cursor_left(&cursor)) < 0 ||
	    event->name.length != cursor_left(&cursor))
		return -EBADMSG;
	return 0;
}
