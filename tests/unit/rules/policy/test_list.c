/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "rules/policy/list.h"

#define HEAD "list: a\nversion: 1\n"

static struct diag diag;

static int parse(struct rule_list *list, struct arena *arena, const char *text, size_t length)
{
	/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
	char *copy = malloc(length ? length : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, text, length);
	arena_init(arena, SAMPLE_BUDGET);
	diag_init(&diag);
	error = rule_list_parse(list, arena, "a.rules", copy, length, &diag);
	free(copy);
	return error;
}

static void whole_language(void **state)
{
	static const char text[] =
		"# a comment\r\n"
		"list: kasper-1\r\n"
		"\t\n"
		"version: 2026.11.23.1 # not a comment of the value\n"
		"authority: BOD 17-01; FAR 52.204-23 \xe2\x80\x93 \xf0\x9f\x98\x80\n"
		"default: off\n"
		"[update]\n"
		"upd.Kaspersky.com   evidence=https://x.example/#frag   # why\n"
		"\t=downloads.upd.kaspersky.com\tproduct=kes confidence=low\n"
		"[network]\n"
		"77.74.176.0/21 category=infrastructure confidence=medium "
		"evidence=\"AS # 200107\"\n"
		"2a03:2480::/32 category=portal\n"
		"[relay]\n"
		"tcp/13000\n"
		"udp/1-2";
	static const char *const ids[] = {
		"kasper-1:update:upd.kaspersky.com", "kasper-1:update:=downloads.upd.kaspersky.com",
		"kasper-1:infrastructure:77.74.176.0/21", "kasper-1:portal:2a03:2480::/32",
		"kasper-1:relay:tcp/13000", "kasper-1:relay:udp/1-2",
	};
	struct rule_list list;
	struct arena arena;

	(void)state;
	assert_int_equal(parse(&list, &arena, text, sizeof(text) - 1), 0);
	assert_string_equal(list.name, "kasper-1");
	assert_string_equal(list.version, "2026.11.23.1");
	assert_string_equal(list.authority,
			    "BOD 17-01; FAR 52.204-23 \xe2\x80\x93 \xf0\x9f\x98\x80");
	assert_false(list.on_by_default);
	assert_int_equal(list.count, 6);
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.rules[i].id, ids[i]);
	assert_string_equal(list.rules[0].evidence, "https://x.example/#frag");
	assert_int_equal(list.rules[0].confidence, CONFIDENCE_HIGH);
	assert_int_equal(list.rules[0].line, 8);
	assert_int_equal(list.rules[1].kind, PATTERN_EXACT);
	assert_int_equal(list.rules[1].confidence, CONFIDENCE_LOW);
	assert_string_equal(list.rules[1].evidence, "");
	assert_string_equal(list.rules[2].evidence, "AS # 200107");
	assert_int_equal(list.rules[5].ports.last, 2);
	arena_release(&arena);
}

