/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "appliance/box/console/answers.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8Gf3rJc8aF"

static struct answers answers;
static struct network network;
static struct provision set;
static struct diag diag;

/* The answers that a new box proposes, all of them given. */
static int setup(void **state)
{
	(void)state;
	memset(&answers, 0, sizeof(answers));
	diag_init(&diag);
	if (network_parse(&network, "network.conf", "", 0, &diag) < 0)
		return -1;
	wizard_init(&answers.wizard, &network);
	answers.step = WIZARD_ALL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	provision_release(&answers.old);
	provision_release(&set);
	return 0;
}

static void put_old(enum provision_file file, const char *text)
{
	assert_int_equal(provision_put(&answers.old, file, text, strlen(text)), 0);
}

static bool check(answers_check *good)
{
	diag_init(&diag);
	return good(&answers, &diag);
}

static void without_a_wan(void)
{
	answers.wizard.wan_interface[0] = '\0';
	snprintf(answers.wizard.lan[0].interface, WIZARD_ANSWER, "eth0");
	snprintf(answers.wizard.lan[0].address, WIZARD_ANSWER, "10.1.0.2/24");
}

static void the_proposal_is_right(void **state)
{
	(void)state;
	assert_true(check(answers_check_network));
	assert_true(check(answers_check_upstream));
}

static void a_wrong_answer_has_its_error(void **state)
{
	(void)state;
	snprintf(answers.wizard.hostname, WIZARD_ANSWER, "a b");
	assert_false(check(answers_check_network));
	assert_true(diag.count > 0);
}

/* The question about the LAN comes later, so its proposal is not judged yet. */
static void later_answers_do_not_count(void **state)
{
	(void)state;
	snprintf(answers.wizard.lan[0].address, WIZARD_ANSWER, "nonsense");
	assert_false(check(answers_check_network));
	answers.step = WIZARD_WAN;
	assert_true(check(answers_check_network));
}

static void without_a_wan_the_lan_leads_out(void **state)
{
	(void)state;
	without_a_wan();
	assert_false(check(answers_check_gateway));
	snprintf(answers.wizard.lan_gateway, WIZARD_ANSWER, "10.1.0.1");
	assert_true(check(answers_check_gateway));
}

/* A box whose WAN learns resolvers by DHCP may leave them out; another one may not. */
static void upstreams_are_named_or_learned(void **state)
{
	(void)state;
	snprintf(answers.upstream, sizeof(answers.upstream), "9.9.9.9 149.112.112.112");
	assert_true(check(answers_check_upstream));
	snprintf(answers.upstream, sizeof(answers.upstream), "9.9.9");
	assert_false(check(answers_check_upstream));
	answers.upstream[0] = '\0';
	without_a_wan();
	snprintf(answers.wizard.lan_gateway, WIZARD_ANSWER, "10.1.0.1");
	assert_false(check(answers_check_upstream));
	assert_true(diag.count > 0);
}

static void a_key_has_no_options(void **state)
{
	(void)state;
	snprintf(answers.key, sizeof(answers.key), KEY " anna");
	assert_true(check(answers_check_key));
	snprintf(answers.key, sizeof(answers.key), "command=\"sh\" " KEY " anna");
	assert_false(check(answers_check_key));
	answers.key[0] = '\0';
	assert_true(check(answers_check_key));
}

static void old_upstreams_are_proposed(void **state)
{
	(void)state;
	answers_init_upstream(&answers);
	assert_string_equal(answers.upstream, "");
	put_old(PROVISION_CORDON,
		"[dns]\nupstream = 9.9.9.9 192.0.2.1:5353 [2001:db8::1]:54 2001:db8::2\n");
	answers_init_upstream(&answers);
	assert_string_equal(answers.upstream,
			    "9.9.9.9 192.0.2.1:5353 [2001:db8::1]:54 2001:db8::2");
	assert_true(check(answers_check_upstream));
}

/* ---- the files ---- */

static void only_what_was_answered_is_in_the_set(void **state)
{
	(void)state;
	assert_int_equal(answers_make_set(&answers, &set), 0);
	assert_non_null(set.file[PROVISION_NETWORK].data);
	assert_null(set.file[PROVISION_KEYS].data);
	assert_null(set.file[PROVISION_SECRET].data);
	assert_null(set.file[PROVISION_ROOT].data);
	assert_null(set.file[PROVISION_CA].data);
}

static void a_key_is_added_to_the_others(void **state)
{
	(void)state;
	/* The last line has no end. */
	put_old(PROVISION_KEYS, KEY " anna");
	snprintf(answers.key, sizeof(answers.key), KEY " berta");
	assert_int_equal(answers_make_set(&answers, &set), 0);
	assert_string_equal(set.file[PROVISION_KEYS].data, KEY " anna\n" KEY " berta\n");
	put_old(PROVISION_KEYS, KEY " anna\n");
	assert_int_equal(answers_make_set(&answers, &set), 0);
	assert_string_equal(set.file[PROVISION_KEYS].data, KEY " anna\n" KEY " berta\n");
}

static void a_secret_and_upstreams_are_written(void **state)
{
	(void)state;
	snprintf(answers.secret, sizeof(answers.secret), "pbkdf2-sha256$hash");
	snprintf(answers.upstream, sizeof(answers.upstream), "9.9.9.9");
	put_old(PROVISION_CORDON, "[mode]\nstate = monitor\n");
	assert_int_equal(answers_make_set(&answers, &set), 0);
	assert_string_equal(set.file[PROVISION_SECRET].data, "pbkdf2-sha256$hash\n");
	assert_non_null(strstr(set.file[PROVISION_CORDON].data, "upstream = 9.9.9.9\n"));
	assert_non_null(strstr(set.file[PROVISION_CORDON].data, "state = monitor\n"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_proposal_is_right),
		TEST(a_wrong_answer_has_its_error),
		TEST(later_answers_do_not_count),
		TEST(without_a_wan_the_lan_leads_out),
		TEST(upstreams_are_named_or_learned),
		TEST(a_key_has_no_options),
		TEST(old_upstreams_are_proposed),
		TEST(only_what_was_answered_is_in_the_set),
		TEST(a_key_is_added_to_the_others),
		TEST(a_secret_and_upstreams_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
