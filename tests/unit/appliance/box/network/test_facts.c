/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/network/facts.h"
#include "appliance/command/command.h"

static struct network network;

static void an_interface_is_a_name_of_the_kernel(void **state)
{
	(void)state;
	assert_false(facts_has_interface("eth0"));
	folder_put("/sys/class/net/eth0/address", "02:00:5e:00:53:01\n");
	assert_true(facts_has_interface("eth0"));
	assert_false(facts_has_interface("eth1"));
}

/* By this a person finds the socket of an interface. */
static void a_card_has_address_and_cable(void **state)
{
	char text[FACTS_CARD];

	(void)state;
	assert_string_equal(facts_card("eth0", text), "not there");
	folder_put("/sys/class/net/eth0/address", "02:00:5e:00:53:01\n");
	assert_string_equal(facts_card("eth0", text), "02:00:5e:00:53:01");
	folder_put("/sys/class/net/eth0/carrier", "1\n");
	assert_string_equal(facts_card("eth0", text), "02:00:5e:00:53:01, cable in");
	folder_put("/sys/class/net/eth0/carrier", "0\n");
	assert_string_equal(facts_card("eth0", text), "02:00:5e:00:53:01, no cable");
}

static void a_missing_file_is_an_empty_one(void **state)
{
	size_t size = 7;
	int code = EXIT_NO;
	char *text = facts_settings(PATH_SETTINGS "/cordon.conf", 10, &size, &code);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "");
	assert_int_equal(size, 0);
	assert_int_equal(code, EXIT_YES);
	free(text);
}

/* It must not count as missing: a box without its settings would open. */
static void a_file_that_is_too_large_is_an_error(void **state)
{
	size_t size;
	int code = EXIT_YES;

	(void)state;
	folder_put(PATH_SETTINGS "/cordon.conf", "01234567890");
	assert_null(facts_settings(PATH_SETTINGS "/cordon.conf", 10, &size, &code));
	assert_int_equal(code, EXIT_NO);
}

static void no_network_conf_is_that_of_the_factory(void **state)
{
	(void)state;
	assert_int_equal(facts_network(&network), EXIT_YES);
	assert_true(network.has_wan);
	assert_string_equal(network.wan.interface, "eth0");
}

static void a_network_conf_is_read_or_refused(void **state)
{
	char *text;

	(void)state;
	folder_put(PATH_SETTINGS "/network.conf", "[wan]\ninterface = eth7\n");
	assert_int_equal(facts_network_text(&network, &text), EXIT_YES);
	assert_string_equal(network.wan.interface, "eth7");
	assert_string_equal(text, "[wan]\ninterface = eth7\n");
	free(text);
	folder_put(PATH_SETTINGS "/network.conf", "[wan]\nadress = dhcp\n");
	assert_int_equal(facts_network_text(&network, &text), EXIT_NO);
	assert_null(text);
}

#define LEASE4 "4 192.0.2.7/24 192.0.2.1 192.0.2.53\n"
#define LEASE6 "6 2001:db8:1::/56 - 2001:db8::53\n"

static void each_family_has_its_lease(void **state)
{
	struct lease lease;

	(void)state;
	assert_false(facts_lease(&lease, false, false));
	folder_put(PATH_RUN "/lease4", LEASE4);
	assert_true(facts_lease(&lease, false, false));
	assert_true(lease.has_address);
	assert_int_equal(lease.dns_count, 1);
	assert_false(facts_lease(&lease, true, false));
	assert_true(lease.v6);
	assert_false(lease.has_prefix);
	/* Those of an earlier start are in another file, both families in one. */
	assert_false(facts_lease(&lease, false, true));
	folder_put(PATH_UPSTREAMS, LEASE4 LEASE6);
	assert_true(facts_lease(&lease, true, true));
	assert_true(lease.has_prefix);
	assert_true(facts_lease(&lease, false, true));
	assert_true(lease.has_address);
}

static void a_lease_that_does_not_read_is_none(void **state)
{
	struct lease lease;

	(void)state;
	folder_put(PATH_RUN "/lease4", "4 nonsense\n");
	assert_false(facts_lease(&lease, false, false));
	assert_false(lease.has_address);
	folder_put(PATH_RUN "/lease4", LEASE6);
	assert_false(facts_lease(&lease, false, false));
	assert_false(lease.has_prefix);
}

static void programs_and_keys_are_seen(void **state)
{
	struct wiring_facts facts;
	char path[BOX_PATH];

	(void)state;
	facts_wiring(&facts);
	assert_false(facts.has_keys || facts.has_radvd || facts.has_dropbear);
	assert_true(facts.memory_kb > 0);
	folder_put(PATH_SETTINGS "/authorized_keys", "");
	folder_put(WIRING_RADVD, "");
	facts_wiring(&facts);
	assert_false(facts.has_keys);		/* an empty file has none */
	assert_false(facts.has_radvd);		/* it cannot be executed */
	folder_put(PATH_SETTINGS "/authorized_keys", "ssh-ed25519 AAAA x\n");
	assert_int_equal(chmod(box_path(path, WIRING_RADVD), 0755), 0);
	facts_wiring(&facts);
	assert_true(facts.has_keys && facts.has_radvd && !facts.has_dropbear);
}

static void clients_that_were_asked_again_have_a_time(void **state)
{
	(void)state;
	assert_int_equal(facts_lease_asked(), 0);
	folder_put(PATH_LEASE_ASKED, "123456\n");
	assert_int_equal(facts_lease_asked(), 123456);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_make, folder_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interface_is_a_name_of_the_kernel),
		TEST(a_card_has_address_and_cable),
		TEST(a_missing_file_is_an_empty_one),
		TEST(a_file_that_is_too_large_is_an_error),
		TEST(no_network_conf_is_that_of_the_factory),
		TEST(a_network_conf_is_read_or_refused),
		TEST(each_family_has_its_lease),
		TEST(a_lease_that_does_not_read_is_none),
		TEST(programs_and_keys_are_seen),
		TEST(clients_that_were_asked_again_have_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
