/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"
#include "dns/cookie.h"

/*
 * What is known about the servers that queries go to, and which to ask next. The choice is the same
 * for upstreams, internal zones and internal servers, over UDP and TCP. State and time in, a
 * decision out: it neither sends nor waits. Bounded: of the servers that clients bring in (those
 * that an internal server asks), the longest unused are forgotten.
 *
 * A server is sick after one silence, or after three errors in a row where another server had an
 * answer. It rests: the others are asked first. Then one question tries it; as long as it stays
 * sick, each rest is twice as long as the one before.
 */
enum {
	SERVERS_SETS = 128,	/* a power of two */
	SERVERS_WAYS = 4,
	SERVERS_REST_MS = 5000,		/* for the first time */
	SERVERS_REST_MAX_MS = 300000,
	SERVERS_TRIAL_MS = 2000,	/* until another question tries it */
	SERVERS_ABILITY_MS = 900000,	/* then its missing abilities are tried again */
	SERVERS_DROPS = 3,		/* so many drops of messages with OPT are not by chance
					 * ... */
	SERVERS_DROPS_MS = 60000,	/* ... and is believed for so long */
	SERVERS_NO_TCP_MS = 60000,
	SERVERS_COOKIE_MS = 3600000,	/* our cookie for it is renewed */
	SERVERS_DONE = UINT8_MAX	/* not to be asked again for this query */
};

enum servers_fault {
	SERVERS_ERRED,	/* SERVFAIL, REFUSED, nonsense: while another one had an answer */
	SERVERS_SILENT	/* no answer within the time-out, or unreachable */
};

struct server {
	struct endpoint at;
	bool known;		/* a place in use */
	uint8_t faults;		/* weight; it rests from SERVERS_SICK on */
	int64_t used;		/* ms, clock_uptime_ms, as below */
	int64_t until;		/* rests */
	bool speaks_edns;	/* answered with OPT before */
	uint8_t drops;		/* answers only without OPT, after silence with one */
	int64_t no_edns;	/* until then it is asked without OPT */
	int64_t no_tcp;		/* until then it is asked over UDP only */
	int64_t cookie_until;	/* 0: there is none yet */
	uint8_t cookie[COOKIE_CLIENT];
	uint8_t server_cookie[COOKIE_SERVER_MAX];
	uint8_t server_cookie_size;
};

struct servers {
	struct server set[SERVERS_SETS][SERVERS_WAYS];
};

/* What is known about one; never NULL. Valid until the next call. */
struct server *servers_at(struct servers *servers, const struct endpoint *at, int64_t now);

/*
 * Which of count servers to ask next. asked[i]: how often each was asked for this query, or
 * SERVERS_DONE. The least asked comes first; among those, healthy ones; among those, the given
 * order. Returns count if all are done. The caller counts.
 */
size_t servers_next(struct servers *servers, const struct endpoint *at, const uint8_t *asked,
		    size_t count, int64_t now);

/* What became of a question. */
void servers_answered(struct servers *servers, const struct endpoint *at, int64_t now);
void servers_failed(struct servers *servers, const struct endpoint *at, enum servers_fault fault,
		    int64_t now);

/* Does it rest now? */
bool server_rests(const struct server *server, int64_t now);
