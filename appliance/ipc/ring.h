/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One writer, one reader, shared memory: how a DNS worker hands events to the journal without a
 * system call an event. The reader trusts nothing in it: every record is copied out, and bounded,
 * before it is looked at. The memory is the parent's, so what is in it survives a dead role.
 */
enum { RING_SIZE = 1 << 20, RING_RECORD_MAX = 1024 };

struct ring {
	_Alignas(64) _Atomic uint64_t written;	/* bytes, ever; the writer's */
	_Atomic uint64_t lost;			/* records that found no room; the writer's */
	_Alignas(64) _Atomic uint64_t read;	/* bytes, ever; the reader's */
	_Atomic uint32_t waiting;		/* the reader sleeps: wake it */
	_Alignas(64) uint8_t data[RING_SIZE];
};

/* False when there is no room: the record is counted as lost. */
bool ring_write(struct ring *ring, const uint8_t *record, size_t size);

/* True once after ring_wait when there is something to read: the writer must wake the reader. */
bool ring_should_wake(struct ring *ring);

/* Size of the next record, copied out; 0 when there is none; -EBADMSG when the writer broke the
 * ring (it is emptied then). */
int ring_read(struct ring *ring, uint8_t record[RING_RECORD_MAX]);

/* Before sleeping: false when a record came in meanwhile. */
bool ring_wait(struct ring *ring);
