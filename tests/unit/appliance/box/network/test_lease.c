/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/box/network/lease.h"
#include "appliance/box/network/route.h"

/* What a lease comes to as time goes by: uptime in ms, lifetimes in seconds. */
enum { HOUR = 3600, DAY = 24 * HOUR };

static struct lease lease6(const char *prefix, uint32_t preferred, uint32_t valid, int64_t since)
{
	struct lease lease = { .event = LEASE_BOUND,
			       .v6 = true,
			       .since = since,
			       .preferred = preferred,
			       .valid = valid };

	if (prefix) {
		assert_int_equal(prefix_parse(&lease.prefix, prefix, strlen(prefix)), 0);
		lease.has_prefix = true;
	}
	return lease;
}

static struct lease lease4(const char *line)
{
	struct lease lease;

	assert_int_equal(lease_read(&lease, line), 0);
	return lease;
}

static const char *text_of(const struct lease *lease)
{
	static struct text out;

	text_release(&out);
	lease_print(lease, &out);
	return out.data;
}

static void lifetimes_count_down_and_end(void **state)
{
	struct lease lease = lease6("2001:db8:1::/56", 300, 600, 1000);

	(void)state;
	assert_int_equal(lease_left(&lease, lease.valid, 1000), 600);
	assert_int_equal(lease_left(&lease, lease.valid, 101000), 500);
	assert_int_equal(lease_left(&lease, lease.preferred, 301000), 0);
	assert_false(lease_over(&lease, 600999));
	assert_true(lease_over(&lease, 601000));
	lease.valid = (uint32_t)LEASE_FOREVER;
	assert_false(lease_over(&lease, INT64_C(1) << 60));
	/* A clock that went back takes nothing away. */
	assert_int_equal(lease_left(&lease, 600, 0), 600);
}

static void nothing_is_announced_for_longer_than_it_is_delegated(void **state)
{
	struct lease lease = lease6("2001:db8:1::/56", 300, 600, 1000);
	struct wiring_facts facts = { .memory_kb = 0 };

	(void)state;
	lease_announce(&lease, 101000, &facts);
	assert_true(facts.has_delegated && facts.counts_down);
	assert_int_equal(facts.preferred, 200);
	assert_int_equal(facts.valid, 500);
	/* For a week: the limits of RFC 9096, 4, until less than that is left. */
	lease = lease6("2001:db8:1::/56", HOUR, 2 * HOUR, 1000);
	lease_announce(&lease, 1000, &facts);
	assert_false(facts.counts_down);
	assert_int_equal(facts.preferred, 2700);
	assert_int_equal(facts.valid, 5400);
	assert_int_equal(facts.again, HOUR - 2700);
	lease_announce(&lease, 1000 + 1000 * (int64_t)facts.again, &facts);
	assert_true(facts.counts_down);
	lease = lease6("2001:db8:1::/56", (uint32_t)LEASE_FOREVER, (uint32_t)LEASE_FOREVER, 1000);
	lease_announce(&lease, 1000, &facts);
	assert_int_equal(facts.again, DAY);
}

static void an_old_prefix_is_stale_for_as_long_as_clients_may_have_it(void **state)
{
	struct lease old = lease6("2001:db8:1::/56", 300, 600, 1000),
		     lease = lease6("2001:db8:2::/56", 300, 600, 0);
	struct wiring_facts facts = { .memory_kb = 0 };
	struct lease next;

	(void)state;
	lease_follow(&lease, &old, 101000);
	assert_int_equal(lease.since, 101000);
	assert_int_equal(lease.stales, 1);
	assert_int_equal(lease.stale[0].until, 601000);
	lease_announce(&lease, 101000, &facts);
	assert_int_equal(facts.stales, 1);
	/* It is announced until the next time, a minute later. */
	assert_int_equal(facts.stale[0].valid, 440);
	assert_int_equal(facts.again, 60);
	lease_announce(&lease, 601000, &facts);
	assert_int_equal(facts.stales, 0);
	/* Renewed: it stays so. Back in the first network: the first is good again, and the second
	 * is stale. */
	next = lease6("2001:db8:2::/56", 300, 600, 0);
	lease_follow(&next, &lease, 151000);
	assert_int_equal(next.stales, 1);
	assert_int_equal(next.stale[0].until, 601000);
	lease = lease6("2001:db8:1::/56", 300, 600, 0);
	lease_follow(&lease, &next, 161000);
	assert_int_equal(lease.stales, 1);
	assert_memory_equal(&lease.stale[0].prefix, &next.prefix, sizeof(next.prefix));
	/* Never announced for more than 90 minutes, so none is stale for longer. */
	old = lease6("2001:db8:1::/56", DAY, 7 * DAY, 1000);
	lease = lease6(NULL, 0, 0, 0);
	lease_follow(&lease, &old, 2000);
	assert_int_equal(lease.stale[0].until, 2000 + 5400 * 1000);
}

