/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/ipc/ring.h"

static struct ring *fresh(void)
{
	struct ring *ring = aligned_alloc(64, sizeof(*ring));

	assert_non_null(ring);
	memset(ring, 0, sizeof(*ring));
	return ring;
}

static void in_order(void **state)
{
	struct ring *ring = fresh();
	uint8_t record[RING_RECORD_MAX];

	(void)state;
	assert_int_equal(ring_read(ring, record), 0);
	assert_true(ring_write(ring, (const uint8_t *)"one", 3));
	assert_true(ring_write(ring, (const uint8_t *)"three", 5));
	assert_int_equal(ring_read(ring, record), 3);
	assert_memory_equal(record, "one", 3);
	assert_int_equal(ring_read(ring, record), 5);
	assert_memory_equal(record, "three", 5);
	assert_int_equal(ring_read(ring, record), 0);
	free(ring);
}

/* Over the end of the buffer many times, with sizes that never line up with it. */
static void wraps(void **state)
{
	struct ring *ring = fresh();
	uint8_t in[RING_RECORD_MAX], out[RING_RECORD_MAX];

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		size_t size = 1 + i * 7 % RING_RECORD_MAX;

		memset(in, (int)i, size);
		assert_true(ring_write(ring, in, size));
		assert_int_equal(ring_read(ring, out), size);
		assert_memory_equal(in, out, size);
	}
	assert_int_equal(ring->lost, 0);
	free(ring);
}

static void full(void **state)
{
	struct ring *ring = fresh();
	uint8_t record[RING_RECORD_MAX] = { 0 };
	unsigned int written = 0, read = 0;

	(void)state;
	while (ring_write(ring, record, 100))
		written++;
	assert_int_equal(written, RING_SIZE / 102);
	assert_int_equal(ring->lost, 1);
	assert_false(ring_write(ring, record, 100));
	assert_int_equal(ring->lost, 2);
	while (ring_read(ring, record) == 100)
		read++;
	assert_int_equal(read, written);
	assert_true(ring_write(ring, record, 100));
	free(ring);
}

/* Whatever a writer gone bad leaves behind: the reader stays inside, and the ring works again. */
static void hostile_writer(void **state)
{
	static const uint64_t written[] = { 1, 2, 3, RING_SIZE, RING_SIZE + 1, UINT64_MAX,
					    1ULL << 63 };
	struct ring *ring = fresh();
	uint8_t record[RING_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		for (unsigned int fill = 0; fill < 256; fill += 51) {
			int result;

			memset(ring->data, (int)fill, RING_SIZE);
			ring->read = 0;
			ring->written = written[i];
			while ((result = ring_read(ring, record)) > 0)
				assert_true(result <= RING_RECORD_MAX);
			assert_true(ring->read == ring->written);
			assert_true(ring_write(ring, (const uint8_t *)"ok", 2));
			assert_int_equal(ring_read(ring, record), 2);
		}
	}
	free(ring);
}

static void wakes_once(void **state)
{
	struct ring *ring = fresh();
	uint8_t record[RING_RECORD_MAX];

	(void)state;
	assert_true(ring_write(ring, (const uint8_t *)"x", 1));
	assert_false(ring_should_wake(ring));
	assert_false(ring_wait(ring));
	assert_int_equal(ring_read(ring, record), 1);
	assert_true(ring_wait(ring));
	assert_true(ring_write(ring, (const uint8_t *)"x", 1));
	assert_true(ring_should_wake(ring));
	assert_false(ring_should_wake(ring));
	free(ring);
}

enum { RECORDS = 300000 };

static void *writer(void *context)
{
	struct ring *ring = context;

	for (uint32_t i = 0; i < RECORDS; i++) {
		uint8_t record[64] = { 0 };
		size_t size = sizeof(i) + i % 50;

		memcpy(record, &i, sizeof(i));
		memset(record + sizeof(i), (int)(i & 0xff), size - sizeof(i));
		/* A full ring counts what it refuses; tried again, so that nothing is missing. */
		while (!ring_write(ring, record, size))
			sched_yield();
		ring_should_wake(ring);
	}
	return NULL;
}

static void two_threads(void **state)
{
	struct ring *ring = fresh();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, writer, ring), 0);
	for (uint32_t i = 0; i < RECORDS;) {
		uint8_t record[RING_RECORD_MAX];
		int size = ring_read(ring, record);
		uint32_t number;

		if (size == 0) {
			if (ring_wait(ring))
				sched_yield();
			continue;
		}
		assert_int_equal(size, sizeof(i) + i % 50);
		memcpy(&number, record, sizeof(number));
		assert_int_equal(number, i);
		for (int at = sizeof(i); at < size; at++)
			assert_int_equal(record[at], i & 0xff);
		i++;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(wraps),
		cmocka_unit_test(full),
		cmocka_unit_test(hostile_writer),
		cmocka_unit_test(wakes_once),
		cmocka_unit_test(two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
