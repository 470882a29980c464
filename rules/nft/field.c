/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/field.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "rules/policy/addr.h"

static const struct field_info fields[FIELD_COUNT] = {
	[FIELD_IN_INTERFACE] = { "iifname", TYPE_INTERFACE, SOURCE_META, NFT_META_IIFNAME, 0, 0 },
	[FIELD_OUT_INTERFACE] = { "oifname", TYPE_INTERFACE, SOURCE_META, NFT_META_OIFNAME, 0, 0 },
	[FIELD_FAMILY] = { "meta nfproto", TYPE_FAMILY, SOURCE_META, NFT_META_NFPROTO, 0, 0 },
	[FIELD_PROTOCOL] = { "meta l4proto", TYPE_PROTOCOL, SOURCE_META, NFT_META_L4PROTO, 0, 0 },
	[FIELD_MARK] = { "meta mark", TYPE_MARK, SOURCE_META, NFT_META_MARK, 0, 0 },
	[FIELD_USER] = { "meta skuid", TYPE_USER, SOURCE_META, NFT_META_SKUID, 0, 0 },
	[FIELD_SOURCE_MAC] = { "ether saddr", TYPE_MAC, SOURCE_LINK, 6, 0, 0 },
	[FIELD_SOURCE4] = { "ip saddr", TYPE_IPV4, SOURCE_NETWORK, 12, NFPROTO_IPV4, 0 },
	[FIELD_DESTINATION4] = { "ip daddr", TYPE_IPV4, SOURCE_NETWORK, 16, NFPROTO_IPV4, 0 },
	[FIELD_SOURCE6] = { "ip6 saddr", TYPE_IPV6, SOURCE_NETWORK, 8, NFPROTO_IPV6, 0 },
	[FIELD_DESTINATION6] = { "ip6 daddr", TYPE_IPV6, SOURCE_NETWORK, 24, NFPROTO_IPV6, 0 },
	[FIELD_SOURCE_PORT] = { "th sport", TYPE_SERVICE, SOURCE_TRANSPORT, 0, 0, 0 },
	[FIELD_DESTINATION_PORT] = { "th dport", TYPE_SERVICE, SOURCE_TRANSPORT, 2, 0, 0 },
	[FIELD_TCP_DESTINATION] = { "tcp dport", TYPE_SERVICE, SOURCE_TRANSPORT, 2, 0,
				    IPPROTO_TCP },
	[FIELD_UDP_SOURCE] = { "udp sport", TYPE_SERVICE, SOURCE_TRANSPORT, 0, 0, IPPROTO_UDP },
	[FIELD_UDP_DESTINATION] = { "udp dport", TYPE_SERVICE, SOURCE_TRANSPORT, 2, 0,
				    IPPROTO_UDP },
	[FIELD_ICMP_TYPE] = { "icmp type", TYPE_ICMP, SOURCE_TRANSPORT, 0, NFPROTO_IPV4,
			      IPPROTO_ICMP },
	[FIELD_ICMPV6_TYPE] = { "icmpv6 type", TYPE_ICMPV6, SOURCE_TRANSPORT, 0, NFPROTO_IPV6,
				IPPROTO_ICMPV6 },
	[FIELD_CT_STATE] = { "ct state", TYPE_CT_STATE, SOURCE_CT, NFT_CT_STATE, 0, 0 },
	[FIELD_CT_MARK] = { "ct mark", TYPE_MARK, SOURCE_CT, NFT_CT_MARK, 0, 0 },
	[FIELD_CT_DIRECTION] = { "ct direction", TYPE_DIRECTION, SOURCE_CT, NFT_CT_DIRECTION, 0,
				 0 },
	[FIELD_LOOSE_ROUTE] = { "ip option lsrr", TYPE_OPTION, SOURCE_OPTION, 131, NFPROTO_IPV4,
				0 },
	[FIELD_STRICT_ROUTE] = { "ip option ssrr", TYPE_OPTION, SOURCE_OPTION, 137, NFPROTO_IPV4,
				 0 },
	[FIELD_TRANSPARENT] = { "socket transparent", TYPE_FLAG, SOURCE_SOCKET,
				NFT_SOCKET_TRANSPARENT, 0, 0 },
	[FIELD_WILDCARD] = { "socket wildcard", TYPE_FLAG, SOURCE_SOCKET, NFT_SOCKET_WILDCARD, 0,
			     0 },
	[FIELD_LOCAL] = { "fib daddr type", TYPE_ADDRESS_TYPE, SOURCE_FIB,
			  NFT_FIB_RESULT_ADDRTYPE, 0, 0 },
	[FIELD_WAY_BACK] = { "fib saddr oifname", TYPE_INTERFACE, SOURCE_FIB,
			     NFT_FIB_RESULT_OIFNAME, 0, 0 },
	[FIELD_WAY_BACK_HERE] = { "fib saddr . iif oif", TYPE_PRESENCE, SOURCE_FIB,
				  NFT_FIB_RESULT_OIF, 0, 0 },
	[FIELD_SOURCE6_AT2] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 8 + 2, NFPROTO_IPV6, 0 },
	[FIELD_SOURCE6_AT4] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 8 + 4, NFPROTO_IPV6, 0 },
	[FIELD_SOURCE6_AT9] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 8 + 9, NFPROTO_IPV6, 0 },
	[FIELD_SOURCE6_AT12] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 8 + 12, NFPROTO_IPV6, 0 },
	[FIELD_DESTINATION6_AT2] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 24 + 2, NFPROTO_IPV6, 0 },
	[FIELD_DESTINATION6_AT4] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 24 + 4, NFPROTO_IPV6, 0 },
	[FIELD_DESTINATION6_AT9] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 24 + 9, NFPROTO_IPV6, 0 },
	[FIELD_DESTINATION6_AT12] = { NULL, TYPE_IPV4, SOURCE_NETWORK, 24 + 12, NFPROTO_IPV6, 0 },
};