static void many_changes_forget_the_oldest(void **state)
{
	struct lease old = lease6("2001:db8:0::/56", DAY, DAY, 1000), lease;
	char text[PREFIX_TEXT];

	(void)state;
	for (int i = 1; i < 20; i++) {
		snprintf(text, sizeof(text), "2001:db8:%x::/56", i);
		lease = lease6(text, DAY, DAY, 0);
		lease_follow(&lease, &old, 1000 + i);
		old = lease;
	}
	assert_int_equal(lease.stales, WIRING_STALES);
	assert_string_equal(prefix_print(&lease.stale[0].prefix, text), "2001:db8:12::/56");
}

static enum lease_event judge(enum lease_event event, const struct lease *old, int64_t asked,
			      int64_t now)
{
	return lease_judge(&(struct lease){ .event = event, .v6 = old->v6 }, old, asked, now);
}

/* The cable came back at 100 s: the clients begin anew, with nothing. */
static void a_lease_stays_until_somebody_else_is_heard(void **state)
{
	struct lease old = lease4("4 192.0.2.9/24 192.0.2.1 since=50000 valid=600");
	struct lease none = { .v6 = true }, disk = { .v6 = true, .stales = 1 };

	(void)state;
	assert_int_equal(judge(LEASE_GONE, &old, 0, 101000), LEASE_GONE);
	assert_int_equal(judge(LEASE_GONE, &old, 100000, 101000), LEASE_OTHER);
	assert_int_equal(judge(LEASE_FAILED, &old, 100000, 113000), LEASE_OTHER);
	assert_int_equal(judge(LEASE_REFUSED, &old, 100000, 113000), LEASE_GONE);
	assert_int_equal(judge(LEASE_FAILED, &old, 100000, 650000), LEASE_GONE);
	assert_int_equal(judge(LEASE_GONE, &old, 100000, 650000), LEASE_GONE);
	assert_int_equal(judge(LEASE_BOUND, &old, 100000, 101000), LEASE_BOUND);
	/* A start: prefixes of before are not taken back before it is known whether they are others
	 * now. */
	assert_int_equal(judge(LEASE_GONE, &none, 0, 5000), LEASE_OTHER);
	assert_int_equal(judge(LEASE_GONE, &disk, 0, 5000), LEASE_OTHER);
	assert_int_equal(judge(LEASE_FAILED, &disk, 0, 17000), LEASE_GONE);
}

static void a_line_keeps_all_of_it(void **state)
{
	static const char *const lines[] = {
		"4 192.0.2.9/24 192.0.2.1 9.9.9.9 since=50000 valid=600 mtu=1400 "
		"route=10.50.0.0/16,192.0.2.2 route=10.60.0.1/32,-\n",
		"6 2001:db8:1::/56 - 2620:fe::fe since=50000 preferred=300 valid=600 "
		"stale=2001:db8:2::/56,90000\n",
		"6 - - since=7 stale=2001:db8:2::/56,90000\n",
		"4 - - 9.9.9.9\n",
	};
	static const char *const odd[] = {
		"4 192.0.2.9/24 - since=-1 valid=99999999999 mtu=70000 route= route=x "
		"route=10.0.0.0/8 route=10.0.0.0/8,x "
		"route=2001:db8::/32,- stale=2001:db8::/56,1 127.0.0.1 = ==",
		"6 2001:db8:1::/56 - stale= stale=2001:db8::/56 stale=2001:db8::/56, "
		"stale=2001:db8::/80,5 stale=10.0.0.0/8,5 "
		"stale=2001:db8::/56,x stale=2001:db8::/56,99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[256];
		struct lease lease;

		snprintf(line, sizeof(line), "%s", lines[i]);
		*strchr(line, '\n') = '\0';
		lease = lease4(line);
		assert_string_equal(text_of(&lease), lines[i]);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct lease lease = lease4(odd[i]);

		assert_int_equal(lease.routes + lease.stales + lease.dns_count, 0);
		assert_int_equal(lease.mtu, 0);
	}
}

