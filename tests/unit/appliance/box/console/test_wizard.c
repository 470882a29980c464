/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/box/console/wizard.h"

static struct network network;
static struct wizard wizard;
static struct diag diag;
static struct text out;

static void parse(const char *text)
{
	diag_init(&diag);
	assert_int_equal(network_parse(&network, "network.conf", text, strlen(text), &diag), 0);
}

static const char *printed(enum wizard_step step, const char *old)
{
	text_release(&out);
	wizard_print_network(&wizard, step, old, &out);
	return out.data;
}

static int teardown(void **state)
{
	(void)state;
	text_release(&out);
	return 0;
}

static void what_it_prints_is_what_there_was(void **state)
{
	static const char *const row[] = {
		"",
		"[system]\nhostname = gw\n[lan]\ninterface = eth1\naddress = 10.0.0.1/24\n",
		"[wan]\ninterface = eth3\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\naddress6 = "
		"none\n"
		"[lan]\ninterface = eth1\naddress = 10.0.0.1/24\n[lan guests]\ninterface = eth1.9\n"
		"address = 10.0.9.1/24\n[management]\ninterface = guests\nssh = on\n",
		"[lan office]\ninterface = eth0\naddress = 10.0.0.2/24\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct network before;

		parse(row[i]);
		before = network;
		wizard_init(&wizard, &network);
		parse(printed(WIZARD_ALL, NULL));
		assert_string_equal(network.hostname, before.hostname);
		assert_int_equal(network.has_wan, before.has_wan);
		assert_string_equal(network.wan.interface, before.wan.interface);
		assert_int_equal(network.wan.v4.method, before.wan.v4.method);
		assert_int_equal(network.lans, before.lans);
		for (size_t j = 0; j < before.lans; j++) {
			assert_string_equal(network.lan[j].name, before.lan[j].name);
			assert_string_equal(network.lan[j].interface, before.lan[j].interface);
			assert_memory_equal(&network.lan[j].v4.address, &before.lan[j].v4.address,
					    sizeof(before.lan[j].v4.address));
		}
		assert_string_equal(network.management_name, before.management_name);
	}
}

/* Nine were known to it, and a box with more lost the others. */
static void as_many_lans_as_there_may_be(void **state)
{
	struct text old = TEXT_EMPTY;

	(void)state;
	for (int i = 1; i <= NETWORK_LANS; i++)
		text_printf(&old, "[lan l%d]\ninterface = eth1.%d\naddress = 10.0.%d.1/24\n", i, i,
			    i);
	parse(old.data);
	wizard_init(&wizard, &network);
	parse(printed(WIZARD_ALL, old.data));
	assert_int_equal(network.lans, NETWORK_LANS);
	text_release(&old);
}

static void what_was_not_asked_yet_is_not_judged(void **state)
{
	(void)state;
	parse("");
	wizard_init(&wizard, &network);
	snprintf(wizard.wan_interface, WIZARD_ANSWER, "eth1");	/* the LAN's, until that is asked */
	parse(printed(WIZARD_WAN, NULL));
	assert_null(strstr(printed(WIZARD_HOST, NULL), "[wan]"));
	diag_init(&diag);
	assert_int_not_equal(network_parse(&network, "", printed(WIZARD_LAN, NULL), out.length,
					   &diag),
			     0);
}

static void nobody_asks_for_routes(void **state)
{
	(void)state;
	parse("");
	wizard_init(&wizard, &network);
	assert_non_null(
		strstr(printed(WIZARD_ALL,
			       "[wan]\ninterface = eth7\n\n[routing]\nmasquerade = no\n"
			       "route = 10.9.0.0/16 via 192.168.77.2\n[time]\nntp = none\n"),
		       "\n[routing]\nmasquerade = no\nroute = 10.9.0.0/16 via 192.168.77.2\n"
		       "\n[time]\nntp = none\n"));
	assert_null(strstr(out.data, "eth7"));
}

