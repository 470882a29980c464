/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <string.h>

#include "appliance/box/health/health.h"

static struct text out;

static const struct health good = {
	.answers = true,
	.in_force = true,
	.mode = "enforce",
	.update_on = true,
	.freshness = "fresh",
	.clock_set = true,
	.has_watchdog = true,
	.watchdog_fed = true,
	.provisioned = true,
	.box = true,
	.routes_known = true,
	.default_v4 = true,
};

/* The good one with something else. */
#define WITH(...) ({ struct health with = good; __VA_ARGS__; with; })

static enum health_level judged(const struct health *health)
{
	text_release(&out);
	return health_print(health, HEALTH_LINES, &out);
}

static int teardown(void **state)
{
	(void)state;
	text_release(&out);
	return 0;
}

static void a_good_box_is_healthy(void **state)
{
	(void)state;
	assert_int_equal(judged(&good), HEALTH_GOOD);
	assert_string_equal(out.data, "healthy\n");
}

/* One thing is wrong: the level, and the beginning of the only line. */
static void one(struct health health, enum health_level level, const char *said)
{
	assert_int_equal(judged(&health), level);
	if (strncmp(out.data, said, strlen(said)) != 0)
		fail_msg("expected \"%s...\", found \"%s\"", said, out.data);
	assert_ptr_equal(strchr(out.data, '\n') + 1, out.data + out.length);
	assert_non_null(strchr(out.data, ';'));	/* and what to do */
}

