/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "system/wiring.h"

/*
 * What udhcpc and udhcpc6 pass on from the network: words in the environment of the program that they
 * call. Hostile until read here; what does not read well is left out.
 */
enum lease_event { LEASE_OTHER, LEASE_BOUND, LEASE_GONE };

struct lease {
	enum lease_event event;
	bool v6;
	struct network_address address;	/* has_address: IPv4 of the WAN */
	bool has_address;
	struct addr router;
	bool has_router;
	struct addr dns[WIRING_DNS];
	size_t dns_count;
	struct prefix prefix;		/* has_prefix: delegated, IPv6 */
	bool has_prefix;
};

/* get: a variable's value, or NULL. v6: it comes from udhcpc6. -EINVAL with diag: not on the WAN, or an
 * address that no host can have; nothing of it counts then. */
int lease_parse(struct lease *lease, const struct network *network, const char *event, bool v6,
		const char *(*get)(const char *name), struct diag *diag)
	__attribute__((warn_unused_result));

/* Does what it gives lie beside the networks of the LANs and those behind them? So it does when it was parsed; the
 * settings may be other ones since. */
bool lease_fits(const struct lease *lease, const struct network *network);

/* What follows for addresses and routes; old: what the last lease of this family had. */
void lease_wiring(struct wiring *wiring, const struct network *network, const struct lease *lease,
		const struct lease *old);

/* Do both name the same DNS servers, in whatever order? Some servers change it with every lease. */
bool lease_same_dns(const struct lease *lease, const struct lease *old);

/*
 * What is kept of leases: one line a family, "4 ADDRESS/LENGTH|- ROUTER|- DNS..." or
 * "6 PREFIX|- - DNS...".
 */
void lease_print(const struct lease *lease, struct text *out);
/* -EINVAL when it is not such a line; *v6 says which family. */
int lease_read(struct lease *lease, const char *line) __attribute__((warn_unused_result));