/* What nobody is asked for stays, but what belongs to an address that is another one now. */
static void the_rest_of_a_section_stays(void **state)
{
	static const char old[] =
		"[system]\nhostname = gw\n[wan]\ninterface = eth3\naddress = "
		"192.0.2.2/24\ngateway = 192.0.2.1\n"
		"address6 = 2001:db8::2/64\ngateway6 = 2001:db8::1\n"
		"[lan]\n# ours\ninterface = eth1\naddress = 10.0.0.1/24\ndhcp = "
		"10.0.0.50-10.0.0.60\nlease = 2h\nra = off\n"
		"address6 = 2001:db8:1::1/64\n"
		"[lan guests]\ninterface = eth1.9\naddress = 10.0.9.1/24\ndhcp = off\n"
		"[management]\ninterface = eth4\naddress = 10.9.9.1/24\nssh = off\n";

	(void)state;
	parse(old);
	wizard_init(&wizard, &network);
	assert_string_equal(wizard.management, "");
	assert_string_equal(
		printed(WIZARD_ALL, old) + strcspn(out.data, "\n") + 1,
		"[system]\nhostname = gw\n\n[wan]\ninterface = eth3\naddress = "
		"192.0.2.2/24\ngateway = 192.0.2.1\n"
		"address6 = 2001:db8::2/64\ngateway6 = 2001:db8::1\n"
		"\n[lan]\ninterface = eth1\naddress = 10.0.0.1/24\n# ours\ndhcp = "
		"10.0.0.50-10.0.0.60\nlease = 2h\nra = off\n"
		"address6 = 2001:db8:1::1/64\n"
		"\n[lan guests]\ninterface = eth1.9\naddress = 10.0.9.1/24\ndhcp = off\n"
		"\n[management]\ninterface = eth4\naddress = 10.9.9.1/24\nssh = off\n");
	snprintf(wizard.lan[0].address, WIZARD_ANSWER, "10.5.0.1/24");
	snprintf(wizard.management, WIZARD_ANSWER, "eth4");
	snprintf(wizard.wan_address, WIZARD_ANSWER, "dhcp");
	assert_null(strstr(printed(WIZARD_ALL, old), "10.0.0.50"));
	assert_non_null(strstr(out.data, "lease = 2h\n"));
	assert_non_null(strstr(out.data, "dhcp = off\n"));
	assert_null(strstr(out.data, "gateway = 192.0.2.1"));
	assert_non_null(
		strstr(out.data,
		       "[management]\ninterface = eth4\nssh = on\naddress = 10.9.9.1/24\n"));
}

/* Between DHCP and an address of its own, "address6 = none" comes and goes. */
static void a_wan_of_another_kind(void **state)
{
	static const char fixed[] =
		"[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\naddress6 = none\n";

	(void)state;
	parse(fixed);
	wizard_init(&wizard, &network);
	assert_non_null(strstr(printed(WIZARD_ALL, fixed), "address6 = none\n"));
	snprintf(wizard.wan_address, WIZARD_ANSWER, "dhcp");
	assert_null(strstr(printed(WIZARD_ALL, fixed), "address6 = none\n"));
}

static void without_a_wan_the_lan_has_the_gateway(void **state)
{
	(void)state;
	parse("");
	wizard_init(&wizard, &network);
	snprintf(wizard.wan_interface, WIZARD_ANSWER, "%s", "");
	snprintf(wizard.lan_gateway, WIZARD_ANSWER, "192.168.77.254");
	parse(printed(WIZARD_ALL, NULL));
	assert_false(network.has_wan);
	assert_true(network.lan[0].v4.has_gateway);
	assert_false(network.lan[0].dhcp);
	assert_false(network.forward);
}

static const char *conf(const char *old, const char *upstream)
{
	text_release(&out);
	wizard_print_conf(old, upstream, &out);
	return out.data ? out.data : "";
}

static void upstreams_are_exchanged(void **state)
{
	(void)state;
	assert_string_equal(conf("", ""), "");
	assert_string_equal(conf("", "9.9.9.9"), "[dns]\nupstream = 9.9.9.9\n");
	assert_string_equal(conf("[log]\nlevel = info\n", "9.9.9.9"),
			    "[log]\nlevel = info\n\n[dns]\nupstream = 9.9.9.9\n");
	assert_string_equal(
		conf("[dns]\n# ours\nupstream = 1.1.1.1\n upstream=8.8.8.8\nworkers = 2\n[mode]\n"
		     "upstream = x\n",
		     "9.9.9.9"),
		"[dns]\nupstream = 9.9.9.9\n# ours\nworkers = 2\n[mode]\nupstream = x\n");
	assert_string_equal(conf("[dns]\nupstream = 1.1.1.1", ""), "[dns]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_it_prints_is_what_there_was, teardown),
		cmocka_unit_test_teardown(as_many_lans_as_there_may_be, teardown),
		cmocka_unit_test_teardown(what_was_not_asked_yet_is_not_judged, teardown),
		cmocka_unit_test_teardown(nobody_asks_for_routes, teardown),
		cmocka_unit_test_teardown(the_rest_of_a_section_stays, teardown),
		cmocka_unit_test_teardown(a_wan_of_another_kind, teardown),
		cmocka_unit_test_teardown(without_a_wan_the_lan_has_the_gateway, teardown),
		cmocka_unit_test_teardown(upstreams_are_exchanged, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
