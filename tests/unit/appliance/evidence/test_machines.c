/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <time.h>

#include "appliance/evidence/machines.h"

#define HOUR ((int64_t)3600 * 1000)
#define DAY (24 * HOUR)
#define PC "00:1b:21:00:00:01"
#define PRINTER "00:1b:21:00:00:02"
#define GATE "00:1b:21:00:00:fe"
#define PHONE "da:a1:19:00:00:01"

static struct sighting seen(const char *address, const char *mac, int64_t first, int64_t last)
{
	struct sighting sighting = { .address = sample_addr(address), .first_ms = first,
				     .last_ms = last, .has_mac = mac != NULL };

	if (mac)
		assert_int_equal(mac_parse(sighting.mac, mac, strlen(mac)), 0);
	return sighting;
}

static void add(struct machines *machines, const char *address, const char *mac, int64_t first,
		int64_t last)
{
	const struct sighting sighting = seen(address, mac, first, last);

	assert_int_equal(machines_add(machines, &sighting), 0);
}

static int64_t whose(const struct machines *machines, const char *address, const char *mac,
		     int64_t at)
{
	const struct sighting sighting = seen(address, mac, at, at);

	return machines_whose(machines, &sighting);
}

static struct machines *fresh(void)
{
	struct machines *machines = machines_new(1 << 20, 12345);

	assert_non_null(machines);
	return machines;
}

static struct host host_at(const struct machines *machines, int64_t number)
{
	struct host host;

	assert_in_range(number, 0, (int64_t)machines_hosts(machines) - 1);
	machines_host(machines, (uint32_t)number, &host);
	return host;
}

static void one_mac_is_one_host_in_both_families(void **state)
{
	struct machines *machines = fresh();
	struct host host;

	(void)state;
	add(machines, "10.0.0.5", PC, 0, DAY);
	/* A temporary address per day, and another lease in the second week. */
	for (int day = 0; day < 14; day++) {
		char address[ADDR_TEXT];

		snprintf(address, sizeof(address), "2001:db8::%x", 0x1000 + day);
		add(machines, address, PC, day * DAY, day * DAY + HOUR);
	}
	add(machines, "10.0.0.9", PC, 8 * DAY, 9 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 1);
	host = host_at(machines, 0);
	assert_true(host.has_mac && !host.random && !host.behind_router && !host.by_hand);
	assert_int_equal(host.addresses, 16);
	/* The newer lease, though a temporary address was seen later. */
	assert_true(addr_is_v4(&host.address));
	assert_int_equal(host.address.bytes[15], 9);
	assert_int_equal(host.first_ms, 0);
	assert_int_equal(host.last_ms, 13 * DAY + HOUR);
	assert_int_equal(whose(machines, "2001:db8::1003", PC, 3 * DAY), 0);
	machines_free(machines);
}

static void an_address_has_another_host_with_another_mac(void **state)
{
	struct machines *machines = fresh();

	(void)state;
	add(machines, "10.0.0.5", PC, 0, DAY);
	add(machines, "10.0.0.5", PRINTER, 5 * DAY, 6 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 2);
	assert_int_equal(whose(machines, "10.0.0.5", PC, HOUR), 0);
	assert_int_equal(whose(machines, "10.0.0.5", PRINTER, 5 * DAY), 1);
	assert_int_equal(whose(machines, "10.0.0.5", GATE, 5 * DAY), MACHINES_NONE);
	machines_free(machines);
}

static void three_addresses_at_once_are_a_router(void **state)
{
	struct machines *machines = fresh();
	struct host_range range;
	const uint32_t all[] = { 0, 1, 2 };
	struct host host;
	uint8_t mac[MAC_SIZE];

	(void)state;
	/* One after the other in a day, each for a moment, and the first again. */
	add(machines, "10.2.0.1", GATE, 0, 0);
	add(machines, "10.2.0.2", GATE, HOUR, HOUR);
	add(machines, "10.2.0.3", GATE, 2 * HOUR, 2 * HOUR);
	add(machines, "10.2.0.1", GATE, 3 * HOUR, 3 * HOUR);
	add(machines, "10.2.0.2", GATE, 4 * HOUR, 4 * HOUR);
	add(machines, "10.2.0.3", GATE, 5 * HOUR, 5 * HOUR);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 3);
	assert_int_equal(mac_parse(mac, GATE, strlen(GATE)), 0);
	assert_true(machines_is_router(machines, mac));
	host = host_at(machines, whose(machines, "10.2.0.2", GATE, 4 * HOUR));
	assert_true(!host.has_mac && host.behind_router);
	machines_count(machines, all, 3, &range);
	assert_int_equal(range.at_least, 3);
	assert_int_equal(range.behind_router, 3);
	machines_free(machines);
}

