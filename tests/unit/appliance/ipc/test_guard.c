/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/ipc/guard.h"

static const struct guard_report sample = {
	.changes = 7, .what = "rules of chain vendor removed by nft, process 12", .failed = true,
	.owner = GUARD_LATER, .barrier = true,
	.outside = { { "wan0", "wwan0" }, 2 }, .missing = { { "lan1" }, 1 },
	.unknown = { { "a", "b", "c", "d", "e", "f", "g", "h" }, 12 },
	.before = { "50 (IPv4)" }, .befores = 1,
};

static void round_trip(void **state)
{
	struct guard_report report;
	uint8_t data[GUARD_REPORT_MAX];
	int size = guard_encode(&sample, data, sizeof(data));

	(void)state;
	assert_true(size > 0);
	assert_int_equal(guard_decode(&report, data, (size_t)size), 0);
	assert_memory_equal(&report, &sample, sizeof(report));
	for (int cut = 0; cut < size; cut++)
		assert_int_equal(guard_decode(&report, data, (size_t)cut), -EBADMSG);
	assert_int_equal(guard_decode(&report, data, (size_t)size + 1), -EBADMSG);
	assert_int_equal(guard_encode(&sample, data, 40), -EMSGSIZE);
}

/* The largest report fits a message's room. */
static void largest(void **state)
{
	struct guard_report report = { .changes = UINT32_MAX, .befores = 99 };
	struct guard_names *names[] = { &report.outside, &report.missing, &report.unknown };
	uint8_t data[GUARD_REPORT_MAX];

	(void)state;
	memset(report.what, 'x', sizeof(report.what) - 1);
	for (int i = 0; i < GUARD_RULES; i++)
		memset(report.before[i], 'y', GUARD_TEXT - 1);
	for (int i = 0; i < 3; i++) {
		names[i]->total = 100;
		for (int k = 0; k < GUARD_NAMES; k++)
			memset(names[i]->name[k], 'n', GUARD_NAME - 1);
	}
	assert_true(guard_encode(&report, data, sizeof(data)) > 0);
}

static void bad(void **state)
{
	struct guard_report report = sample, back;
	uint8_t data[GUARD_REPORT_MAX];
	int size;

	(void)state;
	strcpy(report.what, "two\nlines");
	size = guard_encode(&report, data, sizeof(data));
	assert_int_equal(guard_decode(&back, data, (size_t)size), -EBADMSG);
	report = sample;
	report.owner = GUARD_OWNERS;
	size = guard_encode(&report, data, sizeof(data));
	assert_int_equal(guard_decode(&back, data, (size_t)size), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(largest),
					    cmocka_unit_test(bad) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
