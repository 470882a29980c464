/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/evidence/verdict.h"
#include "tests/unit/appliance/evidence/shipped.h"

#define HOUR ((int64_t)3600 * 1000)
#define DAY (24 * HOUR)
#define K "kaspersky:"

static struct weights weights;

static int load_weights(void **state)
{
	(void)state;
	weights = *shipped_weights();
	return 0;
}

/* Rules with the channel DNS, so many events on so many days; a port or address is a packet. */
static struct tally tally(const char *rule, uint64_t count, uint32_t days)
{
	const char *pattern = strrchr(rule, ':') + 1;

	return (struct tally){
		.rule = rule, .count = count, .days = days, .last_ms = days * DAY,
		.action = ACTION_BLOCK,
		.channel = strchr(pattern, '/') ? CHANNEL_PACKET : CHANNEL_DNS,
	};
}

#define JUDGE(verdict, ...) do { \
		const struct tally tallies_[] = { __VA_ARGS__ }; \
		const struct verdict_facts facts_ = { \
			.tally = tallies_, \
			.tallies = sizeof(tallies_) / sizeof(*tallies_), \
		}; \
		verdict_judge(verdict, &weights, &facts_); \
	} while (0)

static void is(const struct host_verdict *verdict, enum verdict_kind kind,
	       enum confidence confidence, const char *family)
{
	assert_string_equal(verdict_print(verdict->kind), verdict_print(kind));
	assert_string_equal(confidence_print(verdict->confidence), confidence_print(confidence));
	assert_string_equal(verdict->family, family);
}

static void a_home_product(void **state)
{
	struct host_verdict verdict;

	(void)state;
	JUDGE(&verdict, tally(K "update:=s05.upd.kaspersky.com", 40, 5),
	      tally(K "telemetry:=ksn-crypto-wifiplus-geo.kaspersky-labs.com", 9, 4),
	      tally(K "telemetry:=dc1.ksn.kaspersky-labs.com", 200, 5),
	      tally(K "activation:=activate.activation-v2.kaspersky.com", 2, 1),
	      tally(K "infrastructure:=touch.kaspersky.com", 12, 5),
	      tally(K "portal:=my.kaspersky.com", 1, 1), tally(K "web:=www.kaspersky.com", 3, 2));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "home");
	assert_false(verdict.suggests_tool);
	assert_int_equal(verdict.evidence[0].points, 100);
}

static void endpoint_security(void **state)
{
	struct host_verdict verdict;
	struct text out = TEXT_EMPTY;

	(void)state;
	JUDGE(&verdict, tally(K "update:upd.kaspersky.com", 24, 2),
	      tally(K "telemetry:=ksn-verdict-geo.kaspersky-labs.com", 300, 2),
	      tally(K "activation:activation-v2.kaspersky.com", 1, 1));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home");
	verdict_explain(&verdict, &weights, &out);
	assert_non_null(strstr(out.data, "Product (kes-or-home), high confidence: "));
	assert_null(strchr(out.data, '\n'));
	text_release(&out);
	JUDGE(&verdict, tally(K "update:=cm.k.kaspersky-labs.com", 24, 1));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_MEDIUM, "kes");
	JUDGE(&verdict, tally(K "infrastructure:ksc.kaspersky.com", 3, 1));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "cloud-managed");
}

static void updates_alone_are_less_certain(void **state)
{
	struct host_verdict verdict;

	(void)state;
	JUDGE(&verdict, tally(K "update:=s00.upd.kaspersky.com", 4, 1),
	      tally(K "update:=s01.upd.kaspersky.com", 4, 1),
	      tally(K "update:=s02.upd.kaspersky.com", 4, 1));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_MEDIUM, "kes-or-home");
	/* One sign however many rules. */
	assert_int_equal(verdict.count, 1);
	assert_int_equal(verdict.evidence[0].count, 12);
}

static void management(void **state)
{
	struct host_verdict verdict;

	(void)state;
	JUDGE(&verdict, tally(K "update:upd.kaspersky.com", 90, 9),
	      tally(K "telemetry:ksn.kaspersky-labs.com", 9000, 9),
	      tally(K "relay:udp/15000", 50, 9));
	is(&verdict, VERDICT_MANAGEMENT, CONFIDENCE_HIGH, "");
	JUDGE(&verdict, tally(K "relay:tcp/13000", 50, 9));
	is(&verdict, VERDICT_MANAGEMENT, CONFIDENCE_LOW, "");
	JUDGE(&verdict, tally(K "relay:tcp/13111", 50, 9), tally(K "relay:tcp/13000", 50, 9));
	is(&verdict, VERDICT_MANAGEMENT, CONFIDENCE_HIGH, "");
	JUDGE(&verdict, tally(K "relay:tcp/8060-8061", 5, 1));
	is(&verdict, VERDICT_UNCLEAR, CONFIDENCE_LOW, "");
	/* An agent with a product of its own. */
	JUDGE(&verdict, tally(K "relay:tcp/13000", 50, 9),
	      tally(K "telemetry:ksn.kaspersky-labs.com", 90, 9));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home");
	assert_true(verdict.manages);
}