/* With IPv6 alone, all hosts behind a router were one. */
static void three_networks_at_once_are_a_router(void **state)
{
	struct machines *machines = fresh();
	uint8_t mac[MAC_SIZE];

	(void)state;
	add(machines, "2001:db8:1::1", GATE, 0, 2 * HOUR);
	add(machines, "2001:db8:1::2", GATE, 0, 3 * HOUR);
	add(machines, "2001:db8:2::1", GATE, HOUR, 3 * HOUR);
	add(machines, "2001:db8:3::1", GATE, HOUR, 3 * HOUR);
	/* A host: its link, its site, the network that goes and the one that comes. */
	add(machines, "fe80::1", PC, 0, DAY);
	add(machines, "fd00:1::1", PC, 0, DAY);
	add(machines, "2001:db8:1::9", PC, 0, DAY);
	add(machines, "2001:db8:1::a", PC, 0, DAY);
	add(machines, "2001:db8:1::b", PC, 0, DAY);
	add(machines, "2001:db8:2::9", PC, 0, DAY);
	/* And later others, not at once. */
	add(machines, "2001:db8:3::9", PC, 2 * DAY, 3 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(mac_parse(mac, GATE, strlen(GATE)), 0);
	assert_true(machines_is_router(machines, mac));
	assert_int_equal(mac_parse(mac, PC, strlen(PC)), 0);
	assert_false(machines_is_router(machines, mac));
	assert_int_equal(machines_hosts(machines), 4 + 1);
	machines_free(machines);
}

static void leases_one_after_the_other_are_no_router(void **state)
{
	struct machines *machines = fresh();

	(void)state;
	for (int day = 0; day < 40; day++) {
		char address[ADDR_TEXT];

		snprintf(address, sizeof(address), "10.0.%d.%d", day % 7, 1 + day % 5);
		add(machines, address, PC, day * DAY, day * DAY + 10 * HOUR);
	}
	/* Two at a time are still one machine. */
	add(machines, "10.9.0.1", PC, 0, 40 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 1);
	machines_free(machines);
}

static void addresses_of_other_interfaces_do_not_make_a_router(void **state)
{
	struct machines *machines = fresh();
	static const char *const address[] = { "10.0.0.5", "10.1.0.5", "10.2.0.5" };

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		struct sighting sighting = seen(address[i], PC, 0, DAY);

		sighting.interface = i;
		assert_int_equal(machines_add(machines, &sighting), 0);
	}
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 1);
	machines_free(machines);
}

static void a_group_of_routers_is_known_by_its_mac(void **state)
{
	struct machines *machines = fresh();

	(void)state;
	add(machines, "10.2.0.1", "00:00:5e:00:01:07", 0, 0);
	add(machines, "10.2.0.2", "00:00:0c:07:ac:07", 0, 0);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 2);
	assert_true(host_at(machines, 0).behind_router && host_at(machines, 1).behind_router);
	machines_free(machines);
}

static void a_random_mac_is_a_host_of_its_own(void **state)
{
	struct machines *machines = fresh();
	const uint32_t all[] = { 0, 1 };
	struct host_range range;

	(void)state;
	add(machines, "10.0.0.5", PHONE, 0, DAY);
	add(machines, "2001:db8::5", PHONE, 0, DAY);
	add(machines, "10.0.0.5", "da:a1:19:00:00:02", DAY + HOUR, 2 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 2);
	assert_true(host_at(machines, 0).random && host_at(machines, 1).random);
	/* Both may be one telephone. */
	machines_count(machines, all, 2, &range);
	assert_int_equal(range.at_least, 1);
	assert_int_equal(range.at_most, 2);
	assert_int_equal(range.random, 2);
	machines_free(machines);
}

