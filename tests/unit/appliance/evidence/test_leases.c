/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/leases.h"

enum { KEPT = 16 };

struct reading {
	struct naming naming[KEPT];
	size_t count;
	struct diag diag;
	int error;
	int sink_error;
};

static int keep(void *context, const struct naming *naming)
{
	struct reading *reading = context;

	assert_in_range(reading->count, 0, KEPT - 1);
	reading->naming[reading->count++] = *naming;
	return reading->sink_error;
}

/* Reads the text as a whole, then byte by byte, with the same result. */
static struct reading *read_bytes(enum leases_format format, const char *text, size_t size)
{
	static struct reading whole, single;
	struct leases_options options = { .source = "f", .sink = keep };
	static struct leases leases;

	memset(&whole, 0, sizeof(whole));
	memset(&single, 0, sizeof(single));
	options.diag = &whole.diag;
	options.context = &whole;
	leases_init(&leases, format, &options);
	whole.error = leases_feed(&leases, text, size);
	if (!whole.error)
		whole.error = leases_end(&leases);
	options.diag = &single.diag;
	options.context = &single;
	leases_init(&leases, format, &options);
	for (size_t i = 0; i < size && !single.error; i++)
		single.error = leases_feed(&leases, text + i, 1);
	if (!single.error)
		single.error = leases_end(&leases);
	assert_memory_equal(&whole, &single, sizeof(whole));
	return &whole;
}

static struct reading *read_text(enum leases_format format, const char *text)
{
	return read_bytes(format, text, strlen(text));
}

static void is(const struct naming *naming, const char *address, const char *mac, const char *name)
{
	char text[ADDR_TEXT];

	assert_int_equal(naming->has_address, address != NULL);
	assert_int_equal(naming->has_mac, mac != NULL);
	if (address)
		assert_string_equal(addr_print(&naming->address, text), address);
	if (mac)
		assert_string_equal(mac_print(naming->mac, text), mac);
	assert_string_equal(naming->name, name);
}

static void from_until(const struct naming *naming, const char *from, const char *until)
{
	char text[CLOCK_TEXT];

	assert_string_equal(clock_print(naming->from_ms, text), from);
	assert_string_equal(clock_print(naming->until_ms, text), until);
}

static void damaged(const struct reading *reading, size_t entry, unsigned int line,
		    unsigned int column, const char *word)
{
	assert_in_range(entry, 0, reading->diag.count - 1);
	assert_int_equal(reading->diag.entry[entry].line, line);
	assert_int_equal(reading->diag.entry[entry].column, column);
	assert_non_null(strstr(reading->diag.entry[entry].message, word));
}

static void dnsmasq(void **state)
{
	const struct reading *reading = read_text(LEASES_DNSMASQ,
		"1732000000 00:1b:21:aa:bb:01 10.0.0.5 PC-17 01:00:1b:21:aa:bb:01\n"
		"0 00:1b:21:aa:bb:02 10.0.0.6 printer *\n"
		"1732000000 00:1b:21:aa:bb:03 10.0.0.7 * *\n"
		"1732000000 06-00:1b:21:aa:bb:04 10.0.0.8 old-ring *\n"
		"duid 00:01:00:01:2c:aa\n"
		"1732000000 8434 2001:db8::5 PC-17 00:01:00:01:2c\n"
		"soon 00:1b:21:aa:bb:01 10.0.0.5 x *\n"
		"1732000000 zz 10.0.0.5 x *\n"
		"1732000000 00:1b:21:aa:bb:01 10.0.0.256 x *\n"
		"1732000000\n");

	(void)state;
	assert_int_equal(reading->error, 0);
	assert_int_equal(reading->count, 4);
	is(&reading->naming[0], "10.0.0.5", "00:1b:21:aa:bb:01", "PC-17");
	from_until(&reading->naming[0], "2024-11-19T06:06:40.000Z", "2024-11-19T07:06:40.000Z");
	assert_int_equal(reading->naming[1].until_ms, NAMING_FOR_EVER);
	assert_int_equal(reading->naming[1].source, NAMING_LEASE);
	is(&reading->naming[2], "10.0.0.8", NULL, "old-ring");
	is(&reading->naming[3], "2001:db8::5", NULL, "PC-17");
	assert_int_equal(reading->diag.count, 4);
	damaged(reading, 0, 7, 1, "expiry");
	damaged(reading, 1, 8, 12, "MAC");
	damaged(reading, 2, 9, 30, "address");
	damaged(reading, 3, 10, 11, "expected expiry");
}

