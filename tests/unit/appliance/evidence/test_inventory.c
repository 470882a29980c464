/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/evidence/written.h"

#include <errno.h>

#include "appliance/evidence/inventory.h"
#include "tests/unit/appliance/evidence/shipped.h"

#define K "kaspersky:"
#define MAC(last) "00:1b:21:00:00:" last
enum { DAY = 20000 };

static struct written log_;
static struct hosts hosts;

/* One with the product, one with an engine, one without; one behind a router; all but the first
 * seen on the second day, too. */
static int make(void **state)
{
	const struct hosts_options options = { .folder = log_.path, .today = DAY, .all = true,
					       .weights = shipped_weights() };

	(void)state;
	written_begin(&log_);
	written_open(&log_, DAY);
	WRITTEN(&log_, "10.0.0.1", MAC("01"), K "telemetry:ksn.kaspersky-labs.com");
	WRITTEN(&log_, "10.0.0.2", MAC("02"), K "update:=dnl-04.geo.kaspersky.com");
	WRITTEN(&log_, "10.0.0.3", MAC("03"), NULL, .channel = CHANNEL_SEEN_LINK);
	WRITTEN(&log_, "10.9.0.4", NULL, NULL, .channel = CHANNEL_SEEN_DNS);
	written_close(&log_, true);
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 4);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	hosts_free(&hosts);
	written_end(&log_);
	return 0;
}

static void compare(struct inventory *inventory, const char *text, size_t errors)
{
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(inventory_parse(inventory, "i.csv", text, strlen(text), &diag), 0);
	assert_int_equal(diag.count, errors);
	assert_int_equal(inventory_compare(inventory, &hosts), 0);
}

/* "network with/engine/without/never/unlisted ..." */
static void is(const struct inventory *inventory, const char *expected)
{
	char text[512] = "";

	for (size_t i = 0; i < inventory->networks; i++) {
		const struct inventory_network *one = &inventory->network[i];

		sprintf(text + strlen(text), "%s%s %u/%u/%u/%u/%u", i ? " " : "", one->name,
			one->with, one->engine, one->without, one->never, one->unlisted);
	}
	assert_string_equal(text, expected);
}

static void four_numbers_per_network(void **state)
{
	struct inventory inventory;

	(void)state;
	compare(&inventory, "ip,mac,name,network\n"
		"10.0.0.1,00-1b-21-00-00-01,pc-1,office\n"
		"10.0.0.200,,pc-9,office\n"
		",00:1b:21:00:00:03,pc-3,10.0.0.0/16\n"
		"10.9.0.4,,pc-4,\n"
		"10.9.0.5,,,\n", 0);
	/* 10.0.0.2 is in no item: the named prefix holds it. */
	is(&inventory, "10.0.0.0/16 0/1/2/0/1 10.9.0.0/24 0/0/1/1/0 office 1/0/0/1/0");
	assert_int_equal(inventory.unlisteds, 1);
	inventory_free(&inventory);
	/* Without such a prefix: the network of an item in its /24. */
	compare(&inventory, "ip,network\n10.0.0.1,office\n", 0);
	is(&inventory, "10.9.0.0/24 0/0/1/0/1 office 1/1/2/0/2");
	inventory_free(&inventory);
	compare(&inventory, "mac\n" MAC("77") "\n", 0);
	is(&inventory, "- 0/0/0/1/0 10.0.0.0/24 1/1/2/0/3 10.9.0.0/24 0/0/1/0/1");
	inventory_free(&inventory);
}

/* A MAC tells more than an address, which another machine may have had. */
static void an_item_with_another_mac_is_another_machine(void **state)
{
	struct inventory inventory;

	(void)state;
	compare(&inventory, "ip,mac\n10.0.0.1,00:1b:21:00:00:99\n10.9.0.4,00:1b:21:00:00:98\n", 0);
	/* The host behind a router has no MAC of its own: the address has to do. */
	is(&inventory, "10.0.0.0/24 1/1/2/1/3 10.9.0.0/24 0/0/1/0/0");
	inventory_free(&inventory);
}

static void damaged_rows_are_left_out(void **state)
{
	struct inventory inventory;
	struct diag diag;

	(void)state;
	compare(&inventory, "name;ip\nx;10.0.0.1\ny;10.0.0\nz;\n\"q;1\n", 3);
	assert_int_equal(inventory.items, 1);
	inventory_free(&inventory);
	diag_init(&diag);
	assert_int_equal(inventory_parse(&inventory, "i", "no,columns\n1,2\n", 15, &diag),
			 -EINVAL);
	assert_int_equal(diag.count, 1);
	inventory_free(&inventory);
	assert_int_equal(inventory_parse(&inventory, "i", "i\0p\0", 4, &diag), -EILSEQ);
	inventory_free(&inventory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(four_numbers_per_network),
		TEST(an_item_with_another_mac_is_another_machine),
		TEST(damaged_rows_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
