/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/ipc/attendance.h"

static struct attendance *fresh(void)
{
	void *memory = calloc(1, attendance_size());

	assert_non_null(memory);
	return attendance_init(memory, 7);
}

static uint64_t add(struct attendance *attendance, const char *client, uint8_t kind, uint32_t slot)
{
	const struct addr addr = sample_addr(client);
	uint64_t count = 0;

	return attendance_add(attendance, &addr, kind, slot, 1, &count) ? count : 0;
}

static void once_per_slot_and_kind(void **state)
{
	struct attendance *attendance = fresh();

	(void)state;
	assert_int_equal(add(attendance, "10.0.0.5", 1, 100), 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(add(attendance, "10.0.0.5", 1, 100), 0);
	assert_int_equal(add(attendance, "10.0.0.5", 2, 100), 1);
	assert_int_equal(add(attendance, "2001:db8::5", 1, 100), 1);
	/* What was not noted counts with the next one. */
	assert_int_equal(add(attendance, "10.0.0.5", 1, 101), 6);
	assert_int_equal(add(attendance, "10.0.0.5", 1, 101), 0);
	/* A clock that goes back is another slot. */
	assert_int_equal(add(attendance, "10.0.0.5", 1, 3), 2);
	free(attendance);
}

/* Forged sources of one /64 take its share, and nobody else's. */
static void a_flood_takes_its_share(void **state)
{
	struct attendance *attendance = fresh();
	uint64_t notes = 0;
	char text[64];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x:%x", i >> 16, i & 0xffff);
		notes += add(attendance, text, 1, 5) != 0;
	}
	assert_int_equal(notes, ATTENDANCE_SHARE);
	assert_int_equal(add(attendance, "10.0.0.5", 1, 5), 1);
	notes = 0;
	for (int i = 0; i < 50000; i++) {
		snprintf(text, sizeof(text), "2001:db8:%x::1", i);
		notes += add(attendance, text, 1, 6) != 0;
	}
	assert_true(notes <= ATTENDANCE_MOST);
	assert_int_not_equal(add(attendance, "10.0.0.5", 1, 7), 0);
	free(attendance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once_per_slot_and_kind),
		cmocka_unit_test(a_flood_takes_its_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
