/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/settings/network.h"

static struct diag diag;
static struct network network;

static int parse(const char *text)
{
	size_t length = strlen(text);
	char *copy = malloc(length ? length : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, text, length);
	diag_init(&diag);
	error = network_parse(&network, "network.conf", copy, length, &diag);
	free(copy);
	return error;
}

static void good(const char *text)
{
	int error = parse(text);

	sample_no_errors(&diag);
	assert_int_equal(error, 0);
}

static void bad(const char *text, const char *expected)
{
	struct text out = TEXT_EMPTY;

	assert_int_equal(parse(text), -EINVAL);
	diag_print(&diag, &out);
	if (!out.data || !strstr(out.data, expected))
		print_error("of: %s\nexpected: %s\nfound: %s\n", text, expected,
			    out.data ? out.data : "(nothing)");
	assert_true(out.data && strstr(out.data, expected));
	text_release(&out);
}

static void addr_is(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT];

	assert_string_equal(addr_print(addr, text), expected);
}

static void out_of_the_box(void **state)
{
	(void)state;
	good("");
	assert_true(network.has_wan && network.forward && network.masquerade);
	assert_string_equal(network.wan.interface, "eth0");
	assert_int_equal(network.wan.v4.method, METHOD_DYNAMIC);
	assert_int_equal(network.wan.v6.method, METHOD_DYNAMIC);
	assert_int_equal(network.lans, 1);
	assert_string_equal(network.lan[0].interface, "eth1");
	addr_is(&network.lan[0].v4.address.addr, "192.168.77.1");
	assert_int_equal(network.lan[0].v4.address.length, 96 + 24);
	assert_int_equal(network.lan[0].v6.method, METHOD_DYNAMIC);
	assert_true(network.lan[0].dhcp && network.lan[0].ra);
	addr_is(&network.lan[0].dhcp_first, "192.168.77.100");
	addr_is(&network.lan[0].dhcp_last, "192.168.77.199");
	assert_null(network_management(&network));
	assert_false(network.ssh);
	assert_int_equal(network.ntps, 2);
	assert_string_equal(network.hostname, "cordon");
}

static void routed(void **state)
{
	(void)state;
	good("[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\naddress6 = none\n"
	     "[lan]\naddress = 198.51.100.1/24\ndhcp = off\nra = off\n"
	     "[routing]\nroute = 203.0.113.0/24 via 198.51.100.254\n"
	     "route = 10.0.0.0/8  via  192.0.2.77 ; comment\n");
	assert_true(network.forward);
	assert_false(network.masquerade);	/* no private LAN */
	assert_false(network.lan[0].dhcp || network.lan[0].ra);
	assert_int_equal(network.lan[0].v6.method, METHOD_NONE);
	assert_int_equal(network.routes, 2);
	addr_is(&network.route[1].via, "192.0.2.77");
}

static void dns_only(void **state)
{
	(void)state;
	good("[lan]\ninterface = eth0\naddress = 10.1.2.3/16\ngateway = 10.1.0.1\n");
	assert_false(network.has_wan || network.forward || network.masquerade);
	assert_false(network.lan[0].dhcp || network.lan[0].ra);
	assert_ptr_equal(network_link(&network, 0), &network.lan[0]);
	assert_null(network_link(&network, 1));
}

static void trunk(void **state)
{
	char parent[IFNAMSIZ];

	(void)state;
	good("[wan]\ninterface = eth0.7\n"
	     "[lan office]\ninterface = eth1.10\naddress = 10.10.0.1/24\n"
	     "[lan guests]\ninterface = eth1.20\naddress = 10.20.0.1/24\nlease = 1h\n"
	     "dhcp = 10.20.0.50 - 10.20.0.60\n"
	     "[management]\ninterface = eth1.99\naddress = 10.99.0.1/24\nssh = on\n");
	assert_int_equal(network_vlan(network.wan.interface, parent), 7);
	assert_string_equal(parent, "eth0");
	assert_int_equal(network_vlan("eth1", parent), 0);
	assert_int_equal(network.lans, 2);
	assert_int_equal(network.lan[1].lease, 3600);
	addr_is(&network.lan[1].dhcp_first, "10.20.0.50");
	assert_ptr_equal(network_management(&network), &network.management);
	assert_ptr_equal(network_link(&network, 3), &network.management);
	assert_true(network.ssh);
	good("[lan office]\ninterface = eth1.10\naddress = 10.10.0.1/24\n"
	     "[management]\ninterface = eth1.10\n");
	assert_ptr_equal(network_management(&network), &network.lan[0]);
	assert_string_equal(network.management_name, "office");
}

static void only_v6(void **state)
{
	(void)state;
	good("[wan]\naddress = none\naddress6 = 2001:db8:1::2/64\ngateway6 = fe80::1\n"
	     "[lan]\naddress = none\naddress6 = 2001:db8:2::1/64\n");
	assert_false(network.masquerade || network.lan[0].dhcp);
	assert_true(network.lan[0].ra && network.forward);
}

