/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/network/wiring.h"

/*
 * What udhcpc and udhcpc6 pass on from the network: words in the environment of the program that
 * they call. Hostile until read here; what does not read well is left out.
 */
enum lease_event {
	LEASE_OTHER,	/* nothing changes */
	LEASE_FAILED,	/* nobody answered; what there is stays until it ends */
	LEASE_BOUND,
	LEASE_GONE,	/* the client begins anew, or its lease has ended */
	LEASE_REFUSED	/* the server took it away */
};
enum {
	LEASE_ROUTES = 16,
	LEASE_FOREVER = -1,		/* as uint32_t: RFC 2131, 3.3; RFC 8415, 7.7 */
	LEASE_MTU_LEAST = 576,		/* RFC 2132, 5.1 */
	LEASE_MTU_LEAST_V6 = 1280,	/* RFC 8200, 5 */
	LEASE_MTU_USUAL = 1500		/* Ethernet, without an option */
};

struct lease_route {
	struct prefix to;
	struct addr via;
	bool on_link;		/* no via: the network is the WAN's own (RFC 3442) */
};

/* A prefix that is no longer delegated; clients may have addresses of it until then (uptime). */
struct lease_stale {
	struct prefix prefix;
	int64_t until;
};

struct lease {
	enum lease_event event;
	bool v6;
	int64_t since;			/* uptime in ms at which it came; 0: not known */
	uint32_t preferred, valid; /* seconds from then on, of address or prefix; LEASE_FOREVER */
	struct network_address address;	/* has_address: IPv4 of the WAN */
	bool has_address;
	struct addr router;
	bool has_router;
	struct lease_route route[LEASE_ROUTES];	/* beside the default one */
	size_t routes;
	uint32_t mtu;			/* 0: not given */
	struct addr dns[WIRING_DNS];
	size_t dns_count;
	struct prefix prefix;		/* has_prefix: delegated, IPv6 */
	bool has_prefix;
	struct lease_stale stale[WIRING_STALES];	/* the newest first */
	size_t stales;
};

/*
 * get: a variable's value, or NULL. v6: it comes from udhcpc6. -EINVAL with diag: not on the WAN,
 * or an address that no host can have; nothing of it counts then. 0 with diag: parts of it were
 * left out.
 */
int lease_parse(struct lease *lease, const struct network *network, const char *event, bool v6,
		const char *(*get)(const char *name), struct diag *diag)
	__attribute__((warn_unused_result));

/* Does what it gives lie beside the networks of the LANs and those behind them? So it does when it
 * was parsed; the settings may be other ones since. */
bool lease_fits(const struct lease *lease, const struct network *network);

/* Without the routes that would take a network from a LAN of other settings. */
void lease_refit(struct lease *lease, const struct network *network);

/* What follows for addresses and routes; old: what the last lease of this family had. */
void lease_wiring(struct wiring *wiring, const struct network *network, const struct lease *lease,
		const struct lease *old);

/* ---- lease_time.c (now: uptime in ms) ---- */

/* Seconds that are left of a lifetime of it; LEASE_FOREVER stays. */
uint32_t lease_left(const struct lease *lease, uint32_t lifetime, int64_t now);
/* Has its valid lifetime ended? */
bool lease_over(const struct lease *lease, int64_t now);
/*
 * What an event comes to on a box whose clients were last told to begin anew at the uptime asked
 * (ms; 0: never): they say first that they have nothing, and what the box has stays until a server
 * else is heard, or until it ends. So do prefixes from before a restart (old came at no time): they
 * are stale once another server answers, or none does.
 */
enum lease_event lease_judge(const struct lease *lease, const struct lease *old, int64_t asked,
			     int64_t now);
/* lease came at now, and old was there before it: the prefix that clients have of old is stale, as
 * were those before. */
void lease_follow(struct lease *lease, const struct lease *old, int64_t now);
/* Its prefix and the stale ones as they are to be announced now, into the facts of them. */
void lease_announce(const struct lease *lease, int64_t now, struct wiring_facts *facts);

/* ---- lease_kept.c ---- */

/* Do both name the same DNS servers, in whatever order? Some servers change it with every lease. */
bool lease_same_dns(const struct lease *lease, const struct lease *old);

/*
 * One line a family, "4 ADDRESS/LENGTH|- ROUTER|- WORD..." or "6 PREFIX|- - WORD...". A word is a
 * DNS server, or since=, preferred=, valid=, mtu=NUMBER, route=PREFIX,VIA|-, stale=PREFIX,UNTIL.
 */
void lease_print(const struct lease *lease, struct text *out);
/* -EINVAL when it is not such a line; *v6 says which family. */
int lease_read(struct lease *lease, const char *line) __attribute__((warn_unused_result));
/* One more DNS server, if the word is one that this box could ask and there is room. network may be
 * NULL. */
void lease_add_dns(struct lease *lease, const struct network *network, const char *word,
		   size_t length);

/*
 * Prefixes that clients may have, over a restart: lines "PREFIX SECONDS WALL", of which SECONDS
 * were left at WALL (seconds since 1970; 0: at whatever moment it is replaced). read: as stale ones
 * of lease; nothing that does not read well, and nothing that has ended.
 */
void lease_print_prefixes(const struct lease *lease, int64_t now, int64_t wall, struct text *out);
void lease_read_prefixes(struct lease *lease, const char *text, int64_t now, int64_t wall);
