/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <jansson.h>

#include "appliance/journal/notice.h"
#include "appliance/journal/record.h"

static const uint8_t mac[6] = { 2, 0, 0, 0xab, 0xcd, 0xef };

static struct log_entry sample(void)
{
	struct log_entry entry = { .type = ENTRY_EVENT, .sequence = 1042 };

	entry.event.event = (struct event){
		.wall_ms = 1795475699123, .uptime_ms = 12345, .channel = CHANNEL_DNS,
		.action = ACTION_MONITOR, .intended = ACTION_BLOCK,
		.client = sample_addr("192.168.77.11"), .client_port = 40000, .interface = 3,
		.has_resolver = true, .resolver = sample_addr("8.8.8.8"), .qtype = 65,
		.protocol = 17, .port = 53, .name = sample_name("a.upd.kaspersky.com"),
		.state = 0x00cd1234, .rule = 7, .count = 25,
	};
	return entry;
}

static void line_is(const struct log_entry *entry, const struct record_context *context,
		    const char *expected)
{
	char *line;

	assert_int_equal(record_print(entry, context, &line), 0);
	assert_string_equal(line, expected);
	free(line);
}

static void every_field_in_order(void **state)
{
	const struct entry_rule rule = { .id = "kaspersky:update:upd.kaspersky.com",
					 .category = CATEGORY_UPDATE };
	const struct record_context context = { .appliance = "gw-1",
		.boot_id = "3f2a91c4-5323-4bde-a5f3-581bfb89ece6", .rule = &rule };
	struct log_entry entry = sample();

	(void)state;
	strcpy(entry.event.interface, "lan0");
	entry.event.forwarder = true;
	entry.event.span_ms = 59000;
	entry.event.event.has_mac = true;
	memcpy(entry.event.event.mac, mac, sizeof(mac));
	line_is(&entry, &context,
		"{\"id\":\"3f2a91c4:1042\",\"time\":\"2026-11-23T23:14:59.123Z\","
		"\"boot_id\":\"3f2a91c4-5323-4bde-a5f3-581bfb89ece6\",\"uptime\":12.345,"
		"\"appliance\":\"gw-1\",\"state\":\"00cd1234\",\"client\":\"192.168.77.11\","
		"\"mac\":\"02:00:00:ab:cd:ef\",\"interface\":\"lan0\",\"client_port\":40000,"
		"\"forwarder\":true,\"group\":null,\"exception\":null,"
		"\"resolver\":\"8.8.8.8\",\"qtype\":\"HTTPS\","
		"\"protocol\":\"udp\",\"port\":53,\"name\":\"a.upd.kaspersky.com\","
		"\"address\":null,\"rule\":\"kaspersky:update:upd.kaspersky.com\","
		"\"category\":\"update\",\"action\":\"monitor\",\"would\":\"block\","
		"\"channel\":\"dns\",\"direction\":null,\"count\":25,"
		"\"last\":\"2026-11-23T23:15:58.123Z\",\"coarse\":false}");
}

static void unknown_is_null(void **state)
{
	const struct record_context context = { .appliance = "", .boot_id = "unknown" };
	struct log_entry entry = { .type = ENTRY_EVENT };

	(void)state;
	entry.event.event = (struct event){ .channel = CHANNEL_PACKET, .has_address = true,
		.client = sample_addr("2001:db8::1"), .address = sample_addr("2a03:2480::1"),
		.protocol = 47, .count = UINT64_MAX, .wall_ms = -5 };
	line_is(&entry, &context,
		"{\"id\":\"unknown:0\",\"time\":\"1970-01-01T00:00:00.000Z\","
		"\"boot_id\":\"unknown\",\"uptime\":0.0,"
		"\"appliance\":\"\",\"state\":\"00000000\",\"client\":\"2001:db8::1\","
		"\"mac\":null,\"interface\":null,\"client_port\":0,\"forwarder\":false,"
		"\"group\":null,\"exception\":null,"
		"\"resolver\":null,\"qtype\":null,\"protocol\":47,\"port\":0,\"name\":null,"
		"\"address\":\"2a03:2480::1\",\"rule\":null,\"category\":null,"
		"\"action\":\"none\",\"would\":null,\"channel\":\"packet\",\"direction\":\"out\","
		"\"count\":9223372036854775807,\"last\":null,\"coarse\":false}");
}

