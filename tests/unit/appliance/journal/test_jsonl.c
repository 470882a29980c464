/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <netinet/in.h>

#include "appliance/journal/jsonl.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/record.h"

#define ORIGIN "{\"time\":\"2026-11-23T23:14:59.123Z\"," \
	"\"boot_id\":\"3f2a91c4-5323-4bde-a5f3-581bfb89ece6\",\"uptime\":12.345," \
	"\"appliance\":\"gw-1\","

static const char dns[] = ORIGIN
	"\"state\":\"00cd1234\",\"client\":\"192.168.77.11\",\"mac\":\"02:00:00:ab:cd:ef\","
	"\"interface\":\"lan0\",\"client_port\":40000,\"forwarder\":true,"
	"\"resolver\":\"8.8.8.8\",\"qtype\":\"HTTPS\",\"protocol\":\"udp\",\"port\":53,"
	"\"name\":\"a.upd.kaspersky.com\",\"address\":null,"
	"\"rule\":\"kaspersky:update:upd.kaspersky.com\",\"category\":\"update\","
	"\"action\":\"monitor\",\"would\":\"block\",\"channel\":\"dns\",\"direction\":null,"
	"\"count\":25}";
static const char packet[] = ORIGIN
	"\"state\":\"00000000\",\"client\":\"2001:db8::1\",\"mac\":null,\"interface\":null,"
	"\"client_port\":0,\"forwarder\":false,\"resolver\":null,\"qtype\":null,"
	"\"protocol\":47,\"port\":0,\"name\":null,\"address\":\"2a03:2480::1\",\"rule\":null,"
	"\"category\":null,\"action\":\"none\",\"would\":null,\"channel\":\"packet\","
	"\"direction\":\"in\",\"count\":9223372036854775807}";
static const char mode[] = ORIGIN "\"mode\":\"monitor\",\"until\":\"2026-11-24T01:14:59.000Z\","
	"\"categories\":[\"update\",\"telemetry\"],\"reason\":\"ticket {[\\\"1\\\"]}\","
	"\"by\":\"jdoe\"}";
static const char enforce[] = ORIGIN "\"mode\":\"enforce\",\"until\":null,\"categories\":null,"
	"\"reason\":\"\",\"by\":\"\"}";
static const char lost[] = ORIGIN "\"lost\":10,\"kernel\":1,\"rings\":2,\"journal\":3,\"disk\":4}";

/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
static int parse(struct jsonl_entry *line, const char *text, size_t length)
{
	char *copy = malloc(length ? length : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, text, length);
	error = jsonl_parse(line, copy, length);
	free(copy);
	return error;
}

static void good(struct jsonl_entry *line, const char *text)
{
	assert_int_equal(parse(line, text, strlen(text)), 0);
}

static void bad(const char *text)
{
	struct jsonl_entry line;

	if (parse(&line, text, strlen(text)) != -EBADMSG)
		fail_msg("taken: %s", text);
}

