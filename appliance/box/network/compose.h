/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/text.h"
#include "appliance/settings/network.h"

/*
 * The settings that cordond runs with: the administrator's cordon.conf as it is, and behind it what
 * it leaves open, from network.conf and from what DHCP said. What it says itself always wins, but
 * that every LAN of network.conf is one, and its WAN is none. Where DHCP may name resolvers and
 * names none, Quad9 is asked; where it cannot, nobody chooses them but the administrator.
 */
struct compose {
	const char *text;		/* cordon.conf; NULL: there is none */
	size_t length;
	const struct network *network;
	const struct addr *dns;		/* resolvers that DHCP named */
	size_t dns_count;
	const char *trust_root, *mirror_ca, *watchdog;	/* paths; NULL: there is no such file */
};

/* May DHCP, of one family or the other, name resolvers? */
bool compose_learns(const struct network *network);
/* -EINVAL with diag when cordon.conf does not read, or no resolver is named; -ENOMEM. */
int compose(const struct compose *compose, struct text *out, struct diag *diag)
	__attribute__((warn_unused_result));
