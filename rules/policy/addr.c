/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

bool addr_is_v4(const struct addr *addr)
{
	return memcmp(addr->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct addr addr_from_bytes(const void *bytes, size_t size)
{
	struct addr addr;

	if (size == 4) {
		memcpy(addr.bytes, v4_mapped, sizeof(v4_mapped));
		memcpy(addr.bytes + 12, bytes, 4);
	} else {
		memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	}
	return addr;
}

struct addr addr_v4(uint32_t host_order)
{
	uint32_t network = htonl(host_order);

	return addr_from_bytes(&network, sizeof(network));
}

int addr_from_sockaddr(const struct sockaddr *sa, struct addr *addr, uint16_t *port)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		*addr = addr_from_bytes(&in.sin_addr, 4);
		*port = ntohs(in.sin_port);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		*addr = addr_from_bytes(&in6.sin6_addr, 16);
		*port = ntohs(in6.sin6_port);
		return 0;
	}
	return -EAFNOSUPPORT;
}

socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (addr_is_v4(addr)) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr->bytes + 12, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, addr->bytes, 16);
	return sizeof(*in6);
}

int addr_parse(struct addr *addr, const char *text, size_t length)
{
	char copy[ADDR_TEXT];
	uint8_t bytes[16];

	if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		*addr = addr_from_bytes(bytes, 4);
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		*addr = addr_from_bytes(bytes, 16);
	else
		return -EINVAL;
	return 0;
}

/* A decimal number of at most max, without sign or leading zeros; -1 when it is not one. */
static int number(const char *text, size_t length, int max)
{
	int value = 0;

	if (length == 0 || length > 5 || (text[0] == '0' && length > 1))
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value <= max ? value : -1;
}

struct addr prefix_first(const struct prefix *prefix)
{
	return prefix->addr;
}

struct addr prefix_last(const struct prefix *prefix)
{
	struct addr last = prefix->addr;

	for (unsigned int bit = prefix->length; bit < 128; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}

int prefix_parse(struct prefix *prefix, const char *text, size_t length)
{
	const char *slash = memchr(text, '/', length);
	size_t before = slash ? (size_t)(slash - text) : length;
	struct prefix whole;
	int bits, offset;

	if (addr_parse(&prefix->addr, text, before) < 0)
		return -EINVAL;
	offset = addr_is_v4(&prefix->addr) ? ADDR_V4_BITS : 0;
	bits = slash ? number(slash + 1, length - before - 1, 128 - offset) : 128 - offset;
	if (bits < 0)
		return -EINVAL;
	prefix->length = (uint8_t)(bits + offset);
	/* Host bits: the last address of 0-bits-masked addr equals last only if none is set. */
	whole = *prefix;
	for (unsigned int bit = prefix->length; bit < 128; bit++)
		whole.addr.bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return addr_compare(&whole.addr, &prefix->addr) == 0 ? 0 : -ERANGE;
}

int endpoint_parse(struct addr *addr, uint16_t *port, const char *text, size_t length)
{
	const char *colon;
	int value;

	if (addr_parse(addr, text, length) == 0)
		return 0;
	colon = memrchr(text, ':', length);
	if (colon) {
		size_t before = (size_t)(colon - text);

		value = number(colon + 1, length - before - 1, 65535);
		if (value <= 0)
			return -EINVAL;
		*port = (uint16_t)value;
		length = before;
	}
	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		return addr_parse(addr, text + 1, length - 2);
	if (!colon || addr_parse(addr, text, length) < 0 || !addr_is_v4(addr))
		return -EINVAL;
	return 0;
}

char *addr_print(const struct addr *addr, char *buffer)
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->bytes + 12, buffer, ADDR_TEXT);
	else
		inet_ntop(AF_INET6, addr->bytes, buffer, ADDR_TEXT);
	return buffer;
}

char *prefix_print(const struct prefix *prefix, char *buffer)
{
	int offset = addr_is_v4(&prefix->addr) && prefix->length >= ADDR_V4_BITS ? ADDR_V4_BITS : 0;
	size_t used;

	addr_print(&prefix->addr, buffer);
	used = strlen(buffer);
	if (prefix->length < 128)
		snprintf(buffer + used, PREFIX_TEXT - used, "/%d", prefix->length - offset);
	return buffer;
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	struct addr last = prefix_last(prefix);

	return addr_compare(addr, &prefix->addr) >= 0 && addr_compare(addr, &last) <= 0;
}

bool addr_next(struct addr *addr)
{
	for (int i = 15; i >= 0; i--) {
		if (++addr->bytes[i] != 0)
			return true;
	}
	return false;
}

bool addr_previous(struct addr *addr)
{
	for (int i = 15; i >= 0; i--) {
		if (addr->bytes[i]-- != 0)
			return true;
	}
	return false;
}

static bool in_table(const struct prefix *table, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (prefix_contains(&table[i], addr))
			return true;
	}
	return false;
}

#define V4(a, b, bits) { { { [10] = 0xff, 0xff, a, b } }, ADDR_V4_BITS + (bits) }
#define V6(a, b, bits) { { { a, b } }, bits }

bool addr_is_private(const struct addr *addr)
{
	static const struct prefix table[] = {
		V4(0, 0, 8), V4(10, 0, 8), V4(127, 0, 8), V4(169, 254, 16), V4(172, 16, 12),
		V4(192, 168, 16), V6(0, 0, 127), V6(0xfc, 0, 7), V6(0xfe, 0x80, 10),
		V6(0xfe, 0xc0, 10),
	};

	return in_table(table, sizeof(table) / sizeof(*table), addr);
}

bool addr_is_loopback(const struct addr *addr)
{
	static const struct prefix table[] = { V4(127, 0, 8) };
	static const struct addr loopback = { .bytes = { [15] = 1 } };

	return in_table(table, sizeof(table) / sizeof(*table), addr) ||
	       addr_compare(addr, &loopback) == 0;
}

bool addr_is_host(const struct addr *addr)
{
	static const struct prefix table[] = {
		V4(0, 0, 8), V4(224, 0, 4), V4(240, 0, 4), V6(0, 0, 128), V6(0xff, 0, 8),
	};

	return !in_table(table, sizeof(table) / sizeof(*table), addr);
}
