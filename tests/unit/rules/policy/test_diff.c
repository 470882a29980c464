/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <jansson.h>

#include "rules/policy/diff.h"

#define HEAD(name) "list: " name "\nversion: 1\n"
#define LISTS 3

static struct arena arena;
static struct diag diag;

static size_t parse(struct rule_list lists[LISTS], const char *const texts[LISTS])
{
	size_t count = 0;

	for (; count < LISTS && texts[count]; count++)
		(void)!rule_list_parse(&lists[count], &arena, "sample", texts[count],
				       strlen(texts[count]), &diag);
	sample_no_errors(&diag);
	return count;
}

static struct diff *compare(const char *const old[LISTS], const char *const new[LISTS])
{
	struct rule_list before[LISTS], after[LISTS];
	struct diff *diff = NULL;
	size_t olds, news;

	diag_init(&diag);
	arena_init(&arena, SAMPLE_BUDGET);
	olds = parse(before, old);
	news = parse(after, new);
	assert_int_equal(diff_new(&diff, before, olds, after, news, NULL, &diag), 0);
	sample_no_errors(&diag);
	/* it keeps nothing of the lists */
	arena_release(&arena);
	return diff;
}

/* The lines that say what changes, without those of the lists. */
static void gives_sets(const char *const old[LISTS], const char *const new[LISTS],
		       const char *expected)
{
	struct diff *diff = compare(old, new);
	struct text out = TEXT_EMPTY;
	const char *at;

	diff_print(diff, &out);
	assert_true(diff_changed(diff));
	at = strstr(out.data, "\n\n");
	at = at ? strstr(at + 2, "\n\n") : NULL;
	assert_string_equal(at ? at + 2 : "", expected);
	text_release(&out);
	diff_free(diff);
}

#define gives(old, new, expected) \
	gives_sets((const char *const[LISTS]){ HEAD("l") old }, \
		   (const char *const[LISTS]){ HEAD("l") new }, expected)

static void nothing_changed(void **state)
{
	static const char *const set[LISTS] = { HEAD("l") "[update]\na.com\n[network]\n"
						"192.0.2.0/24 category=web\n[bypass]\ntcp/853\n" };
	struct diff *diff = compare(set, set);
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_false(diff_changed(diff));
	diff_print(diff, &out);
	assert_string_equal(out.data, "nothing changed\n");
	text_release(&out);
	diff_free(diff);
}

static void names(void **state)
{
	(void)state;
	gives("[update]\na.com\n", "[update]\na.com\nb.com evidence=\"why\"\n=c.com\n",
	      "update\n"
	      "+ =c.com: blocked by l:update:=c.com (high), was no rule\n"
	      "+ b.com: blocked by l:update:b.com (high), was no rule; evidence: why\n");
	gives("[update]\na.com\nb.com evidence=\"why\"\n", "[update]\na.com\n",
	      "update\n"
	      "- b.com: no rule, was blocked by l:update:b.com (high); evidence: why\n");
}

/* What a new rule does to a name is what counts, not that the rule is new. */
static void effects_of_exemptions(void **state)
{
	(void)state;
	gives("[update]\na.com\n", "[update]\na.com\n[exempt]\nx.a.com\n",
	      "update\n"
	      "- x.a.com: allowed by l:exempt:x.a.com (high), was blocked by l:update:a.com "
	      "(high)\n");
}

static void exact_names_and_what_is_below(void **state)
{
	(void)state;
	gives("[update]\n=a.com\n", "[update]\na.com\n",
	      "update\n+ *.a.com: blocked by l:update:a.com (high), was no rule\n");
	gives("[update]\na.com\n", "[update]\n=a.com\n",
	      "update\n- *.a.com: no rule, was blocked by l:update:a.com (high)\n");
}

/* A child that a rule names is not taken for every child. */
static void children_that_are_named(void **state)
{
	(void)state;
	gives("[update]\na.com\n\\000\\000.a.com\n", "[update]\n=a.com\n\\000\\000.a.com\n",
	      "update\n- *.a.com: no rule, was blocked by l:update:a.com (high)\n");
}

static void names_with_zero_bytes_differ(void **state)
{
	(void)state;
	gives("[update]\nx\\000a.com\n", "[update]\nx\\000a.com\nx\\000b.com\n",
	      "update\n+ x\\000b.com: blocked by l:update:x\\000b.com (high), was no rule\n");
}