#define WINDOWS_HEAD \
	"\t\tMicrosoft DHCP Service Activity Log\r\n\r\n\r\n" \
	"Event ID  Meaning\r\n00\tThe log was started.\r\n" \
	"ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID," \
	" QResult\r\n"

static void windows(void **state)
{
	const struct reading *reading = read_text(LEASES_WINDOWS, WINDOWS_HEAD
		"00,11/29/26,00:00:03,Started,,,,,0,6\r\n"
		"10,11/29/26,08:15:30,Assign,10.0.0.5,PC-17.agency.gov,001B21AABB01,,7,0\r\n"
		"30,11/29/26,08:15:30,DNS Update Request,10.0.0.5,PC-17.agency.gov,,,0,6\r\n"
		"11,11/29/2026,12:15:30,Renew,10.0.0.5,PC-17.agency.gov,001B21AABB01,A\\doe,7,0\r\n"
		"11,29/11/26,12:15:30,Renew,10.0.0.5,x,001B21AABB01,,7,0\r\n"
		"11,11/29/26,12:15:30,Renew,10.0.0.5,x,001B21AABB,,7,0\r\n");

	(void)state;
	assert_int_equal(reading->error, 0);
	assert_int_equal(reading->count, 2);
	is(&reading->naming[0], "10.0.0.5", "00:1b:21:aa:bb:01", "PC-17.agency.gov");
	from_until(&reading->naming[0], "2026-11-29T08:15:30.000Z", "2026-12-07T08:15:30.000Z");
	assert_string_equal(reading->naming[1].user, "A\\doe");
	assert_int_equal(reading->naming[1].source, NAMING_FOREIGN_LEASE);
	damaged(reading, 0, 11, 4, "month/day/year");
	damaged(reading, 1, 12, 39, "MAC");
	reading = read_text(LEASES_WINDOWS, "ID,Date,Time,Description,IPv6 Address,Host Name,"
			    "Error Code, Duid Length\n11010,05/11/18,03:14:55,Started,,,,\n");
	assert_int_equal(reading->error, -EINVAL);
	damaged(reading, 0, 1, 1, "DHCPv6");
}

static void isc(void **state)
{
	const struct reading *reading = read_text(LEASES_ISC,
		"# The format of this file is documented in the dhcpd.leases(5) manual page.\n"
		"server-duid \"\\000\\001{\";\n"
		"lease 172.17.1.4 {\n"
		"  starts 0 2019/10/20 09:58:13;\n"
		"  ends 0 2019/10/20 10:03:13;\n"
		"  binding state active;\n"
		"  next binding state free;\n"
		"  hardware ethernet 00:16:3e:ef:a9:c1;\n"
		"  uid \"\\001\\000;\\251\\301\";\n"
		"  client-hostname \"a\\\"b\\033;c\";\n"
		"}\n"
		"lease 172.17.1.5 {\n"
		"  starts epoch 1571565493; # Sun Oct 20 09:58:13 2019\n"
		"  ends never;\n"
		"  client-hostname \"server\";\n"
		"}\n"
		"lease 172.17.1.6 {\n"
		"  starts 0 2019/10/20 09:58:13;\n"
		"  ends 0 2019/10/20 09:58:13;\n"
		"  binding state abandoned;\n"
		"  client-hostname \"nobody-here\";\n"
		"}\n"
		"failover peer \"x\" state {\n"
		"  my state normal at 0 2019/10/20 09:58:13;\n"
		"}\n"
		"ia-na \"x\" {\n  iaaddr 2001:db8::1 {\n    ends never;\n  }\n}\n"
		"lease 172.17.1.7 {\n  starts 0 2019/02/29 09:58:13;\n  client-hostname \"x\"\n}\n"
		"}\n"
		"lease 172.17.1.8 {\n");

	(void)state;
	assert_int_equal(reading->error, 0);
	assert_int_equal(reading->count, 2);
	is(&reading->naming[0], "172.17.1.4", "00:16:3e:ef:a9:c1", "a\"b?;c");
	from_until(&reading->naming[0], "2019-10-20T09:58:13.000Z", "2019-10-20T10:03:13.000Z");
	is(&reading->naming[1], "172.17.1.5", NULL, "server");
	assert_int_equal(reading->naming[1].until_ms, NAMING_FOR_EVER);
	damaged(reading, 0, 32, 10, "weekday");
	damaged(reading, 1, 33, 3, "semicolon");
	damaged(reading, 2, 34, 1, "without its times");
	damaged(reading, 3, 35, 1, "opening");
	damaged(reading, 4, 37, 1, "within a lease");
}

