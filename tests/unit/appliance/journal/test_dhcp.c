/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/journal/dhcp.h"

enum { HEADERS = 28, OPTIONS = HEADERS + 240 };

static const uint8_t mac[6] = { 0x00, 0x1b, 0x21, 0, 0, 7 };

static size_t message(uint8_t packet[640], const void *options, size_t size)
{
	static const uint8_t head[HEADERS + 3] = {
		0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
		0, 68, 0, 67, 0, 0, 0, 0, 1, 1, 6,
	};

	memset(packet, 0, 640);
	memcpy(packet, head, sizeof(head));
	memcpy(packet + HEADERS + 28, mac, sizeof(mac));
	memcpy(packet + HEADERS + 236, "\x63\x82\x53\x63", 4);
	memcpy(packet + OPTIONS, options, size);
	return OPTIONS + size;
}

static void is_named(const void *options, size_t size, const char *expected)
{
	uint8_t packet[640];
	char text[NAME_TEXT];
	struct dhcp dhcp;

	size = message(packet, options, size);
	assert_int_equal(dhcp_read(&dhcp, packet, size), expected != NULL);
	if (!expected)
		return;
	assert_memory_equal(dhcp.mac, mac, sizeof(mac));
	assert_string_equal(name_print(dhcp.name.wire, text), expected);
}

#define NAMED(options, expected) is_named(options, sizeof(options) - 1, expected)

static void names(void **state)
{
	(void)state;
	NAMED("\x35\x01\x03\x0c\x05PC-17\xff", "pc-17");
	NAMED("\x0c\x0dpc.agency.tes\xff", "pc");
	NAMED("\x51\x08\x00\x00\x00PC-18\xff\x0c\x02no", "pc-18");
	NAMED("\x51\x08\x04\x00\x00\x04name\xff", NULL);
	/* Option 12 is better, wherever it stands. */
	NAMED("\x51\x08\x00\x00\x00PC-18\x0c\x05PC-17\xff", "pc-17");
	NAMED("\x0c\x04" "a\x1b\n" "b\xff", "a\\027\\010b");
	NAMED("\x0c\x00\xff", NULL);
	NAMED("\x35\x01\x03\xff", NULL);
	NAMED("\x0c\x05PC", NULL);
	NAMED("\x0c", NULL);
	NAMED("", NULL);
}

/* Each byte that says what it is, and every length. */
static void other_packets(void **state)
{
	static const size_t decide[] = { 0, 9, 21, 23, HEADERS, HEADERS + 1, HEADERS + 2,
					 HEADERS + 236 };
	uint8_t packet[640];
	struct dhcp dhcp;
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(decide) / sizeof(*decide); i++) {
		size = message(packet, "\x0c\x05PC-17", 7);
		packet[decide[i]] ^= 0x20;
		assert_false(dhcp_read(&dhcp, packet, size));
	}
	size = message(packet, "\x0c\x05PC-17", 7);
	packet[HEADERS + 27] = 1;	/* a relay */
	assert_false(dhcp_read(&dhcp, packet, size));
	size = message(packet, "\x0c\x05PC-17", 7);
	packet[7] = 1;			/* a fragment */
	assert_false(dhcp_read(&dhcp, packet, size));
	size = message(packet, "\x0c\x05PC-17", 7);
	for (size_t i = 0; i < size; i++)
		assert_false(dhcp_read(&dhcp, packet, i));
	assert_true(dhcp_read(&dhcp, packet, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(other_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
