/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "appliance/evidence/top.h"

#define NOW (1764403200000LL)

static struct entry_event event(const char *client, const char *name, int64_t wall_ms,
				uint64_t count)
{
	struct entry_event entry = { .event = { .wall_ms = wall_ms, .count = count,
						.action = ACTION_BLOCK } };
	unsigned int column;

	assert_int_equal(addr_parse(&entry.event.client, client, strlen(client)), 0);
	assert_int_equal(name_parse(&entry.event.name, name, strlen(name), &column), 0);
	return entry;
}

static void ranks(void **state)
{
	const struct entry_rule rule = { .id = "one:update:x" };
	struct top *top = top_new();
	struct top_row row[TOP_ROWS];
	struct entry_event entry;

	(void)state;
	assert_non_null(top);
	entry = event("192.0.2.1", "a.example.com", NOW - 20000, 5);
	top_add(top, &entry, &rule, NOW);
	entry = event("192.0.2.2", "b.example.com", NOW - 10000, 3);
	top_add(top, &entry, NULL, NOW);
	entry = event("192.0.2.2", "c.example.com", NOW, 4);
	top_add(top, &entry, &rule, NOW);
	/* Too old, and from a clock that is ahead. */
	entry = event("192.0.2.3", "d.example.com", NOW - TOP_STEPS * TOP_STEP_MS, 9);
	top_add(top, &entry, &rule, NOW);
	entry = event("192.0.2.3", "d.example.com", NOW + 3600000, 9);
	top_add(top, &entry, &rule, NOW);
	assert_int_equal(top_rank(top, TOP_CLIENTS, NOW, row), 2);
	assert_string_equal(row[0].key, "192.0.2.2");
	assert_int_equal(row[0].events, 7);
	assert_int_equal(row[0].last_ms, NOW);
	assert_string_equal(row[1].key, "192.0.2.1");
	assert_int_equal(top_rank(top, TOP_RULES, NOW, row), 1);
	assert_int_equal(row[0].events, 9);
	assert_int_equal(top_rank(top, TOP_NAMES, NOW, row), 3);
	assert_string_equal(row[0].key, "a.example.com");
	assert_int_equal(top_total(top, NOW), 12);
	/* Later the first is out of the window. */
	assert_int_equal(top_total(top, NOW + TOP_STEPS * TOP_STEP_MS - 15000), 7);
	assert_int_equal(top_total(top, NOW + TOP_STEPS * TOP_STEP_MS), 0);
	assert_int_equal(top_rank(top, TOP_NAMES, NOW + TOP_STEPS * TOP_STEP_MS, row), 0);
	top_free(top);
}

/* A flood of names: the sums stay exact, and places come back when the flood is over. */
static void flood(void **state)
{
	struct top *top = top_new();
	struct top_row row[TOP_ROWS];
	struct entry_event entry;
	char name[64];
	int64_t later = NOW + 2 * TOP_STEPS * TOP_STEP_MS;

	(void)state;
	for (int i = 0; i < TOP_KEYS + 100; i++) {
		snprintf(name, sizeof(name), "n%d.example.com", i);
		entry = event("192.0.2.1", name, NOW, 1);
		top_add(top, &entry, NULL, NOW);
	}
	assert_int_equal(top_total(top, NOW), TOP_KEYS + 100);
	assert_int_equal(top_rank(top, TOP_CLIENTS, NOW, row), 1);
	assert_int_equal(row[0].events, TOP_KEYS + 100);
	assert_int_equal(top_rank(top, TOP_NAMES, NOW, row), TOP_ROWS);
	entry = event("192.0.2.1", "new.example.com", later, 2);
	top_add(top, &entry, NULL, later);
	assert_int_equal(top_rank(top, TOP_NAMES, later, row), 1);
	assert_int_equal(row[0].events, 2);
	top_free(top);
}

/* That a host is there is no event: the sums are those of cordon log --count. */
static void presence_is_not_counted(void **state)
{
	struct top *top = top_new();
	struct top_row row[TOP_ROWS];
	struct entry_event entry = event("192.0.2.1", "a.example.com", NOW, 5);

	(void)state;
	assert_non_null(top);
	entry.event.channel = CHANNEL_SEEN_DNS;
	top_add(top, &entry, NULL, NOW);
	assert_int_equal(top_total(top, NOW), 0);
	assert_int_equal(top_rank(top, TOP_CLIENTS, NOW, row), 0);
	top_free(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ranks), cmocka_unit_test(flood),
					    cmocka_unit_test(presence_is_not_counted) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
