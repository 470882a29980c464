/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/nflog.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "appliance/base/cursor.h"
#include "appliance/journal/dhcp.h"
#include "rules/policy/policy.h"

enum { MOST_EXTENSIONS = 8 };	/* IPv6 extension headers; hosts do not need more */

/* ---- the packet ---- */

static void read_ports(struct event *event, struct cursor *packet)
{
	if (event->protocol != IPPROTO_TCP && event->protocol != IPPROTO_UDP &&
	    event->protocol != IPPROTO_UDPLITE && event->protocol != IPPROTO_SCTP)
		return;
	event->client_port = cursor_get16(packet);
	event->port = cursor_get16(packet);
}

/* RFC 791, 3.1 */
static bool read_v4(struct event *event, struct cursor *packet)
{
	uint8_t first = cursor_get8(packet);
	size_t header = (first & 15) * 4U;
	const uint8_t *client, *address;
	uint16_t fragment;

	cursor_take(packet, 5);
	fragment = cursor_get16(packet);
	cursor_get8(packet);
	event->protocol = cursor_get8(packet);
	cursor_get16(packet);
	client = cursor_take(packet, 4);
	address = cursor_take(packet, 4);
	if (packet->failed || first >> 4 != 4 || header < 20 ||
	    !cursor_take(packet, header - 20))
		return false;
	event->client = addr_from_bytes(client, 4);
	event->address = addr_from_bytes(address, 4);
	if ((fragment & 0x1fff) == 0)
		read_ports(event, packet);
	return true;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT;
}

/* Skips extension headers (RFC 8200, 4); false if no readable ports follow. */
static bool skip_extensions(struct event *event, struct cursor *packet)
{
	for (int i = 0; i < MOST_EXTENSIONS; i++) {
		uint8_t protocol = event->protocol, next, length;
		uint16_t offset;

		if (!is_extension(protocol))
			return true;
		next = cursor_get8(packet);
		length = cursor_get8(packet);
		offset = cursor_get16(packet);
		cursor_take(packet, protocol == IPPROTO_FRAGMENT ? 4 : 4 + length * 8U);
		if (packet->failed)
			return false;
		event->protocol = next;
		if (protocol == IPPROTO_FRAGMENT && offset & 0xfff8)
			return false;
	}
	return false;
}

/* RFC 8200, 3 */
static bool read_v6(struct event *event, struct cursor *packet)
{
	uint8_t first = cursor_get8(packet);
	const uint8_t *client, *address;

	cursor_take(packet, 5);
	event->protocol = cursor_get8(packet);
	cursor_get8(packet);
	client = cursor_take(packet, 16);
	address = cursor_take(packet, 16);
	if (packet->failed || first >> 4 != 6)
		return false;
	event->client = addr_from_bytes(client, 16);
	event->address = addr_from_bytes(address, 16);
	if (skip_extensions(event, packet))
		read_ports(event, packet);
	return true;
}

/* A packet cut off after the addresses only loses its ports. */
static bool read_packet(struct event *event, const struct nlattr *attribute)
{
	struct cursor packet = cursor_reader(mnl_attr_get_payload(attribute),
					     mnl_attr_get_payload_len(attribute));
	uint8_t version = packet.size ? packet.data[0] >> 4 : 0;

	return version == 4 ? read_v4(event, &packet) : version == 6 && read_v6(event, &packet);
}

/* ---- the message ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "cordon STATE CATEGORY" */
static bool read_prefix(struct event *event, const struct nlattr *attribute)
{
	static const char start[] = "cordon ";
	const char *text = mnl_attr_get_payload(attribute);
	const size_t before = sizeof(start) - 1;
	size_t size = strnlen(text, mnl_attr_get_payload_len(attribute));

	if (size < before + 9 || memcmp(text, start, before) != 0 || text[before + 8] != ' ')
		return false;
	event->state = 0;
	for (size_t i = 0; i < 8; i++) {
		int value = digit(text[before + i]);

		if (value < 0)
			return false;
		event->state = event->state << 4 | (uint32_t)value;
	}
	return true;
}

