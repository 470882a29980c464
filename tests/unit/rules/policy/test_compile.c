/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <netinet/in.h>

#include "rules/policy/policy.h"

#define HEAD "list: l\nversion: 1\n"

struct compiled {
	void *block;
	size_t size;
	struct policy policy;
};

static struct compiled compile(const char *text, const struct policy_options *options)
{
	struct compiled compiled;

	compiled.block = sample_block(text, options, &compiled.size);
	assert_int_equal(policy_open(&compiled.policy, compiled.block, compiled.size), 0);
	return compiled;
}

/* The rule that decides a name, "" for none; "!" in front when the name is carved. */
static void name_gives(const struct compiled *compiled, const char *text, const char *rule)
{
	struct name name = sample_name(text);
	struct verdict verdict = policy_lookup_name(&compiled->policy, name.wire);
	struct policy_rule found = { .id = "l:" };

	assert_int_equal(verdict.action == ACTION_NONE, rule[0] == '\0');
	assert_int_equal(policy_rule(&compiled->policy, verdict.rule, &found), rule[0] != '\0');
	if (strcmp(found.id + 2, rule) != 0)
		fail_msg("%s: %s, expected %s", text, found.id, rule);
}

/* Who wins: one row a line of the table in design and manual page. */
static void precedence(void **state)
{
	struct compiled compiled = compile(HEAD
		"[update]\na.com\n=deep.er.a.com\nboth.a.com\n=exact.a.com\n"
		"[web]\nwatched.a.com\nboth.a.com\nexact.a.com\n"
		"[exempt]\nfree.a.com\n=exact.free.b.com\nboth.b.com\n"
		"[update]\nb.com\nfree.b.com\nboth.b.com\n=both.b.com\nbad.free.a.com\n", NULL);

	(void)state;
	name_gives(&compiled, "com", "");
	name_gives(&compiled, "xa.com", "");
	name_gives(&compiled, ".", "");
	name_gives(&compiled, "a.com", "update:a.com");
	name_gives(&compiled, "x.y.z.a.com", "update:a.com");
	/* more specific beats less */
	name_gives(&compiled, "watched.a.com", "web:watched.a.com");
	name_gives(&compiled, "x.free.a.com", "exempt:free.a.com");
	name_gives(&compiled, "x.bad.free.a.com", "update:bad.free.a.com");
	name_gives(&compiled, "deep.er.a.com", "update:=deep.er.a.com");
	/* an exact rule says nothing of what is below */
	name_gives(&compiled, "x.deep.er.a.com", "update:a.com");
	/* equal depth: exempt first */
	name_gives(&compiled, "both.b.com", "exempt:both.b.com");
	name_gives(&compiled, "exact.free.b.com", "exempt:=exact.free.b.com");
	name_gives(&compiled, "x.exact.free.b.com", "update:free.b.com");
	/* then exact before suffix */
	name_gives(&compiled, "exact.a.com", "update:=exact.a.com");
	name_gives(&compiled, "x.exact.a.com", "web:exact.a.com");
	/* then block before monitor */
	name_gives(&compiled, "both.a.com", "update:both.a.com");
	free(compiled.block);
}

static bool carved(const struct compiled *compiled, const char *text)
{
	struct name name = sample_name(text);

	return policy_lookup_name(&compiled->policy, name.wire).carve;
}

/* NXDOMAIN would deny the names below too (RFC 8020). */
static void carve(void **state)
{
	struct compiled compiled = compile(HEAD "[update]\na.com\nb.com\n[exempt]\nx.y.a.com\n"
						"[web]\n=w.b.com\n", NULL);

	(void)state;
	assert_true(carved(&compiled, "a.com"));
	assert_true(carved(&compiled, "y.a.com"));
	assert_true(carved(&compiled, "x.y.a.com"));
	assert_false(carved(&compiled, "z.y.a.com"));
	assert_false(carved(&compiled, "z.a.com"));
	assert_true(carved(&compiled, "b.com"));
	assert_true(carved(&compiled, "com"));
	name_gives(&compiled, "com", "");
	free(compiled.block);
}

static struct verdict verdict_of(const struct compiled *compiled, const char *text)
{
	struct name name = sample_name(text);

	return policy_lookup_name(&compiled->policy, name.wire);
}

