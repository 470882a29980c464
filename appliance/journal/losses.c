/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/losses.h"

const char *loss_print(enum loss loss)
{
	static const char *const words[LOSS_COUNT] = { "kernel", "rings", "journal", "disk" };

	return words[loss];
}

void losses_add(struct losses *losses, enum loss loss, uint64_t events)
{
	losses->lost[loss] += events;
}

void losses_ring(struct losses *losses, unsigned int ring, uint64_t count)
{
	if (ring >= LOSSES_RINGS || count <= losses->ring[ring])
		return;
	losses_add(losses, LOSS_RINGS, count - losses->ring[ring]);
	losses->ring[ring] = count;
}

void losses_overrun(struct losses *losses)
{
	losses_add(losses, LOSS_KERNEL, 1);
	losses->guessed++;
}

void losses_packet(struct losses *losses, uint32_t number)
{
	uint32_t gap = number - losses->next;

	losses->next = number + 1;
	/* The number went back: another program rebound the group, and numbering restarts. */
	if (gap > UINT32_MAX / 2)
		gap = 0;
	if (gap > losses->guessed)
		losses_add(losses, LOSS_KERNEL, gap - losses->guessed);
	losses->guessed = 0;
}

uint64_t losses_untold(const struct losses *losses, enum loss loss)
{
	uint64_t lost = losses->lost[loss], told = losses->told[loss];

	return lost > told ? lost - told : 0;
}