static void no_mac_belongs_to_the_mac_of_that_time_only(void **state)
{
	struct machines *machines = fresh();
	const uint32_t all[] = { 0, 1, 2 };
	struct host_range range;

	(void)state;
	add(machines, "10.0.0.5", PC, 0, DAY);
	add(machines, "10.0.0.5", PC, DAY + 23 * HOUR, 3 * DAY);
	add(machines, "10.0.0.5", NULL, 2 * DAY, 2 * DAY + HOUR);	/* inside */
	add(machines, "10.0.0.5", NULL, 9 * DAY, 9 * DAY);		/* later: nobody knows */
	add(machines, "10.0.0.7", NULL, DAY, DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 3);
	assert_int_equal(whose(machines, "10.0.0.5", NULL, 2 * DAY), 0);
	assert_int_equal(whose(machines, "10.0.0.7", NULL, DAY), 1);
	assert_int_equal(whose(machines, "10.0.0.5", NULL, 9 * DAY), 2);
	machines_count(machines, all, 3, &range);
	assert_int_equal(range.at_least, 2);
	assert_int_equal(range.at_most, 3);
	assert_int_equal(range.doubtful, 1);
	machines_free(machines);
}

static void two_macs_at_the_time_leave_it_open(void **state)
{
	struct machines *machines = fresh();

	(void)state;
	add(machines, "10.0.0.5", PC, 0, DAY);
	add(machines, "10.0.0.5", PRINTER, HOUR, 2 * HOUR);
	add(machines, "10.0.0.5", NULL, HOUR, HOUR);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 3);
	assert_false(host_at(machines, whose(machines, "10.0.0.5", NULL, HOUR)).has_mac);
	machines_free(machines);
}

static void a_link_local_address_is_one_per_interface(void **state)
{
	struct machines *machines = fresh();
	struct sighting sighting = seen("fe80::1", NULL, 0, 0);

	(void)state;
	assert_int_equal(machines_add(machines, &sighting), 0);
	sighting.interface = 1;
	assert_int_equal(machines_add(machines, &sighting), 0);
	sighting = seen("2001:db8::1", NULL, 0, 0);
	assert_int_equal(machines_add(machines, &sighting), 0);
	sighting.interface = 1;
	assert_int_equal(machines_add(machines, &sighting), 0);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 3);
	machines_free(machines);
}

static void merges_by_hand_join_and_say_what_failed(void **state)
{
	struct machines *machines = fresh();
	struct merge merge[] = {
		{ .a = { .is_mac = true }, .b = { .address = sample_addr("10.0.0.7") } },
		{ .a = { .is_mac = true }, .b = { .address = sample_addr("10.0.0.99") } },
		{ .a = { .is_mac = true }, .b = { .address = sample_addr("10.0.0.8") } },
		{ .a = { .address = sample_addr("10.0.0.7") }, .b = { .is_mac = true } },
	};
	uint32_t position = 0;
	struct host_run run;
	unsigned int runs = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(mac_parse(merge[i].a.mac, PHONE, strlen(PHONE)), 0);
	assert_int_equal(mac_parse(merge[3].b.mac, PC, strlen(PC)), 0);
	add(machines, "10.0.0.7", NULL, 0, DAY);
	add(machines, "10.0.0.5", PHONE, 2 * DAY, 3 * DAY);
	add(machines, "10.0.0.6", PC, 3 * DAY, 4 * DAY);
	add(machines, "10.0.0.8", PRINTER, 0, DAY);
	add(machines, "10.0.0.8", "00:1b:21:00:00:03", 5 * DAY, 6 * DAY);
	assert_int_equal(machines_build(machines, merge, 4), 0);
	assert_int_equal(merge[0].result, MERGE_DONE);
	assert_int_equal(merge[1].result, MERGE_UNKNOWN);
	assert_int_equal(merge[2].result, MERGE_AMBIGUOUS);
	assert_int_equal(merge[3].result, MERGE_DONE);
	assert_int_equal(machines_hosts(machines), 3);
	assert_true(host_at(machines, 0).by_hand && !host_at(machines, 0).random);
	assert_int_equal(whose(machines, "10.0.0.5", PHONE, 2 * DAY), 0);
	assert_int_equal(whose(machines, "10.0.0.6", PC, 3 * DAY), 0);
	while (machines_run(machines, 0, &position, &run))
		runs++;
	assert_int_equal(runs, 3);
	machines_free(machines);
}

