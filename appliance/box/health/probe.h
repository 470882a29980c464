/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"
#include "rules/policy/name.h"

/*
 * Packets of the self-test, as a client would send them, and what came back: bytes in, bytes out.
 * IPv4 (RFC 791) and IPv6 (RFC 8200) without options, UDP with a DNS query, TCP with a SYN.
 */
enum { PROBE_PACKET = 1500, PROBE_RULE = 161 };

struct probe {
	struct addr from, to;		/* of one family */
	uint16_t from_port, to_port;
};

/* A DNS query (RFC 1035) for name, type A, with EDNS (RFC 6891) so that the reason comes back.
 * Returns the size. */
size_t probe_query(const struct probe *probe, const struct name *name, uint16_t id,
		   uint8_t packet[PROBE_PACKET]);
/* The first packet of a connection. */
size_t probe_syn(const struct probe *probe, uint8_t packet[PROBE_PACKET]);

enum probe_kind {
	PROBE_OTHER,		/* not an answer to this probe, or not whole */
	PROBE_ANSWER,		/* DNS, to the query of this probe */
	PROBE_REFUSED,		/* TCP reset, or ICMP unreachable, from where the probe went */
	PROBE_ARRIVED		/* the probe itself, at the other end */
};

struct probe_reply {
	enum probe_kind kind;
	uint8_t rcode;		/* PROBE_ANSWER */
	uint16_t reason;	/* INFO-CODE of the Extended DNS Error (RFC 8914) */
	bool has_reason;
	char rule[PROBE_RULE];	/* EXTRA-TEXT: from this gateway the id of the rule */
};

/* What a packet is to this probe (id: of its query). Any bytes are fine. */
void probe_read(struct probe_reply *reply, const struct probe *probe, uint16_t id,
		const uint8_t *packet, size_t size);