static void every_other_key(void **state)
{
	(void)state;
	good("[routing]\nmasquerade = no\nforward = no\n[time]\nntp = ntp.example 192.0.2.9\n"
	     "ntp = 2001:db8::9\n[system]\nhostname = gw-1\n");
	assert_false(network.masquerade || network.forward);
	assert_int_equal(network.ntps, 3);
	assert_string_equal(network.ntp[2], "2001:db8::9");
	assert_string_equal(network.hostname, "gw-1");
	good("[time]\nntp = none\n");
	assert_int_equal(network.ntps, 0);
}

/* Long: one table, a line for each case. */
static void bad_values(void **state)
{
	static const struct { const char *text, *expected;
	} cases[] = {
		{ "[wan]\ninterface = eth0.4095\n", ":2: error: interface: expected an interface" },
		{ "[wan]\ninterface = eth0.0\n", "1 to 4094" },
		{ "[wan]\ninterface = ../../etc\n", "expected an interface" },
		{ "[wan]\ninterface = abcdefghijklmnop\n", "at most 15" },
		{ "[wan]\ninterface = eth0.7.8\n", "expected an interface" },
		{ "[wan]\naddress = delegated\n", "expected dhcp, ADDRESS/LENGTH" },
		{ "[wan]\naddress = 192.0.2.1\n", "expected dhcp, ADDRESS/LENGTH" },
		{ "[wan]\naddress = 2001:db8::1/64\n", "expected dhcp" },
		{ "[wan]\naddress = 192.0.2.1/33\n", "expected dhcp" },
		{ "[wan]\naddress6 = 192.0.2.1/24\n", "expected auto" },
		{ "[wan]\naddress = 192.0.2.0/24\n", "the address of a host" },
		{ "[wan]\naddress = 192.0.2.2/24\naddress = 192.0.2.3/24\n",
		  "already given in line 2" },
		{ "[wan]\naddress = 192.0.2.2/24\n[wan]\naddress = 192.0.2.3/24\n",
		  "already given in line 2" },
		{ "[wan]\naddress = dhcp\n  address6 = auto\n", "continues the value before it" },
		{ "[routing]\nroute = 192.168.77.0/24 via 192.168.77.9\n",
		  "the network of [lan], or a part" },
		{ "[wan]\naddress = 192.0.2.255/24\n", "the address of a host" },
		{ "[wan]\naddress = 127.0.0.1/8\n", "the address of a host" },
		{ "[wan]\naddress = 224.0.0.1/8\n", "the address of a host" },
		{ "[wan]\naddress6 = ff02::1/64\n", "the address of a host" },
		{ "[wan]\naddress6 = fe80::1/64\n", "the address of a host" },
		{ "[wan]\ngateway = 192.0.2.1\n", "otherwise the gateway is learned" },
		{ "[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.3.1\n",
		  "in the link's own network" },
		{ "[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.2.2\n", "another host" },
		{ "[wan]\naddress = 192.0.2.2/24\ngateway = 2001:db8::1\n",
		  "expected an IPv4 address" },
		{ "[wan]\naddress = 192.168.77.9/24\n", "[wan] and [lan] overlap" },
		{ "[wan]\ninterface = eth1\n", "both on eth1" },
		{ "[wan]\n# \033[2J\n", ":2: error: expected a line of text" },
		{ "[wan]\ninterface = lo\n", "lo does not lead to any network" },
		{ "[lan]\ninterface = default\n", "default does not lead" },
		{ "[lan]\ninterface = selftest0\n", "selftest0 does not lead" },
		{ "[management]\ninterface = all\naddress = 192.0.2.1/24\n", "all does not lead" },
		{ "[wan]\ndhcp = on\n", "unknown key \"dhcp\" in [wan]" },
		{ "[lan]\naddress = dhcp\n", "expected ADDRESS/LENGTH such as" },
		{ "[lan]\naddress = none\naddress6 = none\n",
		  "expected an address or an address6" },
		{ "[lan]\ndhcp = 192.168.77.10-192.168.78.20\n", "inside the LAN's own network" },
		{ "[lan]\ndhcp = 192.168.77.20-192.168.77.10\n", "inside the LAN's own network" },
		{ "[lan]\ndhcp = 192.168.77.1-192.168.77.10\n", "without the gateway's own" },
		{ "[lan]\ndhcp = 192.168.77.2-192.168.77.255\n", "inside the LAN's own network" },
		{ "[lan]\naddress = 10.0.0.1/8\ndhcp = 10.0.1.0-10.1.1.0\n", "at most 4096" },
		{ "[lan]\naddress = 10.0.0.1/28\ndhcp = on\n",
		  "expected FIRST-LAST in a network smaller" },
		{ "[lan]\ndhcp = maybe\n", "expected on or off" },
		{ "[lan]\nlease = 5s\n", "from 2m to 30d" },
		{ "[lan]\naddress6 = 2001:db8::1/56\n", "a length of 64" },
		{ "[wan]\naddress6 = none\n[lan]\naddress6 = delegated\n",
		  "expected address6 = auto" },
		{ "[lan a]\naddress = 10.0.0.1/24\n[lan b]\naddress = 10.0.1.1/24\n",
		  "with several LANs there is no default" },
		{ "[lan]\n[lan]\n", "there is already a LAN \"lan\", in line 1" },
		{ "[lan a b]\n", "expected [lan] or [lan NAME]" },
		{ "[lan ]\n", "expected [lan] or [lan NAME]" },
		{ "[routing]\nroute = 10.0.0.1/8 via 192.168.77.2\n", "without host bits" },
		{ "[routing]\nroute = 10.0.0.0/8 via 192.0.2.2\n",
		  ":2: error: route: expected a via address" },
		{ "[routing]\nroute = 10.0.0.0/8 via 192.168.77.1\n",
		  "other than the gateway's own" },
		{ "[routing]\nroute = 10.0.0.0/8 via 2001:db8::1\n", "of one family" },
		{ "[routing]\nroute = 10.0.0.0/8 via 192.168.77.2 dev eth1\n",
		  "PREFIX via ADDRESS" },
		{ "[routing]\nforward = perhaps\n", "expected yes or no" },
		{ "[wan]\naddress = none\n[routing]\nmasquerade = yes\n",
		  "expected a [wan] with an IPv4" },
		{ "[management]\nssh = on\n", "expected interface with it" },
		{ "[management]\ninterface = eth9\n", "there is no LAN \"eth9\"" },
		{ "[management]\ninterface = eth0\naddress = 10.9.0.1/24\n", "from the WAN" },
		{ "[management]\ninterface = lan\naddress = 10.9.0.1/24\n", "a LAN has its own" },
		{ "[time]\nntp = -p\n", "names or addresses" },
		{ "[time]\nntp = a;b\n", "names or addresses" },
		{ "[system]\nhostname = -x\n", "expected at most 31" },
		{ "[nowhere]\nx = y\n", ":1: error: unknown section [nowhere]" },
		{ "key = value\n", "error" },
		{ "nonsense\n", "expected [section] or key = value" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		bad(cases[i].text, cases[i].expected);
}

static void several_errors_at_once(void **state)
{
	(void)state;
	assert_int_equal(parse("[wan]\ninterface = /\naddress = x\n[lan]\nra = 7\n"), -EINVAL);
	assert_int_equal(diag.count, 3);
	assert_int_equal(diag.entry[2].line, 5);
}

static void bounds(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	text_puts(&text, "[routing]\n");
	for (int i = 0; i <= NETWORK_ROUTES; i++)
		text_printf(&text, "route = 10.%d.0.0/16 via 192.168.77.2\n", i);
	bad(text.data, ":66: error: route:");
	text_release(&text);
	for (int i = 0; i <= NETWORK_LANS; i++)
		text_printf(&text, "[lan n%d]\ninterface = eth1.%d\naddress = 10.%d.0.1/24\n", i,
			    i + 1, i);
	bad(text.data, "at most 16 of them");
	text_release(&text);
}

/* What editors of Windows and of careful people put before a line: all of it counts, or none. */
static void byte_order_marks_and_blanks(void **state)
{
	(void)state;
	good("\xef\xbb\xbf[wan]\r\ninterface = eth5\r\n");
	assert_string_equal(network.wan.interface, "eth5");
	good("  [wan]\n  interface = eth5\n");
	assert_string_equal(network.wan.interface, "eth5");
	good("[wan]\n\t[lan]\ninterface = eth6\n");
	assert_string_equal(network.lan[0].interface, "eth6");
	bad("[wan]\ninterface = eth5\n [lan]\n", "network.conf:3:");
	bad("\n\xef\xbb\xbf[wan]\n", "network.conf:2:");
}

/* While it is built up, answer by answer, there may be none yet. */
static void a_fixed_wan_has_a_way_out(void **state)
{
	static const struct { const char *text; int expected;
	} cases[] = {
		{ "[wan]\naddress = 192.0.2.2/24\n", -EINVAL },
		{ "[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\n", 0 },
		{ "[wan]\naddress = 192.0.2.2/24\n[routing]\nroute = 10.0.0.0/8 via 192.0.2.1\n",
		  0 },
		{ "[wan]\naddress = dhcp\n", 0 },
		{ "[lan]\naddress = 10.0.0.1/24\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		diag_init(&diag);
		assert_int_equal(network_parse(&network, "n", cases[i].text, strlen(cases[i].text),
					       &diag),
				 0);
		assert_int_equal(network_check_outside(&network, "n", &diag), cases[i].expected);
		assert_int_equal(diag.count, cases[i].expected ? 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_the_box), cmocka_unit_test(routed),
		cmocka_unit_test(dns_only),	  cmocka_unit_test(trunk),
		cmocka_unit_test(only_v6),	  cmocka_unit_test(every_other_key),
		cmocka_unit_test(bad_values),	  cmocka_unit_test(several_errors_at_once),
		cmocka_unit_test(a_fixed_wan_has_a_way_out),
		cmocka_unit_test(bounds),	  cmocka_unit_test(byte_order_marks_and_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
