/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "rules/policy/block.h"
#include "rules/policy/list.h"

/* The limits of compile.h: what no list may do, even if well-formed and signed. */

/* The root, public suffixes, private and special space. One error per rule, with its line. */
void sanity_check_list(const struct rule_list *list, struct diag *diag);

/*
 * How many IPv4 addresses are blocked, and how many exempt; limit in 1/65536 of all, 0: default. 0,
 * or -EINVAL with diag above the limit.
 */
int sanity_check_share(const struct policy_range *ranges, size_t count,
		       const struct block_rule *rules, unsigned int limit, struct diag *diag);

/* Ports blocked towards every host: at most SANITY_PORTS of TCP and of UDP, and none that every
 * network needs. 0, or -EINVAL with diag. */
enum { SANITY_PORTS = 1024 };
int sanity_check_ports(const struct policy_ports *ranges, size_t count,
		       const struct block_rule *rules, struct diag *diag);