static void the_order_of_sightings_changes_nothing(void **state)
{
	struct machines *forth = fresh(), *back = fresh();

	(void)state;
	for (int i = 0; i < 100; i++) {
		add(forth, i % 3 ? "10.0.0.5" : "10.0.0.6", i % 7 ? PC : NULL, i * HOUR,
		    i * HOUR + 60);
		add(back, (99 - i) % 3 ? "10.0.0.5" : "10.0.0.6", (99 - i) % 7 ? PC : NULL,
		    (99 - i) * HOUR, (99 - i) * HOUR + 60);
	}
	assert_int_equal(machines_build(forth, NULL, 0), 0);
	assert_int_equal(machines_build(back, NULL, 0), 0);
	assert_int_equal(machines_hosts(forth), machines_hosts(back));
	for (uint32_t i = 0; i < machines_hosts(forth); i++) {
		assert_int_equal(host_at(forth, i).first_ms, host_at(back, i).first_ms);
		assert_int_equal(host_at(forth, i).last_ms, host_at(back, i).last_ms);
		assert_int_equal(host_at(forth, i).addresses, host_at(back, i).addresses);
	}
	machines_free(forth);
	machines_free(back);
}

static void bad_sightings_and_a_full_table(void **state)
{
	struct machines *machines = machines_new(2, 1);
	struct sighting sighting = seen("10.0.0.1", NULL, 1, 0);

	(void)state;
	assert_int_equal(machines_add(machines, &sighting), -EINVAL);
	sighting = seen("224.0.0.1", NULL, 0, 0);
	assert_int_equal(machines_add(machines, &sighting), -EINVAL);
	add(machines, "10.0.0.1", "01:00:5e:00:00:01", INT64_MIN, INT64_MIN);
	add(machines, "10.0.0.2", "00:00:00:00:00:00", INT64_MAX, INT64_MAX);
	sighting = seen("10.0.0.3", NULL, 0, 0);
	assert_int_equal(machines_add(machines, &sighting), -ENOSPC);
	add(machines, "10.0.0.1", NULL, INT64_MIN, INT64_MIN + 1);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(machines_hosts(machines), 2);
	assert_false(host_at(machines, 0).has_mac);
	machines_free(machines);
}

static void a_forwarder_is_marked(void **state)
{
	struct machines *machines = fresh();
	struct sighting sighting = seen("10.0.0.53", PC, 0, 0);
	const uint32_t all[] = { 0 };
	struct text out = TEXT_EMPTY;
	struct host_range range;

	(void)state;
	sighting.forwarder = true;
	assert_int_equal(machines_add(machines, &sighting), 0);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_true(host_at(machines, 0).forwarder);
	machines_count(machines, all, 1, &range);
	host_range_print(&range, &out);
	assert_string_equal(out.data,
			    "1 machine: 1 by MAC address, 1 that ask for other hosts");
	text_release(&out);
	machines_free(machines);
}

/* ---- names ---- */

