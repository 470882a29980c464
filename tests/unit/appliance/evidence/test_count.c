/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/evidence/count.h"

enum { DAY_MS = 86400000 };

static void add(struct count *count, int64_t wall_ms, uint64_t events,
		const struct entry_rule *rule)
{
	struct log_entry entry = { .type = ENTRY_EVENT };

	entry.event.event = (struct event){ .wall_ms = wall_ms, .count = events };
	count_add(count, &entry, rule);
}

static void sums_per_day_and_category(void **state)
{
	const struct entry_rule update = { .id = "a:update:x", .category = CATEGORY_UPDATE };
	const struct log_entry notice = { .type = ENTRY_NOTICE };
	struct count count = { .entries = 0 };
	struct text out = TEXT_EMPTY;
	json_t *json;
	char *line;

	(void)state;
	add(&count, 2 * DAY_MS, 5, &update);
	add(&count, 3 * DAY_MS - 1, 2, NULL);
	/* A clock that was set back. */
	add(&count, DAY_MS, 1, &update);
	add(&count, 4 * DAY_MS, 3, &update);
	count_add(&count, &notice, NULL);
	count_print(&count, &out);
	assert_string_equal(out.data, "11 events in 4 entries, 1 notice\n"
			    "  9 update, 2 of no known rule\n"
			    "  1970-01-02 1\n  1970-01-03 7\n  1970-01-05 3\n");
	text_release(&out);
	json = count_json(&count);
	line = json_dumps(json, JSON_COMPACT);
	assert_string_equal(line, "{\"entries\":5,\"events\":11,\"notices\":1,"
			    "\"categories\":{\"update\":9,\"unknown\":2},\"days\":["
			    "{\"day\":\"1970-01-02\",\"events\":1},"
			    "{\"day\":\"1970-01-03\",\"events\":7},"
			    "{\"day\":\"1970-01-05\",\"events\":3}]}");
	free(line);
	json_decref(json);
	count_free(&count);
}

static void nothing(void **state)
{
	const struct count count = { .entries = 0 };
	struct text out = TEXT_EMPTY;

	(void)state;
	count_print(&count, &out);
	assert_string_equal(out.data, "0 events in 0 entries, 0 notices\n");
	text_release(&out);
}

/* A clock that jumps from day to day fills no memory, and loses no event. */
static void too_many_days(void **state)
{
	struct count count = { .entries = 0 };
	uint64_t events = 0;

	(void)state;
	for (int i = 0; i < COUNT_DAYS + 100; i++)
		add(&count, (int64_t)(i % 2 ? i : 3 * COUNT_DAYS - i) * DAY_MS, 2, NULL);
	assert_int_equal(count.days, COUNT_DAYS);
	assert_int_equal(count.other_days, 200);
	for (size_t i = 0; i < count.days; i++) {
		assert_true(i == 0 || count.day[i - 1].day < count.day[i].day);
		events += count.day[i].events;
	}
	assert_int_equal(events + count.other_days, count.events);
	count_free(&count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_per_day_and_category),
		cmocka_unit_test(nothing),
		cmocka_unit_test(too_many_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
