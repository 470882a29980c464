/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "rules/policy/flatten.h"

static unsigned int seed = 1;

static unsigned int next_random(unsigned int below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

enum { SPACE = 256, ITEMS = 12 };

/* A prefix within 10.0.0.0/24, so that every address of it can be looked at. */
static struct flatten_item random_item(uint32_t rule)
{
	struct flatten_item item = { .rule = rule, .rank = (uint8_t)next_random(3) };
	unsigned int bits = next_random(9);
	uint32_t host = next_random(SPACE) & ~((1U << (8 - bits)) - 1U) & 0xff;

	item.prefix.addr = addr_v4(0x0a000000 | host);
	item.prefix.length = (uint8_t)(120 + bits);
	return item;
}

/* The rule for one address by the words of the contract. */
static uint32_t expected(const struct flatten_item *items, size_t count, const struct addr *addr)
{
	const struct flatten_item *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!prefix_contains(&items[i].prefix, addr))
			continue;
		if (!best || items[i].prefix.length > best->prefix.length ||
		    (items[i].prefix.length == best->prefix.length &&
		     (items[i].rank > best->rank ||
		      (items[i].rank == best->rank && items[i].rule < best->rule))))
			best = &items[i];
	}
	return best ? best->rule : POLICY_NO_RULE;
}

static uint32_t looked_up(const struct text *ranges, const struct addr *addr)
{
	const struct policy_range *range = (const void *)ranges->data;

	for (size_t i = 0; i < ranges->length / sizeof(*range); i++) {
		if (i)
			assert_true(addr_compare(&range[i - 1].last, &range[i].first) < 0);
		if (addr_compare(&range[i].first, addr) <= 0 &&
		    addr_compare(addr, &range[i].last) <= 0)
			return range[i].rule;
	}
	return POLICY_NO_RULE;
}

static void prefixes_against_the_definition(void **state)
{
	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct flatten_item items[ITEMS], copy[ITEMS];
		size_t count = 1 + next_random(ITEMS);
		struct text ranges = TEXT_EMPTY;

		for (size_t i = 0; i < count; i++)
			items[i] = random_item((uint32_t)i);
		memcpy(copy, items, sizeof(copy));
		assert_int_equal(flatten_prefixes(items, count, &ranges), 0);
		for (uint32_t host = 0; host < SPACE; host++) {
			struct addr addr = addr_v4(0x0a000000 | host);

			assert_int_equal(looked_up(&ranges, &addr), expected(copy, count, &addr));
		}
		text_release(&ranges);
	}
}

/* The ends of the address space, where the step to the next address wraps. */
static void whole_space(void **state)
{
	struct flatten_item items[3] = { { .rule = 0 }, { .rule = 1 }, { .rule = 2 } };
	struct text ranges = TEXT_EMPTY;
	const struct policy_range *range;

	(void)state;
	memset(items[1].prefix.addr.bytes, 0xff, 16);
	items[1].prefix.length = 128;
	items[2].prefix.length = 128;
	assert_int_equal(flatten_prefixes(items, 3, &ranges), 0);
	assert_int_equal(ranges.length, 3 * sizeof(*range));
	range = (const void *)ranges.data;
	assert_int_equal(range[0].rule, 2);
	assert_int_equal(range[1].rule, 0);
	assert_int_equal(range[2].rule, 1);
	assert_int_equal(range[1].first.bytes[15], 1);
	assert_int_equal(range[1].last.bytes[15], 0xfe);
	text_release(&ranges);
}

static void nothing(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_int_equal(flatten_prefixes(NULL, 0, &out), 0);
	assert_int_equal(flatten_port_rules(NULL, 0, &out), 0);
	assert_int_equal(out.length, 0);
}

static void ports(void **state)
{
	struct flatten_ports items[] = {
		{ .ports = { 6, 1, 100 }, .rank = 3, .rule = 0 },
		{ .ports = { 6, 50, 60 }, .rank = 1, .rule = 1 },
		{ .ports = { 6, 55, 55 }, .rank = 1, .rule = 2 },
		{ .ports = { 17, 65535, 65535 }, .rank = 1, .rule = 3 },
		{ .ports = { 17, 65535, 65535 }, .rank = 3, .rule = 4 },
		{ .ports = { 17, 7, 7 }, .rank = 3, .rule = 6 },
		{ .ports = { 17, 7, 7 }, .rank = 3, .rule = 5 },
	};
	static const struct policy_ports wanted[] = {
		{ { 6, 1, 49 }, 0 }, { { 6, 50, 54 }, 1 }, { { 6, 55, 55 }, 2 },
		{ { 6, 56, 60 }, 1 },
		{ { 6, 61, 100 }, 0 }, { { 17, 7, 7 }, 5 }, { { 17, 65535, 65535 }, 4 },
	};
	struct text out = TEXT_EMPTY;
	const struct policy_ports *range;

	(void)state;
	assert_int_equal(flatten_port_rules(items, sizeof(items) / sizeof(*items), &out), 0);
	assert_int_equal(out.length, sizeof(wanted));
	range = (const void *)out.data;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		assert_int_equal(range[i].ports.protocol, wanted[i].ports.protocol);
		assert_int_equal(range[i].ports.first, wanted[i].ports.first);
		assert_int_equal(range[i].ports.last, wanted[i].ports.last);
		assert_int_equal(range[i].rule, wanted[i].rule);
	}
	text_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_against_the_definition),
		cmocka_unit_test(whole_space),
		cmocka_unit_test(nothing),
		cmocka_unit_test(ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
