/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/servers.h"

#include <string.h>

enum { ERRED = 1, SICK = 3, WORST = SICK + 8 };	/* weights of faults, and the highest total that
						 * counts */

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_compare(&a->addr, &b->addr) == 0;
}

/* FNV-1a; an attacker that chooses colliding addresses makes some entries be forgotten, no more. */
static size_t set_of(const struct endpoint *at)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(at->addr.bytes); i++)
		hash = (hash ^ at->addr.bytes[i]) * 0x100000001b3;
	hash = (hash ^ at->port) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 32) & (SERVERS_SETS - 1);
}

struct server *servers_at(struct servers *servers, const struct endpoint *at, int64_t now)
{
	struct server *set = servers->set[set_of(at)], *oldest = set;

	for (size_t i = 0; i < SERVERS_WAYS; i++) {
		if (set[i].known && same(&set[i].at, at)) {
			set[i].used = now;
			return &set[i];
		}
		if (!set[i].known || (oldest->known && set[i].used < oldest->used))
			oldest = &set[i];
	}
	*oldest = (struct server){ .at = *at, .known = true, .used = now };
	return oldest;
}

bool server_rests(const struct server *server, int64_t now)
{
	return server->faults >= SICK && now < server->until;
}

/* The order of choice: a smaller rank goes first. */
static unsigned int rank(struct servers *servers, const struct endpoint *at, uint8_t asked,
			 int64_t now)
{
	return asked * 2U + server_rests(servers_at(servers, at, now), now);
}

size_t servers_next(struct servers *servers, const struct endpoint *at, const uint8_t *asked,
		    size_t count, int64_t now)
{
	unsigned int least = SERVERS_DONE * 2U;
	struct server *chosen;
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		unsigned int turn = asked[i] == SERVERS_DONE ? least :
				    rank(servers, &at[i], asked[i], now);

		if (turn < least) {
			least = turn;
			best = i;
		}
	}
	if (best == count)
		return count;
	chosen = servers_at(servers, &at[best], now);
	/* This question tries the server; others wait for the outcome. */
	if (chosen->faults >= SICK && now >= chosen->until)
		chosen->until = now + SERVERS_TRIAL_MS;
	return best;
}

void servers_answered(struct servers *servers, const struct endpoint *at, int64_t now)
{
	servers_at(servers, at, now)->faults = 0;
}

void servers_failed(struct servers *servers, const struct endpoint *at, enum servers_fault fault,
		    int64_t now)
{
	struct server *server = servers_at(servers, at, now);
	bool was = server->faults >= SICK;
	int64_t rest = SERVERS_REST_MS;

	/* Many questions under way fail at once: that counts as one more fault per rest. */
	if (was && now < server->until - SERVERS_TRIAL_MS)
		return;
	/* A device on the path may have begun to drop messages with OPT. */
	if (was)
		server->speaks_edns = false;
	if (was && server->faults < WORST)
		server->faults++;
	else if (!was)
		server->faults = fault == SERVERS_SILENT ? SICK :
				 (uint8_t)(server->faults + ERRED);
	if (server->faults < SICK)
		return;
	rest <<= server->faults - SICK;
	server->until = now + (rest < SERVERS_REST_MAX_MS ? rest : SERVERS_REST_MAX_MS);
}