static void engines(void **state)
{
	struct host_verdict verdict;

	(void)state;
	JUDGE(&verdict, tally(K "update:=dnl-04.geo.kaspersky.com", 40, 5));
	is(&verdict, VERDICT_ENGINE, CONFIDENCE_MEDIUM, "");
	/* ZoneAlarm: the licensee's name explains the names of KSN. */
	JUDGE(&verdict, tally("oem:update:=kav8.zonealarm.com", 40, 5),
	      tally(K "update:=dnl-04.geo.kaspersky.com", 40, 5),
	      tally(K "telemetry:=ksn-url-geo.kaspersky-labs.com", 40, 5));
	is(&verdict, VERDICT_ENGINE, CONFIDENCE_HIGH, "check-point");
	/* It explains no licence. */
	JUDGE(&verdict, tally("oem:update:=kav8.zonealarm.com", 40, 5),
	      tally(K "activation:=activation-v2.kaspersky.com", 2, 1));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home");
	/* Anti-spam in a mail gateway. */
	JUDGE(&verdict, tally(K "telemetry:=ksn-kas.geoksn.kaspersky.com", 4000, 9),
	      tally(K "update:=dnl-04.geo.kaspersky.com", 40, 9));
	is(&verdict, VERDICT_ENGINE, CONFIDENCE_HIGH, "mail-gateway");
}

/* A mail gateway resolves what messages contain. */
static void the_pattern_of_a_tool(void **state)
{
	const struct tally some[] = {
		tally(K "mail:=mx12.kaspersky-labs.com", 3, 3),
		tally(K "web:=www.kaspersky.com", 9, 8), tally(K "web:securelist.com", 2, 2),
		tally(K "removal:support.kaspersky.com", 2, 2),
		tally(K "distribution:=products.s.kaspersky-labs.com", 1, 1),
		tally(K "portal:=my.kaspersky.com", 1, 1),
		tally(K "infrastructure:=click.kaspersky.com", 4, 4),
		tally(K "update:upd.kaspersky.com", 1, 1),
		tally(K "telemetry:ksn.kaspersky-labs.com", 1, 1),
	};
	struct verdict_facts facts = { .tally = some, .tallies = sizeof(some) / sizeof(*some) };
	struct host_verdict verdict;
	struct text out = TEXT_EMPTY;

	(void)state;
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_UNCLEAR, CONFIDENCE_LOW, "");
	assert_true(verdict.suggests_tool);
	facts.tool = true;
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_TOOL, CONFIDENCE_HIGH, verdict.family);
	assert_false(verdict.suggests_tool);
	assert_int_equal(verdict.without, VERDICT_PRODUCT);
	verdict_explain(&verdict, &weights, &out);
	assert_non_null(strstr(out.data, "do not count"));
	text_release(&out);
}

/* One message makes a mail gateway ask for MX, A, AAAA and TXT of each name. */
static void the_pattern_of_a_tool_on_its_first_day(void **state)
{
	const struct tally some[] = {
		tally(K "web:=www.kaspersky.com", 4, 1), tally(K "web:securelist.com", 2, 1),
		tally(K "removal:support.kaspersky.com", 2, 1),
		tally(K "distribution:=products.s.kaspersky-labs.com", 3, 1),
		tally(K "portal:=my.kaspersky.com", 4, 1),
		tally(K "infrastructure:kaspersky.com", 4, 1),
		tally(K "update:upd.kaspersky.com", 4, 1),
	};
	struct verdict_facts facts = { .tally = some, .tallies = sizeof(some) / sizeof(*some) };
	struct host_verdict verdict;

	(void)state;
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_UNCLEAR, CONFIDENCE_LOW, "");
	assert_true(verdict.suggests_tool);
}

/* A product's first hour: as many categories, and few queries yet. */
static void a_new_product_is_no_tool(void **state)
{
	const struct tally some[] = {
		tally(K "activation:=activation-v2.kaspersky.com", 2, 1),
		tally(K "telemetry:ksn.kaspersky-labs.com", 4, 1),
		tally(K "distribution:=products.s.kaspersky-labs.com", 2, 1),
		tally(K "portal:=my.kaspersky.com", 2, 1),
		tally(K "infrastructure:kaspersky.com", 2, 1),
		tally(K "update:upd.kaspersky.com", 4, 1),
	};
	struct verdict_facts facts = { .tally = some, .tallies = sizeof(some) / sizeof(*some) };
	struct host_verdict verdict;

	(void)state;
	verdict_judge(&verdict, &weights, &facts);
	assert_int_equal(verdict.kind, VERDICT_PRODUCT);
	assert_false(verdict.suggests_tool);
}

