/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/cookie.h"

#include <endian.h>
#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void turn(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32) + s->v3;
	s->v2 += s->v1;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static uint64_t get64(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, bytes, size);
	return le64toh(value);
}

static inline void take(struct state *s, uint64_t block)
{
	s->v3 ^= block;
	turn(s);
	turn(s);
	s->v0 ^= block;
}

uint64_t cookie_hash(const uint8_t key[COOKIE_SECRET], const void *data, size_t size)
{
	const uint64_t k0 = get64(key, 8), k1 = get64(key + 8, 8);
	struct state s = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
			   k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	const uint8_t *at = data;
	size_t left = size;

	for (; left >= 8; left -= 8, at += 8)
		take(&s, get64(at, 8));
	take(&s, get64(at, left) | (uint64_t)size << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		turn(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void cookie_give(const uint8_t secret[COOKIE_SECRET], const uint8_t client[COOKIE_CLIENT],
		 const struct addr *address, uint32_t now, uint8_t cookie[COOKIE_SERVER])
{
	const size_t skip = addr_is_v4(address) ? 12 : 0, size = sizeof(address->bytes) - skip;
	const uint32_t stamp = htobe32(now);
	uint8_t input[COOKIE_CLIENT + 8 + sizeof(address->bytes)];
	uint64_t hash;

	/* Version, three reserved bytes, the time; then the hash over all of it. */
	memset(cookie, 0, 4);
	cookie[0] = 1;
	memcpy(cookie + 4, &stamp, sizeof(stamp));
	memcpy(input, client, COOKIE_CLIENT);
	memcpy(input + COOKIE_CLIENT, cookie, 8);
	memcpy(input + COOKIE_CLIENT + 8, address->bytes + skip, size);
	hash = htole64(cookie_hash(secret, input, COOKIE_CLIENT + 8 + size));
	memcpy(cookie + 8, &hash, sizeof(hash));
}

void cookie_own(const uint8_t secret[COOKIE_SECRET], uint32_t nonce, uint8_t cookie[COOKIE_CLIENT])
{
	uint64_t hash = cookie_hash(secret, &nonce, sizeof(nonce));

	memcpy(cookie, &nonce, sizeof(nonce));
	memcpy(cookie + sizeof(nonce), &hash, COOKIE_CLIENT - sizeof(nonce));
}

bool cookie_is_own(const uint8_t secret[COOKIE_SECRET], const uint8_t cookie[COOKIE_CLIENT])
{
	uint8_t expected[COOKIE_CLIENT];
	uint32_t nonce;

	memcpy(&nonce, cookie, sizeof(nonce));
	cookie_own(secret, nonce, expected);
	return memcmp(expected, cookie, COOKIE_CLIENT) == 0;
}
