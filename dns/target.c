/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/target.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The deepest internal zone at or above the name. */
static const struct internal_zone *find_zone(const struct settings *settings,
					     const struct name *name)
{
	const struct internal_zone *best = NULL;

	for (size_t i = 0; i < settings->zones; i++) {
		const struct internal_zone *zone = &settings->zone[i];

		if ((!best || best->name.labels < zone->name.labels) &&
		    name_prefix(name, &zone->name) >= 0)
			best = zone;
	}
	return best;
}

/* Is it an address of the gateway? Forwarding to itself would loop. */
static bool is_own(const struct addr *addr)
{
	struct sockaddr_storage to, from;
	socklen_t size = addr_to_sockaddr(addr, 53, &to), from_size = sizeof(from);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr source;
	uint16_t port;
	bool own;

	if (fd < 0)
		return false;
	/* To a link-local address, or without a route, nothing could be forwarded. */
	own = connect(fd, (struct sockaddr *)&to, size) < 0 ||
	      (getsockname(fd, (struct sockaddr *)&from, &from_size) == 0 &&
	       addr_from_sockaddr((struct sockaddr *)&from, &source, &port) == 0 &&
	       addr_compare(&source, addr) == 0);
	close(fd);
	return own;
}

/* Forwards to the very server that the client asked. */
static void target_asked(const struct path *path, struct target *target)
{
	target->server[0] = (struct endpoint){ path->asked, 53 };
	target->servers = 1;
	target->transparent = true;
}

/* Signed messages, key negotiations, updates, transfers: only the server itself can answer them. */
static bool is_between_ends(const struct query *query)
{
	return query->opcode != OPCODE_QUERY || query->records || query->type == TYPE_AXFR ||
	       query->type == TYPE_IXFR || query->type == TYPE_TKEY;
}

/* Where a query goes that was sent to path->asked. */
void target_find(const struct settings *settings, const struct path *path,
		 const struct query *query, struct target *target)
{
	const struct internal_zone *zone;

	*target = (struct target){ .internal = true, .untouched = is_between_ends(query) };
	if (settings_is_internal_dns(settings, &path->asked)) {
		target_asked(path, target);
		return;
	}
	/*
	 * The answers to the queries of the agency's servers must come from the servers that they
	 * asked.
	 */
	if (settings_is_internal_dns(settings, &path->client) && !is_own(&path->asked)) {
		target->internal = false;
		target_asked(path, target);
		return;
	}
	zone = find_zone(settings, &query->name);
	if (zone) {
		memcpy(target->server, zone->server, zone->servers * sizeof(*zone->server));
		target->servers = zone->servers;
		return;
	}
	target->internal = target->untouched = false;
	target->servers = settings->upstreams;
	memcpy(target->server, settings->upstream,
	       settings->upstreams * sizeof(*settings->upstream));
	target->open = true;
}

/* Updates and the like concern the agency's servers: upstreams are only sent queries. Transfers are
 * refused too: no public resolver provides one. */
uint8_t target_refusal(const struct target *target, const struct query *query)
{
	if (!target->open)
		return RCODE_NOERROR;
	if (query->opcode != OPCODE_QUERY)
		return RCODE_NOTIMP;
	return query->type == TYPE_AXFR || query->type == TYPE_IXFR ? RCODE_REFUSED : RCODE_NOERROR;
}
