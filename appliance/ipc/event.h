/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"
#include "rules/policy/name.h"
#include "rules/policy/rule.h"

/* One verdict that a client met, with a count. The journal stores it permanently. */
enum event_channel {
	CHANNEL_DNS,	/* the name that was asked for */
	CHANNEL_ANSWER,	/* a name or an address in the upstream's answer */
	CHANNEL_PACKET,	/* a forwarded packet */
	/* A name that a connection carries: TLS ClientHello, QUIC Initial, HTTP, SOCKS. */
	CHANNEL_TLS, CHANNEL_QUIC, CHANNEL_HTTP, CHANNEL_SOCKS,
	CHANNEL_SHAPE,	/* DNS by its shape, on any port */
	CHANNEL_FINGERPRINT,	/* a series of events that shows software (journal/fallback.h) */
	/* Presence: the client was there, and met no rule (journal/presence.h). These are last. */
	CHANNEL_SEEN_DNS,	/* innocent queries */
	CHANNEL_SEEN_LINK,	/* its address on a guarded link */
	/* It asked for an address; name: what it calls itself, the client is 0.0.0.0, and the MAC
	 * tells who it is (journal/dhcp.h). */
	CHANNEL_SEEN_DHCP,
	CHANNEL_COUNT
};
const char *channel_print(enum event_channel channel);
/* Of innocent traffic: it is no verdict. */
bool channel_is_presence(enum event_channel channel);
/* The word that channel_print returns. 0 or -EINVAL. */
int channel_parse(enum event_channel *channel, const char *text)
	__attribute__((warn_unused_result));

/* "A", "AAAA", "TYPE65280" (RFC 3597); returns buffer. */
enum { QTYPE_TEXT = 16 };
char *qtype_print(uint16_t qtype, char buffer[QTYPE_TEXT]);
/* Exactly what qtype_print prints. 0 or -EINVAL. */
int qtype_parse(uint16_t *qtype, const char *text) __attribute__((warn_unused_result));

struct event {
	int64_t wall_ms;	/* may be wrong until the clock is set */
	int64_t uptime_ms;
	enum event_channel channel;
	enum action action;
	enum action intended;	/* what it would be outside monitor mode */
	struct addr client;
	uint16_t client_port;
	uint32_t interface;	/* index; 0: unknown */
	bool has_mac;		/* CHANNEL_PACKET: the sender's, as in the packet */
	uint8_t mac[6];
	bool inbound;		/* CHANNEL_PACKET: from the vendor's address to the client */
	bool has_resolver;	/* DNS: the address that the client asked */
	struct addr resolver;
	uint16_t qtype;		/* DNS */
	uint8_t protocol;	/* IPPROTO_*: DNS transport, or the packet's */
	uint16_t port;		/* destination port; 0 when the protocol has none */
	struct name name;	/* DNS: what was asked; length 0: none */
	bool has_address;	/* CHANNEL_ANSWER by address, CHANNEL_PACKET */
	struct addr address;
	uint32_t state;		/* policy_state */
	uint32_t rule;		/* index in that policy, or POLICY_NO_RULE */
	uint64_t count;
};

enum { EVENT_MAX = 400 };	/* most bytes of an encoded event */

/* event_encode returns the encoded size. event_decode: 0 or -EBADMSG. */
size_t event_encode(const struct event *event, uint8_t data[EVENT_MAX]);
int event_decode(struct event *event, const uint8_t *data, size_t size)
	__attribute__((warn_unused_result));
