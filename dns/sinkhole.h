/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"
#include "dns/special.h"
#include "dns/wire.h"
#include "rules/policy/policy.h"

/* The core: from packet and policy to reply, without sockets, clocks or memory of its own. */
enum sinkhole_step {
	SINKHOLE_DROP,		/* nothing is due */
	SINKHOLE_REPLY,		/* *size bytes in reply are the answer */
	SINKHOLE_FORWARD	/* ask an upstream; query and verdict say what is known */
};

/* An upper limit for what we ever add to a reply after the question. */
enum { SINKHOLE_ROOM = 512 };

/* Who asked, and when: the input of a cookie for the reply. */
struct sinkhole_client {
	const uint8_t *secret;	/* COOKIE_SECRET bytes */
	struct addr address;
	uint32_t now;		/* seconds since 1970, modulo 2^32 */
};

/*
 * data: a message as received. reply: may be data itself, with room for SINKHOLE_ROOM bytes after
 * size. *query: set unless the step is SINKHOLE_DROP, with the cookie for any reply. *verdict: set
 * unless the step is SINKHOLE_DROP or the message was malformed.
 */
enum sinkhole_step sinkhole_answer(const struct settings *settings, const struct policy *policy,
				   const struct sinkhole_client *client, const uint8_t *data,
				   size_t size, struct query *query, struct verdict *verdict,
				   uint8_t *reply, size_t *reply_size);

/* The reply to a query that the verdict blocks (RFC 2308, RFC 8914); returns its size. */
size_t sinkhole_block(const struct settings *settings, const struct policy *policy,
		      const uint8_t *data, const struct query *query,
		      const struct verdict *verdict, uint8_t *reply);

/* A reply without records, with the Extended DNS Error `info` if the query had EDNS (0: none).
 * BADVERS needs a query with EDNS. Returns its size. */
size_t sinkhole_error(const uint8_t *data, const struct query *query, uint8_t rcode,
		      uint16_t info, uint8_t *reply);
/* The same with a text for people; info may be EDE_OTHER, which is 0. */
size_t sinkhole_say(const uint8_t *data, const struct query *query, uint8_t rcode, uint16_t info,
		    const char *text, uint8_t *reply);

/* The reply to a query for a special name (dns/special.h); depth as found there. */
size_t sinkhole_special(const uint8_t *data, const struct query *query, enum special special,
			uint8_t depth, uint8_t *reply);
