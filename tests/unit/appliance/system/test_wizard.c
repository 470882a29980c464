/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "system/wizard.h"

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
		"", "[system]\nhostname = gw\n[lan]\ninterface = eth1\naddress = 10.0.0.1/24\n",
		"[wan]\ninterface = eth3\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\naddress6 = none\n"
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

static void what_was_not_asked_yet_is_not_judged(void **state)
{
	(void)state;
	parse("");
	wizard_init(&wizard, &network);
	snprintf(wizard.wan_interface, WIZARD_ANSWER, "eth1");	/* the LAN's, until that is asked */
	parse(printed(WIZARD_WAN, NULL));
	assert_null(strstr(printed(WIZARD_HOST, NULL), "[wan]"));
	diag_init(&diag);
	assert_int_not_equal(network_parse(&network, "", printed(WIZARD_LAN, NULL), out.length, &diag), 0);
}

static void nobody_asks_for_routes(void **state)
{
	(void)state;
	parse("");
	wizard_init(&wizard, &network);
	assert_non_null(strstr(printed(WIZARD_ALL, "[wan]\ninterface = eth7\n\n[routing]\nmasquerade = no\n"
					"route = 10.9.0.0/16 via 192.168.77.2\n[time]\nntp = none\n"),
			       "\n[routing]\nmasquerade = no\nroute = 10.9.0.0/16 via 192.168.77.2\n"
			       "\n[time]\nntp = none\n"));
	assert_null(strstr(out.data, "eth7"));
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
	assert_string_equal(conf("[dns]\n# ours\nupstream = 1.1.1.1\n upstream=8.8.8.8\nworkers = 2\n[mode]\n"
				 "upstream = x\n", "9.9.9.9"),
			    "[dns]\nupstream = 9.9.9.9\n# ours\nworkers = 2\n[mode]\nupstream = x\n");
	assert_string_equal(conf("[dns]\nupstream = 1.1.1.1", ""), "[dns]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_it_prints_is_what_there_was, teardown),
		cmocka_unit_test_teardown(what_was_not_asked_yet_is_not_judged, teardown),
		cmocka_unit_test_teardown(nobody_asks_for_routes, teardown),
		cmocka_unit_test_teardown(upstreams_are_exchanged, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