/* text with the first occurrence of from replaced. */
static const char *changed(const char *text, const char *from, const char *to)
{
	static char out[8192];
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static void every_key_of_an_event(void **state)
{
	struct jsonl_entry line;
	const struct event *event = &line.entry.event.event;
	static const uint8_t mac[6] = { 2, 0, 0, 0xab, 0xcd, 0xef };
	struct addr client = sample_addr("192.168.77.11"), resolver = sample_addr("8.8.8.8");
	struct name name = sample_name("a.upd.kaspersky.com");

	(void)state;
	good(&line, dns);
	assert_int_equal(line.entry.type, ENTRY_EVENT);
	assert_int_equal(line.entry.sequence, 0);
	assert_int_equal(jsonl_wall_ms(&line), 1795475699123);
	assert_int_equal(event->uptime_ms, 12345);
	assert_string_equal(line.boot_id, "3f2a91c4-5323-4bde-a5f3-581bfb89ece6");
	assert_string_equal(line.appliance, "gw-1");
	assert_int_equal(event->state, 0x00cd1234);
	assert_int_equal(addr_compare(&event->client, &client), 0);
	assert_true(event->has_mac);
	assert_memory_equal(event->mac, mac, sizeof(mac));
	assert_string_equal(line.entry.event.interface, "lan0");
	assert_int_equal(event->client_port, 40000);
	assert_true(line.entry.event.forwarder);
	assert_false(line.entry.event.coarse);
	assert_int_equal(line.entry.event.span_ms, 0);
	assert_true(event->has_resolver);
	assert_int_equal(addr_compare(&event->resolver, &resolver), 0);
	assert_int_equal(event->qtype, 65);
	assert_int_equal(event->protocol, IPPROTO_UDP);
	assert_int_equal(event->port, 53);
	assert_int_equal(event->name.length, name.length);
	assert_memory_equal(event->name.wire, name.wire, name.length);
	assert_false(event->has_address);
	assert_int_equal(event->action, ACTION_MONITOR);
	assert_int_equal(event->intended, ACTION_BLOCK);
	assert_int_equal(event->channel, CHANNEL_DNS);
	assert_false(event->inbound);
	assert_int_equal(event->count, 25);
	assert_int_equal(event->rule, POLICY_NO_RULE);
	assert_string_equal(line.rule.id, "kaspersky:update:upd.kaspersky.com");
	assert_int_equal(line.rule.category, CATEGORY_UPDATE);
	assert_int_equal(line.rule.state, event->state);
	assert_int_equal(line.rule.index, POLICY_NO_RULE);
	assert_true(line.entry.event.rule_key == entry_rule_key(&line.rule));
	jsonl_release(&line);
}

static void null_is_unknown(void **state)
{
	struct jsonl_entry line;
	const struct event *event = &line.entry.event.event;
	struct addr address = sample_addr("2a03:2480::1");

	(void)state;
	good(&line, packet);
	assert_false(event->has_mac || event->has_resolver);
	assert_string_equal(line.entry.event.interface, "");
	assert_int_equal(event->qtype, 0);
	assert_int_equal(event->name.length, 0);
	assert_true(event->has_address && addr_compare(&event->address, &address) == 0);
	assert_true(line.entry.event.rule_key == 0);
	assert_int_equal(event->action, ACTION_NONE);
	assert_int_equal(event->intended, ACTION_NONE);
	assert_int_equal(event->channel, CHANNEL_PACKET);
	assert_true(event->inbound);
	assert_true(event->count == INT64_MAX);
	jsonl_release(&line);
	/* What an older image did not write yet. */
	good(&line, changed(packet, "\"mac\":null,", ""));
	jsonl_release(&line);
	good(&line, changed(packet, ",\"direction\":\"in\"", ",\"later\":7"));
	assert_false(event->inbound);
	jsonl_release(&line);
}

static void each_protocol(void **state)
{
	static const struct { const char *text; uint8_t number; bool v4; } all[] = {
		{ "\"tcp\"", IPPROTO_TCP, true }, { "\"udp\"", IPPROTO_UDP, false },
		{ "\"icmp\"", IPPROTO_ICMP, true }, { "\"icmp\"", IPPROTO_ICMPV6, false },
		{ "132", 132, true }, { "0", 0, false }, { "255", 255, true },
	};
	struct jsonl_entry line;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(text, sizeof(text), "\"protocol\":%s", all[i].text);
		if (all[i].v4)
			good(&line, changed(dns, "\"protocol\":\"udp\"", text));
		else
			good(&line, changed(packet, "\"protocol\":47", text));
		assert_int_equal(line.entry.event.event.protocol, all[i].number);
		jsonl_release(&line);
	}
}

/* What the new format prints of it has the same values. */
static void prints_as_before(void **state)
{
	struct jsonl_entry line;
	struct record_context context;
	char *text, *again;

	(void)state;
	good(&line, dns);
	context = (struct record_context){ .appliance = line.appliance, .boot_id = line.boot_id,
					   .rule = &line.rule };
	assert_int_equal(record_print(&line.entry, &context, &text), 0);
	for (const char *key = dns + 1; key; key = strstr(key + 1, ",\"")) {
		const char *end = strstr(key + 1, ",\"");
		char pair[256];

		snprintf(pair, sizeof(pair), "%.*s", (int)(end ? end - key : 10), key);
		if (!strstr(text, pair))
			fail_msg("%s is not in %s", pair, text);
	}
	jsonl_release(&line);
	/* And is itself a line that can be read. */
	good(&line, text);
	assert_int_equal(record_print(&line.entry, &context, &again), 0);
	assert_string_equal(again, text);
	free(again);
	free(text);
	jsonl_release(&line);
}