static void actions_and_modes(void **state)
{
	static const char text[] = HEAD "[update]\na.com\nlow.com confidence=low\n[web]\nw.com\n"
					"[exempt]\ne.com\n[telemetry]\nt.com\n";
	struct policy_options options;
	struct compiled compiled = compile(text, NULL);

	(void)state;
	assert_int_equal(verdict_of(&compiled, "a.com").action, ACTION_BLOCK);
	assert_int_equal(verdict_of(&compiled, "low.com").action, ACTION_MONITOR);
	assert_int_equal(verdict_of(&compiled, "low.com").intended, ACTION_MONITOR);
	assert_int_equal(verdict_of(&compiled, "w.com").action, ACTION_MONITOR);
	assert_int_equal(verdict_of(&compiled, "e.com").action, ACTION_ALLOW);
	free(compiled.block);

	policy_options_init(&options);
	options.action[CATEGORY_WEB] = ACTION_BLOCK;
	options.action[CATEGORY_EXEMPT] = ACTION_BLOCK;
	options.monitor = 1U << CATEGORY_UPDATE;
	compiled = compile(text, &options);
	assert_int_equal(verdict_of(&compiled, "a.com").action, ACTION_MONITOR);
	assert_int_equal(verdict_of(&compiled, "a.com").intended, ACTION_BLOCK);
	assert_int_equal(verdict_of(&compiled, "t.com").action, ACTION_BLOCK);
	assert_int_equal(verdict_of(&compiled, "w.com").action, ACTION_BLOCK);
	assert_int_equal(verdict_of(&compiled, "e.com").action, ACTION_ALLOW);
	free(compiled.block);

	options.disarmed = true;
	compiled = compile(text, &options);
	assert_int_equal(verdict_of(&compiled, "a.com").action, ACTION_ALLOW);
	assert_int_equal(verdict_of(&compiled, "a.com").intended, ACTION_BLOCK);
	free(compiled.block);
}

static const char *packet(const struct compiled *compiled, const char *addr, uint8_t protocol,
			  uint16_t port)
{
	struct addr to = sample_addr(addr);
	struct verdict verdict = policy_lookup_packet(&compiled->policy, &to, protocol, port);
	static struct policy_rule rule;

	return policy_rule(&compiled->policy, verdict.rule, &rule) ? rule.id + 2 : "";
}

static void packets(void **state)
{
	struct compiled compiled = compile(HEAD
		"[network]\n77.74.176.0/21 category=update\n77.74.177.0/24 category=web\n"
		"77.74.177.9 category=exempt\n2a03:2480::/32 category=portal\n"
		"[bypass]\n8.8.8.8\n77.74.177.8\n192.0.2.9 ports=tcp/443,udp/443\ntcp/853\n"
		"[relay]\ntcp/13000-13010\nudp/13000\n", NULL);

	(void)state;
	assert_string_equal(packet(&compiled, "77.74.176.1", 6, 443), "update:77.74.176.0/21");
	assert_string_equal(packet(&compiled, "77.74.176.1", 1, 0), "update:77.74.176.0/21");
	assert_string_equal(packet(&compiled, "77.74.178.0", 6, 1), "update:77.74.176.0/21");
	assert_string_equal(packet(&compiled, "77.74.184.0", 6, 1), "");
	assert_string_equal(packet(&compiled, "2a03:2480::5", 17, 1), "portal:2a03:2480::/32");
	/* monitored network: a port that blocks is stronger */
	assert_string_equal(packet(&compiled, "77.74.177.1", 6, 443), "web:77.74.177.0/24");
	assert_string_equal(packet(&compiled, "77.74.177.1", 6, 853), "bypass:tcp/853");
	assert_string_equal(packet(&compiled, "77.74.177.8", 17, 443), "bypass:77.74.177.8");
	/* what is exempt by address passes on every port */
	assert_string_equal(packet(&compiled, "77.74.177.9", 6, 853), "exempt:77.74.177.9");
	/* resolvers: on every port of TCP and UDP, unless the rule names some */
	assert_string_equal(packet(&compiled, "8.8.8.8", 6, 443), "bypass:8.8.8.8");
	assert_string_equal(packet(&compiled, "8.8.8.8", 17, 8853), "bypass:8.8.8.8");
	assert_string_equal(packet(&compiled, "8.8.8.8", 6, 80), "bypass:8.8.8.8");
	assert_string_equal(packet(&compiled, "8.8.8.8", 17, 5353), "bypass:8.8.8.8");
	assert_string_equal(packet(&compiled, "192.0.2.9", 17, 443), "bypass:192.0.2.9");
	assert_string_equal(packet(&compiled, "192.0.2.9", 6, 80), "");
	assert_string_equal(packet(&compiled, "8.8.8.8", 1, 0), "");
	assert_string_equal(packet(&compiled, "8.8.8.8", 6, 853), "bypass:8.8.8.8");
	/* ports */
	assert_string_equal(packet(&compiled, "192.0.2.1", 6, 13010), "relay:tcp/13000-13010");
	assert_string_equal(packet(&compiled, "192.0.2.1", 17, 13001), "");
	assert_string_equal(packet(&compiled, "192.0.2.1", 47, 13000), "");
	free(compiled.block);
}

static void same_lists_same_bytes(void **state)
{
	static const char text[] = HEAD "[update]\na.com\nb.a.com evidence=x\n=c.a.com evidence=x\n"
					"[network]\n1.2.3.0/24 category=web\n[relay]\ntcp/1-5\n";
	size_t size, again_size;
	void *block = sample_block(text, NULL, &size), *again;

	(void)state;
	again = sample_block(text, NULL, &again_size);
	assert_int_equal(size, again_size);
	assert_memory_equal(block, again, size);
	free(block);
	free(again);
}

