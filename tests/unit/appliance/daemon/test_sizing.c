/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdbool.h>
#include <string.h>

#include "appliance/daemon/sizing.h"

enum { REFERENCE_RATE = 29 };	/* us a range: 100,000 in 2.9 s */

static struct sizing estimate(uint64_t ranges, uint32_t rate)
{
	struct sizing sizing;

	sizing_estimate(&sizing, ranges, rate);
	return sizing;
}

/* A list that took longer than 15 s was killed every 15 s for ever. */
static void patience_grows_with_the_work(void **state)
{
	struct sizing small = estimate(500, REFERENCE_RATE);
	struct sizing large = estimate(200000, REFERENCE_RATE);

	(void)state;
	assert_int_equal(small.patience_ms, SIZING_SILENCE_MS);
	assert_true(estimate(100000, REFERENCE_RATE).expected_ms >= 2800);
	/* 14.9 s were measured. */
	assert_true(large.expected_ms >= 14000 && large.expected_ms <= 20000);
	assert_true(large.patience_ms > 2 * large.expected_ms);
	for (uint64_t ranges = 1000; ranges < 1000000; ranges += 7919)
		assert_true(estimate(ranges + 7919, 0).expected_ms >=
			    estimate(ranges, 0).expected_ms);
}

static void what_does_not_fit_is_refused_with_figures(void **state)
{
	struct sizing sizing = estimate(200000, REFERENCE_RATE);
	char text[512] = "";
	bool passes;

	(void)state;
	assert_true(sizing_fits(&sizing, 8ULL << 30, text, sizeof(text), &passes));
	assert_true(sizing_fits(&sizing, 0, text, sizeof(text), &passes));
	assert_false(sizing_fits(&sizing, 256ULL << 20, text, sizeof(text), &passes));
	assert_true(passes);
	assert_non_null(strstr(text, "200000 address and port ranges"));
	assert_non_null(strstr(text, "256 MB free"));
	sizing = estimate(300000, 500);
	assert_false(sizing_fits(&sizing, 64ULL << 30, text, sizeof(text), &passes));
	assert_false(passes);
	assert_non_null(strstr(text, "300000 address and port ranges"));
	assert_non_null(strstr(text, " s; at most 600 s"));
	sizing = estimate(UINT64_MAX, 1);
	assert_false(sizing_fits(&sizing, UINT64_MAX, text, sizeof(text), &passes));
	/* The lists of the image fit into a small box that is short of memory. */
	sizing = estimate(900, 0);
	assert_true(sizing_fits(&sizing, 8ULL << 20, text, sizeof(text), &passes));
}

static void rate_is_what_was_measured(void **state)
{
	uint32_t rate = sizing_learn(0, 100000, 2900);

	(void)state;
	assert_in_range(rate, 29, 30);
	assert_in_range(sizing_learn(0, 200000, 14900), 20, 30);
	assert_in_range(sizing_learn(100, 100000, 100), 75, 76);
	assert_int_equal(sizing_learn(rate, 10, 500), rate);
	assert_int_equal(sizing_learn(rate, 100000, 0), rate);
	assert_int_equal(sizing_learn(rate, 5000, INT64_MAX / 2000), SIZING_RATE_MAX);
}

static void available_memory(void **state)
{
	(void)state;
	assert_int_equal(sizing_available("MemTotal:  100 kB\nMemAvailable:   2048 kB\n"), 2 << 20);
	assert_int_equal(sizing_available("MemTotal: 100 kB\n"), 0);
	assert_int_equal(sizing_available(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patience_grows_with_the_work),
		cmocka_unit_test(what_does_not_fit_is_refused_with_figures),
		cmocka_unit_test(rate_is_what_was_measured),
		cmocka_unit_test(available_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
