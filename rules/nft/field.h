/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/* The fields of a packet that a rule can match, and the types of nft's sets. */

enum {
	FIELD_SIZE = 16,	/* bytes of the largest field: an IPv6 address, an interface name */
	/* Bytes of a set's key: what the kernel's registers hold together. */
	FIELD_KEY = 64
};

enum field_type {
	TYPE_NONE,
	TYPE_IPV4,
	TYPE_IPV6,
	TYPE_MAC,
	TYPE_FAMILY,
	TYPE_PROTOCOL,
	TYPE_SERVICE,
	TYPE_ICMP,
	TYPE_ICMPV6,
	TYPE_INTERFACE,
	TYPE_MARK,
	TYPE_USER,
	TYPE_CT_STATE,
	TYPE_FLAG,
	TYPE_ADDRESS_TYPE,
	TYPE_DIRECTION,
	TYPE_PRESENCE,
	TYPE_OPTION,
	TYPE_COUNT
};

enum packet_field {
	FIELD_NONE,
	FIELD_IN_INTERFACE,
	FIELD_OUT_INTERFACE,
	FIELD_FAMILY,		/* IPv4 or IPv6 */
	FIELD_PROTOCOL,		/* of the transport layer */
	FIELD_MARK,
	FIELD_USER,		/* who owns the socket */
	FIELD_SOURCE_MAC,	/* of the link on which the packet came in */
	FIELD_SOURCE4,
	FIELD_DESTINATION4,
	FIELD_SOURCE6,
	FIELD_DESTINATION6,
	FIELD_SOURCE_PORT,	/* of any transport; match FIELD_PROTOCOL first */
	FIELD_DESTINATION_PORT,
	FIELD_TCP_DESTINATION,
	FIELD_UDP_SOURCE,
	FIELD_UDP_DESTINATION,
	FIELD_ICMP_TYPE,
	FIELD_ICMPV6_TYPE,
	FIELD_CT_STATE,
	FIELD_CT_MARK,
	FIELD_CT_DIRECTION,	/* of the packet in its connection */
	FIELD_LOOSE_ROUTE,	/* an IPv4 option that changes the destination (loose source
				 * route) */
	FIELD_STRICT_ROUTE,
	FIELD_TRANSPARENT,	/* a transparent socket of this machine waits for the packet */
	/* The waiting socket takes packets to any address; no match if no socket waits. */
	FIELD_WILDCARD,
	FIELD_LOCAL,		/* type of the destination address in the routing tables */
	FIELD_WAY_BACK,		/* the interface by which an answer to the source would leave */
	/* An answer would leave by the interface on which the packet came in. */
	FIELD_WAY_BACK_HERE,
	/* The IPv4 address that begins at this byte of an IPv6 address (policy/embed.h). nft has no
	 * syntax for it. */
	FIELD_SOURCE6_AT2,
	FIELD_SOURCE6_AT4,
	FIELD_SOURCE6_AT9,
	FIELD_SOURCE6_AT12,
	FIELD_DESTINATION6_AT2,
	FIELD_DESTINATION6_AT4,
	FIELD_DESTINATION6_AT9,
	FIELD_DESTINATION6_AT12,
	FIELD_COUNT
};

enum field_source { SOURCE_META, SOURCE_CT, SOURCE_LINK, SOURCE_NETWORK, SOURCE_TRANSPORT,
		    SOURCE_SOCKET, SOURCE_FIB, SOURCE_OPTION };

struct field_info {
	const char *name;	/* nft's words; NULL: it has none */
	enum field_type type;
	enum field_source source;
	/* Of meta, ct or socket; result of fib; offset into the header; or number of the option. */
	uint32_t key;
	uint8_t family;		/* NFPROTO_* that nft requires first; 0: any */
	uint8_t protocol;	/* IPPROTO_* that nft requires first; 0: any */
};

/* How a field is matched; static memory. */
const struct field_info *field_info(enum packet_field field);

/* Bytes of a value, at most FIELD_SIZE. */
uint32_t field_type_size(enum field_type type);
const char *field_type_name(enum field_type type);	/* "ipv4_addr" */
uint32_t field_type_number(enum field_type type);	/* as nft stores it in the kernel */

/* Prints a value of this type, bytes as in the kernel's register, in nft's syntax. */
void field_value_print(enum field_type type, const void *value, struct text *out);