static void says_what_is_wrong_and_what_to_do(void **state)
{
	struct health bare;

	(void)state;
	one(WITH(with.answers = false), HEALTH_BAD, "NOT HEALTHY: cordond does not answer; ");
	one(WITH(with.in_force = false), HEALTH_BAD, "NOT HEALTHY: the policy is not in force; ");
	one(WITH(with.in_force = false; with.closed = true), HEALTH_BAD,
	    "NOT HEALTHY: no policy is in force, and "
	    "the vendor is closed off by what the kernel holds; ");
	one(WITH(with.trouble = "log folder: x"), HEALTH_BAD,
	    "NOT HEALTHY: cordond cannot open all that it needs (log folder: x); ");
	one(WITH(with.tampered = 3), HEALTH_NOTICE,
	    "healthy, but others changed the rules 3 times, which was undone; ");
	one(WITH(with.tampered = 3; with.tampered_for_good = true), HEALTH_BAD,
	    "NOT HEALTHY: others changed the rules, and that could not be undone; ");
	one(WITH(with.selftest_failed = true), HEALTH_BAD, "NOT HEALTHY: the self-test failed; ");
	one(WITH(with.boot_wrong = true), HEALTH_BAD, "NOT HEALTHY: this start ");
	one(WITH(with.mode = "monitor"; with.mode_until = "noon"), HEALTH_BAD,
	    "NOT HEALTHY: nothing is blocked, only watched (noon); ");
	one(WITH(with.mode = "disarmed"), HEALTH_BAD, "NOT HEALTHY: nothing is blocked; ");
	one(WITH(with.freshness = "stale"), HEALTH_BAD,
	    "NOT HEALTHY: the rule lists are old (stale); ");
	one(WITH(with.freshness = "ahead"), HEALTH_BAD,
	    "NOT HEALTHY: the newest timestamp is of a time that has not come; ");
	one(WITH(with.unsupported = true), HEALTH_BAD,
	    "NOT HEALTHY: this image is supported no longer; ");
	one(WITH(with.watchdog_fed = false; with.watchdog_why = "no"), HEALTH_BAD,
	    "NOT HEALTHY: the watchdog is not fed (no); ");
	one(WITH(with.update_on = false), HEALTH_NOTICE, "healthy, but no signed updates come; ");
	one(WITH(with.update_on = false; with.update_why = "x"), HEALTH_BAD,
	    "NOT HEALTHY: signed updates are set up, and off (x); ");
	one(WITH(with.update_refusal = "x"), HEALTH_NOTICE,
	    "healthy, but an offered release was refused (x); ");
	one(WITH(with.refused = "x"), HEALTH_NOTICE,
	    "healthy, but the last change was refused (x); ");
	one(WITH(with.refused = "x\ny\n"), HEALTH_NOTICE,
	    "healthy, but the last change was refused (x); ");
	one(WITH(with.image_failed = "x.efi"), HEALTH_NOTICE,
	    "healthy, but three starts of the other image did not come to their end");
	one(WITH(with.clock_set = false), HEALTH_NOTICE, "healthy, but the clock is not set; ");
	one(WITH(with.no_carrier = "eth0"; with.wan_waits = true), HEALTH_BAD,
	    "NOT HEALTHY: nothing leads outside: the WAN has no cable in, or the other end is off "
	    "(eth0); ");
	one(WITH(with.no_route = "IPv4"), HEALTH_BAD,
	    "NOT HEALTHY: there is no default route (IPv4); ");
	one(WITH(with.lease_stale = "DHCP"), HEALTH_BAD,
	    "NOT HEALTHY: the lease of the WAN is not confirmed (DHCP); ");
	one(WITH(with.image_on_trial = true), HEALTH_NOTICE,
	    "healthy, but this image is on trial; ");
	one(WITH(with.provisioned = false), HEALTH_NOTICE,
	    "healthy, but nobody has set this box up; ");
	one(WITH(with.settings_on_trial = true), HEALTH_NOTICE,
	    "healthy, but settings are on trial; ");
	one(WITH(with.settings_wait = true), HEALTH_NOTICE,
	    "healthy, but settings were refused and wait; ");
	one(WITH(with.settings_put_aside = true), HEALTH_BAD,
	    "NOT HEALTHY: the settings could not be used; ");
	one(WITH(with.settings_wrong = "x"), HEALTH_NOTICE,
	    "healthy, but settings were wrong and not taken (x); ");
	one(WITH(with.link_missing = "eth5 of lan"), HEALTH_BAD,
	    "NOT HEALTHY: an interface of network.conf is not there (eth5 of lan); ");
	one(WITH(with.lease_refused = "x"; with.wan_waits = true), HEALTH_BAD,
	    "NOT HEALTHY: the WAN does not use what DHCP gave it (x); ");
	one(WITH(with.wan_waits = true), HEALTH_NOTICE,
	    "healthy, but the WAN has no address yet; ");
	/* A build without a watchdog, an image that does not say until when, do no harm. */
	bare = WITH(with.box = false; with.update_on = false);
	assert_int_equal(judged(&bare), HEALTH_GOOD);
	bare = WITH(with.has_watchdog = false; with.watchdog_fed = false;);
	assert_int_equal(judged(&bare), HEALTH_GOOD);
}

/* ---- roles ---- */

static void role_is(struct health_role role, enum health_level level, const char *said)
{
	role.name = "rules";
	one(WITH(with.role = &role; with.roles = 1), level, said);
}

