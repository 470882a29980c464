/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/hop.h"

#include <errno.h>
#include <string.h>

size_t hop_query(const struct hop *hop, const struct query *query, const uint8_t *question,
		 uint8_t packet[HOP_QUERY_MAX])
{
	const uint16_t passed = FLAG_RD | FLAG_AD | FLAG_CD;
	struct cursor cursor = cursor_writer(packet, HOP_QUERY_MAX);

	cursor_put16(&cursor, hop->id);
	cursor_put16(&cursor, query->flags & passed);
	cursor_put16(&cursor, 1);
	cursor_put32(&cursor, 0);
	cursor_put16(&cursor, hop->opt.present);
	cursor_put(&cursor, question, query->end - WIRE_HEADER);
	if (hop->opt.present)
		opt_put(&cursor, &hop->opt, NULL);
	return cursor.at;
}

/* ---- what came back ---- */

/* Reads OPT and cuts the message where it begins, or after the last record; -EBADMSG. */
static int take_opt(uint8_t *data, size_t *size, size_t at, struct hop_answer *answer)
{
	unsigned int before = wire_get16(data + 6) + wire_get16(data + 8);
	unsigned int records = before + wire_get16(data + 10), i;

	for (i = 0; i < records; i++) {
		size_t fixed, end = wire_skip_record(data, *size, at, &fixed);

		if (end == 0)
			return -EBADMSG;
		if (i >= before && wire_get16(data + fixed) == TYPE_OPT) {
			if (fixed != at + 1 ||
			    opt_read(&answer->opt, data + fixed + 2, end - fixed - 2) < 0)
				return -EBADMSG;
			opt_read_errors(&answer->errors, data + fixed + 2, end - fixed - 2);
			break;
		}
		at = end;
	}
	wire_put16(data + 10, (uint16_t)(i - before));
	*size = at;
	return 0;
}

static bool has_answer(uint16_t rcode)
{
	return rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN || rcode == RCODE_YXDOMAIN;
}

/* A message with the client cookie of another question is not our answer (RFC 7873, 5.3). */
static bool is_foreign(const struct hop *hop, const struct opt *opt)
{
	return hop->opt.cookie && opt->cookie &&
	       memcmp(hop->opt.client, opt->client, COOKIE_CLIENT) != 0;
}

static enum hop_result judge(const struct hop *hop, const struct hop_answer *answer)
{
	if (answer->rcode == RCODE_BADCOOKIE && hop->opt.cookie && answer->opt.cookie)
		return HOP_BAD_COOKIE;
	if (hop->opt.present && (answer->rcode == RCODE_FORMERR || answer->rcode == RCODE_NOTIMP ||
				 answer->rcode == RCODE_BADVERS))
		return HOP_NO_EDNS;
	return answer->bare || !has_answer(answer->rcode) ? HOP_ERROR : HOP_ANSWER;
}

enum hop_result hop_take(const struct hop *hop, const struct query *query, bool tcp,
			 uint8_t *data, size_t *size, struct hop_answer *answer)
{
	enum hop_result result;
	bool bare = wire_matches_bare(data, *size, hop->id, query);

	if (bare && !(data[3] & 15))
		return HOP_FOREIGN;
	if (!bare && !wire_matches(data, *size, hop->id, query))
		return HOP_FOREIGN;
	if (data[2] & FLAG_TC >> 8 && !tcp)
		return HOP_CUT;
	*answer = (struct hop_answer){ .bare = bare };
	if (take_opt(data, size, bare ? WIRE_HEADER : query->end, answer) < 0)
		return HOP_BROKEN;
	if (is_foreign(hop, &answer->opt))
		return HOP_FOREIGN;
	answer->rcode = (uint16_t)(answer->opt.rcode << 4 | (data[3] & 15));
	result = judge(hop, answer);
	/* Records beside an error answer nothing, and are not judged. */
	answer->bare = result != HOP_ANSWER;
	return result;
}

/* ---- the client's reply ---- */

/* Header and question alone. */
static size_t empty(const struct query *query, const uint8_t *question, uint8_t *data,
		    uint16_t set)
{
	uint16_t flags = (uint16_t)((wire_get16(data + 2) & ~(FLAG_TC | FLAG_AA | FLAG_AD)) | set);

	memset(data + 4, 0, 8);
	wire_put16(data + 2, flags);
	wire_put16(data + 4, 1);
	memcpy(data + WIRE_HEADER, question, query->end - WIRE_HEADER);
	return query->end;
}

/* The answers that fit: a client without TCP makes do with them (musl before 1.2.4). */
static size_t shorten(const struct query *query, const uint8_t *question, uint8_t *data,
		      size_t size, size_t most)
{
	uint16_t answers = wire_get16(data + 6), kept = 0;
	size_t at = empty(query, question, data, FLAG_TC), fixed, end;

	while (kept < answers && (end = wire_skip_record(data, size, at, &fixed)) && end <= most) {
		kept++;
		at = end;
	}
	wire_put16(data + 6, kept);
	return at;
}

static size_t add_opt(const struct query *query, uint16_t rcode, const struct opt_errors *errors,
		      uint8_t *data, size_t size)
{
	struct opt opt = wire_reply_opt(query, rcode);
	struct cursor cursor = cursor_writer(data, size + OPT_MAX);

	if (!query->edns)
		return size;
	cursor.at = size;
	opt_put(&cursor, &opt, errors);
	wire_put16(data + 10, (uint16_t)(wire_get16(data + 10) + 1));
	return cursor.at;
}

/* The RCODE for the client: errors of EDNS itself stay between us and the server, and without OPT
 * there are four bits. */
static uint16_t told_rcode(const struct query *query, uint16_t rcode)
{
	bool ours = rcode == RCODE_BADVERS || rcode == RCODE_BADCOOKIE;

	return ours || (rcode > 15 && !query->edns) ? RCODE_SERVFAIL : rcode;
}

size_t hop_reply(const struct query *query, const uint8_t *question,
		 const struct hop_answer *answer, uint8_t *data, size_t size, size_t most)
{
	const size_t own = query->edns ? OPT_FIXED : 0;
	const size_t least = own + (query->cookie ? 4 + COOKIE_CLIENT + COOKIE_SERVER : 0);
	const uint16_t rcode = told_rcode(query, answer->rcode);
	const struct opt_errors *errors = &answer->errors;

	wire_put16(data, query->id);
	data[3] = (uint8_t)((data[3] & 0xf0) | (rcode & 15));
	if (answer->bare) {
		size = empty(query, question, data,
			     (uint16_t)(FLAG_RA | (answer->cut ? FLAG_TC : 0)));
	} else {
		memcpy(data + WIRE_HEADER, question, query->end - WIRE_HEADER);
	}
	if (size + least > most)
		size = shorten(query, question, data, size, most - least);
	if (size + least + errors->size > most)
		errors = NULL;
	return add_opt(query, rcode, errors, data, size);
}