/* number: the enum datatypes of nft's include/datatype.h; needed only to list the set. */
static const struct {
	const char *name;
	uint32_t size;
	uint32_t number;
} types[TYPE_COUNT] = {
	[TYPE_IPV4] = { "ipv4_addr", 4, 7 },
	[TYPE_IPV6] = { "ipv6_addr", 16, 8 },
	[TYPE_MAC] = { "ether_addr", 6, 9 },
	[TYPE_FAMILY] = { "nf_proto", 1, 0 },
	[TYPE_PROTOCOL] = { "inet_proto", 1, 12 },
	[TYPE_SERVICE] = { "inet_service", 2, 13 },
	[TYPE_ICMP] = { "icmp_type", 1, 14 },
	[TYPE_ICMPV6] = { "icmpv6_type", 1, 29 },
	[TYPE_INTERFACE] = { "ifname", 16, 41 },
	[TYPE_MARK] = { "mark", 4, 19 },
	[TYPE_USER] = { "uid", 4, 24 },
	[TYPE_CT_STATE] = { "ct_state", 4, 26 },
	[TYPE_FLAG] = { "boolean", 1, 0 },
	[TYPE_ADDRESS_TYPE] = { "fib_addrtype", 4, 0 },
	[TYPE_DIRECTION] = { "ct_dir", 1, 0 },
	[TYPE_PRESENCE] = { "boolean", 4, 0 },
	[TYPE_OPTION] = { "boolean", 1, 0 },
};

struct field_word {
	uint32_t value;
	const char *text;
};

static const struct field_word families[] = { { NFPROTO_IPV4, "ipv4" }, { NFPROTO_IPV6, "ipv6" } };
static const struct field_word protocols[] = { { IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" } };
static const struct field_word icmp_types[] = { { 8, "echo-request" } };
static const struct field_word icmpv6_types[] = {
	{ 128, "echo-request" },
	{ 130, "mld-listener-query" }, { 131, "mld-listener-report" }, { 132, "mld-listener-done" },
	{ 133, "nd-router-solicit" }, { 134, "nd-router-advert" },
	{ 135, "nd-neighbor-solicit" }, { 136, "nd-neighbor-advert" },
	{ 143, "mld2-listener-report" },
};
static const struct field_word directions[] = { { 0, "original" }, { 1, "reply" } };
static const struct field_word address_types[] = { { 2, "local" } };	/* RTN_LOCAL */
/* Bits of NFT_CT_STATE: 1 for invalid, then 2 << enum ip_conntrack_info, then untracked. */
static const struct field_word states[] = {
	{ 2, "established" }, { 4, "related" }, { 8, "new" }, { 1, "invalid" }, { 64, "untracked" },
};

const struct field_info *field_info(enum packet_field field)
{
	return &fields[field];
}

uint32_t field_type_size(enum field_type type)
{
	return types[type].size;
}

const char *field_type_name(enum field_type type)
{
	return types[type].name;
}

uint32_t field_type_number(enum field_type type)
{
	return types[type].number;
}

static void word_print(const struct field_word *words, size_t count, uint32_t value,
		       struct text *out)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i].value == value) {
			text_puts(out, words[i].text);
			return;
		}
	}
	text_printf(out, "%u", value);
}

static void states_print(uint32_t bits, struct text *out)
{
	const char *comma = "";

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (bits & states[i].value) {
			text_printf(out, "%s%s", comma, states[i].text);
			comma = ",";
		}
	}
}

static uint32_t host32(const void *value)
{
	uint32_t number;

	memcpy(&number, value, sizeof(number));
	return number;
}

#define WORDS(words) words, sizeof(words) / sizeof((words)[0])

void field_value_print(enum field_type type, const void *value, struct text *out)
{
	const uint8_t *bytes = value;
	struct addr addr;
	char buffer[ADDR_TEXT];

	switch (type) {
	case TYPE_IPV4:
	case TYPE_IPV6:
		addr = addr_from_bytes(bytes, field_type_size(type));
		text_puts(out, addr_print(&addr, buffer));
		break;
	case TYPE_MAC:
		text_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
			    bytes[3], bytes[4], bytes[5]);
		break;
	case TYPE_FAMILY:
		word_print(WORDS(families), bytes[0], out);
		break;
	case TYPE_PROTOCOL:
		word_print(WORDS(protocols), bytes[0], out);
		break;
	case TYPE_SERVICE:
		text_printf(out, "%u", (unsigned int)bytes[0] << 8 | bytes[1]);
		break;
	case TYPE_ICMP:
		word_print(WORDS(icmp_types), bytes[0], out);
		break;
	case TYPE_ICMPV6:
		word_print(WORDS(icmpv6_types), bytes[0], out);
		break;
	case TYPE_INTERFACE:
		text_printf(out, "\"%.*s\"", FIELD_SIZE - 1, (const char *)bytes);
		break;
	case TYPE_MARK:
		text_printf(out, "0x%08x", host32(bytes));
		break;
	case TYPE_CT_STATE:
		states_print(host32(bytes), out);
		break;
	case TYPE_DIRECTION:
		word_print(WORDS(directions), bytes[0], out);
		break;
	case TYPE_PRESENCE:
	case TYPE_OPTION:
		text_puts(out, bytes[0] ? "exists" : "missing");
		break;
	case TYPE_FLAG:
		text_printf(out, "%u", bytes[0]);
		break;
	case TYPE_ADDRESS_TYPE:
		word_print(WORDS(address_types), host32(bytes), out);
		break;
	default:
		text_printf(out, "%u", host32(bytes));
		break;
	}
}
