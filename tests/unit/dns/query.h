/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* DNS messages for the tests of this folder. */

#include "tests/unit/sample.h"

#include "appliance/base/cursor.h"
#include "dns/wire.h"

struct packet {
	uint8_t bytes[2048];
	size_t size;
};

static inline void packet_add(struct packet *packet, const void *bytes, size_t size)
{
	assert_true(packet->size + size <= sizeof(packet->bytes));
	memcpy(packet->bytes + packet->size, bytes, size);
	packet->size += size;
}

#define PACKET_ADD(packet, literal) packet_add(packet, literal, sizeof(literal) - 1)

/* Id 0x1234, recursion desired, class IN. */
static inline struct packet query_packet(const char *text, uint16_t type)
{
	struct packet packet = { .size = 0 };
	struct name name = sample_name(text);
	const uint8_t tail[4] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 1 };

	PACKET_ADD(&packet, "\x12\x34\x01\x00\0\1\0\0\0\0\0\0");
	packet_add(&packet, name.wire, name.length);
	packet_add(&packet, tail, sizeof(tail));
	return packet;
}

/* The same with OPT: 1232 bytes, DO. */
static inline struct packet query_packet_edns(const char *text, uint16_t type)
{
	struct packet packet = query_packet(text, type);

	packet.bytes[11] = 1;
	PACKET_ADD(&packet, "\0\0\x29\x04\xd0\0\0\x80\0\0\0");
	return packet;
}