/* A host was there: it asked for nothing, and nothing was decided. */
static void presence_has_no_verdict(void **state)
{
	const struct record_context context = { .appliance = "", .boot_id = "unknown" };
	struct log_entry entry = { .type = ENTRY_EVENT };

	(void)state;
	entry.event.event = (struct event){ .channel = CHANNEL_SEEN_LINK, .count = 3,
		.client = sample_addr("192.0.2.1"), .wall_ms = -5 };
	line_is(&entry, &context,
		"{\"id\":\"unknown:0\",\"time\":\"1970-01-01T00:00:00.000Z\","
		"\"boot_id\":\"unknown\",\"uptime\":0.0,"
		"\"appliance\":\"\",\"state\":null,\"client\":\"192.0.2.1\","
		"\"mac\":null,\"interface\":null,\"client_port\":null,\"forwarder\":false,"
		"\"group\":null,\"exception\":null,"
		"\"resolver\":null,\"qtype\":null,\"protocol\":null,\"port\":null,\"name\":null,"
		"\"address\":null,\"rule\":null,\"category\":null,"
		"\"action\":null,\"would\":null,\"channel\":\"seen-link\",\"direction\":null,"
		"\"count\":3,\"last\":null,\"coarse\":false}");
}

/* Bytes that a client chose must not be able to leave their string, or the line. */
static void hostile_names(void **state)
{
	static const uint8_t wire[] = "\x0a" "\"\n\r\\\0\x1b\xff\xc3.x" "\x04" "\",\"a";
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	struct log_entry entry = sample();
	const json_t *name;
	json_t *json;
	char *line;

	(void)state;
	strcpy(entry.event.interface, "l\xffn\"0");
	assert_int_equal(name_from_wire(&entry.event.event.name, wire, sizeof(wire)), 0);
	assert_int_equal(record_print(&entry, &context, &line), 0);
	assert_null(strchr(line, '\n'));
	for (const char *at = line; *at; at++)
		assert_true(*at >= ' ' && *at < 0x7f);
	json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 28);
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
	struct log_entry entry = sample();
	uint8_t wire[NAME_WIRE_MAX] = { 0 };
	char *line;

	(void)state;
	memset(wire, 0xff, sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	assert_int_equal(name_from_wire(&entry.event.event.name, wire, sizeof(wire)), 0);
	assert_int_equal(record_print(&entry, &context, &line), 0);
	assert_non_null(strstr(line, "\"count\":25,"));
	free(line);
}

/* Of more than one client: a network. */
static void coarse_events_name_their_network(void **state)
{
	static const struct { const char *client; uint8_t host_bits; const char *text; } known[] = {
		{ "192.0.2.7", 0, "\"client\":\"192.0.2.7\"" },
		{ "192.0.2.0", 8, "\"client\":\"192.0.2.0/24\"" },
		{ "0.0.0.0", 32, "\"client\":\"0.0.0.0/0\"" },
		{ "2001:db8::", 64, "\"client\":\"2001:db8::/64\"" },
	};
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	struct log_entry entry = sample();
	char *line;

	(void)state;
	entry.event.coarse = true;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		entry.event.event.client = sample_addr(known[i].client);
		entry.event.host_bits = known[i].host_bits;
		assert_int_equal(record_print(&entry, &context, &line), 0);
		assert_non_null(strstr(line, known[i].text));
		assert_non_null(strstr(line, "\"coarse\":true"));
		free(line);
	}
}

static void protocols(void **state)
{
	static const struct { uint8_t protocol; const char *text; } known[] = {
		{ 6, "\"protocol\":\"tcp\"" }, { 17, "\"protocol\":\"udp\"" },
		{ 1, "\"protocol\":\"icmp\"" }, { 58, "\"protocol\":\"icmp\"" },
		{ 255, "\"protocol\":255" },
	};
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	struct log_entry entry = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char *line;

		entry.event.event.protocol = known[i].protocol;
		assert_int_equal(record_print(&entry, &context, &line), 0);
		assert_non_null(strstr(line, known[i].text));
		free(line);
	}
}