static void covered_rules_change_nothing(void **state)
{
	(void)state;
	gives("[update]\na.com\nb.a.com\n", "[update]\na.com\n", "");
	gives("[update]\na.com\n", "[update]\na.com\n=b.a.com\n", "");
}

static void moved_rules_change_nothing(void **state)
{
	static const char *const old[LISTS] = { HEAD("one") "[update]\na.com evidence=\"x\"\n",
						HEAD("two") "[update]\nb.com\n" };
	static const char *const new[LISTS] = {
		HEAD("one") "[web]\nc.com confidence=low\n",
		HEAD("two") "[update]\nb.com\na.com evidence=\"x\"\n"
	};

	(void)state;
	gives_sets(old, new, "web\n~ c.com: monitored by one:web:c.com (low), was no rule\n");
}

static void other_changes(void **state)
{
	(void)state;
	gives("[update]\na.com confidence=low\n", "[update]\na.com\n",
	      "update\n+ a.com: blocked by l:update:a.com (high), was monitored by l:update:a.com "
	      "(low)\n");
	gives("[update]\na.com\n", "[telemetry]\na.com\n",
	      "telemetry\n~ a.com: blocked by l:telemetry:a.com (high), was blocked by "
	      "l:update:a.com (high)\n");
	gives("[update]\na.com\n", "[update]\na.com confidence=medium\n",
	      "update\n~ a.com: blocked by l:update:a.com (medium), was blocked by l:update:a.com "
	      "(high)\n");
	gives("[update]\na.com evidence=\"one\"\n", "[update]\na.com evidence=\"two\"\n",
	      "update\n~ a.com: blocked by l:update:a.com (high); evidence: two; was: one\n");
	gives("[update]\na.com\n", "[web]\na.com\n",
	      "update\n- a.com: monitored by l:web:a.com (high), was blocked by l:update:a.com "
	      "(high)\n");
}

static void networks(void **state)
{
	(void)state;
	gives("[network]\n192.0.2.0/24 category=update\n",
	      "[network]\n192.0.2.0/24 category=update\n198.51.100.0/24 category=update\n"
	      "2001:67c::/32 category=web\n",
	      "update\n"
	      "+ 198.51.100.0/24: blocked by l:update:198.51.100.0/24 (high), was no rule\n\n"
	      "web\n"
	      "~ 2001:67c::/32: monitored by l:web:2001:67c::/32 (high), was no rule\n");
	/* a hole is what changes, not the network around it */
	gives("[network]\n77.74.176.0/21 category=update\n",
	      "[network]\n77.74.176.0/21 category=update\n77.74.177.0/24 category=web\n",
	      "update\n"
	      "- 77.74.177.0/24: monitored by l:web:77.74.177.0/24 (high), was blocked by "
	      "l:update:77.74.176.0/21 (high)\n");
	/* what remains of it is no single network */
	gives("[network]\n77.74.177.0/24 category=update\n",
	      "[network]\n77.74.176.0/21 category=update\n",
	      "update\n"
	      "+ 77.74.176.0/24: blocked by l:update:77.74.176.0/21 (high), was no rule\n"
	      "+ 77.74.178.0-77.74.183.255: blocked by l:update:77.74.176.0/21 (high), was no "
	      "rule\n");
}

/* Split in two, with the same words: not a change. */
static void networks_written_otherwise(void **state)
{
	(void)state;
	gives("[network]\n77.74.176.0/21 category=update\n",
	      "[network]\n77.74.176.0/22 category=update\n77.74.180.0/22 category=update\n", "");
}

static void the_last_address(void **state)
{
	(void)state;
	gives("[exempt]\nff00::/8\n", "[exempt]\nff00::/9\n",
	      "exempt\n~ ff80::/9: no rule, was allowed by l:exempt:ff00::/8 (high)\n");
}

static void resolvers_and_ports(void **state)
{
	(void)state;
	gives("[bypass]\n8.8.8.8\ntcp/853\n", "[bypass]\n1.1.1.1\ntcp/853-854\nudp/853\n",
	      "bypass\n"
	      "+ 1.1.1.1 (as resolver): blocked by l:bypass:1.1.1.1 (high), was no rule\n"
	      "+ tcp/854: blocked by l:bypass:tcp/853-854 (high), was no rule\n"
	      "+ udp/853: blocked by l:bypass:udp/853 (high), was no rule\n"
	      "- 8.8.8.8 (as resolver): no rule, was blocked by l:bypass:8.8.8.8 (high)\n");
}

