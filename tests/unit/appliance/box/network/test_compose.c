/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/box/network/compose.h"

static struct diag diag;
static struct network network;
static struct text out;

static const char *made(const char *conf, const char *network_conf, struct compose more)
{
	text_release(&out);
	diag_init(&diag);
	(void)!network_parse(&network, "network.conf", network_conf, strlen(network_conf), &diag);
	more.text = conf;
	more.length = strlen(conf);
	more.network = &network;
	if (compose(&more, &out, &diag) < 0)
		return NULL;
	sample_no_errors(&diag);
	return out.data;
}

static void fills_in(void **state)
{
	const struct addr dns[] = { sample_addr("192.0.2.53"), sample_addr("2001:db8::53") };
	const char *text;

	(void)state;
	text = made("", "", (struct compose){ .text = NULL });
	assert_non_null(
		strstr(text, "\nlan = eth1\nwan = eth0\nmasquerade = yes\nothers = drop\n"));
	assert_non_null(strstr(text, "\nupstream = 9.9.9.9 149.112.112.112\n"));
	assert_null(strstr(text, "management"));
	assert_null(strstr(text, "trust-root"));
	text = made("", "[management]\ninterface = lan\n",
		    (struct compose){ .dns = dns, .dns_count = 2, .trust_root = "/root.json",
				      .mirror_ca = "/ca.pem", .watchdog = "/dev/watchdog" });
	assert_non_null(strstr(text, "\nmanagement = eth1\n"));
	assert_non_null(strstr(text, "\nupstream = 192.0.2.53\nupstream = 2001:db8::53\n"));
	assert_non_null(strstr(text, "[update]\ntrust-root = /root.json\n"));
	assert_non_null(strstr(text, "[update]\nmirror-ca = /ca.pem\n"));
	assert_non_null(strstr(text, "[daemon]\nwatchdog = /dev/watchdog\n"));
	/* No way out for IPv4: no resolver there. */
	text = made("",
		    "[wan]\naddress = none\naddress6 = 2001:db8:1::2/64\n[lan]\naddress = none\n"
		    "address6 = 2001:db8:2::1/64\n",
		    (struct compose){ .dns = dns, .dns_count = 1 });
	assert_null(text);
	text = made("", "[wan]\naddress = none\n[lan]\naddress = none\n",
		    (struct compose){ .dns = dns, .dns_count = 1 });
	assert_non_null(strstr(text, "\nupstream = 2620:fe::fe"));
	assert_null(strstr(text, "192.0.2.53"));
}

/* Where nobody can learn resolvers, nobody but the administrator chooses them. */
static void resolvers_are_named(void **state)
{
	static const char *const fixed[] = {
		"[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\naddress6 = none\n",
		"[lan]\ninterface = eth0\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		assert_null(made("", fixed[i], (struct compose){ .text = NULL }));
		assert_non_null(strstr(diag.entry[0].message,
				       "[dns] upstream: expected the DNS servers to ask"));
		assert_non_null(strstr(made("[dns]\nupstream = 192.0.2.53\n", fixed[i],
					    (struct compose){ .text = NULL }),
				       "upstream = 192.0.2.53\n"));
	}
}

static void own_words_win(void **state)
{
	const struct addr dns[] = { sample_addr("192.0.2.53") };
	const char *text;

	(void)state;
	text = made("[dns]\nupstream = 198.51.100.1\n[network]\nlan = eth7, eth1\nmasquerade = no\n"
		    "others = forward\nmanagement = eth8\n[update]\ntrust-root = /mine",
		    "[management]\ninterface = lan\n",
		    (struct compose){ .dns = dns, .dns_count = 1, .trust_root = "/other" });
	assert_non_null(strstr(text, "lan = eth7, eth1\n"));
	assert_null(strstr(text, "lan = eth1"));
	assert_null(strstr(text, "others = drop"));
	assert_null(strstr(text, "masquerade = yes"));
	assert_null(strstr(text, "management = eth1"));
	assert_null(strstr(text, "192.0.2.53"));
	assert_null(strstr(text, "/other"));
	assert_non_null(strstr(text, "trust-root = /mine\n"));
}

/* A stick may change network.conf and not cordon.conf: neither way past the policy, nor in from
 * outside. */
static void files_agree(void **state)
{
	const char *text = made(
		"[network]\nlan = eth1\nlan = eth10 eth1.2\n",
		"[lan]\ninterface = eth2\n[lan b]\ninterface = eth1.2\naddress = 10.0.0.1/24\n",
		(struct compose){ .text = NULL });

	(void)state;
	assert_non_null(strstr(text, "\nlan = eth2\nwan = eth0\nmasquerade"));
	assert_null(made("[network]\nlan = eth1 eth0\n", "", (struct compose){ .text = NULL }));
	assert_non_null(strstr(diag.entry[0].message, "lan has eth0, which is the WAN"));
	assert_null(made("[network]\nmanagement = eth5\n", "[wan]\ninterface = eth5\n",
			 (struct compose){ .text = NULL }));
	assert_int_equal(diag.count, 1);
	assert_non_null(strstr(diag.entry[0].message, "management has eth5, which is the WAN"));
}

/* A second way out beside network.conf's, or that one again. */
static void ways_out_add_up(void **state)
{
	(void)state;
	assert_non_null(
		strstr(made("[network]\nwan = wwan0\n", "", (struct compose){ .text = NULL }),
		       "\nwan = eth0\n"));
	assert_null(
		strstr(made("[network]\nwan = wwan0 eth0\n", "", (struct compose){ .text = NULL }),
		       "\nwan = eth0\n"));
}

static void bad_text(void **state)
{
	(void)state;
	assert_null(made("nonsense\n", "", (struct compose){ .text = NULL }));
	assert_int_equal(diag.count, 1);
	text_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fills_in),
					    cmocka_unit_test(own_words_win),
					    cmocka_unit_test(resolvers_are_named),
					    cmocka_unit_test(ways_out_add_up),
					    cmocka_unit_test(files_agree),
					    cmocka_unit_test(bad_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
