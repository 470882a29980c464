/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/dhcp.h"

#include <netinet/in.h>
#include <string.h>

#include "appliance/base/cursor.h"

enum {
	CLIENT_PORT = 68, SERVER_PORT = 67, REQUEST = 1, ETHERNET = 1,
	OPTION_PAD = 0, OPTION_HOST_NAME = 12, OPTION_FQDN = 81, OPTION_END = 255,
	FQDN_FLAGS = 3,		/* bytes before the name (RFC 4702, 2) */
	FQDN_ENCODED = 4,	/* flag: the name is in wire form */
	SNAME = 64, FILE_NAME = 128
};
#define COOKIE 0x63825363U

/* The headers; false: another packet, or a fragment. */
static bool skip_headers(struct cursor *packet)
{
	const uint8_t first = cursor_get8(packet);
	const size_t header = (first & 15) * 4U;
	uint16_t fragment;
	uint8_t protocol;

	cursor_take(packet, 5);
	fragment = cursor_get16(packet);
	cursor_get8(packet);
	protocol = cursor_get8(packet);
	cursor_take(packet, 10);
	if (packet->failed || first >> 4 != 4 || header < 20 || fragment & 0x3fff ||
	    protocol != IPPROTO_UDP)
		return false;
	cursor_take(packet, header - 20);
	return cursor_get16(packet) == CLIENT_PORT && cursor_get16(packet) == SERVER_PORT &&
	       cursor_take(packet, 4);
}

/* The first label. */
static bool read_label(struct name *name, const uint8_t *text, size_t length)
{
	size_t label = 0;

	while (label < length && label < NAME_LABEL_MAX && text[label] && text[label] != '.')
		label++;
	if (label == 0)
		return false;
	*name = (struct name){ .length = (uint8_t)(label + 2), .labels = 1 };
	name->wire[0] = (uint8_t)label;
	for (size_t i = 0; i < label; i++)
		name->wire[1 + i] = name_lower(text[i]);
	return true;
}

static bool read_option(struct dhcp *dhcp, uint8_t option, const uint8_t *data, size_t size)
{
	if (option == OPTION_HOST_NAME)
		return read_label(&dhcp->name, data, size);
	return option == OPTION_FQDN && dhcp->name.length == 0 && size > FQDN_FLAGS &&
	       !(data[0] & FQDN_ENCODED) &&
	       read_label(&dhcp->name, data + FQDN_FLAGS, size - FQDN_FLAGS);
}

static void read_options(struct dhcp *dhcp, struct cursor *packet)
{
	while (cursor_left(packet)) {
		const uint8_t option = cursor_get8(packet);
		const uint8_t *data;
		uint8_t size;

		if (option == OPTION_PAD)
			continue;
		if (option == OPTION_END)
			return;
		size = cursor_get8(packet);
		data = cursor_take(packet, size);
		if (data)
			(void)read_option(dhcp, option, data, size);
	}
}

bool dhcp_read(struct dhcp *dhcp, const void *packet, size_t size)
{
	struct cursor cursor = cursor_reader(packet, size);
	uint32_t relay;

	*dhcp = (struct dhcp){ .name = { .length = 0 } };
	if (!skip_headers(&cursor) || cursor_get8(&cursor) != REQUEST ||
	    cursor_get8(&cursor) != ETHERNET || cursor_get8(&cursor) != sizeof(dhcp->mac))
		return false;
	cursor_take(&cursor, 1 + 4 + 2 + 2 + 4 + 4 + 4);
	relay = cursor_get32(&cursor);
	cursor_get(&cursor, dhcp->mac, sizeof(dhcp->mac));
	cursor_take(&cursor, 10 + SNAME + FILE_NAME);
	if (cursor_get32(&cursor) != COOKIE || cursor.failed || relay)
		return false;
	read_options(dhcp, &cursor);
	return dhcp->name.length > 0;
}
