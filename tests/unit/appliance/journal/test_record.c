/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <jansson.h>

#include "appliance/journal/record.h"

static const uint8_t mac[6] = { 2, 0, 0, 0xab, 0xcd, 0xef };

static struct event sample(void)
{
	return (struct event){
		.wall_ms = 1795475699123, .uptime_ms = 12345, .channel = CHANNEL_DNS,
		.action = ACTION_MONITOR, .intended = ACTION_BLOCK,
		.client = sample_addr("192.168.77.11"), .client_port = 40000, .interface = 3,
		.has_resolver = true, .resolver = sample_addr("8.8.8.8"), .qtype = 65,
		.protocol = 17, .port = 53, .name = sample_name("a.upd.kaspersky.com"),
		.state = 0x00cd1234, .rule = 7, .count = 25,
	};
}

static void line_is(const struct event *event, const struct record_context *context,
		    const char *expected)
{
	char *line;

	assert_int_equal(record_print(event, context, &line), 0);
	assert_string_equal(line, expected);
	free(line);
}

static void every_field_in_order(void **state)
{
	const struct policy_rule rule = { .id = "kaspersky:update:upd.kaspersky.com",
					  .category = CATEGORY_UPDATE };
	const struct record_context context = { .appliance = "gw-1", .boot_id = "b00t",
		.interface = "lan0", .mac = mac, .forwarder = true, .rule = &rule };
	struct event event = sample();

	(void)state;
	line_is(&event, &context,
		"{\"time\":\"2026-11-23T23:14:59.123Z\",\"boot_id\":\"b00t\",\"uptime\":12.345,"
		"\"appliance\":\"gw-1\",\"state\":\"00cd1234\",\"client\":\"192.168.77.11\","
		"\"mac\":\"02:00:00:ab:cd:ef\",\"interface\":\"lan0\",\"client_port\":40000,"
		"\"forwarder\":true,\"resolver\":\"8.8.8.8\",\"qtype\":\"HTTPS\","
		"\"protocol\":\"udp\",\"port\":53,\"name\":\"a.upd.kaspersky.com\","
		"\"address\":null,\"rule\":\"kaspersky:update:upd.kaspersky.com\","
		"\"category\":\"update\",\"action\":\"monitor\",\"would\":\"block\","
		"\"channel\":\"dns\",\"direction\":null,\"count\":25}");
}

static void unknown_is_null(void **state)
{
	const struct record_context context = { .appliance = "", .boot_id = "unknown" };
	const struct event event = { .channel = CHANNEL_PACKET, .has_address = true,
		.client = sample_addr("2001:db8::1"), .address = sample_addr("2a03:2480::1"),
		.protocol = 47, .count = UINT64_MAX, .wall_ms = -5 };

	(void)state;
	line_is(&event, &context,
		"{\"time\":\"1970-01-01T00:00:00.000Z\",\"boot_id\":\"unknown\",\"uptime\":0.0,"
		"\"appliance\":\"\",\"state\":\"00000000\",\"client\":\"2001:db8::1\","
		"\"mac\":null,\"interface\":null,\"client_port\":0,\"forwarder\":false,"
		"\"resolver\":null,\"qtype\":null,\"protocol\":47,\"port\":0,\"name\":null,"
		"\"address\":\"2a03:2480::1\",\"rule\":null,\"category\":null,"
		"\"action\":\"none\",\"would\":null,\"channel\":\"packet\",\"direction\":\"out\","
		"\"count\":9223372036854775807}");
}

/* Bytes that a client chose must not be able to leave their string, or the line. */
static void hostile_names(void **state)
{
	static const uint8_t wire[] = "\x0a" "\"\n\r\\\0\x1b\xff\xc3.x" "\x04" "\",\"a";
	const struct record_context context = { .appliance = "gw", .boot_id = "b",
						.interface = "l\xffn\"0" };
	struct event event = sample();
	const json_t *name;
	json_t *json;
	char *line;

	(void)state;
	assert_int_equal(name_from_wire(&event.name, wire, sizeof(wire)), 0);
	assert_int_equal(record_print(&event, &context, &line), 0);
	assert_null(strchr(line, '\n'));
	for (const char *at = line; *at; at++)
		assert_true(*at >= ' ' && *at < 0x7f);
	json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 23);
	name = json_object_get(json, "name");
	assert_string_equal(json_string_value(name),
			    "\\\"\\010\\013\\\\\\000\\027\\255\\195\\.x.\\\"\\,\\\"a");
	assert_string_equal(json_string_value(json_object_get(json, "interface")), "l?n\"0");
	json_decref(json);
	free(line);
}

static void longest_name(void **state)
{
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	struct event event = sample();
	uint8_t wire[NAME_WIRE_MAX] = { 0 };
	char *line;

	(void)state;
	memset(wire, 0xff, sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	assert_int_equal(name_from_wire(&event.name, wire, sizeof(wire)), 0);
	assert_int_equal(record_print(&event, &context, &line), 0);
	assert_non_null(strstr(line, "\"count\":25}"));
	free(line);
}

static void protocols(void **state)
{
	static const struct { uint8_t protocol; const char *text; } known[] = {
		{ 6, "\"protocol\":\"tcp\"" }, { 17, "\"protocol\":\"udp\"" },
		{ 1, "\"protocol\":\"icmp\"" }, { 58, "\"protocol\":\"icmp\"" },
		{ 255, "\"protocol\":255" },
	};
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	struct event event = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char *line;

		event.protocol = known[i].protocol;
		assert_int_equal(record_print(&event, &context, &line), 0);
		assert_non_null(strstr(line, known[i].text));
		free(line);
	}
}

static void lost_events(void **state)
{
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	const uint64_t lost[LOSS_COUNT] = { [LOSS_KERNEL] = 5, [LOSS_RINGS] = 4,
					    [LOSS_JOURNAL] = 2, [LOSS_DISK] = 1 };
	char *line;

	(void)state;
	assert_int_equal(record_print_lost(0, 60001, &context, lost, &line), 0);
	assert_string_equal(line, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"boot_id\":\"b\","
				  "\"uptime\":60.001,\"appliance\":\"gw\",\"lost\":12,\"kernel\":5,"
				  "\"rings\":4,\"journal\":2,\"disk\":1}");
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_in_order),
		cmocka_unit_test(unknown_is_null),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(protocols),
		cmocka_unit_test(lost_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
