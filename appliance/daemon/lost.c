/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/lost.h"

#include "appliance/daemon/log.h"

/* Events that the log lacks; also what no journal was there to hear of yet. */
static uint64_t loss_of(const struct parent *parent, enum loss loss)
{
	const struct losses *losses = parent->losses;
	struct unlogged unlogged = parent->unlogged;
	uint64_t lost = losses ? losses->lost[loss] : 0;

	if (loss == LOSS_KERNEL)
		lost += unlogged_since(&unlogged, parent->counters, parent->counters_size);
	for (unsigned int i = 0; loss == LOSS_RINGS && i < parent->daemon.workers; i++) {
		uint64_t seen = losses ? losses->ring[i] : 0;
		uint64_t all = parent->shared[i] ? counter_get(&parent->shared[i]->ring.lost) : 0;

		lost += all > seen ? all - seen : 0;
	}
	return lost;
}

void lost_count(const struct parent *parent, struct seen_losses *losses)
{
	for (int loss = 0; loss < LOSS_COUNT; loss++)
		losses->lost[loss] = loss_of(parent, (enum loss)loss);
	losses->freed = parent->losses ? parent->losses->freed : 0;
	losses->messages = log_lost();
}

uint64_t lost_since(const struct seen_losses *losses, const struct seen_losses *seen)
{
	uint64_t events = 0;

	for (int loss = 0; loss < LOSS_COUNT; loss++)
		events += losses->lost[loss] > seen->lost[loss]
			  ? losses->lost[loss] - seen->lost[loss] : 0;
	return events;
}