/* The signers read "0 no longer blocked", and encrypted DNS to the resolver was open. */
static void an_exemption_opens_a_resolver_and_ports(void **state)
{
	(void)state;
	gives("[bypass]\n8.8.8.8\ntcp/853\n", "[bypass]\n8.8.8.8\ntcp/853\n[exempt]\n8.8.8.0/24\n",
	      "bypass\n"
	      "- 8.8.8.0/24 tcp/853: allowed by l:exempt:8.8.8.0/24 (high), was blocked by "
	      "l:bypass:tcp/853 (high)\n"
	      "- 8.8.8.8 (as resolver): allowed by l:exempt:8.8.8.0/24 (high), was blocked by "
	      "l:bypass:8.8.8.8 (high)\n"
	      "\nexempt\n"
	      "~ 8.8.8.0/24: allowed by l:exempt:8.8.8.0/24 (high), was no rule\n");
	gives("[bypass]\ntcp/853\n[exempt]\n192.0.2.0/24\n", "[bypass]\ntcp/853\n",
	      "bypass\n"
	      "+ 192.0.2.0/24 tcp/853: blocked by l:bypass:tcp/853 (high), was allowed by "
	      "l:exempt:192.0.2.0/24 (high)\n"
	      "\nexempt\n"
	      "~ 192.0.2.0/24: no rule, was allowed by l:exempt:192.0.2.0/24 (high)\n");
}

/* Where a name's clients may go is part of what it decides. */
static void reach_is_a_change(void **state)
{
	(void)state;
	gives("[exempt]\na.com leads-to=77.74.181.0/24\n", "[exempt]\na.com ports=tcp/25\n",
	      "exempt\n"
	      "~ a.com: allowed by l:exempt:a.com (high); ports=tcp/25; was: "
	      "leads-to=77.74.181.0/24\n");
	gives("[bypass]\n8.8.8.8\n", "[bypass]\n8.8.8.8 ports=tcp/853\n",
	      "bypass\n"
	      "~ 8.8.8.8 (as resolver): blocked by l:bypass:8.8.8.8 (high); ports=tcp/853\n");
}

static void lists_off_by_default(void **state)
{
	static const char *const old[LISTS] = { HEAD("l") "[update]\na.com\n",
						HEAD("oem") "default: off\n[update]\nb.com\n" };
	static const char *const new[LISTS] = {
		HEAD("l") "[update]\na.com\n", HEAD("oem") "default: off\n[update]\nb.com\nc.com\n"
	};
	static const char *const on[LISTS] = { HEAD("l") "[update]\na.com\n",
					       HEAD("oem") "[update]\nb.com\n" };

	(void)state;
	gives_sets(old, new, "update, where the list oem is chosen\n"
		   "+ c.com: blocked by oem:update:c.com (high), was no rule\n");
	gives_sets(old, on, "update\n+ b.com: blocked by oem:update:b.com (high), was no rule\n");
}

static void describes_lists(void **state)
{
	static const char *const old[LISTS] = {
		HEAD("a") "[update]\na.com\n=b.com\n", HEAD("gone") "[update]\ng.com\n",
		"list: o\nversion: 1\nauthority: x\n[web]\nw.com\n" };
	static const char *const new[LISTS] = {
		"list: a\nversion: 2\n[update]\na.com evidence=\"e\"\nc.com\n",
		HEAD("new") "default: off\n[web]\nn.com\n",
		"list: o\nversion: 1\nauthority: y\n[web]\nw.com\n"
	};
	struct diff *diff = compare(old, new);
	struct text out = TEXT_EMPTY;

	(void)state;
	diff_print(diff, &out);
	assert_non_null(strstr(out.data, "1 newly blocked, 2 no longer blocked, 2 otherwise changed"
		"\n\nlists\n"
		"~ a: version 2, was 1; rules: 1 added, 1 removed, 1 rewritten\n"
		"+ new: new list, version 1; rules: 1 added, 0 removed, 0 rewritten; off by "
		"default\n"
		"~ o: still version 1; rules: 0 added, 0 removed, 0 rewritten; authority y\n"
		"- gone: removed list, version 1; rules: 0 added, 1 removed, 0 rewritten\n"));
	text_release(&out);
	diff_free(diff);
}

/* Nobody signs what a terminal was made to hide. */
static void evidence_cannot_steer_the_terminal(void **state)
{
	(void)state;
	gives("[update]\na.com\n",
	      "[update]\na.com\nb.com evidence=\"x\xe2\x80\xaey\xc2\x9b[2Kz \xc3\xa9\"\n",
	      "update\n+ b.com: blocked by l:update:b.com (high), was no rule; "
	      "evidence: x?y?[2Kz \xc3\xa9\n");
}

