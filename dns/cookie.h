/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/policy/addr.h"

/*
 * DNS cookies (RFC 7873) as bytes: those that the gateway gives its clients, and those that it
 * shows to servers. Both derive from secrets that all workers share.
 */
enum {
	COOKIE_CLIENT = 8,		/* bytes of a client cookie */
	COOKIE_SERVER = 16,		/* of the server cookies that we give */
	COOKIE_SERVER_MIN = 8,		/* of those that others give */
	COOKIE_SERVER_MAX = 32,
	COOKIE_SECRET = 16
};

struct cookie_secrets {
	uint8_t server[COOKIE_SECRET];	/* for the cookies that we give */
	uint8_t own[COOKIE_SECRET];	/* for those that we show */
};

/*
 * The interoperable server cookie, version 1 (RFC 9018, 4); now: seconds since 1970, modulo 2^32.
 */
void cookie_give(const uint8_t secret[COOKIE_SECRET], const uint8_t client[COOKIE_CLIENT],
		 const struct addr *address, uint32_t now, uint8_t cookie[COOKIE_SERVER]);

/*
 * A client cookie to show to a server, different for each nonce. With the secret, any cookie can be
 * recognised as ours: a query with one is our own, come back.
 */
void cookie_own(const uint8_t secret[COOKIE_SECRET], uint32_t nonce, uint8_t cookie[COOKIE_CLIENT]);
bool cookie_is_own(const uint8_t secret[COOKIE_SECRET], const uint8_t cookie[COOKIE_CLIENT]);

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
uint64_t cookie_hash(const uint8_t key[COOKIE_SECRET], const void *data, size_t size);
