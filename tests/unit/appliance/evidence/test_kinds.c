/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <netinet/in.h>

#include "appliance/evidence/verdict.h"
#include "tests/unit/appliance/evidence/shipped.h"

/*
 * Traffic of each kind, as what clients ask for, through the shipped lists to the verdict: a rule
 * that moves to another category shows here, as does a weight.
 */
enum { TRACES = 8, LISTS = 3, MIB = 1 << 20 };

struct trace {
	const char *what;	/* a name, an address, "tcp/PORT"; NULL: no more */
	uint64_t count;
	uint32_t days;
	const char *resolver;	/* that was asked; NULL: the gateway */
};

static const struct kind {
	const char *name;
	struct trace trace[TRACES];
	enum verdict_kind kind;
	enum confidence confidence;
	const char *family;
	const char *sentence;	/* how the explanation begins */
} kinds[] = {
	{ "a current product's updater", { { "s17.upd.kaspersky.com", 24, 2, NULL },
					   { "p03.upd.kaspersky.com", 24, 2, NULL },
					   { "downloads.upd.kaspersky.com", 2, 1, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_MEDIUM, "kes-or-home",
	  "Product (kes-or-home), medium confidence: update servers of current products" },
	{ "KSN beside it", { { "s17.upd.kaspersky.com", 24, 2, NULL },
			     { "dc1-file.ksn.kaspersky-labs.com", 900, 2, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home", "Product (kes-or-home), high" },
	{ "KSN, by a name that licensees ask for, too",
	  { { "ksn-verdict-geo.kaspersky-labs.com", 40, 2, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home", "Product" },
	{ "a licence", { { "activation-v2.kaspersky.com", 1, 1, NULL },
			 { "refresh-bkg.activation-v2.kaspersky.com", 3, 3, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home",
	  "Product (kes-or-home), high confidence: activation of a licence" },
	{ "a home product", { { "ksn-crypto-wifiplus-geo.kaspersky-labs.com", 9, 4, NULL },
			      { "touch.kaspersky.com", 30, 9, NULL },
			      { "s01.upd.kaspersky.com", 40, 9, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "home", "Product (home), high confidence: " },
	{ "Managed Detection and Response", { { "mdr.ksn.kaspersky-labs.com", 50, 1, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "mdr", "Product (mdr)" },
	{ "the Cloud Console", { { "s1234.ksc.kaspersky.com", 50, 1, NULL } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "cloud-managed", "Product (cloud-managed)" },
	{ "the fallback resolvers, without the order",
	  { { "downloads.upd.kaspersky.com", 1, 1, "8.8.8.8" },
	    { "downloads.upd.kaspersky.com", 1, 1, "223.6.6.6" } },
	  VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home", "Product" },
	{ "an old product or a licensed engine", { { "dnl-04.geo.kaspersky.com", 40, 5, NULL } },
	  VERDICT_ENGINE, CONFIDENCE_MEDIUM, "", "Embedded engine, medium confidence: " },
	{ "ZoneAlarm", { { "kav8.zonealarm.com", 40, 5, NULL },
			 { "dnl-04.geo.kaspersky.com", 40, 5, NULL } },
	  VERDICT_ENGINE, CONFIDENCE_HIGH, "check-point", "Embedded engine (check-point), high" },
	{ "anti-spam in a mail gateway",
	  { { "ksn-kas.geoksn.kaspersky.com", 4000, 9, NULL },
	    { "dnl-04.geo.kaspersky.com", 40, 9, NULL } },
	  VERDICT_ENGINE, CONFIDENCE_HIGH, "mail-gateway", "Embedded engine (mail-gateway)" },
	{ "an agent of Security Center", { { "tcp/13000", 96, 1, NULL } },
	  VERDICT_MANAGEMENT, CONFIDENCE_LOW, "", "Relay or management, low confidence: " },
	{ "its console", { { "tcp/13291", 5, 1, NULL } },
	  VERDICT_MANAGEMENT, CONFIDENCE_HIGH, "", "Relay or management, high" },
	{ "the server, which updates for others",
	  { { "udp/15000", 50, 9, NULL }, { "s17.upd.kaspersky.com", 90, 9, NULL },
	    { "dc1.ksn.kaspersky-labs.com", 9000, 9, NULL } },
	  VERDICT_MANAGEMENT, CONFIDENCE_HIGH, "", "Relay or management, high" },
	{ "a KSN proxy", { { "tcp/13111", 50, 1, NULL }, { "tcp/13000", 9, 1, NULL } },
	  VERDICT_MANAGEMENT, CONFIDENCE_HIGH, "", "Relay or management, high" },
	{ "a person who reads", { { "www.kaspersky.com", 9, 2, NULL },
				  { "securelist.com", 3, 1, NULL },
				  { "support.kaspersky.com", 2, 1, NULL } },
	  VERDICT_VISIT, CONFIDENCE_MEDIUM, "", "Visited a web site, medium confidence: " },
	{ "a page that a product once wrote into",
	  { { "gc.kis.v2.scr.kaspersky-labs.com", 800, 90, NULL },
	    { "me.kis.v2.scr.kaspersky-labs.com", 10, 4, NULL } },
	  VERDICT_VISIT, CONFIDENCE_MEDIUM, "", "Visited a web site" },
	{ "a bank's page", { { "ru.fp.kaspersky-labs.com", 20, 9, NULL } },
	  VERDICT_VISIT, CONFIDENCE_MEDIUM, "", "Visited a web site" },
	{ "any Windows", { { "crl.kaspersky.com", 20, 9, NULL } },
	  VERDICT_UNCLEAR, CONFIDENCE_LOW, "", "Unclear, low confidence: a revocation check" },
	{ "a developer's test", { { "test.kss.kaspersky-labs.com", 5, 1, NULL } },
	  VERDICT_UNCLEAR, CONFIDENCE_LOW, "", "Unclear" },
	{ "a few packets to the vendor", { { "77.74.181.30", 2, 1, NULL } },
	  VERDICT_UNCLEAR, CONFIDENCE_LOW, "", "Unclear" },
	{ "another program's resolver", { { "8.8.8.8", 200, 9, NULL } },
	  VERDICT_UNCLEAR, CONFIDENCE_LOW, "", "Unclear, low confidence: no trace that counts." },
};

static struct policy policy;
static void *block;

static int compile(void **state)
{
	static const char *const names[LISTS] = { "kaspersky", "oem", "resolvers" };
	static struct rule_list list[LISTS];
	static struct diag diag;
	struct policy_options options;
	struct arena arena;
	char path[64];
	size_t size;

	(void)state;
	diag_init(&diag);
	policy_options_init(&options);
	arena_init(&arena, SAMPLE_BUDGET);
	for (int i = 0; i < LISTS; i++) {
		char *text;

		snprintf(path, sizeof(path), "rules/lists/%s.rules", names[i]);
		text = shipped_file(path, &size);
		(void)!rule_list_parse(&list[i], &arena, names[i], text, size, &diag);
		free(text);
	}
	(void)!policy_compile(list, LISTS, &options, &block, &size, &diag);
	sample_no_errors(&diag);
	arena_release(&arena);
	return policy_open(&policy, block, size);
}

static int release(void **state)
{
	(void)state;
	free(block);
	return 0;
}

static struct verdict look_up(const char *what, enum event_channel *channel)
{
	struct ports ports;
	struct addr addr;
	struct name name;
	struct verdict verdict;

	*channel = CHANNEL_PACKET;
	if (ports_parse(&ports, what, strlen(what)) == 0)
		return policy_lookup_port(&policy, ports.protocol, ports.first);
	if (addr_parse(&addr, what, strlen(what)) == 0) {
		verdict = policy_lookup_addr(&policy, &addr);
		return verdict.action == ACTION_NONE ? policy_lookup_resolver(&policy, &addr) :
		       verdict;
	}
	*channel = CHANNEL_DNS;
	name = sample_name(what);
	return policy_lookup_name(&policy, name.wire);
}

/* What the journal would have added up. */
static struct tally tally_of(const struct trace *trace)
{
	struct tally tally = { .count = trace->count, .days = trace->days,
			       .has_resolver = trace->resolver != NULL };
	const struct verdict verdict = look_up(trace->what, &tally.channel);
	struct policy_rule rule;

	if (!policy_rule(&policy, verdict.rule, &rule)) {
		print_error("%s: no rule\n", trace->what);
		fail();
	}
	tally.rule = rule.id;
	tally.action = verdict.action;
	if (trace->resolver)
		tally.resolver = sample_addr(trace->resolver);
	return tally;
}

static void check(const struct kind *kind)
{
	struct tally tally[TRACES];
	struct verdict_facts facts = { .tally = tally };
	struct host_verdict verdict;
	struct text out = TEXT_EMPTY;

	while (facts.tallies < TRACES && kind->trace[facts.tallies].what) {
		tally[facts.tallies] = tally_of(&kind->trace[facts.tallies]);
		facts.tallies++;
	}
	verdict_judge(&verdict, shipped_weights(), &facts);
	verdict_explain(&verdict, shipped_weights(), &out);
	if (verdict.kind != kind->kind || verdict.confidence != kind->confidence ||
	    strcmp(verdict.family, kind->family) != 0 ||
	    strncmp(out.data, kind->sentence, strlen(kind->sentence)) != 0 ||
	    strchr(out.data, '\n') || out.data[out.length - 1] != '.') {
		print_error("%s: %s\n", kind->name, out.data);
		fail();
	}
	text_release(&out);
}

static void each_kind_of_traffic(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		check(&kinds[i]);
}

/* Where a verdict comes from words, not from traces. */
static void words_and_forwarders(void **state)
{
	const struct trace trace = { "dc1.ksn.kaspersky-labs.com", 900, 9, NULL };
	struct tally tally = tally_of(&trace);
	struct verdict_facts facts = { .tally = &tally, .tallies = 1, .tool = true };
	struct host_verdict verdict;
	struct text out = TEXT_EMPTY;

	(void)state;
	verdict_judge(&verdict, shipped_weights(), &facts);
	assert_int_equal(verdict.kind, VERDICT_TOOL);
	assert_int_equal(verdict.without, VERDICT_PRODUCT);
	verdict_explain(&verdict, shipped_weights(), &out);
	assert_string_equal(out.data, "Tool that handles names, by an administrator's word or the "
			    "table: its traces do not count (they would show: product).");
	text_release(&out);
	facts.tool = false;
	facts.forwarder = true;
	verdict_judge(&verdict, shipped_weights(), &facts);
	assert_int_equal(verdict.kind, VERDICT_MANAGEMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_traffic),
		cmocka_unit_test(words_and_forwarders),
	};

	return cmocka_run_group_tests(tests, compile, release);
}
