/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "rules/nft/netlink.h"

/* The policy rules of route.h, per family. 0 or -errno, with diag where a rule was refused. */

enum { ROUTE_TABLE = 0xc0d, ROUTE_PRIORITY = 100, ROUTE_LAST_PRIORITY = 104 };

/* Foreign policy rules that precede the barrier and lead packets past it. */
enum { ROUTE_OTHERS = 4, ROUTE_OTHER_TEXT = 80 };
struct route_others {
	char text[ROUTE_OTHERS][ROUTE_OTHER_TEXT];	/* "50 (IPv4): lookup 200" */
	size_t count;	/* all of them */
};

/* Rules 100, 101 and 104. Removes altered ones and those of earlier versions. */
int preference_apply(struct netlink *netlink, uint8_t family, bool *changed, struct diag *diag)
	__attribute__((warn_unused_result));
/*
 * Rules 102 and 103, or neither. others, unless NULL, collects foreign rules that precede the
 * barrier.
 */
int preference_barrier(struct netlink *netlink, uint8_t family, bool on, bool *changed,
		       struct route_others *others, struct diag *diag)
	__attribute__((warn_unused_result));
/* What preference_apply made. */
int preference_remove(struct netlink *netlink, uint8_t family, struct diag *diag)
	__attribute__((warn_unused_result));
