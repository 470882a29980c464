/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/*
 * What the block log lacks, by where it was lost, and whether the disk takes what comes. In memory
 * that the parent made and reads, so that it outlives a killed journal; the journal alone writes.
 * Counts never go back; zeros are a new one.
 */
enum loss {
	LOSS_KERNEL,	/* packets: over their source's share of the log, or the socket was full */
	LOSS_RINGS,	/* DNS: a ring from a worker was full, or damaged */
	LOSS_JOURNAL,	/* the table of what it counts was full, or memory was short */
	LOSS_DISK,	/* the disk took no line */
	LOSS_COUNT
};
const char *loss_print(enum loss loss);	/* "kernel" */

enum { LOSSES_RINGS = 64 };

struct losses {
	_Atomic uint64_t lost[LOSS_COUNT];	/* events */
	_Atomic uint64_t told[LOSS_COUNT];	/* of these, records of the log own up to so many */
	_Atomic uint64_t ring[LOSSES_RINGS];	/* of each ring's own count, what lost has of it */
	_Atomic uint64_t freed;			/* bytes of old events that went because the disk was full */
	_Atomic uint32_t next;			/* number of the packet that comes next */
	_Atomic uint32_t guessed;		/* packets counted as lost before a number told */
	_Atomic int32_t write_error;		/* -errno of the last line; 0: it was taken */
	_Atomic int32_t sync_error;		/* the same of the last sync */
};

void losses_add(struct losses *losses, enum loss loss, uint64_t events);
/* Of a ring, count: what its writer could not put there, ever. */
void losses_ring(struct losses *losses, unsigned int ring, uint64_t count);
/* The kernel's socket was full: at least one packet, how many the next number says. */
void losses_overrun(struct losses *losses);
/* A packet came with this number (NFULA_SEQ): those between it and the last one are lost. */
void losses_packet(struct losses *losses, uint32_t number);

/* How many no record owns up to yet. */
uint64_t losses_untold(const struct losses *losses, enum loss loss);
