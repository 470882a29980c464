/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "appliance/journal/nflog.h"
#include "rules/policy/policy.h"

struct datagram {
	_Alignas(8) uint8_t bytes[2048];
	size_t size;
};

/* 192.0.2.7:40000 -> 77.74.176.1:443, TCP */
static const uint8_t packet4[] = {
	0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 7, 77, 74, 176, 1,
	0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0,
};

/* 2001:db8::7 -> 2a03:2480::1 with a hop-by-hop and a destination-options header, UDP 5 -> 853 */
static const uint8_t packet6[] = {
	0x60, 0, 0, 0, 0, 32, 0, 64,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
	0x2a, 3, 0x24, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	60, 0, 1, 4, 0, 0, 0, 0,
	17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 5, 3, 0x55, 0, 8, 0, 0,
};

static void put_message(struct datagram *datagram, const char *prefix, const void *packet,
			size_t size)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(datagram->bytes + datagram->size);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	head->nfgen_family = AF_INET;
	mnl_attr_put_u32(message, NFULA_IFINDEX_INDEV, htonl(3));
	if (prefix)
		mnl_attr_put_strz(message, NFULA_PREFIX, prefix);
	if (packet)
		mnl_attr_put(message, NFULA_PAYLOAD, size, packet);
	datagram->size += message->nlmsg_len;
}

static int parse_one(const char *prefix, const void *packet, size_t size, struct event *event)
{
	struct datagram datagram = { .size = 0 };
	struct netlink_messages nflog = { .data = datagram.bytes };

	put_message(&datagram, prefix, packet, size);
	nflog.size = datagram.size;
	return nflog_next(&nflog, event, &(int64_t){ 0 });
}

/* The packet with one attribute more. */
static int parse_with(uint16_t type, const void *data, size_t size, struct event *event)
{
	struct datagram datagram = { .size = 0 };
	struct netlink_messages nflog = { .data = datagram.bytes };

	put_message(&datagram, "cordon 00000001 web", packet4, sizeof(packet4));
	mnl_attr_put((struct nlmsghdr *)(void *)datagram.bytes, type, size, data);
	nflog.size = ((struct nlmsghdr *)(void *)datagram.bytes)->nlmsg_len;
	return nflog_next(&nflog, event, &(int64_t){ 0 });
}

static void addr_is(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT];

	assert_string_equal(addr_print(addr, text), expected);
}

static void version_4(void **state)
{
	struct event event;

	(void)state;
	assert_int_equal(parse_one("cordon 00cd12ff update", packet4, sizeof(packet4), &event), 1);
	assert_int_equal(event.channel, CHANNEL_PACKET);
	assert_int_equal(event.state, 0x00cd12ff);
	assert_int_equal(event.interface, 3);
	assert_int_equal(event.protocol, 6);
	assert_int_equal(event.client_port, 40000);
	assert_int_equal(event.port, 443);
	assert_int_equal(event.count, 1);
	assert_int_equal(event.rule, POLICY_NO_RULE);
	assert_true(event.has_address);
	assert_false(event.has_resolver);
	addr_is(&event.client, "192.0.2.7");
	addr_is(&event.address, "77.74.176.1");
}

/* The log used to show the MAC that the neighbour table has for an address, so an attacker who
 * forged the address framed its owner. */
static void the_mac_is_the_packets(void **state)
{
	static const struct nfulnl_msg_packet_hw hw = { .hw_addr = { 2, 0, 0, 0xab, 0xcd, 0xef } };
	struct nfulnl_msg_packet_hw good = hw, infiniband = hw;
	struct event event;

	(void)state;
	good.hw_addrlen = htons(6);
	infiniband.hw_addrlen = htons(20);
	assert_int_equal(parse_with(NFULA_HWADDR, &good, sizeof(good), &event), 1);
	assert_true(event.has_mac);
	assert_memory_equal(event.mac, hw.hw_addr, 6);
	assert_int_equal(parse_with(NFULA_HWADDR, &infiniband, sizeof(infiniband), &event), 1);
	assert_false(event.has_mac);
	assert_int_equal(parse_with(NFULA_HWADDR, &good, 3, &event), 1);
	assert_false(event.has_mac);
}

static void version_6_with_extensions(void **state)
{
	struct event event;

	(void)state;
	assert_int_equal(parse_one("cordon 00000001 bypass", packet6, sizeof(packet6), &event), 1);
	assert_int_equal(event.protocol, 17);
	assert_int_equal(event.client_port, 5);
	assert_int_equal(event.port, 853);
	addr_is(&event.client, "2001:db8::7");
	addr_is(&event.address, "2a03:2480::1");
}

