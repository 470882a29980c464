/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/evidence/filter.h"

static const int64_t now = 1764547200000;	/* 2025-12-01T00:00:00Z */

static struct filter filter_of(enum filter_key key, const char *value)
{
	struct filter filter = { .rule = NULL };
	const char *expected;

	assert_int_equal(filter_set(&filter, key, value, now, &expected), 0);
	return filter;
}

static void refused(enum filter_key key, const char *value)
{
	struct filter filter = { .rule = NULL };
	const char *expected = NULL;

	assert_int_equal(filter_set(&filter, key, value, now, &expected), -EINVAL);
	assert_non_null(expected);
}

static struct log_entry sample_entry(int64_t wall_ms)
{
	struct log_entry entry = { .type = ENTRY_EVENT, .sequence = 5 };

	entry.event.event = (struct event){
		.wall_ms = wall_ms, .channel = CHANNEL_DNS, .action = ACTION_BLOCK,
		.client = sample_addr("10.1.2.3"), .has_mac = true, .mac = { 2, 0, 0, 1, 2, 3 },
		.name = sample_name("s05.upd.kaspersky.com"), .count = 1,
	};
	return entry;
}

static const struct entry_rule rule = { .id = "kaspersky:update:=s05.upd.kaspersky.com",
					.category = CATEGORY_UPDATE };

static void each_condition(void **state)
{
	static const struct { enum filter_key key; const char *value; bool matches; } cases[] = {
		{ FILTER_HOST, "10.1.2.3", true }, { FILTER_HOST, "10.1.2.4", false },
		{ FILTER_HOST, "10.1.0.0/16", true }, { FILTER_HOST, "10.2.0.0/16", false },
		{ FILTER_HOST, "02:00:00:01:02:03", true },
		{ FILTER_HOST, "02-00-00-01-02-04", false },
		{ FILTER_CATEGORY, "update", true }, { FILTER_CATEGORY, "telemetry", false },
		{ FILTER_RULE, "kaspersky", true }, { FILTER_RULE, "kaspersky:update", true },
		{ FILTER_RULE, "kaspersky:update:", true }, { FILTER_RULE, "kasp", false },
		{ FILTER_RULE, "kaspersky:update:=s05.upd.kaspersky.com", true },
		{ FILTER_RULE, "oem", false },
		{ FILTER_ACTION, "block", true }, { FILTER_ACTION, "monitor", false },
		{ FILTER_CHANNEL, "dns", true }, { FILTER_CHANNEL, "packet", false },
		{ FILTER_NAME, "kaspersky.com", true },
		{ FILTER_NAME, "s05.upd.kaspersky.com", true },
		{ FILTER_NAME, "aspersky.com", false }, { FILTER_NOTICE, "mode", false },
	};
	const struct log_entry entry = sample_entry(now);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct filter filter = filter_of(cases[i].key, cases[i].value);

		assert_int_equal(filter_matches(&filter, &entry, &rule), cases[i].matches);
	}
}

static void times(void **state)
{
	struct log_entry entry = sample_entry(now - 1);
	struct filter filter = filter_of(FILTER_SINCE, "2025-12-01");

	(void)state;
	assert_int_equal(filter.since_ms, now);
	assert_false(filter_matches(&filter, &entry, &rule));
	/* Folded: its last event is inside. */
	entry.event.span_ms = 1;
	assert_true(filter_matches(&filter, &entry, &rule));
	filter = filter_of(FILTER_UNTIL, "2025-12-01T00:00:00.000Z");
	assert_true(filter_matches(&filter, &entry, &rule));
	entry.event.event.wall_ms = now;
	assert_false(filter_matches(&filter, &entry, &rule));
	filter = filter_of(FILTER_SINCE, "24h");
	assert_int_equal(filter.since_ms, now - 86400000);
	filter = filter_of(FILTER_SINCE, "2025-12-01T10:20:30.123Z");
	assert_int_equal(filter.since_ms, now + 37230123);
	/* As other programs print it. */
	filter = filter_of(FILTER_SINCE, "2025-12-01T11:20:30.123+01:00");
	assert_int_equal(filter.since_ms, now + 37230123);
	filter = filter_of(FILTER_SINCE, "2025-12-01 08:50-01:30");
	assert_int_equal(filter.since_ms, now + 37200000);
	filter = filter_of(FILTER_SINCE, "2025-12-01 10:20:30");
	assert_int_equal(filter.since_ms, now + 37230000);
}

static void notices_have_no_verdict(void **state)
{
	struct log_entry entry = { .type = ENTRY_NOTICE,
				   .notice = { .wall_ms = now, .kind = "mode" } };
	struct filter filter = { .rule = NULL };

	(void)state;
	assert_true(filter_matches(&filter, &entry, NULL));
	filter = filter_of(FILTER_NOTICE, "mode");
	assert_true(filter_matches(&filter, &entry, NULL));
	filter = filter_of(FILTER_NOTICE, "gap");
	assert_false(filter_matches(&filter, &entry, NULL));
	filter = filter_of(FILTER_ACTION, "block");
	assert_false(filter_matches(&filter, &entry, NULL));
	filter = filter_of(FILTER_SINCE, "2025-12-02");
	assert_false(filter_matches(&filter, &entry, NULL));
}

static void an_empty_time(void **state)
{
	struct filter filter = filter_of(FILTER_SINCE, "24h");
	const char *expected;

	(void)state;
	assert_false(filter_is_empty_time(&filter));
	assert_int_equal(filter_set(&filter, FILTER_UNTIL, "23h", now, &expected), 0);
	assert_false(filter_is_empty_time(&filter));
	assert_int_equal(filter_set(&filter, FILTER_UNTIL, "24h", now, &expected), 0);
	assert_true(filter_is_empty_time(&filter));
}

static void what_is_no_value(void **state)
{
	(void)state;
	refused(FILTER_SINCE, "");
	refused(FILTER_SINCE, "yesterday");
	refused(FILTER_SINCE, "2025-12-01T10:20:30.123Zx");
	refused(FILTER_SINCE, "2025-12-01T10:20:30+1:00");
	refused(FILTER_SINCE, "2025-12-01T10:20:30+01:000");
	refused(FILTER_SINCE, "2025-12-01T10:20:30+01:60");
	refused(FILTER_SINCE, "2025-12-01+01:00");
	refused(FILTER_NOTICE, "modes");
	refused(FILTER_NOTICE, "");
	refused(FILTER_HOST, "host-7");
	refused(FILTER_HOST, "10.1.2.3/33");
	refused(FILTER_CATEGORY, "updates");
	refused(FILTER_ACTION, "");
	refused(FILTER_CHANNEL, "tcp");
	refused(FILTER_NAME, "a..b");
	refused(FILTER_RULE, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition),
		cmocka_unit_test(times),
		cmocka_unit_test(notices_have_no_verdict),
		cmocka_unit_test(an_empty_time),
		cmocka_unit_test(what_is_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
