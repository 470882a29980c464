/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/journal/losses.h"

static void a_gap_in_the_numbers_says_how_many(void **state)
{
	struct losses losses = { .next = 0 };

	(void)state;
	losses_packet(&losses, 0);
	losses_packet(&losses, 1);
	assert_int_equal(losses.lost[LOSS_KERNEL], 0);
	/* The socket was full; how many that cost shows later. */
	losses_overrun(&losses);
	assert_int_equal(losses.lost[LOSS_KERNEL], 1);
	losses_packet(&losses, 102);
	assert_int_equal(losses.lost[LOSS_KERNEL], 100);
	losses_packet(&losses, 104);
	assert_int_equal(losses.lost[LOSS_KERNEL], 101);
}

/* What came before the first one that is read was never read. */
static void the_first_packet_has_number_zero(void **state)
{
	struct losses losses = { .next = 0 };

	(void)state;
	losses_packet(&losses, 7);
	assert_int_equal(losses.lost[LOSS_KERNEL], 7);
}

static void numbers_wrap_and_begin_again(void **state)
{
	struct losses losses = { .next = UINT32_MAX };

	(void)state;
	losses_packet(&losses, UINT32_MAX);
	losses_packet(&losses, 0);
	losses_packet(&losses, 1);
	assert_int_equal(losses.lost[LOSS_KERNEL], 0);
	losses.next = 5000;
	losses_packet(&losses, 0);
	losses_packet(&losses, 1);
	assert_int_equal(losses.lost[LOSS_KERNEL], 0);
}

static void a_ring_is_counted_once(void **state)
{
	struct losses losses = { .next = 0 };

	(void)state;
	losses_ring(&losses, 0, 5);
	losses_ring(&losses, 0, 5);
	losses_ring(&losses, 3, 1);
	losses_ring(&losses, 0, 4);	/* damaged memory: never backwards */
	losses_ring(&losses, LOSSES_RINGS, 100);
	assert_int_equal(losses.lost[LOSS_RINGS], 6);
	assert_int_equal(losses_untold(&losses, LOSS_RINGS), 6);
	losses.told[LOSS_RINGS] = 6;
	assert_int_equal(losses_untold(&losses, LOSS_RINGS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_in_the_numbers_says_how_many),
		cmocka_unit_test(the_first_packet_has_number_zero),
		cmocka_unit_test(numbers_wrap_and_begin_again),
		cmocka_unit_test(a_ring_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