static void versions_of_lists_cannot_steer_the_terminal(void **state)
{
	static const char *const old[LISTS] = { HEAD("a") "[update]\na.com\n" };
	static const char *const new[LISTS] = {
		"list: a\nversion: 2\xc2\x9b[8m\xe2\x80\xae\n[update]\na.com\n",
		"list: n\nversion: \xc2\x9b[2J\n[update]\na.com\n" };
	struct diff *diff = compare(old, new);
	struct text out = TEXT_EMPTY;

	(void)state;
	diff_print(diff, &out);
	assert_non_null(strstr(out.data, "~ a: version 2?[8m?, was 1; "));
	assert_non_null(strstr(out.data, "+ n: new list, version ?[2J; "));
	text_release(&out);
	diff_free(diff);
}

static void json_says_the_same(void **state)
{
	static const char *const old[LISTS] = { HEAD("l") "[update]\na.com\n" };
	static const char *const new[LISTS] = { HEAD("l") "[update]\nb.com evidence=\"e\"\n" };
	struct diff *diff = compare(old, new);
	struct text out = TEXT_EMPTY;
	const char *kind, *what, *rule, *evidence;
	json_int_t blocked, unblocked, changed;
	json_t *object;

	(void)state;
	assert_int_equal(diff_print_json(diff, &out), 0);
	assert_int_equal(out.data[out.length - 1], '\n');
	object = json_loads(out.data, 0, NULL);
	assert_int_equal(json_unpack(object, "{s:I, s:I, s:I, s:[{s:s}], s:[{s:s, s:s, s:n, s:n, "
		"s:{s:s, s:s}}, {s:s}]}", "blocked", &blocked, "unblocked", &unblocked, "changed",
		&changed, "lists", "name", &rule, "changes", "change", &kind, "what", &what, "list",
		"old", "new", "rule", &rule, "evidence", &evidence, "change", &kind), 0);
	assert_int_equal(blocked, 1);
	assert_int_equal(unblocked, 1);
	assert_int_equal(changed, 0);
	assert_string_equal(what, "b.com");
	assert_string_equal(rule, "l:update:b.com");
	assert_string_equal(evidence, "e");
	assert_string_equal(kind, "unblocked");
	json_decref(object);
	text_release(&out);
	diff_free(diff);
}

static void lists_that_do_not_compile(void **state)
{
	static const char *const texts[LISTS] = { HEAD("l") "[update]\nco.uk\n" };
	struct rule_list list[LISTS];
	struct diff *diff;

	(void)state;
	diag_init(&diag);
	arena_init(&arena, SAMPLE_BUDGET);
	assert_int_equal(parse(list, texts), 1);
	assert_int_equal(diff_new(&diff, NULL, 0, list, 1, NULL, &diag), -EINVAL);
	assert_true(diag.count > 0);
	arena_release(&arena);
}

static void from_nothing(void **state)
{
	static const char *const none[LISTS] = { NULL };
	static const char *const set[LISTS] = { HEAD("l") "[update]\na.com\n" };

	(void)state;
	gives_sets(none, set, "update\n+ a.com: blocked by l:update:a.com (high), was no rule\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed),
		cmocka_unit_test(names),
		cmocka_unit_test(effects_of_exemptions),
		cmocka_unit_test(exact_names_and_what_is_below),
		cmocka_unit_test(children_that_are_named),
		cmocka_unit_test(names_with_zero_bytes_differ),
		cmocka_unit_test(covered_rules_change_nothing),
		cmocka_unit_test(moved_rules_change_nothing),
		cmocka_unit_test(other_changes),
		cmocka_unit_test(networks),
		cmocka_unit_test(networks_written_otherwise),
		cmocka_unit_test(the_last_address),
		cmocka_unit_test(resolvers_and_ports),
		cmocka_unit_test(an_exemption_opens_a_resolver_and_ports),
		cmocka_unit_test(reach_is_a_change),
		cmocka_unit_test(lists_off_by_default),
		cmocka_unit_test(describes_lists),
		cmocka_unit_test(evidence_cannot_steer_the_terminal),
		cmocka_unit_test(versions_of_lists_cannot_steer_the_terminal),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(lists_that_do_not_compile),
		cmocka_unit_test(from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
