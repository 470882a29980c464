/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "appliance/box/health/findings.h"
#include "appliance/box/health/probe.h"
#include "rules/nft/trace.h"

/*
 * What the self-test measured, and what follows from it: facts in, findings out. Nothing here sends
 * a packet or prints.
 */

/* A name that was asked of a resolver. Texts are the caller's. */
struct selftest_name {
	const char *name, *resolver;
	const char *rule;	/* that has to block it; NULL: any answer will do */
	struct probe_reply reply;
	struct trace_drop drop;	/* of the packet, if it got no good answer */
};
bool selftest_name_passes(const struct selftest_name *asked);
void selftest_judge_name(struct findings *findings, const struct selftest_name *asked);

enum selftest_state {
	SELFTEST_TRIED,
	SELFTEST_NO_IPV6,	/* this machine does not speak it */
	SELFTEST_NO_FORWARDING,	/* it forwards nothing of this family */
	SELFTEST_NO_ROUTE	/* the kernel refused the route to the test's far end */
};

/* A connection to TCP port 443 of an address. */
struct selftest_address {
	const char *address;
	bool blocked;		/* else it has to be forwarded */
	bool must_forward;	/* network.conf says that this box forwards */
	enum selftest_state state;
	struct probe_reply reply;	/* SELFTEST_TRIED */
	struct trace_drop drop;		/* as above */
};
bool selftest_address_passes(const struct selftest_address *tried);
/* Sets findings->leaks if a packet was forwarded that had to be refused. */
void selftest_judge_address(struct findings *findings, const struct selftest_address *tried);

/* What the policy in force knows of the canaries. */
struct selftest_policy {
	bool names, addresses;	/* it has rules for such of them */
	bool blocks;		/* and one that blocks, were the mode enforce */
};
void selftest_judge_policy(struct findings *findings, const struct selftest_policy *policy);

/*
 * The status that the daemon gave (NULL: no answer). Sets findings->enforce. Interfaces that do not
 * fit the settings are warnings, since the gateway guards what it does not know. Returns whether a
 * policy is in force.
 */
bool selftest_judge_daemon(struct findings *findings, const json_t *status);
