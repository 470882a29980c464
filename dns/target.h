/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/core.h"
#include "dns/wire.h"

/* Where a query goes on to: upstreams, internal zones, or the server that was asked itself. */
struct target {
	struct endpoint server[SETTINGS_UPSTREAMS];
	size_t servers;
	bool internal;		/* the agency's own servers */
	/* The upstreams; neither: the server that an internal one asked. */
	bool open;
	bool untouched;		/* the message is between client and server: no byte changes */
	bool transparent;	/* from the client's own address */
};

/* Decides by the client, the server that it asked, and the name. */
void target_find(const struct settings *settings, const struct path *path,
		 const struct query *query, struct target *target);
/*
 * RCODE_NOERROR: it may go there. Updates and the like are for the agency's servers: upstreams are
 * only sent queries. Transfers are refused too: no public resolver provides one.
 */
uint8_t target_refusal(const struct target *target, const struct query *query);
