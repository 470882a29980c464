/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "rules/nft/netlink.h"

/* The policy rules of route.h, of one family each. -errno, with diag where a rule was refused. */

enum { ROUTE_TABLE = 0xc0d, ROUTE_PRIORITY = 100, ROUTE_LAST_PRIORITY = 104 };

/* Policy rules of others that are asked before the barrier and lead packets past it. */
enum { ROUTE_OTHERS = 4, ROUTE_OTHER_TEXT = 80 };
struct route_others {
	char text[ROUTE_OTHERS][ROUTE_OTHER_TEXT];	/* "50 (IPv4): lookup 200" */
	size_t count;	/* all of them */
};

/* 100, 101 and 104; ours that were altered, and those of earlier versions, go. */
int preference_apply(struct netlink *netlink, uint8_t family, bool *changed, struct diag *diag)
	__attribute__((warn_unused_result));
/* 102 and 103, or none of them; others may be NULL, and is added to. */
int preference_barrier(struct netlink *netlink, uint8_t family, bool on, bool *changed,
		       struct route_others *others, struct diag *diag)
	__attribute__((warn_unused_result));
/* What preference_apply made. */
int preference_remove(struct netlink *netlink, uint8_t family, struct diag *diag)
	__attribute__((warn_unused_result));