static bool is_dhcp_prefix(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) == sizeof(NFLOG_DHCP) &&
	       memcmp(mnl_attr_get_payload(attribute), NFLOG_DHCP, sizeof(NFLOG_DHCP)) == 0;
}

/* The sender's on the link where the packet came in. The neighbour table proves nothing: a host
 * that forges an address would get that address's owner into the log. */
static void read_mac(struct event *event, const struct nlattr *attribute)
{
	const struct nfulnl_msg_packet_hw *hw = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_payload_len(attribute) < sizeof(*hw) ||
	    ntohs(hw->hw_addrlen) != sizeof(event->mac))
		return;
	memcpy(event->mac, hw->hw_addr, sizeof(event->mac));
	event->has_mac = true;
}

struct nflog_message {
	struct event *event;
	bool has_prefix;
	bool is_dhcp;
	bool has_packet;
	const void *packet;
	size_t size;
	int64_t number;
};

static int read_attribute(const struct nlattr *attribute, void *context)
{
	struct nflog_message *message = context;

	switch (mnl_attr_get_type(attribute)) {
	case NFULA_PREFIX:
		message->has_prefix = read_prefix(message->event, attribute);
		message->is_dhcp = is_dhcp_prefix(attribute);
		break;
	case NFULA_PAYLOAD:
		message->packet = mnl_attr_get_payload(attribute);
		message->size = mnl_attr_get_payload_len(attribute);
		message->has_packet = read_packet(message->event, attribute);
		break;
	case NFULA_HWADDR:
		read_mac(message->event, attribute);
		break;
	case NFULA_SEQ:
		if (mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t))
			message->number = ntohl(mnl_attr_get_u32(attribute));
		break;
	case NFULA_IFINDEX_INDEV:
		if (mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t))
			message->event->interface = ntohl(mnl_attr_get_u32(attribute));
		break;
	}
	return MNL_CB_OK;
}

/* Who asks for an address names itself by the link address that it sends from. */
static bool read_dhcp(struct event *event, const struct nflog_message *message)
{
	struct dhcp dhcp;

	if (!dhcp_read(&dhcp, message->packet, message->size) || !event->has_mac ||
	    memcmp(dhcp.mac, event->mac, sizeof(event->mac)) != 0)
		return false;
	*event = (struct event){ .channel = CHANNEL_SEEN_DHCP, .client = addr_v4(0),
				 .interface = event->interface, .has_mac = true,
				 .name = dhcp.name, .rule = POLICY_NO_RULE, .count = 1 };
	memcpy(event->mac, dhcp.mac, sizeof(event->mac));
	return true;
}

static int read_message(const struct nlmsghdr *head, struct event *event, int64_t *number)
{
	const uint16_t packet = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	struct nflog_message message = { .event = event, .number = -1 };

	if (head->nlmsg_type != packet ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	*event = (struct event){ .channel = CHANNEL_PACKET, .has_address = true,
				 .rule = POLICY_NO_RULE, .count = 1 };
	mnl_attr_parse(head, sizeof(struct nfgenmsg), read_attribute, &message);
	*number = message.number;
	if (message.is_dhcp)
		return message.has_packet && read_dhcp(event, &message) ? 1 : 2;
	return message.has_prefix && message.has_packet ? 1 : -EBADMSG;
}

int nflog_next(struct netlink_messages *nflog, struct event *event, int64_t *number)
{
	const struct nlmsghdr *message = netlink_next(nflog);

	*number = -1;
	/* The end of a batch from the kernel. */
	while (message && message->nlmsg_type == NLMSG_DONE)
		message = netlink_next(nflog);
	if (message)
		return read_message(message, event, number);
	if (nflog->size == 0)
		return 0;
	nflog->size = 0;
	return -EBADMSG;
}
