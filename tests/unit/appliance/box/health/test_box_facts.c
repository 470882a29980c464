/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "appliance/box/health/box_facts.h"
#include "appliance/box/health/status_box.h"

static struct box_facts facts;
static struct health health;

/* A box that is set up, started well, and has a cable in. */
static int setup(void **state)
{
	(void)state;
	memset(&facts, 0, sizeof(facts));
	memset(&health, 0, sizeof(health));
	facts.supported = facts.provisioned = facts.has_links = facts.has_boot = true;
	facts.boot_done = true;
	facts.carrier = 1;
	snprintf(facts.outside, sizeof(facts.outside), "eth0");
	for (int step = 0; step < BOOT_STEPS; step++)
		facts.boot.at[step] = 1000 * (step + 1);
	facts.boot.counted = true;
	return 0;
}

static void judge(void)
{
	box_facts_judge(&facts, &health);
}

static void nothing_is_wrong_with_a_good_box(void **state)
{
	(void)state;
	judge();
	assert_true(health.box && health.provisioned);
	assert_false(health.unsupported || health.boot_wrong || health.selftest_failed);
	assert_null(health.no_carrier);
	assert_null(health.no_route);
	assert_null(health.lease_stale);
	assert_null(health.settings_wrong);
	assert_null(health.image_failed);
}

static void an_image_past_its_date(void **state)
{
	(void)state;
	facts.supported = false;
	judge();
	assert_true(health.unsupported);
}

static void no_cable_is_named_by_its_interface(void **state)
{
	(void)state;
	facts.carrier = 0;
	judge();
	assert_string_equal(health.no_carrier, "eth0");
	facts.carrier = -1;
	judge();
	assert_null(health.no_carrier);
}

static void families_by_name(void **state)
{
	static const bool none[2], both[2] = { true, true }, v6[2] = { false, true };

	(void)state;
	assert_null(box_facts_families(none, false));
	assert_string_equal(box_facts_families(both, false), "IPv4 and IPv6");
	assert_string_equal(box_facts_families(v6, true), "DHCPv6");
	facts.no_route[0] = facts.stale[1] = true;
	judge();
	assert_string_equal(health.no_route, "IPv4");
	assert_string_equal(health.lease_stale, "DHCPv6");
}

/* A start that is under way has proven nothing yet, and is not wrong. */
static void a_start_under_way_is_not_wrong(void **state)
{
	(void)state;
	facts.boot.at[BOOT_SELFTEST] = -1;
	judge();
	assert_true(health.selftest_failed);
	assert_false(health.boot_wrong);
	facts.boot.counted = false;
	judge();
	assert_true(health.boot_wrong);
	facts.boot_done = false;
	judge();
	assert_false(health.boot_wrong || health.selftest_failed);
}

static void fields_of_the_json(void **state)
{
	json_t *box, *links;

	(void)state;
	facts.supported_until = 1700000000;
	snprintf(facts.version, sizeof(facts.version), "1.2");
	box = status_box_json(&facts);
	links = json_object_get(box, "links");
	assert_true(json_is_null(json_object_get(box, "model")));
	assert_true(json_is_null(json_object_get(box, "slot")));
	assert_true(json_is_true(json_object_get(links, "carrier")));
	assert_true(json_is_null(json_object_get(links, "no_default_route")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(box, "image"),
							      "supported_until")), "2023-11-14");
	assert_true(json_is_null(json_object_get(json_object_get(box, "image"), "built")));
	json_decref(box);
	facts.has_links = false;
	box = status_box_json(&facts);
	assert_true(json_is_null(json_object_get(box, "links")));
	json_decref(box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_wrong_with_a_good_box, setup),
		cmocka_unit_test_setup(an_image_past_its_date, setup),
		cmocka_unit_test_setup(no_cable_is_named_by_its_interface, setup),
		cmocka_unit_test_setup(families_by_name, setup),
		cmocka_unit_test_setup(a_start_under_way_is_not_wrong, setup),
		cmocka_unit_test_setup(fields_of_the_json, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
