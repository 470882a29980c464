/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/probe.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/cursor.h"

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8, TCP_HEADER = 20, TTL = 16 };
enum { TCP_SYN = 0x02, TCP_RST = 0x04, DNS_HEADER = 12, TYPE_A = 1, TYPE_OPT = 41, CLASS_IN = 1,
       OPTION_EDE = 15, EDNS_SIZE = 1232, ICMP_DEST_UNREACH = 3, ICMPV6_DEST_UNREACH = 1 };

/* ---- writing ---- */

static uint32_t sum_bytes(uint32_t sum, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_sum(uint8_t *at, uint16_t sum)
{
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

/* IPv4 addresses are the last four bytes of their form. */
static const uint8_t *address(const struct addr *addr, size_t *size)
{
	*size = addr_is_v4(addr) ? 4 : 16;
	return addr->bytes + 16 - *size;
}

/* The header in front of payload bytes that are there already; returns its size. */
static size_t put_header(const struct probe *probe, uint8_t protocol, size_t payload,
			 uint8_t *packet)
{
	struct cursor out = cursor_writer(packet, IPV6_HEADER);
	size_t size;
	const uint8_t *from = address(&probe->from, &size), *to = address(&probe->to, &size);

	if (size == 16) {
		cursor_put32(&out, 6U << 28);
		cursor_put16(&out, (uint16_t)payload);
		cursor_put8(&out, protocol);
		cursor_put8(&out, TTL);
		cursor_put(&out, from, size);
		cursor_put(&out, to, size);
		return IPV6_HEADER;
	}
	cursor_put16(&out, 0x4500);
	cursor_put16(&out, (uint16_t)(IPV4_HEADER + payload));
	cursor_put32(&out, 0);		/* one fragment */
	cursor_put8(&out, TTL);
	cursor_put8(&out, protocol);
	cursor_put16(&out, 0);
	cursor_put(&out, from, size);
	cursor_put(&out, to, size);
	put_sum(packet + 10, fold(sum_bytes(0, packet, IPV4_HEADER)));
	return IPV4_HEADER;
}

static uint16_t transport_sum(const struct probe *probe, uint8_t protocol, const uint8_t *data,
			      size_t length)
{
	size_t size;
	uint32_t sum = protocol + (uint32_t)length;
	const uint8_t *from = address(&probe->from, &size), *to = address(&probe->to, &size);

	sum = sum_bytes(sum, from, size);
	sum = sum_bytes(sum, to, size);
	return fold(sum_bytes(sum, data, length));
}

static size_t header_size(const struct probe *probe)
{
	return addr_is_v4(&probe->to) ? IPV4_HEADER : IPV6_HEADER;
}

size_t probe_query(const struct probe *probe, const struct name *name, uint16_t id,
		   uint8_t packet[PROBE_PACKET])
{
	size_t header = header_size(probe),
	       length = UDP_HEADER + DNS_HEADER + name->length + 4U + 11U;
	struct cursor out = cursor_writer(packet + header, length);
	uint16_t sum;

	cursor_put16(&out, probe->from_port);
	cursor_put16(&out, probe->to_port);
	cursor_put16(&out, (uint16_t)length);
	cursor_put16(&out, 0);
	cursor_put16(&out, id);
	cursor_put16(&out, 0x0100);	/* recursion desired */
	cursor_put16(&out, 1);
	cursor_put32(&out, 0);
	cursor_put16(&out, 1);
	cursor_put(&out, name->wire, name->length);
	cursor_put16(&out, TYPE_A);
	cursor_put16(&out, CLASS_IN);
	cursor_put8(&out, 0);
	cursor_put16(&out, TYPE_OPT);
	cursor_put16(&out, EDNS_SIZE);
	cursor_put32(&out, 0);
	cursor_put16(&out, 0);
	sum = transport_sum(probe, IPPROTO_UDP, packet + header, length);
	put_sum(packet + header + 6, sum ? sum : 0xffff);
	return put_header(probe, IPPROTO_UDP, length, packet) + length;
}

size_t probe_syn(const struct probe *probe, uint8_t packet[PROBE_PACKET])
{
	size_t header = header_size(probe);
	struct cursor out = cursor_writer(packet + header, TCP_HEADER);

	cursor_put16(&out, probe->from_port);
	cursor_put16(&out, probe->to_port);
	cursor_put32(&out, 1);
	cursor_put32(&out, 0);
	cursor_put16(&out, 0x5000 | TCP_SYN);
	cursor_put16(&out, 1024);
	cursor_put32(&out, 0);
	put_sum(packet + header + 16,
		transport_sum(probe, IPPROTO_TCP, packet + header, TCP_HEADER));
	return put_header(probe, IPPROTO_TCP, TCP_HEADER, packet) + TCP_HEADER;
}

/* ---- reading ---- */

struct packet {
	struct addr from, to;
	uint8_t protocol;
	struct cursor rest;
};

static bool read_header(struct packet *packet, const uint8_t *data, size_t size)
{
	struct cursor in = cursor_reader(data, size);
	uint8_t first = cursor_get8(&in);
	const uint8_t *from, *to;
	size_t width = first >> 4 == 4 ? 4 : 16,
	       options = first >> 4 == 4 ? (first & 15U) * 4 : IPV6_HEADER;

	if (first >> 4 == 4) {
		(void)cursor_take(&in, 8);
		packet->protocol = cursor_get8(&in);
		(void)cursor_take(&in, 2);
	} else {
		(void)cursor_take(&in, 5);
		packet->protocol = cursor_get8(&in);
		(void)cursor_take(&in, 1);
	}
	from = cursor_take(&in, width);
	to = cursor_take(&in, width);
	if (!from || !to || (first >> 4 != 4 && first >> 4 != 6) || options < in.at ||
	    !cursor_take(&in, options - in.at))
		return false;
	packet->from = addr_from_bytes(from, width);
	packet->to = addr_from_bytes(to, width);
	packet->rest = in;
	return true;
}

static bool between(const struct packet *packet, const struct addr *from, const struct addr *to)
{
	return addr_compare(&packet->from, from) == 0 && addr_compare(&packet->to, to) == 0;
}

/* A name, compressed or not, as far as it has to be skipped. */
static void skip_name(struct cursor *in)
{
	uint8_t length;

	while ((length = cursor_get8(in)) && !in->failed) {
		if (length >= 0xc0) {
			(void)cursor_get8(in);
			return;
		}
		(void)cursor_take(in, length);
	}
}

static void read_options(struct probe_reply *reply, struct cursor in)
{
	while (cursor_left(&in)) {
		uint16_t code = cursor_get16(&in), length = cursor_get16(&in);
		const uint8_t *value = cursor_take(&in, length);

		if (value && code == OPTION_EDE && length >= 2) {
			reply->reason = (uint16_t)(value[0] << 8 | value[1]);
			reply->has_reason = true;
			snprintf(reply->rule, sizeof(reply->rule), "%.*s", length - 2,
				 (const char *)value + 2);
		}
	}
}

static void read_answer(struct probe_reply *reply, uint16_t id, struct cursor in)
{
	uint16_t found = cursor_get16(&in), flags = cursor_get16(&in),
		 questions = cursor_get16(&in);
	uint32_t records = cursor_get16(&in);

	records += cursor_get16(&in);
	records += cursor_get16(&in);
	if (in.failed || found != id || !(flags & 0x8000))
		return;
	for (; questions && !in.failed; questions--) {
		skip_name(&in);
		(void)cursor_take(&in, 4);
	}
	for (; records && !in.failed; records--) {
		uint16_t type, length;
		const uint8_t *data;

		skip_name(&in);
		type = cursor_get16(&in);
		(void)cursor_take(&in, 6);
		length = cursor_get16(&in);
		data = cursor_take(&in, length);
		if (data && type == TYPE_OPT)
			read_options(reply, cursor_reader(data, length));
	}
	reply->rcode = flags & 15;
	if (!in.failed)
		reply->kind = PROBE_ANSWER;
}

static void read_tcp(struct probe_reply *reply, const struct probe *probe, struct packet *packet)
{
	uint16_t from = cursor_get16(&packet->rest), to = cursor_get16(&packet->rest), flags;

	(void)cursor_take(&packet->rest, 8);
	flags = cursor_get16(&packet->rest);
	if (packet->rest.failed)
		return;
	if (flags & TCP_RST && from == probe->to_port && to == probe->from_port)
		reply->kind = PROBE_REFUSED;
	/* Source NAT may have changed where it comes from. */
	else if (flags & TCP_SYN && to == probe->to_port)
		reply->kind = PROBE_ARRIVED;
}

static void read_udp(struct probe_reply *reply, const struct probe *probe, uint16_t id,
		     struct packet *packet)
{
	uint16_t from = cursor_get16(&packet->rest), to = cursor_get16(&packet->rest);

	(void)cursor_take(&packet->rest, 4);
	if (from == probe->to_port && to == probe->from_port)
		read_answer(reply, id, packet->rest);
	else if (to == probe->to_port)
		reply->kind = PROBE_ARRIVED;
}

void probe_read(struct probe_reply *reply, const struct probe *probe, uint16_t id,
		const uint8_t *data, size_t size)
{
	struct packet packet;
	uint8_t type;

	*reply = (struct probe_reply){ .kind = PROBE_OTHER };
	if (!read_header(&packet, data, size))
		return;
	if (packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6) {
		type = cursor_get8(&packet.rest);
		if (addr_compare(&packet.to, &probe->from) == 0 &&
		    type == (packet.protocol == IPPROTO_ICMP ? ICMP_DEST_UNREACH :
							       ICMPV6_DEST_UNREACH))
			reply->kind = PROBE_REFUSED;
		return;
	}
	if (!between(&packet, &probe->to, &probe->from) &&
	    addr_compare(&packet.to, &probe->to) != 0)
		return;
	if (packet.protocol == IPPROTO_TCP)
		read_tcp(reply, probe, &packet);
	else if (packet.protocol == IPPROTO_UDP)
		read_udp(reply, probe, id, &packet);
}