static void people_and_pages(void **state)
{
	struct host_verdict verdict;

	(void)state;
	JUDGE(&verdict, tally(K "infrastructure:=gc.kis.v2.scr.kaspersky-labs.com", 800, 90));
	is(&verdict, VERDICT_VISIT, CONFIDENCE_MEDIUM, "");
	JUDGE(&verdict, tally(K "web:securelist.com", 20, 9),
	      tally(K "removal:=support.kaspersky.com", 2, 1));
	is(&verdict, VERDICT_VISIT, CONFIDENCE_MEDIUM, "");
	JUDGE(&verdict, tally(K "telemetry:fp.kaspersky-labs.com", 20, 9));
	is(&verdict, VERDICT_VISIT, CONFIDENCE_MEDIUM, "");
	JUDGE(&verdict, tally(K "infrastructure:=crl.kaspersky.com", 20, 9));
	is(&verdict, VERDICT_UNCLEAR, CONFIDENCE_LOW, "");
	JUDGE(&verdict, tally(K "infrastructure:77.74.176.0/21", 2, 1));
	is(&verdict, VERDICT_UNCLEAR, CONFIDENCE_LOW, "");
	/* Threat intelligence and other programs' resolvers are no trace at all. */
	JUDGE(&verdict, tally(K "exempt:opentip.kaspersky.com", 2, 1),
	      tally("resolvers:bypass:8.8.8.8", 200, 9));
	is(&verdict, VERDICT_UNCLEAR, CONFIDENCE_LOW, "");
	assert_int_equal(verdict.count, 0);
}

static void fallback_resolvers(void **state)
{
	struct tally some[] = {
		tally(K "update:=downloads.upd.kaspersky.com", 1, 1),
		tally(K "update:=downloads.upd.kaspersky.com", 1, 1),
		tally(K "web:=www.kaspersky.com", 1, 1),
	};
	struct verdict_facts facts = { .tally = some, .tallies = 3 };
	struct host_verdict verdict;

	(void)state;
	some[0].has_resolver = some[1].has_resolver = some[2].has_resolver = true;
	some[0].resolver = some[1].resolver = sample_addr("8.8.8.8");
	some[2].resolver = sample_addr("9.9.9.9");
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_MEDIUM, "kes-or-home");
	some[1].resolver = sample_addr("1.1.1.1");
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home");
	JUDGE(&verdict, tally(VERDICT_FALLBACK, 1, 1));
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_HIGH, "kes-or-home");
}

static void a_forwarder_speaks_for_others(void **state)
{
	struct tally some[] = {
		tally(K "telemetry:ksn.kaspersky-labs.com", 900, 9),
		tally(K "infrastructure:77.74.176.0/21", 5, 1),
	};
	struct verdict_facts facts = { .tally = some, .tallies = 2, .forwarder = true };
	struct host_verdict verdict;

	(void)state;
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_MANAGEMENT, CONFIDENCE_HIGH, "");
	assert_true(verdict.relayed);
	/* Its own packets are its own. */
	some[1].rule = K "update:upd.kaspersky.com";
	verdict_judge(&verdict, &weights, &facts);
	is(&verdict, VERDICT_PRODUCT, CONFIDENCE_MEDIUM, "kes-or-home");
}

/* ---- over time ---- */

static void states(void **state)
{
	int32_t trace[] = { 100, 101, 102, 160 }, seen[200];
	struct host_days days = { .trace = trace, .traces = 3, .seen = seen, .seens = 200,
				  .today = 103 };
	struct host_presence presence;
	struct text out = TEXT_EMPTY;

	(void)state;
	for (int32_t i = 0; i < 200; i++)
		seen[i] = 50 + i;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_ACTIVE);
	days.today = 112;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_SILENT);
	assert_int_equal(presence.silent_days, 10);
	days.today = 132;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_REMOVED);
	assert_int_equal(presence.seen_days, 30);
	days.traces = 4;
	days.today = 161;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_REAPPEARED);
	assert_int_equal(presence.gap_days, 58);
	host_presence_print(&presence, &out);
	assert_string_equal(out.data, "reappeared after 58 days");
	text_release(&out);
	/* A machine that was switched off is not removed, and does not reappear. */
	days.seens = 53;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_ACTIVE);
	days.traces = 3;
	days.today = 150;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_SILENT);
	days.traces = 0;
	host_presence(&presence, &weights, &days);
	assert_int_equal(presence.state, STATE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_home_product),
		cmocka_unit_test(endpoint_security),
		cmocka_unit_test(updates_alone_are_less_certain),
		cmocka_unit_test(management),
		cmocka_unit_test(engines),
		cmocka_unit_test(the_pattern_of_a_tool),
		cmocka_unit_test(the_pattern_of_a_tool_on_its_first_day),
		cmocka_unit_test(a_new_product_is_no_tool),
		cmocka_unit_test(people_and_pages),
		cmocka_unit_test(fallback_resolvers),
		cmocka_unit_test(a_forwarder_speaks_for_others),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests(tests, load_weights, NULL);
}
