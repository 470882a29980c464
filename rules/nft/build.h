/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "nft/ruleset.h"
#include "nft/table.h"

/* A ruleset in the making: sets, maps and counters (build.c), chains (ruleset.c). */

enum { BUILD_DNS_PORT = 53 };

struct build {
	struct table *table;
	const struct settings *settings;
	const struct policy *policy;
	bool enforce;
	const struct table_set *lan;	/* the interfaces of the inside, each once */
	bool aside;			/* some interface manages and forwards nothing */
	const char *chain[ACTION_COUNT][CATEGORY_COUNT];	/* those that a map leads to */
};

/* The bytes that a packet has of it: the last 4 or all 16. */
const uint8_t *build_bytes(const struct addr *addr);

void build_counters(struct build *build);
void build_sets(struct build *build);	/* from the settings */
void build_maps(struct build *build);	/* from the policy; fills build->chain */