/* Busy, silent, dying, waiting and out of memory each ask something else of the administrator. */
static void a_role_that_does_not_answer_says_why(void **state)
{
	const struct health_role fine[] = {
		{ .name = "dns", .state = "running" },
		{ .name = "dns", .state = "running", .deaths = 2, .why = "once" },
		{ .name = "rules", .state = "busy", .seconds = HEALTH_BUSY_S - 1, .progress = 2 },
		{ .name = "rules", .state = "starting", .seconds = 3 },
	};
	struct health health = WITH(with.role = fine; with.roles = 4);

	(void)state;
	assert_int_equal(judged(&health), HEALTH_GOOD);
	role_is((struct health_role){ .state = "busy", .seconds = 12, .progress = 45 },
		HEALTH_NOTICE,
		"healthy, but the rules role has been busy with a policy for 12 s, 45 % of it are "
		"done; what is in "
		"force stays in force meanwhile; wait\n");
	role_is((struct health_role){ .state = "busy", .seconds = 12, .progress = -1 },
		HEALTH_NOTICE,
		"healthy, but the rules role has been busy with a policy for 12 s; ");
	role_is((struct health_role){ .state = "silent", .seconds = 9 }, HEALTH_BAD,
		"NOT HEALTHY: the rules role has not answered for 9 s; ");
	role_is((struct health_role){ .state = "starting", .seconds = 11 }, HEALTH_BAD,
		"NOT HEALTHY: the rules role has been starting for 11 s; ");
	role_is((struct health_role){ .state = "waiting", .why = "x" }, HEALTH_BAD,
		"NOT HEALTHY: the rules role waits for what it needs (x); ");
	role_is((struct health_role){ .state = "restarting", .deaths = 7, .why = "x" }, HEALTH_BAD,
		"NOT HEALTHY: the rules role does not stay up, it ended 7 times of late (x); ");
	role_is((struct health_role){ .state = "running", .deaths = 3, .why = "x" }, HEALTH_NOTICE,
		"healthy, but the rules role ended 3 times of late (x); ");
	role_is((struct health_role){ .state = "restarting",
				      .deaths = 7,
				      .for_memory = 2,
				      .why = "x" },
		HEALTH_BAD,
		"NOT HEALTHY: the kernel ended the rules role for want of memory, 2 times of "
		"late; ");
}

/* ---- log and disk ---- */

static void each_loss_is_said_by_where_it_was(void **state)
{
	(void)state;
	one(WITH(with.lost_kernel = 5), HEALTH_NOTICE,
	    "healthy, but the log lacks 5 packets that came faster than it may grow; ");
	one(WITH(with.lost_rings = 6), HEALTH_NOTICE,
	    "healthy, but the log lacks 6 DNS events that the journal did not fetch in time; ");
	one(WITH(with.lost_journal = 7), HEALTH_NOTICE,
	    "healthy, but the log lacks 7 events that the journal had no room for; ");
	one(WITH(with.lost_disk = 8), HEALTH_NOTICE,
	    "healthy, but the log lacks 8 events that the disk did not take; ");
	one(WITH(with.messages_lost = 9), HEALTH_NOTICE,
	    "healthy, but 9 messages of cordond went nowhere; ");
	one(WITH(with.log_freed = 2048), HEALTH_NOTICE,
	    "healthy, but old events went before their retention was over, 2 KB of them; ");
	one(WITH(with.log_error = "x"), HEALTH_BAD, "NOT HEALTHY: the log cannot be written (x); ");
	one(WITH(with.seal_error = "x"), HEALTH_NOTICE,
	    "healthy, but no checkpoint of the log is signed (x); ");
}

static void disk_is(struct health_disk disk, enum health_level level, const char *said)
{
	disk.holds = "state and log";
	one(WITH(with.disk = &disk; with.disks = 1), level, said);
}

static void a_disk_is_said_before_it_bites(void **state)
{
	const struct health_disk fine = {
		.holds = "state", .used = HEALTH_FULL_SOON - 1, .inodes = 3, .answers = true
	};
	struct health health = WITH(with.disk = &fine; with.disks = 1);

	(void)state;
	assert_int_equal(judged(&health), HEALTH_GOOD);
	disk_is((struct health_disk){ .used = 75, .answers = true }, HEALTH_NOTICE,
		"healthy, but 75 % of the disk's bytes are used (state and log); ");
	disk_is((struct health_disk){ .used = 90, .answers = true }, HEALTH_BAD,
		"NOT HEALTHY: the disk is full soon: 90 % of its bytes are used (state and log); ");
	disk_is((struct health_disk){ .used = 100, .answers = true }, HEALTH_BAD,
		"NOT HEALTHY: the disk is full: no bytes are left (state and log); ");
	disk_is((struct health_disk){ .inodes = 75, .answers = true }, HEALTH_NOTICE,
		"healthy, but 75 % of the disk's inodes are used");
	disk_is((struct health_disk){ .inodes = 100, .answers = true }, HEALTH_BAD,
		"NOT HEALTHY: the disk is full: no inodes are left");
	/* It cannot be written: how full it is is no matter then. */
	disk_is((struct health_disk){ .used = 100, .read_only = true, .answers = true }, HEALTH_BAD,
		"NOT HEALTHY: the disk is read-only (state and log); ");
	disk_is((struct health_disk){ .error = "Input/output error", .answers = true }, HEALTH_BAD,
		"NOT HEALTHY: the disk fails (Input/output error); ");
	disk_is((struct health_disk){ .answers = false }, HEALTH_BAD,
		"NOT HEALTHY: the disk does not answer (state and log); ");
}