/* The clock on the wall, 1,000,000 s when it was written; the uptime begins anew. */
static void prefixes_are_known_over_a_restart(void **state)
{
	struct lease lease = lease6("2001:db8:1::/56", DAY, DAY, 1000), again = { .v6 = true };
	struct text out = TEXT_EMPTY;

	(void)state;
	lease.stales = 1;
	lease.stale[0].until = 601000;
	assert_int_equal(prefix_parse(&lease.stale[0].prefix, "2001:db8:2::/56", 15), 0);
	lease_print_prefixes(&lease, 101000, 1000000, &out);
	assert_string_equal(out.data, "2001:db8:1::/56 5400 0\n2001:db8:2::/56 500 1000000\n");
	lease_read_prefixes(&again, out.data, 5000, 1000100);
	assert_int_equal(again.stales, 2);
	assert_int_equal(again.stale[0].until, 5405000);
	assert_int_equal(again.stale[1].until, 405000);
	/* Over; a clock that wakes in 1970; lines that are none. */
	again = (struct lease){ .v6 = true };
	lease_read_prefixes(&again, "2001:db8:2::/56 500 1000000\n", 5000, 1000500);
	assert_int_equal(again.stales, 0);
	lease_read_prefixes(&again, "2001:db8:2::/56 500 1000000\n", 5000, 10);
	assert_int_equal(again.stale[0].until, 505000);
	again = (struct lease){ .v6 = true };
	lease_read_prefixes(&again,
			    "x\n\n2001:db8:2::/56\n2001:db8:2::/56 5401 0\n2001:db8:2::/56 -1 "
			    "0\n10.0.0.0/8 1 0\n",
			    0, 0);
	assert_int_equal(again.stales, 0);
	text_release(&out);
}

static void default_routes_are_found(void **state)
{
	static const char head[] = "Iface\tDestination\tGateway "
				   "\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
	static const char zeros[] = "00000000000000000000000000000000";
	char text[1024];

	(void)state;
	assert_false(route_has_default_v4(head));
	snprintf(text, sizeof(text),
		 "%seth0\t000A63C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", head);
	assert_false(route_has_default_v4(text));
	strcat(text, "eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	assert_true(route_has_default_v4(text));
	/* 0.0.0.0/1 is none, nor is one that refuses. */
	assert_false(route_has_default_v4(
		"eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"));
	assert_false(
		route_has_default_v4("*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"));
	snprintf(text, sizeof(text),
		 "%s 00 %s 00 %s ffffffff 00000001 00000000 00200200       lo\n", zeros, zeros,
		 zeros);
	assert_false(route_has_default_v6(text));
	snprintf(text, sizeof(text),
		 "%s 00 %s 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 "
		 "    eth0\n",
		 zeros, zeros);
	assert_true(route_has_default_v6(text));
	text[33] = '4';	/* ::/40 */
	assert_false(route_has_default_v6(text));
	assert_false(route_has_default_v4("") || route_has_default_v6("\n\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifetimes_count_down_and_end),
		cmocka_unit_test(nothing_is_announced_for_longer_than_it_is_delegated),
		cmocka_unit_test(an_old_prefix_is_stale_for_as_long_as_clients_may_have_it),
		cmocka_unit_test(many_changes_forget_the_oldest),
		cmocka_unit_test(a_lease_stays_until_somebody_else_is_heard),
		cmocka_unit_test(a_line_keeps_all_of_it),
		cmocka_unit_test(prefixes_are_known_over_a_restart),
		cmocka_unit_test(default_routes_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
