/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/nft/route.h"

/* The policy rules of route.h, of one family each. -errno, with diag where a rule was refused. */

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