static void infoblox(void **state)
{
	const struct reading *reading = read_text(LEASES_INFOBLOX,
		"header-network,address*,netmask*\nnetwork,10.0.0.0,255.255.255.0\n"
		"header-lease,binding_state,ends,ip_address*,mac_address,client_hostname,starts,"
		"username\n"
		"lease,ACTIVE,2026-11-30T08:00:00Z,10.0.0.5,00:1b:21:aa:bb:01,\"PC, 17\","
		"2026-11-29T08:00:00Z,doe\n"
		"lease,ABANDONED,,10.0.0.6,,x,,\n"
		"lease,ACTIVE,2026-11-28T08:00:00Z,10.0.0.7,,x,2026-11-29T08:00:00Z,\n");

	(void)state;
	assert_int_equal(reading->error, 0);
	assert_int_equal(reading->count, 1);
	is(&reading->naming[0], "10.0.0.5", "00:1b:21:aa:bb:01", "PC, 17");
	from_until(&reading->naming[0], "2026-11-29T08:00:00.000Z", "2026-11-30T08:00:00.000Z");
	assert_string_equal(reading->naming[0].user, "doe");
	damaged(reading, 0, 6, 14, "ends before");
	assert_int_equal(read_text(LEASES_INFOBLOX, "lease,1\n")->error, -EINVAL);
}

static void table(void **state)
{
	const struct reading *reading = read_text(LEASES_TABLE,
		"\xef\xbb\xbf" "Name;room;MAC;IP;first;last;site;user;tool\r\n"
		"\"he said \"\"hi\"\"; \";17;00-1b-21-aa-bb-01;10.0.0.5;2026-11-01;2026-11-30;"
		"Bonn;M\xc3\xbcller;\r\n"
		"mx1;;;10.0.0.9;;;;;yes\r\n"
		";;;;;;;;\r\n"
		"x;;;;;;;;\r\n"
		"x;;;10.0.0.300;;;;;\r\n"
		"x;;;10.0.0.1;20261129;;;;\r\n"
		"\"x;;;10.0.0.1;;;;;\r\n"
		"=cmd|' /C calc'!A0;;001b.21aa.bb07;;2026-11-29 08:00+01:00;never;;;no\r\n"
		"x;;;10.0.0.1;;;;;maybe");

	(void)state;
	assert_int_equal(reading->error, 0);
	assert_int_equal(reading->count, 3);
	is(&reading->naming[0], "10.0.0.5", "00:1b:21:aa:bb:01", "he said \"hi\";");
	from_until(&reading->naming[0], "2026-11-01T00:00:00.000Z", "2026-11-30T23:59:59.999Z");
	assert_string_equal(reading->naming[0].user, "M\xc3\xbcller");
	assert_string_equal(reading->naming[0].site, "Bonn");
	assert_int_equal(reading->naming[0].source, NAMING_TABLE);
	assert_true(reading->naming[1].tool);
	assert_int_equal(reading->naming[1].from_ms, NAMING_SINCE_EVER);
	assert_int_equal(reading->naming[1].until_ms, NAMING_FOR_EVER);
	is(&reading->naming[2], NULL, "00:1b:21:aa:bb:07", "=cmd|' /C calc'!A0");
	assert_int_equal(reading->diag.count, 5);
	damaged(reading, 0, 5, 1, "address or a MAC");
	damaged(reading, 1, 6, 5, "address of a host");
	damaged(reading, 2, 7, 14, "a time");
	damaged(reading, 3, 8, 1, "quote");
	damaged(reading, 4, 10, 18, "yes or no");
	assert_int_equal(read_text(LEASES_TABLE, "name,user\nx,y\n")->error, -EINVAL);
	assert_int_equal(read_text(LEASES_TABLE, "")->error, -EINVAL);
}

static void other_encodings_are_refused(void **state)
{
	static const char little[] = "\xff\xfe" "i\0p\0", plain[] = "i\0p\0", big[] = "\xfe\xff\0i";

	(void)state;
	assert_int_equal(read_bytes(LEASES_TABLE, little, sizeof(little) - 1)->error, -EILSEQ);
	assert_int_equal(read_bytes(LEASES_TABLE, big, sizeof(big) - 1)->error, -EILSEQ);
	damaged(read_bytes(LEASES_TABLE, little, sizeof(little) - 1), 0, 1, 3, "UTF-16");
	damaged(read_bytes(LEASES_DNSMASQ, plain, sizeof(plain) - 1), 0, 1, 2, "NUL");
}

