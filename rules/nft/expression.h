/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libnftnl/rule.h>

#include "rules/nft/table.h"

/*
 * A rule as kernel expressions, register for register as nft writes them, so that `nft list` shows
 * the text that we would print. The caller frees it. NULL: out of memory.
 */
struct nftnl_rule *expression_rule(const struct table *table, const struct table_chain *chain,
				   const struct table_rule *rule);

/* NF_ACCEPT, NFT_GOTO, ... */
uint32_t expression_verdict(const struct table_target *target);
