/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One writer, one reader, shared memory: a DNS worker passes events to the journal without a system
 * call per event. The reader trusts nothing in it: every record is bounded and copied out before it
 * is parsed. The memory is the parent's, so its content survives a dead role.
 */
enum { RING_SIZE = 1 << 20, RING_RECORD_MAX = 1024 };

struct ring {
	_Alignas(64) _Atomic uint64_t written;	/* bytes, ever; the writer's */
	_Atomic uint64_t lost;			/* records that found no room; written by the
						 * writer */
	_Alignas(64) _Atomic uint64_t read;	/* bytes, ever; the reader's */
	_Atomic uint32_t waiting;		/* the reader sleeps: wake it */
	_Alignas(64) uint8_t data[RING_SIZE];
};

/* False if there is no room: the record is counted as lost. */
bool ring_write(struct ring *ring, const uint8_t *record, size_t size);

/* True once after ring_wait if there is something to read: the writer must wake the reader. */
bool ring_should_wake(struct ring *ring);

/* Size of the next record, which is copied out; 0 if there is none; -EBADMSG if the writer broke
 * the ring (it is then emptied). */
int ring_read(struct ring *ring, uint8_t record[RING_RECORD_MAX]);

/* Call before sleeping: false if a record came in meanwhile. */
bool ring_wait(struct ring *ring);
