/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/ring.h"

#include <errno.h>
#include <string.h>

/* A record is its size in two bytes, then its bytes; both may wrap around the end. */
static void copy_in(struct ring *ring, uint64_t at, const uint8_t *bytes, size_t size)
{
	size_t start = at % RING_SIZE, first = RING_SIZE - start < size ? RING_SIZE - start : size;

	memcpy(ring->data + start, bytes, first);
	memcpy(ring->data, bytes + first, size - first);
}

static void copy_out(const struct ring *ring, uint64_t at, uint8_t *bytes, size_t size)
{
	size_t start = at % RING_SIZE, first = RING_SIZE - start < size ? RING_SIZE - start : size;

	memcpy(bytes, ring->data + start, first);
	memcpy(bytes + first, ring->data, size - first);
}

bool ring_write(struct ring *ring, const uint8_t *record, size_t size)
{
	uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint64_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
	const uint8_t head[2] = { (uint8_t)(size >> 8), (uint8_t)size };

	if (written - read > RING_SIZE - size - sizeof(head)) {
		atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
		return false;
	}
	copy_in(ring, written, head, sizeof(head));
	copy_in(ring, written + sizeof(head), record, size);
	atomic_store_explicit(&ring->written, written + sizeof(head) + size, memory_order_release);
	return true;
}

bool ring_should_wake(struct ring *ring)
{
	/* Orders the store of written before the load of waiting; ring_wait does the reverse. */
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&ring->waiting, memory_order_relaxed) &&
	       atomic_exchange_explicit(&ring->waiting, 0, memory_order_relaxed);
}

int ring_read(struct ring *ring, uint8_t record[RING_RECORD_MAX])
{
	uint64_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	uint64_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
	uint8_t head[2];
	size_t size;

	if (read == written)
		return 0;
	copy_out(ring, read, head, sizeof(head));
	size = (size_t)(head[0] << 8 | head[1]);
	if (written - read > RING_SIZE || size == 0 || size > RING_RECORD_MAX ||
	    size + sizeof(head) > written - read) {
		atomic_store_explicit(&ring->read, written, memory_order_release);
		return -EBADMSG;
	}
	copy_out(ring, read + sizeof(head), record, size);
	atomic_store_explicit(&ring->read, read + sizeof(head) + size, memory_order_release);
	return (int)size;
}

bool ring_wait(struct ring *ring)
{
	atomic_store_explicit(&ring->waiting, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&ring->written, memory_order_relaxed) ==
	       atomic_load_explicit(&ring->read, memory_order_relaxed);
}
