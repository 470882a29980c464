/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "rules/policy/block.h"
#include "rules/policy/list.h"

/* The limits of compile.h: what no list may do, however well it is written and signed. */

/* The root, public suffixes, private and special space; one error a rule, with its line. */
void sanity_check_list(const struct rule_list *list, struct diag *diag);

/* Blocked, and exempt, IPv4 addresses in 1/65536 of all; -EINVAL with diag above the limit. */
int sanity_check_share(const struct policy_range *ranges, size_t count,
		       const struct block_rule *rules, unsigned int limit, struct diag *diag);

/* Ports that are blocked towards every host: how many of TCP and of UDP, and none of those that every
 * network needs. -EINVAL with diag. */
enum { SANITY_PORTS = 1024 };
int sanity_check_ports(const struct policy_ports *ranges, size_t count,
		       const struct block_rule *rules, struct diag *diag);