static void a_notice_has_its_members(void **state)
{
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	const uint64_t lost[LOSS_COUNT] = { [LOSS_KERNEL] = 5, [LOSS_RINGS] = 4,
					    [LOSS_JOURNAL] = 2, [LOSS_DISK] = 1 };
	struct log_entry entry = { .type = ENTRY_NOTICE, .sequence = 7 };
	char *body;

	(void)state;
	assert_int_equal(notice_lost(lost, &body), 0);
	entry.notice = (struct entry_notice){ .uptime_ms = 60001, .kind = NOTICE_LOST,
					      .actor = "", .body = body };
	line_is(&entry, &context,
		"{\"id\":\"b:7\",\"time\":\"1970-01-01T00:00:00.000Z\",\"boot_id\":\"b\","
		"\"uptime\":60.001,\"appliance\":\"gw\",\"notice\":\"lost\",\"actor\":null,"
		"\"lost\":12,\"kernel\":5,\"rings\":4,\"journal\":2,\"disk\":1}");
	free(body);
}

/* A member cannot replace what the journal says of itself. */
static void members_replace_nothing(void **state)
{
	const struct record_context context = { .appliance = "gw", .boot_id = "b" };
	struct log_entry entry = { .type = ENTRY_NOTICE, .sequence = 7 };
	char *line;

	(void)state;
	entry.notice = (struct entry_notice){ .kind = "login", .actor = "uid 0",
					      .body = "\"actor\":\"nobody\",\"x\":1" };
	line_is(&entry, &context,
		"{\"id\":\"b:7\",\"time\":\"1970-01-01T00:00:00.000Z\",\"boot_id\":\"b\","
		"\"uptime\":0.0,\"appliance\":\"gw\",\"notice\":\"login\","
		"\"actor\":\"uid 0\",\"x\":1}");
	entry.notice.body = "\"x\":";
	assert_int_equal(record_print(&entry, &context, &line), -EBADMSG);
}

static void ids(void **state)
{
	static const char *const bad[] = {
		"", "3f2a91c4", "3f2a91c4:", "3f2a91c4:0", "3f2a91c4:-1", "3f2a91c4: 1",
		"3f2a91c4:1x", "3f2a91c:1", "3f2a91c44:1", "3f2a91cg:1",
		"3f2a91c4:99999999999999999999", "3f2a91c4-1:1",
		"3f2a91c4-5323-4bde-a5f3-581bfb89ece6", "3f2a91c4-5323-4bde-a5f3-581bfb89ece:1",
		"3f2a91c4-5323-4bde-a5f3-581bfb89ece6a:1", "3f2a91c4-5323-4bde-a5f3-581bfb89eceg:1",
		"3f2a91c4-5323-4bde-a5f3-581bfb89ece6:0", "3f2a91c4x5323-4bde-a5f3-581bfb89ece6:1",
	};
	char boot[RECORD_BOOT], text[RECORD_ID];
	uint64_t sequence;

	(void)state;
	assert_int_equal(record_parse_id("3f2a91c4:1042", boot, &sequence), 0);
	assert_string_equal(boot, "3f2a91c4");
	assert_int_equal(sequence, 1042);
	/* As in boot_id, and as another program may write it. */
	assert_int_equal(record_parse_id("3F2A91C4-5323-4bde-a5f3-581bfb89ece6:7", boot,
					 &sequence), 0);
	assert_string_equal(boot, "3f2a91c4");
	assert_int_equal(sequence, 7);
	assert_string_equal(record_id("3f2a91c4-0000", sequence, text), "3f2a91c4:7");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (record_parse_id(bad[i], boot, &sequence) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(every_field_in_order),
		cmocka_unit_test(unknown_is_null),
		cmocka_unit_test(presence_has_no_verdict),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(coarse_events_name_their_network),
		cmocka_unit_test(protocols),
		cmocka_unit_test(a_notice_has_its_members),
		cmocka_unit_test(members_replace_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
