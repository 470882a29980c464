/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/opt.h"
#include "rules/policy/name.h"

/*
 * DNS messages as bytes (RFC 1035, 4). Queries are read in place: the question must be the first
 * thing after the header, uncompressed, as every client sends it.
 */
enum {
	WIRE_HEADER = 12,
	WIRE_UDP_MAX = 4096,	/* largest datagram accepted from a client or an upstream */
	WIRE_TCP_MAX = 65535,
	WIRE_EDNS_SIZE = 1232	/* fits every path (DNS flag day 2020) */
};

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_AAAA = 28,
       TYPE_DNAME = 39,
       TYPE_OPT = 41, TYPE_DS = 43, TYPE_DNSKEY = 48, TYPE_SVCB = 64, TYPE_HTTPS = 65,
       TYPE_TKEY = 249, TYPE_TSIG = 250, TYPE_IXFR = 251, TYPE_AXFR = 252, TYPE_ANY = 255 };
enum { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };
enum { RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3,
       RCODE_NOTIMP = 4, RCODE_REFUSED = 5, RCODE_YXDOMAIN = 6,
       /* Their upper bits stand in OPT. */
       RCODE_BADVERS = 16, RCODE_BADCOOKIE = 23 };

/* The second 16 bits of the header. */
enum { FLAG_QR = 0x8000, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080,
       FLAG_AD = 0x0020, FLAG_CD = 0x0010 };

struct query {
	uint16_t id;
	uint16_t flags;
	uint8_t opcode;
	struct name name;	/* in lower case */
	uint16_t type;
	uint16_t class;
	size_t end;		/* offset behind the question */
	bool edns;
	uint8_t version;	/* of EDNS; we speak 0 */
	bool dnssec_ok;
	uint16_t udp_size;	/* what the client accepts: 512 without EDNS */
	bool records;		/* there are records besides OPT: a signature, a key, an update's */
	bool cookie;		/* a well-formed one */
	uint8_t client_cookie[COOKIE_CLIENT];
	uint8_t server_cookie[COOKIE_SERVER];	/* for the reply; wire_parse_query leaves it zero */
};

enum wire_result {
	WIRE_OK,
	WIRE_IGNORE,	/* too short, or a response: no answer is due */
	WIRE_COOKIE,	/* no question, but asks for a cookie (RFC 7873, 5.4) */
	WIRE_MALFORMED	/* id and flags are set, and the content of a good OPT: FORMERR is due */
};

/*
 * Reads a message of size bytes into *query; on WIRE_IGNORE and WIRE_MALFORMED only a part is set.
 */
enum wire_result wire_parse_query(struct query *query, const uint8_t *data, size_t size);

/* Numbers in network byte order; the caller checks the bounds. */
uint16_t wire_get16(const uint8_t *data);
uint32_t wire_get32(const uint8_t *data);
void wire_put16(uint8_t *data, uint16_t value);

/* A header and a copy of the question in reply; RA set, AD and AA clear. Returns the size. */
size_t wire_begin_reply(uint8_t *reply, const uint8_t *data, const struct query *query,
			uint8_t rcode);

/* The OPT of a reply to a query that had one: our size, the query's DO and cookie, that RCODE. */
struct opt wire_reply_opt(const struct query *query, uint16_t rcode);

/* The offset after a record; *fixed is that of its ten bytes from the type on. 0 if it does not end
 * within size. A name may end in a compression pointer. */
size_t wire_skip_record(const uint8_t *data, size_t size, size_t at, size_t *fixed);

/* Does a response belong to the query that was sent? Compares id, QR, opcode, one question, and its
 * bytes except for letter case. */
bool wire_matches(const uint8_t *response, size_t size, uint16_t id, const struct query *query);

/* Is it a response without a question: an error's header alone, or the answer to an update (RFC
 * 2136, 3.8)? Believe it on a connected socket only. */
bool wire_matches_bare(const uint8_t *response, size_t size, uint16_t id,
		       const struct query *query);
