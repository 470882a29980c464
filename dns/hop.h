/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

/*
 * One hop of a query, as bytes. The query to a server is built anew from the client's question. The
 * client's reply is the server's records after the client's own question, with an OPT made here.
 */
enum { HOP_QUERY_MAX = WIRE_HEADER + NAME_WIRE_MAX + 4 + OPT_MAX };

struct hop {
	uint16_t id;
	struct opt opt;		/* not present: ask the server without EDNS */
};

/* The query to a server: RD, CD and AD as the client set them (RFC 6840, 5.7), its question byte
 * for byte (the bytes after its header), hop's OPT. Returns the size. */
size_t hop_query(const struct hop *hop, const struct query *query, const uint8_t *question,
		 uint8_t packet[HOP_QUERY_MAX]);

enum hop_result {
	HOP_FOREIGN,	/* no answer to this: wait on */
	HOP_CUT,	/* TC: ask over TCP; the rest was not read */
	HOP_BROKEN,	/* its records are no records */
	HOP_BAD_COOKIE,	/* ask again with the cookie in it (RFC 7873, 5.3) */
	HOP_NO_EDNS,	/* ask again without OPT (RFC 6891, 7) */
	HOP_ERROR,	/* this server has no answer */
	HOP_ANSWER
};

struct hop_answer {
	struct opt opt;			/* the server's */
	struct opt_errors errors;
	uint16_t rcode;
	/* An error, or without a question: only the RCODE counts. */
	bool bare;
	bool cut;			/* bare, and there is more than could be had: TC */
};

/*
 * Takes what came back on the socket connected to the server. Everything from OPT on is cut off;
 * *size says what is left, a whole message. (Only additional records can follow OPT, and a
 * signature for this hop is worthless on the next.) answer is set from HOP_BAD_COOKIE on. Over TCP
 * the result is never HOP_CUT.
 */
enum hop_result hop_take(const struct hop *hop, const struct query *query, bool tcp,
			 uint8_t *data, size_t *size, struct hop_answer *answer);

/* Room that a reply needs after what hop_take left. */
enum { HOP_ROOM = OPT_MAX + NAME_WIRE_MAX + 4 };

/*
 * Turns it into the client's reply in place: its id, its question byte for byte, our OPT if it sent
 * one. most: bytes that the client accepts. Returns the size. If even without the errors the reply
 * is too large, it is one with TC and the answers that fit (RFC 2181, 9).
 */
size_t hop_reply(const struct query *query, const uint8_t *question,
		 const struct hop_answer *answer, uint8_t *data, size_t size, size_t most);
