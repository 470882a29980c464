/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"
#include "rules/policy/policy.h"

/*
 * Turns nested and overlapping patterns into disjoint ranges; the most specific wins. nft interval
 * maps refuse overlaps, and binary search needs order. Among equals the higher rank wins, then the
 * first.
 */
struct flatten_item {
	struct prefix prefix;
	uint8_t rank;
	uint32_t rule;
};

struct flatten_ports {
	struct ports ports;
	uint8_t rank;
	uint32_t rule;
};

/* Appends ascending entries of struct policy_range; sorts the items. 0 or -ENOMEM. */
int flatten_prefixes(struct flatten_item *items, size_t count, struct text *ranges);

/*
 * Appends entries of struct policy_ports, TCP before UDP, ascending; sorts the items. 0 or -ENOMEM.
 */
int flatten_port_rules(struct flatten_ports *items, size_t count, struct text *out);
