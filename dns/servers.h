/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"
#include "dns/cookie.h"

/*
 * What is known of the servers that queries go on to, and whom to ask next: the same choice for
 * upstreams, internal zones and internal servers, over UDP and TCP. State and time in, a decision
 * out: it neither sends nor waits. Bounded: of servers that clients bring about (those that an
 * internal server asks) the ones unused for longest are forgotten.
 *
 * A server is sick once it was silent, or once it erred three times in a row where another one had
 * an answer. It rests: the others are asked first. When that is over, one question tries it; as
 * long as it stays sick it rests for twice as long each time.
 */
enum {
	SERVERS_SETS = 128,	/* a power of two */
	SERVERS_WAYS = 4,
	SERVERS_REST_MS = 5000,		/* for the first time */
	SERVERS_REST_MAX_MS = 300000,
	SERVERS_TRIAL_MS = 2000,	/* until another question tries it */
	SERVERS_ABILITY_MS = 900000,	/* what it cannot do is asked again after that */
	SERVERS_DROPS = 3,		/* so often it drops what has an OPT, not by chance ... */
	SERVERS_DROPS_MS = 60000,	/* ... and is believed for so long */
	SERVERS_NO_TCP_MS = 60000,
	SERVERS_COOKIE_MS = 3600000,	/* our cookie for it is renewed */
	SERVERS_DONE = UINT8_MAX	/* not to be asked again in this matter */
};

enum servers_fault {
	SERVERS_ERRED,	/* SERVFAIL, REFUSED, nonsense: while another one had an answer */
	SERVERS_SILENT	/* nothing within the time-out, or nobody there */
};

struct server {
	struct endpoint at;
	bool known;		/* a place in use */
	uint8_t faults;		/* weight; it rests from SERVERS_SICK on */
	int64_t used;		/* ms, clock_uptime_ms, as below */
	int64_t until;		/* rests */
	bool speaks_edns;	/* answered with OPT before */
	uint8_t drops;		/* answers it had without OPT only, where it was silent with one */
	int64_t no_edns;	/* until when it is asked without OPT */
	int64_t no_tcp;		/* until when it is asked over UDP only */
	int64_t cookie_until;	/* 0: there is none yet */
	uint8_t cookie[COOKIE_CLIENT];
	uint8_t server_cookie[COOKIE_SERVER_MAX];
	uint8_t server_cookie_size;
};

struct servers {
	struct server set[SERVERS_SETS][SERVERS_WAYS];
};

/* What is known of one; never NULL. Valid until the next call. */
struct server *servers_at(struct servers *servers, const struct endpoint *at, int64_t now);

/*
 * Which of count servers to ask next. asked[i]: how often each was asked in this matter already, or
 * SERVERS_DONE. Least asked first, of those the healthy first, of those in the order given. Returns
 * count when all are done. The caller counts.
 */
size_t servers_next(struct servers *servers, const struct endpoint *at, const uint8_t *asked,
		    size_t count, int64_t now);

/* What became of a question. */
void servers_answered(struct servers *servers, const struct endpoint *at, int64_t now);
void servers_failed(struct servers *servers, const struct endpoint *at, enum servers_fault fault,
		    int64_t now);

/* Does it rest now? */
bool server_rests(const struct server *server, int64_t now);