static void fragments_and_icmp_have_no_ports(void **state)
{
	uint8_t packet[sizeof(packet4)];
	struct event event;

	(void)state;
	memcpy(packet, packet4, sizeof(packet));
	packet[7] = 5;	/* fragment offset */
	assert_int_equal(parse_one("cordon 00000001 web", packet, sizeof(packet), &event), 1);
	assert_int_equal(event.port, 0);
	assert_int_equal(event.protocol, 6);
	packet[7] = 0;
	packet[9] = 1;
	assert_int_equal(parse_one("cordon 00000001 web", packet, sizeof(packet), &event), 1);
	assert_int_equal(event.port, 0);
	assert_int_equal(event.protocol, 1);
}

/* The addresses decide; what is cut off behind them only costs the ports. */
static void short_packets(void **state)
{
	struct event event;

	(void)state;
	for (size_t size = 0; size < sizeof(packet4); size++) {
		int result = parse_one("cordon 00000001 web", packet4, size, &event);

		assert_int_equal(result, size < 20 ? -EBADMSG : 1);
		if (size < 20)
			continue;
		assert_int_equal(event.port, size < 24 ? 0 : 443);
		assert_int_equal(event.client_port, size < 22 ? 0 : 40000);
	}
	for (size_t size = 0; size < sizeof(packet6); size++)
		assert_int_equal(parse_one("cordon 00000001 web", packet6, size, &event),
				 size < 40 ? -EBADMSG : 1);
}

static void endless_extensions(void **state)
{
	uint8_t packet[40 + 64 * 8] = { 0x60 };
	struct event event;

	(void)state;
	assert_int_equal(parse_one("cordon 00000001 web", packet, sizeof(packet), &event), 1);
	assert_int_equal(event.port, 0);
}

static void other_prefixes(void **state)
{
	static const char *const bad[] = { "", "cordon", "cordon 00cd12f", "cordon 00cd12ff",
		"cordon 00cd12fg web", "cordon 00CD12FF web", "fw4 drop: something", "cordon  " };
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse_one(bad[i], packet4, sizeof(packet4), &event), -EBADMSG);
	assert_int_equal(parse_one(NULL, packet4, sizeof(packet4), &event), -EBADMSG);
	assert_int_equal(parse_one("cordon 00000001 web", NULL, 0, &event), -EBADMSG);
}

static void several_messages(void **state)
{
	struct datagram datagram = { .size = 0 };
	struct netlink_messages nflog = { .data = datagram.bytes };
	struct nlmsghdr *done;
	struct event event;

	(void)state;
	put_message(&datagram, "cordon 00000001 web", packet4, sizeof(packet4));
	put_message(&datagram, "not ours", packet4, sizeof(packet4));
	put_message(&datagram, "cordon 00000002 web", packet6, sizeof(packet6));
	done = mnl_nlmsg_put_header(datagram.bytes + datagram.size);
	done->nlmsg_type = NLMSG_DONE;
	nflog.size = datagram.size + done->nlmsg_len;
	assert_int_equal(nflog_next(&nflog, &event, &(int64_t){ 0 }), 1);
	assert_int_equal(event.state, 1);
	assert_int_equal(nflog_next(&nflog, &event, &(int64_t){ 0 }), -EBADMSG);
	assert_int_equal(nflog_next(&nflog, &event, &(int64_t){ 0 }), 1);
	assert_int_equal(event.state, 2);
	assert_int_equal(nflog_next(&nflog, &event, &(int64_t){ 0 }), 0);
	assert_int_equal(nflog_next(&nflog, &event, &(int64_t){ 0 }), 0);
}

static void parse_all(const void *data, size_t size)
{
	/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
	uint8_t *copy = malloc(size ? size : 1);
	struct netlink_messages nflog = { .data = copy, .size = size };
	struct event event;
	int calls = 0;

	assert_non_null(copy);
	memcpy(copy, data, size);
	while (nflog_next(&nflog, &event, &(int64_t){ 0 }) != 0)
		assert_true(++calls < 256);
	free(copy);
}

static void every_damage(void **state)
{
	struct datagram datagram = { .size = 0 };

	(void)state;
	put_message(&datagram, "cordon 00000001 web", packet4, sizeof(packet4));
	put_message(&datagram, "cordon 00000002 web", packet6, sizeof(packet6));
	for (size_t size = 0; size <= datagram.size; size++)
		parse_all(datagram.bytes, size);
	for (size_t at = 0; at < datagram.size; at++) {
		uint8_t was = datagram.bytes[at];

		for (int value = 0; value < 256; value++) {
			datagram.bytes[at] = (uint8_t)value;
			parse_all(datagram.bytes, datagram.size);
		}
		datagram.bytes[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_4),
		cmocka_unit_test(the_mac_is_the_packets),
		cmocka_unit_test(version_6_with_extensions),
		cmocka_unit_test(fragments_and_icmp_have_no_ports),
		cmocka_unit_test(short_packets),
		cmocka_unit_test(endless_extensions),
		cmocka_unit_test(other_prefixes),
		cmocka_unit_test(several_messages),
		cmocka_unit_test(every_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