static void a_long_line_costs_itself_only(void **state)
{
	const size_t size = 3 * LEASES_LINE;
	char *text = malloc(size + 64);
	const struct reading *reading;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	strcpy(text + size, "\n1732000000 00:1b:21:aa:bb:01 10.0.0.5 PC-17 *");
	reading = read_text(LEASES_DNSMASQ, text);
	assert_int_equal(reading->count, 1);
	assert_int_equal(reading->diag.count, 1);
	damaged(reading, 0, 1, LEASES_LINE + 1, "too long");
	free(text);
}

static void the_sink_ends_it(void **state)
{
	static struct reading reading;
	static struct leases leases;
	const struct leases_options options = { .source = "f", .sink = keep, .context = &reading,
						.diag = &reading.diag };
	static const char line[] = "1732000000 00:1b:21:aa:bb:01 10.0.0.5 PC-17 *\n";

	(void)state;
	reading.sink_error = -ENOSPC;
	leases_init(&leases, LEASES_DNSMASQ, &options);
	assert_int_equal(leases_feed(&leases, line, sizeof(line) - 1), -ENOSPC);
	assert_int_equal(leases_feed(&leases, line, sizeof(line) - 1), -ENOSPC);
	assert_int_equal(leases_end(&leases), -ENOSPC);
	assert_int_equal(reading.count, 1);
}

static void local_time_has_an_offset(void **state)
{
	static struct reading reading;
	static struct leases leases;
	const struct leases_options options = { .source = "f", .sink = keep, .context = &reading,
						.diag = &reading.diag, .utc_offset = -5 * 3600,
						.lease_ms = 1000 };
	static const char log[] = WINDOWS_HEAD
		"10,12/31/26,20:00:00,Assign,10.0.0.5,PC,001B21AABB01,,7,0\n";

	(void)state;
	leases_init(&leases, LEASES_WINDOWS, &options);
	assert_int_equal(leases_feed(&leases, log, sizeof(log) - 1), 0);
	assert_int_equal(leases_end(&leases), 0);
	from_until(&reading.naming[0], "2027-01-01T01:00:00.000Z", "2027-01-01T01:00:01.000Z");
}

/* Remote access servers lease for their callers by identifiers, which Windows logs as MAC. */
static void an_identifier_of_windows_is_no_mac(void **state)
{
	const struct reading *reading = read_text(LEASES_WINDOWS, WINDOWS_HEAD
		"10,11/29/26,08:15:30,Assign,10.0.0.9,A,5241532000000000000000000A000009,,7,0\r\n"
		"10,11/29/26,08:15:30,Assign,10.0.0.9,A,52415320000000zz,,7,0\r\n");

	(void)state;
	assert_int_equal(reading->count, 1);
	is(&reading->naming[0], "10.0.0.9", NULL, "A");
	assert_int_equal(reading->diag.count, 1);
	damaged(reading, 0, 8, 40, "MAC");
}

/* Servers write zeros for a client whose MAC they do not know; zeros name no device. */
static void zeros_are_no_mac(void **state)
{
	const struct reading *reading;

	(void)state;
	reading = read_text(LEASES_DNSMASQ, "1732000000 00:00:00:00:00:00 10.0.0.5 PC-17 *\n");
	assert_int_equal(reading->count, 1);
	is(&reading->naming[0], "10.0.0.5", NULL, "PC-17");
	reading = read_text(LEASES_TABLE, "ip,mac,name\n10.0.0.5,00:00:00:00:00:00,PC-17\n"
			    ",00:00:00:00:00:00,PC-18\n");
	assert_int_equal(reading->count, 1);
	is(&reading->naming[0], "10.0.0.5", NULL, "PC-17");
	damaged(reading, 0, 3, 1, "expected an address or a MAC");
	reading = read_text(LEASES_ISC, "lease 10.0.0.5 {\n  starts 6 2026/11/28 07:00:00;\n"
			    "  ends 6 2026/11/28 19:00:00;\n"
			    "  hardware ethernet 00:00:00:00:00:00;\n"
			    "  client-hostname \"PC-17\";\n}\n");
	assert_int_equal(reading->count, 1);
	is(&reading->naming[0], "10.0.0.5", NULL, "PC-17");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dnsmasq),
		cmocka_unit_test(windows),
		cmocka_unit_test(isc),
		cmocka_unit_test(infoblox),
		cmocka_unit_test(table),
		cmocka_unit_test(other_encodings_are_refused),
		cmocka_unit_test(a_long_line_costs_itself_only),
		cmocka_unit_test(the_sink_ends_it),
		cmocka_unit_test(local_time_has_an_offset),
		cmocka_unit_test(an_identifier_of_windows_is_no_mac),
		cmocka_unit_test(zeros_are_no_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
