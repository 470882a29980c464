/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "rules/nft/outside.h"

static struct outside_links links;
static struct settings settings;
static struct ruleset_outside outside;
static struct outside_misfits misfits;

static void link_add(const char *name, bool leads_out, uint32_t metric)
{
	struct outside_link *link = &links.link[links.count++];

	*link = (struct outside_link){ .index = (int)links.count + 1, .up = true, .forwards = true,
				       .reaches = true, .leads_out = leads_out,
				       .metric = leads_out ? metric : UINT32_MAX };
	snprintf(link->name, sizeof(link->name), "%s", name);
}

static void begin(const char *conf)
{
	struct diag diag;

	diag_init(&diag);
	links.count = 0;
	assert_int_equal(settings_parse(&settings, "test", conf, strlen(conf), &diag), 0);
}

static void names_are(size_t count, const char *first, const char *second)
{
	outside_choose(&links, &settings, &outside);
	assert_int_equal(outside.count, count);
	if (count > 0)
		assert_string_equal(outside.name[0], first);
	if (count > 1)
		assert_string_equal(outside.name[1], second);
}

/* Interfaces of default routes, but for those of the inside. */
static void default_routes(void **state)
{
	(void)state;
	begin("[network]\nlan = lan0\nmanagement = mgmt\n");
	names_are(0, NULL, NULL);
	link_add("lan0", true, 0);
	link_add("mgmt", true, 0);
	link_add("core0", false, 0);
	names_are(0, NULL, NULL);
	link_add("wwan0", true, 700);
	link_add("eth0", true, 100);
	names_are(2, "eth0", "wwan0");
}

/* A bridge and a macvlan of the LAN had a default route, and so were open. */
static void what_is_made_of_the_lan_is_not_outside(void **state)
{
	(void)state;
	begin("[network]\nlan = lan0\n");
	link_add("lan0", false, 0);
	link_add("br0", true, 0);
	link_add("mv0", true, 500);
	link_add("wan0", true, 100);
	names_are(3, "br0", "mv0");
	links.link[0].master = links.link[1].index;
	links.link[2].lower = links.link[0].index;
	names_are(1, "wan0", NULL);
	/* A VLAN that leads outside, beside a LAN on the same card. */
	begin("[network]\nlan = eth0.10\n");
	link_add("eth0", false, 0);
	link_add("eth0.10", false, 0);
	link_add("eth0.20", true, 0);
	links.link[1].lower = links.link[2].lower = links.link[0].index;
	names_are(1, "eth0.20", NULL);
}

/* More than fit: the best routes count, and equal ones by name, whatever the kernel's order. */
static void at_most_four(void **state)
{
	(void)state;
	begin("");
	link_add("e", true, 5);
	link_add("d", true, 5);
	link_add("c", true, 5);
	link_add("b", true, 9);
	link_add("z", true, 1);
	link_add("a", true, 10);
	names_are(4, "c", "d");
	assert_string_equal(outside.name[2], "e");
	assert_string_equal(outside.name[3], "z");
}

static void settings_win(void **state)
{
	struct ruleset_outside other;

	(void)state;
	begin("[network]\nlan = lan0\nwan = ppp0 eth9\nwan = ppp0\n");
	link_add("eth0", true, 0);
	names_are(2, "eth9", "ppp0");
	other = outside;
	assert_true(outside_equal(&outside, &other));
	other.count = 1;
	assert_false(outside_equal(&outside, &other));
	other = (struct ruleset_outside){ .name = { "eth9", "ppp1" }, .count = 2 };
	assert_false(outside_equal(&outside, &other));
}

static void sides_differ(void **state)
{
	static const char *const wrong[] = {
		"[network]\nlan = a b\nwan = b\n", "[network]\nmanagement = m\nwan = m\n",
		"[network]\nwan = a b c d e\n",
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		diag_init(&diag);
		assert_int_not_equal(settings_parse(&settings, "test", wrong[i], strlen(wrong[i]),
						    &diag), 0);
	}
}

static void misfits_are_named(void **state)
{
	(void)state;
	begin("[network]\nlan = lan0 lan1\nwan = wan0\nmanagement = lan0\n");
	link_add("lan0", false, 0);
	link_add("selftest1", false, 0);
	link_add("quiet0", false, 0);
	links.link[2].reaches = false;
	link_add("down0", false, 0);
	links.link[3].up = false;
	link_add("host0", false, 0);
	links.link[4].forwards = false;
	link_add("new0", true, 0);
	outside_choose(&links, &settings, &outside);
	outside_judge(&links, &settings, &outside, &misfits);
	assert_int_equal(misfits.missing_count, 2);
	assert_string_equal(misfits.missing[0], "lan1");
	assert_string_equal(misfits.missing[1], "wan0");
	assert_int_equal(misfits.unknown_count, 1);
	assert_string_equal(misfits.unknown[0], "new0");
	/* Found by its route instead, it is outside and known. */
	settings.wans = 0;
	outside_choose(&links, &settings, &outside);
	outside_judge(&links, &settings, &outside, &misfits);
	assert_int_equal(misfits.missing_count, 1);
	assert_int_equal(misfits.unknown_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_routes),
		cmocka_unit_test(what_is_made_of_the_lan_is_not_outside),
		cmocka_unit_test(at_most_four),
		cmocka_unit_test(settings_win),
		cmocka_unit_test(sides_differ),
		cmocka_unit_test(misfits_are_named)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
