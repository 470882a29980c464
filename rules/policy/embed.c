/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/embed.h"

#include <errno.h>

enum { U_OCTET = 8 };	/* bits 64 to 71 are zero (RFC 6052, 2.2) */

#define V6(...) { .bytes = { __VA_ARGS__ } }

const struct embedding embed_known[EMBED_KNOWN] = {
	{ { V6(0x00, 0x64, 0xff, 0x9b), 96 }, { 12, 13, 14, 15 } },		/* RFC 6052 */
	/*
	 * RFC 8215 leaves the length to the network: most use a /96 inside it, some the /48 itself.
	 */
	{ { V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48 }, { 12, 13, 14, 15 } },
	{ { V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48 }, { 6, 7, 9, 10 } },
	{ { V6(0x20, 0x02), 16 }, { 2, 3, 4, 5 } },				/* 6to4 */
	{ { V6(0), 96 }, { 12, 13, 14, 15 } },					/* compatible */
	{ { V6(0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 96 }, { 12, 13, 14, 15 } },	/* translated */
};

int embed_nat64(struct embedding *embedding, const struct prefix *prefix)
{
	uint8_t at = prefix->length / 8;

	if (prefix->length % 8 != 0 || prefix->length < 32 || prefix->length > 96 ||
	    (prefix->length > 64 && prefix->length < 96) || addr_is_v4(&prefix->addr))
		return -EINVAL;
	embedding->prefix = *prefix;
	for (int i = 0; i < 4; i++, at++) {
		if (at == U_OCTET)
			at++;
		embedding->at[i] = at;
	}
	return 0;
}

bool embed_contiguous(const struct embedding *embedding)
{
	return embedding->at[3] == embedding->at[0] + 3;
}

bool embed_unwrap(const struct embedding *embedding, const struct addr *addr, struct addr *v4)
{
	uint8_t bytes[4];

	if (addr_is_v4(addr) || !prefix_contains(&embedding->prefix, addr) ||
	    (!embed_contiguous(embedding) && addr->bytes[U_OCTET] != 0))
		return false;
	for (int i = 0; i < 4; i++)
		bytes[i] = addr->bytes[embedding->at[i]];
	*v4 = addr_from_bytes(bytes, sizeof(bytes));
	return true;
}

struct addr embed_wrap(const struct embedding *embedding, const struct addr *v4)
{
	struct addr addr = embedding->prefix.addr;

	for (int i = 0; i < 4; i++)
		addr.bytes[embedding->at[i]] = v4->bytes[12 + i];
	return addr;
}