/* ---- cables ---- */

static void a_cable_that_is_out_is_said(void **state)
{
	struct health_link link[] = {
		{ .name = "wan0", .wan = true, .exists = true, .carrier = true },
		{ .name = "lan0", .exists = true, .carrier = true },
		{ .name = "lan1", .exists = true }
	};
	struct health health = WITH(with.link = link; with.links = 3);

	(void)state;
	/* A second port of the LAN is empty. */
	assert_int_equal(judged(&health), HEALTH_GOOD);
	link[1].carrier = false;
	one(WITH(with.link = link; with.links = 2), HEALTH_NOTICE,
	    "healthy, but the LAN interface lan0 has no carrier; ");
	link[0].carrier = false;
	one(WITH(with.link = link; with.links = 1), HEALTH_BAD,
	    "NOT HEALTHY: the WAN interface wan0 has no carrier; ");
	link[1] = (struct health_link){
		.name = "wan1", .wan = true, .exists = true, .carrier = true
	};
	one(WITH(with.link = link; with.links = 2), HEALTH_NOTICE,
	    "healthy, but the WAN interface wan0 has no carrier; ");
	link[0].exists = false;
	one(WITH(with.link = link; with.links = 2), HEALTH_BAD,
	    "NOT HEALTHY: the WAN interface wan0 is not there; ");
	one(WITH(with.default_v4 = false), HEALTH_NOTICE,
	    "healthy, but there is no default route; ");
	health = WITH(with.default_v4 = false; with.default_v6 = true);
	assert_int_equal(judged(&health), HEALTH_GOOD);
}

/* A reason whose length another program chose is cut behind a word. */
static void a_long_reason_is_not_cut_in_a_word(void **state)
{
	char reason[800] = "";

	(void)state;
	for (int i = 0; i < 70; i++)
		strcat(reason, "syllables ");
	one(WITH(with.refused = reason), HEALTH_NOTICE,
	    "healthy, but the last change was refused (syllables ");
	assert_non_null(strstr(out.data, "syllables...)"));
}

static void the_worst_comes_first_and_no_more_than_three(void **state)
{
	struct health health = { .provisioned = false, .settings_wait = true, .box = true };

	(void)state;
	assert_int_equal(judged(&health), HEALTH_BAD);
	assert_non_null(strstr(out.data, "NOT HEALTHY: cordond"));
	assert_non_null(strstr(out.data, "\nand nobody has set this box up; "));
	health = WITH(with.provisioned = false; with.settings_wait = true; with.clock_set = false;
		      with.image_on_trial = true; with.unsupported = true);
	assert_int_equal(judged(&health), HEALTH_BAD);
	assert_int_equal(strncmp(out.data, "NOT HEALTHY: this image is supported", 36), 0);
	assert_non_null(strstr(out.data, "\nand 2 more\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_good_box_is_healthy, teardown),
		cmocka_unit_test_teardown(says_what_is_wrong_and_what_to_do, teardown),
		cmocka_unit_test_teardown(a_role_that_does_not_answer_says_why, teardown),
		cmocka_unit_test_teardown(each_loss_is_said_by_where_it_was, teardown),
		cmocka_unit_test_teardown(a_disk_is_said_before_it_bites, teardown),
		cmocka_unit_test_teardown(a_cable_that_is_out_is_said, teardown),
		cmocka_unit_test_teardown(a_long_reason_is_not_cut_in_a_word, teardown),
		cmocka_unit_test_teardown(the_worst_comes_first_and_no_more_than_three, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
