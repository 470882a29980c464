/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/daemon.h"
#include "appliance/daemon/sizing.h"

/*
 * How long a role may take: work whose size the lists decide is sized before it begins, and waited
 * for as long as it makes progress. What this machine needs for it is measured with each large
 * policy and kept in STATE/rate.
 */
struct patience {
	struct daemon *daemon;
	struct sizing sizing;	/* of the policy on its way, or of what is in force */
	uint32_t rate;		/* of this machine; 0: not measured */
};

/* Reads STATE/rate; without it the rate is not known. */
void patience_load(struct patience *patience);
/* Sizes a policy. False, with the figures in text, when it does not fit this machine; sizing.h says
 * what passes is. */
bool patience_size(struct patience *patience, const struct policy *policy, char *text, size_t size,
		   bool *passes);
/* How long a role may say nothing while it takes the policy, in ms. */
int64_t patience_ms(const struct patience *patience);
/* The rules role took it in that time, and had something to do: how fast is this machine? */
void patience_learn(struct patience *patience, int64_t elapsed_ms);
/* The rules role was ended because it said nothing: the next try has more time. */
void patience_lost(struct patience *patience);
