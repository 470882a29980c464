/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/hop.h"
#include "tests/fuzz/fuzz.h"

/* A server's message, taken for the answer to its own question and made a client's reply, in memory
 * of exactly the promised size; the first byte says how the question was asked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t question[NAME_WIRE_MAX + 4] = { 0 }, *buffer;
	struct hop hop = { .id = 0x1234 };
	struct hop_answer answer;
	struct query query;
	enum hop_result result;
	size_t left, reply;

	if (size < 1 + WIRE_HEADER || size - 1 > WIRE_TCP_MAX)
		return 0;
	buffer = malloc(size - 1 + HOP_ROOM);
	require(buffer);
	memcpy(buffer, data + 1, size - 1);
	wire_put16(buffer, hop.id);
	buffer[2] &= 0x7f;
	(void)wire_parse_query(&query, buffer, size - 1);
	buffer[2] |= 0x80;
	if (query.name.length == 0) {
		query.name = (struct name){ .length = 1 };
		query.end = WIRE_HEADER + 5;
	} else {
		memcpy(question, buffer + WIRE_HEADER, query.end - WIRE_HEADER);
	}
	query.edns = data[0] & 1;
	query.cookie = query.edns && data[0] & 2;
	hop.opt.present = data[0] & 4;
	hop.opt.cookie = hop.opt.present && data[0] & 8;
	left = size - 1;
	result = hop_take(&hop, &query, data[0] & 16, buffer, &left, &answer);
	if (result == HOP_ANSWER || result == HOP_ERROR) {
		require(left <= size - 1);
		reply = hop_reply(&query, question, &answer, buffer, left, 512U + data[0]);
		require(reply >= query.end && reply <= size - 1 + HOP_ROOM &&
			reply <= 512U + data[0]);
		/* What a client reads of it is whole. */
		left = reply;
		query.id = hop.id;
		wire_put16(buffer, hop.id);
		hop.opt.cookie = false;
		require(hop_take(&hop, &query, true, buffer, &left, &answer) >= HOP_NO_EDNS);
	}
	free(buffer);
	return 0;
}