/* The first error of each text: its line, its column, and what was expected. */
/* Long: one table, a line for each case. */
static void every_error_names_its_place(void **state)
{
	static const struct { const char *text; unsigned int line, column; const char *message;
	} bad[] = {
		{ "", 0, 0, "no [section]" },
		{ "list: a\n", 0, 0, "no [section]" },
		{ "hello\n", 1, 1, "header field" },
		{ "list:\n", 1, 6, "value after the colon" },
		{ "list: A\n", 1, 7, "list name" },
		{ "list: a_b\n", 1, 7, "list name" },
		{ "list: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1, 7, "1 to 32" },
		{ "list: a\nlist: b\n", 2, 1, "repeated header field \"list\"" },
		{ "colour: red\n", 1, 1, "unknown or repeated header field \"colour\"" },
		{ "default: maybe\n", 1, 10, "on or off" },
		{ "list: a\n[update]\n", 2, 1, "list: and version:" },
		{ HEAD "[update\n", 3, 7, "expected ]" },
		{ HEAD "[]\n", 3, 2, "expected ]" },
		{ HEAD "[updates]\n", 3, 2, "unknown section \"updates\"" },
		{ HEAD "[update]\n[web\n", 4, 4, "expected ]" },
		{ HEAD "[update]\na..b\n", 4, 3, "domain name" },
		{ HEAD "[update]\n=a_!b\n", 4, 4, "domain name" },
		{ HEAD "[update]\n  *.a.com\n", 4, 3, "domain name alone, \"a.com\", which" },
		{ HEAD "[update]\nhttps://a.com:8443/x?y\n", 4, 1,
		  "a URL: expected the domain name "
		  "alone, \"a.com\"" },
		{ HEAD "[update]\nftp://\n", 4, 1, "a URL" },
		{ "\xef\xbb\xbf" HEAD "[update]\na.com\n", 1, 1, "invisible byte order mark" },
		{ "\xef\xbb\xbf", 1, 1, "invisible byte order mark" },
		{ HEAD "[update]\n=\n", 4, 2, "domain name" },
		{ HEAD "[update]\nb\xc3\xbc"
		       "cher.example\n",
		  4, 2, "(xn--...)" },
		{ HEAD "[update]\n1.2.3\n", 4, 1, "not an IPv4 address" },
		{ HEAD "[update]\n1.2.3.256\n", 4, 1, "not an IPv4 address" },
		{ HEAD "[update]\n77.74.177.0/21\n", 4, 1, "host bits" },
		{ HEAD "[update]\n77.74.176.0/33\n", 4, 1, "expected a network" },
		{ HEAD "[update]\n1::2::3\n", 4, 1, "expected a network" },
		{ HEAD "[update]\ntcp/0\n", 4, 5, "port from 1 to 65535" },
		{ HEAD "[update]\nudp/9-8\n", 4, 5, "FIRST below LAST" },
		{ HEAD "[exempt]\na.com ports=\n", 4, 7, "key=value" },
		{ HEAD "[exempt]\na.com ports=443\n", 4, 13, "tcp/PORT" },
		{ HEAD "[exempt]\na.com ports=tcp/443,\n", 4, 21, "tcp/PORT" },
		{ HEAD "[exempt]\na.com ports=tcp/1-9\n", 4, 13, "tcp/PORT" },
		{ HEAD "[exempt]\n1.2.3.4 ports=tcp/1\n", 4, 1, "is allowed only on a name" },
		{ HEAD "[bypass]\n1.2.3.0/24 ports=tcp/1\n", 4, 1, "is allowed only on a name" },
		{ HEAD "[exempt]\na.com leads-to=1.2.3.4/24\n", 4, 16, "leads-to" },
		{ HEAD "[exempt]\na.com leads-to=b.com\n", 4, 16, "leads-to" },
		{ HEAD "[network]\n1.2.3.4 category=exempt leads-to=1.2.3.4\n", 4, 1,
		  "is allowed only on a name" },
		{ HEAD "[update]\na.com product\n", 4, 7, "key=value" },
		{ HEAD "[update]\na.com =x\n", 4, 7, "key=value" },
		{ HEAD "[update]\na.com evidence=\n", 4, 7, "key=value" },
		{ HEAD "[update]\na.com evidence=\"\"\n", 4, 7, "key=value" },
		{ HEAD "[update]\na.com evidence=\"x\n", 4, 7, "double quote" },
		{ HEAD "[update]\na.com colour=red\n", 4, 7, "unknown key \"colour\"" },
		{ HEAD "[update]\na.com confidence=sure\n", 4, 18, "low, medium or high" },
		{ HEAD "[update]\na.com category=web\n", 4, 7, "allowed in [network] only" },
		{ HEAD "[network]\n1.2.3.4\n", 4, 8, "needs category=" },
		{ HEAD "[network]\n1.2.3.4 category=x\n", 4, 18, "unknown category \"x\"" },
		{ HEAD "[update]\na.com\x01\n", 4, 6, "control character (0x01)" },
		{ HEAD "[update]\na.com\x7f\n", 4, 6, "control character (0x7f)" },
		{ HEAD "[update]\na.com evidence=\xff\n", 4, 16, "not UTF-8 (0xff)" },
		{ HEAD "[update]\na.com evidence=\xc3\n", 4, 16, "not UTF-8" },
		{ HEAD "[update]\na.com evidence=\xc0\xaf\n", 4, 16, "not UTF-8" },
		{ HEAD "[update]\na.com evidence=\xe0\x9f\xbf\n", 4, 16, "not UTF-8" },
		{ HEAD "[update]\na.com evidence=\xed\xa0\x80\n", 4, 16, "not UTF-8" },
		{ HEAD "[update]\na.com evidence=\xf4\x90\x80\x80\n", 4, 16, "not UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct rule_list list;
		struct arena arena;

		assert_int_equal(parse(&list, &arena, bad[i].text, strlen(bad[i].text)), -EINVAL);
		assert_true(diag.count > 0);
		if (diag.entry[0].line != bad[i].line || diag.entry[0].column != bad[i].column ||
		    !strstr(diag.entry[0].message, bad[i].message))
			fail_msg("%s\n%u:%u: %s", bad[i].text, diag.entry[0].line,
				 diag.entry[0].column, diag.entry[0].message);
		assert_string_equal(diag.entry[0].source, "a.rules");
		arena_release(&arena);
	}
}

static void all_errors_are_found(void **state)
{
	static const char text[] = HEAD "[update]\na..b\ngood.example\nc..d\n[x]\n1.2.3\n";
	struct rule_list list;
	struct arena arena;

	(void)state;
	assert_int_equal(parse(&list, &arena, text, sizeof(text) - 1), -EINVAL);
	assert_int_equal(diag.count, 4);
	assert_int_equal(diag.entry[3].line, 8);
	arena_release(&arena);
}

static void long_lines(void **state)
{
	size_t head = strlen(HEAD "[update]\n"), size = head + LIST_LINE_MAX + 2;
	char *text = malloc(size);
	struct rule_list list;
	struct arena arena;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, HEAD "[update]\n", head);
	memcpy(text + head, "a.com", 5);
	assert_int_equal(parse(&list, &arena, text, head + LIST_LINE_MAX), 0);
	arena_release(&arena);
	assert_int_equal(parse(&list, &arena, text, head + LIST_LINE_MAX + 1), -EINVAL);
	assert_int_equal(diag.entry[0].line, 4);
	assert_non_null(strstr(diag.entry[0].message, "4096"));
	arena_release(&arena);
	free(text);
}

static void memory_budget(void **state)
{
	struct text text = TEXT_EMPTY;
	struct rule_list list;
	struct arena arena;

	(void)state;
	text_puts(&text, HEAD "[update]\n");
	for (int i = 0; i < 5000; i++)
		text_printf(&text, "host%d.example.com\n", i);
	diag_init(&diag);
	for (size_t budget = 0; budget < 3 << 20; budget += 200000) {
		int error;

		arena_init(&arena, budget);
		error = rule_list_parse(&list, &arena, "a", text.data, text.length, &diag);
		assert_true(error == 0 || error == -ENOMEM);
		assert_true(error == -ENOMEM || budget >= 500000);
		arena_release(&arena);
	}
	assert_int_equal(diag.count, 0);
	text_release(&text);
}

/* Every byte of a list, replaced by every other: an answer, and no more than that. */
static void hostile_bytes(void **state)
{
	static const char text[] = HEAD "[network]\n1.2.3.0/24 category=web evidence=\"a b\"\n"
				   "[update]\n=a.com product=x\ntcp/1-2\n";
	char damaged[sizeof(text)];
	struct rule_list list;
	struct arena arena;

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (int value = 0; value < 256; value++) {
			int error;

			memcpy(damaged, text, sizeof(text));
			damaged[at] = (char)value;
			error = parse(&list, &arena, damaged, sizeof(text) - 1);
			assert_true((error == 0) == (diag.count == 0));
			arena_release(&arena);
		}
		(void)!parse(&list, &arena, text, at);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_language),
		cmocka_unit_test(every_error_names_its_place),
		cmocka_unit_test(all_errors_are_found),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(memory_budget),
		cmocka_unit_test(hostile_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
