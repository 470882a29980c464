/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/*
 * What the block log lacks, by the place of the loss, and whether the disk accepts new lines. It is
 * in memory that the parent made and reads, so it outlives a killed journal; only the journal
 * writes it. Counts never go back; zeros are a new one.
 */
enum loss {
	/* Packets: beyond their source's share of the log, or the socket was full. */
	LOSS_KERNEL,
	LOSS_RINGS,	/* DNS: a worker's ring was full, or damaged */
	LOSS_JOURNAL,	/* the journal left damaged counters, or memory was short */
	LOSS_DISK,	/* the disk took no line */
	LOSS_COUNT
};
const char *loss_print(enum loss loss);	/* "kernel" */

enum { LOSSES_RINGS = 64 };

struct losses {
	_Atomic uint64_t lost[LOSS_COUNT];	/* events */
	_Atomic uint64_t told[LOSS_COUNT];	/* of these, how many the log's records report */
	_Atomic uint64_t ring[LOSSES_RINGS];	/* of each ring's own count, what lost includes */
	/* Bytes of old events that were deleted before their retention was over. */
	_Atomic uint64_t freed;
	/* Since when the stored evidence is whole (whole.h). */
	_Atomic int64_t whole_since;
	_Atomic uint32_t next;			/* expected number of the next packet */
	_Atomic uint32_t guessed;		/* packets counted as lost before a number confirmed
						 * it */
	_Atomic int32_t write_error;		/* -errno of the last line; 0: it was written */
	_Atomic int32_t sync_error;		/* the same of the last sync */
};

/* Adds events that were lost at this place. */
void losses_add(struct losses *losses, enum loss loss, uint64_t events);
/* count: what the writer of this ring could not store, in total. */
void losses_ring(struct losses *losses, unsigned int ring, uint64_t count);
/* The kernel's socket was full: at least one packet is lost; the next number tells how many. */
void losses_overrun(struct losses *losses);
/* A packet came with this number (NFULA_SEQ): those between it and the last one are lost. */
void losses_packet(struct losses *losses, uint32_t number);

/* How many are not in a record yet. */
uint64_t losses_untold(const struct losses *losses, enum loss loss);