static void odd_names(void **state)
{
	static const uint8_t all[][24] = {
		"\x0a" "\"\n\r\\\0\x1b\xff\xc3.x" "\x04" "\",\"a", "\x03*.a", "\x01 ", "",
	};
	struct record_context context = { .appliance = "gw-1", .boot_id = "b" };
	struct jsonl_entry line;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct name name;

		assert_int_equal(name_from_wire(&name, all[i], sizeof(all[i])), 0);
		good(&line, dns);
		line.entry.event.event.name = name;
		assert_int_equal(record_print(&line.entry, &context, &text), 0);
		jsonl_release(&line);
		good(&line, text);
		assert_int_equal(line.entry.event.event.name.length, name.length);
		assert_memory_equal(line.entry.event.event.name.wire, name.wire, name.length);
		jsonl_release(&line);
		free(text);
	}
}

static void longest_name(void **state)
{
	struct record_context context = { .appliance = "gw-1", .boot_id = "b" };
	struct jsonl_entry line;
	struct name name = { .length = 0 };
	uint8_t wire[NAME_WIRE_MAX + 1] = { 0 };
	char *text;

	(void)state;
	for (int label = 0; label < 4; label++) {
		memset(wire + 64 * label, 0xff, 64);
		wire[64 * label] = label < 3 ? 63 : 61;
	}
	wire[254] = 0;
	assert_int_equal(name_from_wire(&name, wire, sizeof(wire)), 0);
	good(&line, dns);
	line.entry.event.event.name = name;
	assert_int_equal(record_print(&line.entry, &context, &text), 0);
	jsonl_release(&line);
	good(&line, text);
	assert_memory_equal(line.entry.event.event.name.wire, name.wire, name.length);
	jsonl_release(&line);
	free(text);
}

static void modes_and_losses(void **state)
{
	struct jsonl_entry line;

	(void)state;
	good(&line, mode);
	assert_int_equal(line.entry.type, ENTRY_NOTICE);
	assert_string_equal(line.entry.notice.kind, NOTICE_MODE);
	assert_string_equal(line.entry.notice.actor, "");
	assert_int_equal(jsonl_wall_ms(&line), 1795475699123);
	assert_int_equal(line.entry.notice.uptime_ms, 12345);
	assert_string_equal(line.entry.notice.body, "\"mode\":\"monitor\","
		"\"until\":\"2026-11-24T01:14:59.000Z\",\"categories\":[\"update\",\"telemetry\"],"
		"\"reason\":\"ticket {[\\\"1\\\"]}\",\"by\":\"jdoe\"");
	jsonl_release(&line);
	good(&line, enforce);
	assert_string_equal(line.entry.notice.body, "\"mode\":\"enforce\",\"until\":null,"
			    "\"categories\":null,\"reason\":\"\",\"by\":\"\"");
	jsonl_release(&line);
	good(&line, lost);
	assert_string_equal(line.entry.notice.kind, NOTICE_LOST);
	assert_string_equal(line.entry.notice.body,
			    "\"lost\":10,\"kernel\":1,\"rings\":2,\"journal\":3,\"disk\":4");
	jsonl_release(&line);
}

/* ---- damage ---- */

static void cut_lines(void **state)
{
	static const char *const all[] = { dns, packet, mode, enforce, lost };
	struct jsonl_entry line;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		for (size_t length = 0; length < strlen(all[i]); length++) {
			assert_int_equal(parse(&line, all[i], length), -EBADMSG);
			assert_int_equal(parse(&line, all[i] + length + 1,
					       strlen(all[i]) - length - 1), -EBADMSG);
		}
	}
}

