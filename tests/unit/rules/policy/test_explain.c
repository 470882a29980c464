/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "rules/policy/explain.h"

static const char text[] =
	"list: l\nversion: 1\n[update]\na.com\n[exempt]\ntip.a.com\n"
	"[network]\n77.74.176.0/21 category=update\n77.74.177.0/24 category=web\n"
	"77.74.178.0/24 category=exempt\n2a03:2480::/32 category=portal\n"
	"[bypass]\n8.8.8.8\ntcp/853\n[relay]\ntcp/13000-13010\n";

static void *block;
static struct policy policy;

static int make(void **state)
{
	size_t size;

	(void)state;
	block = sample_block(text, NULL, &size);
	return policy_open(&policy, block, size);
}

static int destroy(void **state)
{
	(void)state;
	free(block);
	return 0;
}

static void queries(void **state)
{
	static const struct {
		const char *query;
		enum action action;
		const char *rule;
		bool is_prefix, partial;
	} known[] = {
		{ "x.a.com", ACTION_BLOCK, "l:update:a.com", false, false },
		{ "X.A.COM.", ACTION_BLOCK, "l:update:a.com", false, false },
		{ "tip.a.com", ACTION_ALLOW, "l:exempt:tip.a.com", false, false },
		{ "b.com", ACTION_NONE, NULL, false, false },
		{ ".", ACTION_NONE, NULL, false, false },
		{ "localhost", ACTION_NONE, NULL, false, false },
		{ "77.74.176.5", ACTION_BLOCK, "l:update:77.74.176.0/21", false, false },
		{ "2a03:2480::9", ACTION_BLOCK, "l:portal:2a03:2480::/32", false, false },
		{ "192.0.2.1", ACTION_NONE, NULL, false, false },
		{ "8.8.8.8", ACTION_BLOCK, "l:bypass:8.8.8.8", false, false },
		{ "8.8.8.8:tcp/443", ACTION_BLOCK, "l:bypass:8.8.8.8", false, false },
		{ "8.8.8.8:tcp/80", ACTION_BLOCK, "l:bypass:8.8.8.8", false, false },
		{ "192.0.2.1:tcp/853", ACTION_BLOCK, "l:bypass:tcp/853", false, false },
		{ "[2a03:2480::9]:udp/1", ACTION_BLOCK, "l:portal:2a03:2480::/32", false, false },
		{ "2a03:2480::9:udp/1", ACTION_BLOCK, "l:portal:2a03:2480::/32", false, false },
		{ "tcp/853", ACTION_BLOCK, "l:bypass:tcp/853", false, false },
		{ "udp/853", ACTION_NONE, NULL, false, false },
		{ "tcp/13000-13010", ACTION_MONITOR, "l:relay:tcp/13000-13010", true, false },
		{ "tcp/13000-13011", ACTION_NONE, NULL, true, true },
		{ "l:update:a.com", ACTION_BLOCK, "l:update:a.com", false, false },
		{ "l:exempt:tip.a.com", ACTION_ALLOW, "l:exempt:tip.a.com", false, false },
		{ "l:portal:2a03:2480::/32", ACTION_BLOCK, "l:portal:2a03:2480::/32", false,
		  false },
		{ "l:bypass:tcp/853", ACTION_BLOCK, "l:bypass:tcp/853", false, false },
		{ "77.74.180.0/24", ACTION_BLOCK, "l:update:77.74.176.0/21", true, false },
		{ "77.74.177.0/25", ACTION_MONITOR, "l:web:77.74.177.0/24", true, false },
		{ "77.74.176.0/21", ACTION_ALLOW, "l:exempt:77.74.178.0/24", true, true },
		{ "77.74.176.0/23", ACTION_MONITOR, "l:web:77.74.177.0/24", true, true },
		{ "77.74.160.0/19", ACTION_NONE, NULL, true, true },
		{ "0.0.0.0/0", ACTION_NONE, NULL, true, true },
		{ "::/0", ACTION_NONE, NULL, true, true },
		{ "192.0.2.0/24", ACTION_NONE, NULL, true, false },
		{ "64:ff9b::77.74.176.9", ACTION_BLOCK, "l:update:77.74.176.0/21", false, false },
		{ "64:ff9b:1:4d4a:b0:900::", ACTION_BLOCK, "l:update:77.74.176.0/21", false,
		  false },
		{ "64:ff9b::4d4a:b400/120", ACTION_BLOCK, "l:update:77.74.176.0/21", true, false },
		{ "2002:4d4a:b009::/48", ACTION_BLOCK, "l:update:77.74.176.0/21", true, false },
		{ "64:ff9b::/96", ACTION_NONE, NULL, true, true },
		{ "64:ff9b::192.0.2.1", ACTION_NONE, NULL, false, false },
		{ "2a03:2480:1::/48", ACTION_BLOCK, "l:portal:2a03:2480::/32", true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct explanation found;
		struct policy_rule rule = { .id = "" };

		assert_int_equal(explain(&policy, known[i].query, &found), 0);
		policy_rule(&policy, found.verdict.rule, &rule);
		if (found.verdict.action != known[i].action ||
		    strcmp(rule.id, known[i].rule ? known[i].rule : "") != 0 ||
		    found.is_prefix != known[i].is_prefix || found.partial != known[i].partial)
			fail_msg("%s: %s %s%s%s", known[i].query,
				 action_print(found.verdict.action), rule.id,
				 found.is_prefix ? " prefix" : "", found.partial ? " partial" : "");
	}
}

static void malformed_queries(void **state)
{
	static const char *const bad[] = { "", "a..com", "256.1.1.1", "1.2.3", "10.0.0.0/33",
		"77.74.177.0/21", "77.74.176.0/", "a.com/24", "http://a.com", "tcp/0", "tcp/65536",
		"icmp/1", "1.2.3.4:tcp/", "1.2.3.4:tcp/1-2", "1.2.3.4:80", "[1::2]:tcp/0",
		"[]:tcp/1", "a.com:tcp/80", ":tcp/80", "*.a.com", "a b", "1::2::3", "\xff" };
	struct explanation found;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (explain(&policy, bad[i], &found) != -EINVAL)
			fail_msg("%s was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries),
		cmocka_unit_test(malformed_queries),
	};

	return cmocka_run_group_tests(tests, make, destroy);
}