static void a_name_loaded_later_names_past_events(void **state)
{
	struct machines *machines = fresh();
	struct naming naming[] = {
		{ .source = NAMING_REVERSE_DNS, .has_address = true,
		  .address = sample_addr("10.0.0.5"), .from_ms = NAMING_SINCE_EVER,
		  .until_ms = NAMING_FOR_EVER, .name = "stale" },
		{ .source = NAMING_FOREIGN_LEASE, .has_address = true, .has_mac = true,
		  .address = sample_addr("10.0.0.5"), .from_ms = 0, .until_ms = DAY,
		  .name = "PC-17" },
		{ .source = NAMING_LEASE, .has_address = true,
		  .address = sample_addr("10.0.0.5"), .from_ms = 5 * DAY, .until_ms = 9 * DAY,
		  .name = "printer" },
		{ .source = NAMING_HAND, .has_address = true,
		  .address = sample_addr("10.0.0.5"), .from_ms = 20 * DAY,
		  .until_ms = NAMING_FOR_EVER, .name = "not then" },
	};
	const struct naming *name;
	struct namings namings;

	(void)state;
	assert_int_equal(mac_parse(naming[1].mac, PC, strlen(PC)), 0);
	add(machines, "10.0.0.5", PC, 0, DAY);
	add(machines, "10.0.0.5", PRINTER, 5 * DAY, 6 * DAY);
	add(machines, "10.0.0.5", NULL, 15 * DAY, 15 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(namings_build(&namings, naming, 4), 0);
	name = machines_name(machines, 0, &namings);
	assert_string_equal(name->name, "PC-17");
	assert_string_equal(naming_source_print(name->source), "foreign-lease");
	assert_string_equal(machines_name(machines, 1, &namings)->name, "printer");
	assert_string_equal(machines_name(machines, 2, &namings)->name, "stale");
	namings_release(&namings);
	machines_free(machines);
}

/* A lease with a MAC names what lies behind a router, but no other device on the link. */
static void a_mac_of_a_lease_is_no_other_devices(void **state)
{
	struct machines *machines = fresh();
	struct naming naming[2] = {
		{ .source = NAMING_FOREIGN_LEASE, .has_address = true, .has_mac = true,
		  .address = sample_addr("10.0.0.5"), .until_ms = DAY, .name = "far" },
	};
	struct namings namings;

	(void)state;
	naming[1] = naming[0];
	naming[1].address = sample_addr("10.0.0.6");
	assert_int_equal(mac_parse(naming[0].mac, PC, strlen(PC)), 0);
	assert_int_equal(mac_parse(naming[1].mac, PC, strlen(PC)), 0);
	add(machines, "10.0.0.5", NULL, 0, 0);
	add(machines, "10.0.0.6", PRINTER, 1, 1);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(namings_build(&namings, naming, 2), 0);
	assert_string_equal(machines_name(machines, 0, &namings)->name, "far");
	assert_null(machines_name(machines, 1, &namings));
	namings_release(&namings);
	machines_free(machines);
}

/* A row of the table without a name does not take the name away, and says that it is a tool. */
static void a_tool_keeps_its_name(void **state)
{
	struct machines *machines = fresh();
	const struct naming naming[] = {
		{ .source = NAMING_TABLE, .has_address = true, .tool = true,
		  .address = sample_addr("10.0.0.5"), .until_ms = DAY },
		{ .source = NAMING_LEASE, .has_address = true, .name = "mx1",
		  .address = sample_addr("10.0.0.5"), .until_ms = DAY },
	};
	struct namings namings;

	(void)state;
	add(machines, "10.0.0.5", PC, 0, 0);
	add(machines, "10.0.0.5", PRINTER, 5 * DAY, 5 * DAY);
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	assert_int_equal(namings_build(&namings, naming, 2), 0);
	assert_string_equal(machines_name(machines, 0, &namings)->name, "mx1");
	assert_int_equal(machines_tool(machines, 0, &namings)->source, NAMING_TABLE);
	assert_null(machines_tool(machines, 1, &namings));
	namings_release(&namings);
	machines_free(machines);
}

static void names_are_inert(void **state)
{
	char out[8];

	(void)state;
	naming_text(out, sizeof(out), "  a\x1b[2Jb  ", 9);
	assert_string_equal(out, "a?[2Jb");
	naming_text(out, sizeof(out), "\xff\xc0\x80ok", 5);
	assert_string_equal(out, "???ok");
	naming_text(out, sizeof(out), "M\xc3\xbcller-12", 10);
	assert_string_equal(out, "M\xc3\xbcller");
	/* Not cut within a character. */
	naming_text(out, sizeof(out), "abcdef\xc3\xbc", 8);
	assert_string_equal(out, "abcdef");
	/* Right to left, as U+202E, and a surrogate. */
	naming_text(out, sizeof(out), "\xe2\x80\xae" "a", 4);
	assert_string_equal(out, "?a");
	naming_text(out, sizeof(out), "\xed\xa0\x80", 3);
	assert_string_equal(out, "???");
}

static void macs_in_every_form(void **state)
{
	static const char *const good[] = { "00:1B:21:aa:Bb:01", "00-1b-21-aa-bb-01",
					    "001b.21aa.bb01", "001b21aabb01" };
	static const char *const bad[] = { "", "00:1b:21:aa:bb", "00:1b:21:aa:bb:0g",
					   "00:1b-21:aa:bb:01", "001b21aabb0", "00:1b:21:aa:bb:01 ",
					   ":0:1b:21:aa:bb:01", "001b:21aa:bb01" };
	char text[MAC_PRINTED];
	uint8_t mac[MAC_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(mac_parse(mac, good[i], strlen(good[i])), 0);
		assert_string_equal(mac_print(mac, text), "00:1b:21:aa:bb:01");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(mac_parse(mac, bad[i], strlen(bad[i])), -EINVAL);
}

/* ---- size ---- */

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

enum { MANY_HOSTS = 10000, MANY_DAYS = 400 };

/* Four million sightings: an IPv4 address per host and day, a new lease each quarter. */
static void ten_thousand_hosts_for_four_hundred_days(void **state)
{
	struct machines *machines = machines_new(1 << 20, 7);
	struct sighting sighting = { .has_mac = true, .mac = { 0, 0x1b, 0x21 } };
	const double start = cpu_seconds();
	double used;

	(void)state;
	for (int day = 0; day < MANY_DAYS; day++) {
		for (unsigned int i = 0; i < MANY_HOSTS; i++) {
			sighting.mac[3] = (uint8_t)(i >> 16);
			sighting.mac[4] = (uint8_t)(i >> 8);
			sighting.mac[5] = (uint8_t)i;
			sighting.address = addr_v4(0x0a000000 + (uint32_t)(day / 90) * 65536 + i);
			sighting.first_ms = day * DAY + 8 * HOUR;
			sighting.last_ms = day * DAY + 17 * HOUR;
			assert_int_equal(machines_add(machines, &sighting), 0);
		}
	}
	assert_int_equal(machines_build(machines, NULL, 0), 0);
	used = cpu_seconds() - start;
	print_message("%d sightings: %.2f s\n", MANY_HOSTS * MANY_DAYS, used);
	assert_int_equal(machines_hosts(machines), MANY_HOSTS);
	assert_int_equal(host_at(machines, 17).addresses, 5);
#ifndef CORDON_SANITIZE
	assert_true(used < 10);
#endif
	machines_free(machines);
}

/* A MAC that flaps between addresses, and an address between MACs, cost no more than others. */
static void hostile_sightings_cost_no_more(void **state)
{
	struct machines *machines = machines_new(1 << 20, 7);
	struct sighting sighting = { .has_mac = true, .mac = { 0, 0x1b, 0x21 } };
	const double start = cpu_seconds();

	(void)state;
	for (int i = 0; i < 200000; i++) {
		sighting.mac[3] = sighting.mac[4] = sighting.mac[5] = 1;
		sighting.address = addr_v4(0x0a000000 + (uint32_t)i);
		sighting.first_ms = sighting.last_ms = i * 2 * DAY;
		assert_int_equal(machines_add(machines, &sighting), 0);
		sighting.mac[3] = (uint8_t)(i >> 16);
		sighting.mac[4] = (uint8_t)(i >> 8);
		sighting.mac[5] = (uint8_t)i;
		sighting.address = addr_v4(0x0b000001);
		assert_int_equal(machines_add(machines, &sighting), 0);
		sighting.has_mac = false;
		assert_int_equal(machines_add(machines, &sighting), 0);
		sighting.has_mac = true;
	}
	assert_int_equal(machines_build(machines, NULL, 0), 0);
#ifndef CORDON_SANITIZE
	assert_true(cpu_seconds() - start < 10);
#else
	(void)start;
#endif
	machines_free(machines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mac_is_one_host_in_both_families),
		cmocka_unit_test(an_address_has_another_host_with_another_mac),
		cmocka_unit_test(three_addresses_at_once_are_a_router),
		cmocka_unit_test(three_networks_at_once_are_a_router),
		cmocka_unit_test(leases_one_after_the_other_are_no_router),
		cmocka_unit_test(addresses_of_other_interfaces_do_not_make_a_router),
		cmocka_unit_test(a_group_of_routers_is_known_by_its_mac),
		cmocka_unit_test(a_random_mac_is_a_host_of_its_own),
		cmocka_unit_test(no_mac_belongs_to_the_mac_of_that_time_only),
		cmocka_unit_test(two_macs_at_the_time_leave_it_open),
		cmocka_unit_test(a_link_local_address_is_one_per_interface),
		cmocka_unit_test(merges_by_hand_join_and_say_what_failed),
		cmocka_unit_test(the_order_of_sightings_changes_nothing),
		cmocka_unit_test(bad_sightings_and_a_full_table),
		cmocka_unit_test(a_forwarder_is_marked),
		cmocka_unit_test(a_name_loaded_later_names_past_events),
		cmocka_unit_test(a_mac_of_a_lease_is_no_other_devices),
		cmocka_unit_test(a_tool_keeps_its_name),
		cmocka_unit_test(names_are_inert),
		cmocka_unit_test(macs_in_every_form),
		cmocka_unit_test(ten_thousand_hosts_for_four_hundred_days),
		cmocka_unit_test(hostile_sightings_cost_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