static void wrong_values(void **state)
{
	static const struct { const char *from, *to; } all[] = {
		{ "2026-11-23T", "2026-11-31T" }, { "59.123Z", "59Z" }, { "59.123Z", "59.1Z" },
		{ "\"time\":\"2026-11-23T23:14:59.123Z\"", "\"time\":1795475699" },
		{ "\"time\"", "\"when\"" }, { "12.345", "-1" }, { "12.345", "1e300" },
		{ "12.345", "\"1\"" }, { "\"gw-1\"", "null" }, { "\"boot_id\"", "\"boot\"" },
		{ "3f2a91c4-5323", "3f2a91c4-3f2a91c4-3f2a91c4-5323" },
		{ "00cd1234", "00CD1234" }, { "00cd1234", "1" }, { "00cd1234", "x0cd1234" },
		{ "192.168.77.11", "192.168.77.256" }, { "\"192.168.77.11\"", "null" },
		{ "02:00:00:ab", "2:0:0:ab" }, { "02:00:00:ab:cd:ef", "02:00:00:ab:cd" },
		{ "\"lan0\"", "\"sixteen-letters0\"" }, { "40000", "65536" }, { "40000", "-1" },
		{ "40000", "null" }, { "true", "1" }, { "8.8.8.8", "8.8.8" },
		{ "HTTPS", "TYPE65" }, { "HTTPS", "TYPE65536" }, { "HTTPS", "TYPE-1" },
		{ "\"udp\"", "\"sctp\"" }, { "\"udp\"", "256" }, { "\"udp\"", "null" },
		{ "53,\"name", "\"53\",\"name" }, { "a.upd", "A.upd" }, { "a.upd", "a..upd" },
		{ "a.upd", ".upd" }, { "kaspersky.com\",\"a", "kaspersky.com.\",\"a" },
		{ "a.upd", "\\\\097.upd" }, { "a.upd", "\\\\999.upd" }, { "a.upd", "a b.upd" },
		{ "kaspersky.com\",\"a", "kaspersky.com\\\\\",\"a" },
		{ "a.upd", "\\u0000.upd" }, { "a.upd", "\n.upd" }, { "a.upd", "\xff.upd" },
		{ "\"address\":null", "\"address\":\"2a03\"" },
		{ "\"address\":null", "\"address\":7" },
		{ "\"category\":\"update\"", "\"category\":null" },
		{ "\"category\":\"update\"", "\"category\":\"other\"" },
		{ "\"monitor\"", "\"Monitor\"" }, { "\"monitor\"", "null" },
		{ "\"would\":\"block\"", "\"would\":\"\"" }, { "\"dns\"", "\"doh\"" },
		{ "\"dns\"", "null" }, { "\"direction\":null", "\"direction\":\"up\"" },
		{ "25}", "0}" }, { "25}", "-1}" }, { "25}", "9223372036854775808}" },
		{ "25}", "2.5}" }, { "25}", "25}}" }, { "25}", "25,\"count\":25}" },
		{ "25}", "25,\"x\":[[]]}" }, { "25}", "25,\"x\":{\"y\":{}}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		bad(changed(dns, all[i].from, all[i].to));
	bad(changed(mode, "\"monitor\"", "\"other\""));
	bad(changed(mode, "\"monitor\"", "\"enforce\""));
	bad(changed(mode, "\"telemetry\"", "7"));
	bad(changed(mode, "[\"update\",\"telemetry\"]", "{}"));
	bad(changed(mode, "\"jdoe\"", "null"));
	bad(changed(enforce, "\"enforce\"", "\"disarmed\""));
	bad(changed(lost, "\"kernel\":1", "\"kernel\":-1"));
	bad(changed(lost, "\"kernel\":1", "\"kernel\":9223372036854775807"));
	bad(changed(lost, "\"kernel\":1,", ""));
	bad(changed(lost, "\"lost\"", "\"found\""));
}

static void long_values(void **state)
{
	static char id[ENTRY_RULE_TEXT + 8], line[2 * JSONL_MAX];
	struct jsonl_entry entry;

	(void)state;
	memset(id, 'x', ENTRY_RULE_TEXT - 1);
	good(&entry, changed(dns, "kaspersky:update:upd.kaspersky.com", id));
	assert_int_equal(strlen(entry.rule.id), ENTRY_RULE_TEXT - 1);
	jsonl_release(&entry);
	id[ENTRY_RULE_TEXT - 1] = 'x';
	bad(changed(dns, "kaspersky:update:upd.kaspersky.com", id));
	bad(changed(mode, "jdoe", id));
	/* Too long as a whole: blanks at the end are JSON, too. */
	memset(line, ' ', sizeof(line));
	memcpy(line, dns, strlen(dns));
	assert_int_equal(parse(&entry, line, JSONL_MAX), 0);
	jsonl_release(&entry);
	assert_int_equal(parse(&entry, line, JSONL_MAX + 1), -EBADMSG);
	/* A parser that follows each of them would need a large stack. */
	memset(line, '[', sizeof(line));
	assert_int_equal(parse(&entry, line, JSONL_MAX), -EBADMSG);
	memset(line, 0, sizeof(line));
	assert_int_equal(parse(&entry, line, 4096), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_of_an_event),
		cmocka_unit_test(null_is_unknown),
		cmocka_unit_test(each_protocol),
		cmocka_unit_test(prints_as_before),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(modes_and_losses),
		cmocka_unit_test(cut_lines),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
