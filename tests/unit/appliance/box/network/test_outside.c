/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/box/network/outside.h"

static struct network network;

/* A network.conf that parses. */
static const struct network *conf(const char *text)
{
	static struct diag diag;

	diag_init(&diag);
	if (network_parse(&network, "network.conf", text, strlen(text), &diag))
		fail_msg("%s", diag.entry[0].message);
	return &network;
}

#define DYNAMIC conf("[wan]\ninterface = eth0\n")
#define FIXED conf("[wan]\ninterface = eth0\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\n" \
		   "address6 = none\n")
#define ONLY_V6 conf("[wan]\ninterface = eth0\naddress = none\n")

static const struct lease lease4 = { .has_address = true, .since = 10000, .valid = 3600 };
static const struct lease lease6 = {
	.v6 = true, .has_prefix = true, .since = 10000, .valid = 3600
};

static void the_wan_leads_outside(void **state)
{
	(void)state;
	assert_string_equal(outside_link(DYNAMIC)->interface, "eth0");
	assert_string_equal(outside_link(FIXED)->interface, "eth0");
}

/* An inner gateway without a WAN. */
static void otherwise_the_link_with_a_gateway_does(void **state)
{
	static struct network inner = { .lans = 2 };

	(void)state;
	assert_null(outside_link(&inner));
	inner.lan[1].v4.has_gateway = true;
	assert_ptr_equal(outside_link(&inner), &inner.lan[1]);
}

static void a_lease_is_stale_when_no_server_answers(void **state)
{
	struct lease none = { .has_address = false };

	(void)state;
	assert_false(outside_is_stale(&lease4, 0, 20000));
	assert_false(outside_is_stale(&lease4, 30000, 45000));
	assert_true(outside_is_stale(&lease4, 30000, 45001));
	/* A server answered after that. */
	assert_false(outside_is_stale(&lease4, 9000, 900000));
	assert_false(outside_is_stale(&none, 30000, 900000));
}

static void a_lease_is_stale_after_its_end(void **state)
{
	(void)state;
	assert_false(outside_is_stale(&lease4, 0, 10000 + 3600000));
	assert_true(outside_is_stale(&lease4, 0, 10000 + 3600000 + 15001));
}

static void a_fixed_gateway_owes_its_route_at_once(void **state)
{
	struct lease none4 = { .v6 = false }, none6 = { .v6 = true };

	(void)state;
	assert_true(outside_owes_route(FIXED, &none4, 0, 1));
	assert_false(outside_owes_route(FIXED, &none6, 0, 900000));
}

static void dhcp_owes_a_route_with_its_lease(void **state)
{
	struct lease none = { .v6 = false };

	(void)state;
	assert_false(outside_owes_route(DYNAMIC, &none, 0, 900000));
	assert_true(outside_owes_route(DYNAMIC, &lease4, 0, 10001));
}

/* A router has 30 s after the prefix, and after the clients began anew. */
static void ipv6_gets_time(void **state)
{
	(void)state;
	assert_false(outside_owes_route(DYNAMIC, &lease6, 0, 40000));
	assert_true(outside_owes_route(DYNAMIC, &lease6, 0, 40001));
	assert_false(outside_owes_route(DYNAMIC, &lease6, 20000, 50000));
	assert_true(outside_owes_route(DYNAMIC, &lease6, 20000, 50001));
}

/* Nothing but IPv6 can lead outside, so a route is owed without a lease. */
static void the_only_family_owes_a_route(void **state)
{
	struct lease none = { .v6 = true };

	(void)state;
	assert_false(outside_owes_route(ONLY_V6, &none, 0, 120000));
	assert_true(outside_owes_route(ONLY_V6, &none, 0, 120001));
	assert_false(outside_owes_route(ONLY_V6, &none, 100000, 130000));
	assert_false(outside_owes_route(DYNAMIC, &none, 0, 900000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wan_leads_outside),
		cmocka_unit_test(otherwise_the_link_with_a_gateway_does),
		cmocka_unit_test(a_lease_is_stale_when_no_server_answers),
		cmocka_unit_test(a_lease_is_stale_after_its_end),
		cmocka_unit_test(a_fixed_gateway_owes_its_route_at_once),
		cmocka_unit_test(dhcp_owes_a_route_with_its_lease),
		cmocka_unit_test(ipv6_gets_time),
		cmocka_unit_test(the_only_family_owes_a_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