static void refused(const char *line, const char *message)
{
	static struct diag diag;
	struct policy_options options;
	struct text text = TEXT_EMPTY;
	struct rule_list list;
	struct arena arena;
	void *block;
	size_t size;
	bool ports = strncmp(line, "tcp", 3) == 0 || strncmp(line, "udp", 3) == 0;
	bool network = strpbrk(line, "/:") && !ports;

	text_printf(&text, "%s%s%s\n", HEAD,
		    network ? "[network]\n# \n" : "[update]\n# \n", line);
	diag_init(&diag);
	policy_options_init(&options);
	arena_init(&arena, SAMPLE_BUDGET);
	assert_int_equal(rule_list_parse(&list, &arena, "l", text.data, text.length, &diag), 0);
	if (policy_compile(&list, 1, &options, &block, &size, &diag) != -EINVAL)
		fail_msg("%s was taken", line);
	assert_true(diag.count >= 1);
	if (!strstr(diag.entry[0].message, message))
		fail_msg("%s: %s", line, diag.entry[0].message);
	if (strcmp(message, "max-address-share") != 0 && !ports)
		assert_int_equal(diag.entry[0].line, 5);
	arena_release(&arena);
	text_release(&text);
}

static void sanity_limits(void **state)
{
	static const char *const special[] = { "10.0.0.0/8", "10.1.2.3/32", "192.168.0.0/24",
		"172.16.0.0/12", "127.0.0.1/32", "169.254.1.0/24", "224.0.0.0/4", "100.64.0.0/10",
		"0.0.0.0/0", "::1/128", "fe80::/64", "fd00::/8", "ff02::1/128",
		"64:ff9b::1/128" };
	struct compiled compiled;

	(void)state;
	refused(".", "the root");
	refused("=.", "the root");
	refused("com", "public suffix");
	refused("co.uk", "public suffix");
	refused("kaspersky", "public suffix");
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
		char line[80];

		snprintf(line, sizeof(line), "%s category=update", special[i]);
		refused(line, "no rule may");
	}
	refused("2000::/16 category=update", "shorter than /24");
	refused("44.0.0.0/9 category=update", "max-address-share");
	/* An exemption of half the internet, and a block of every port, were clean. */
	refused("0.0.0.0/1 category=exempt", "max-address-share");
	refused("2000::/16 category=exempt", "shorter than /24");
	refused("tcp/1-65535", "no rule may");
	refused("tcp/440-450", "tcp/443");
	refused("udp/53", "udp/53");
	refused("udp/20000-21024", "together they block 1025 ports of UDP");
	/* Exactly a public suffix as one name, and exempt space, are a decision of the list's
	 * author. */
	compiled = compile(HEAD "[update]\n=co.uk\n[exempt]\n10.0.0.0/8\ncom\n", NULL);
	free(compiled.block);
}

/* An exempt network of IPv6 that swallows IPv4 as well: nobody can mean that. */
static void families_do_not_mix(void **state)
{
	(void)state;
	refused("::/0 category=exempt", "IPv4");
	refused("::/80 category=exempt", "IPv4");
	refused("::/0 category=update", "IPv4");
}

static void share_of_addresses(void **state)
{
	static const char text[] = HEAD "[network]\n44.0.0.0/9 category=update\n"
					"44.128.0.0/9 category=web\n";
	struct policy_options options;
	struct compiled compiled;

	(void)state;
	policy_options_init(&options);
	options.max_v4_share = 128;	/* a /9 is 128 of 65536; what is only watched is free */
	compiled = compile(text, &options);
	free(compiled.block);
}

static void many_names(void **state)
{
	struct text text = TEXT_EMPTY;
	struct compiled compiled;

	(void)state;
	text_puts(&text, HEAD "[update]\n");
	for (int i = 0; i < 20000; i++)
		text_printf(&text, "%shost-%d.net%d.example.com\n", i % 3 ? "" : "=", i, i % 100);
	text_puts(&text, "[web]\n");
	for (int i = 0; i < 5000; i++)
		text_printf(&text, "w%d.x.y.z.v%d.example.org\n", i, i);
	compiled = compile(text.data, NULL);
	text_release(&text);
	assert_int_equal(policy_rules(&compiled.policy), 25000);
	for (int i = 0; i < 20000; i += 7) {
		char name[80], rule[100];

		snprintf(name, sizeof(name), "x.host-%d.net%d.example.com", i, i % 100);
		snprintf(rule, sizeof(rule), "update:%s%s", i % 3 ? "" : "=", name + 2);
		name_gives(&compiled, name + 2, rule);
		name_gives(&compiled, name, i % 3 ? rule : "");
	}
	assert_true(carved(&compiled, "v17.example.org"));
	free(compiled.block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(precedence),
		cmocka_unit_test(carve),
		cmocka_unit_test(actions_and_modes),
		cmocka_unit_test(packets),
		cmocka_unit_test(same_lists_same_bytes),
		cmocka_unit_test(sanity_limits),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(share_of_addresses),
		cmocka_unit_test(many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
