/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/wire.h"

#include <string.h>

uint16_t wire_get16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

uint32_t wire_get32(const uint8_t *data)
{
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

void wire_put16(uint8_t *data, uint16_t value)
{
	data[0] = (uint8_t)(value >> 8);
	data[1] = (uint8_t)value;
}

/* The offset after a name that may end in a compression pointer; 0 if it is cut off. */
static size_t skip_name(const uint8_t *data, size_t size, size_t at)
{
	while (at < size) {
		if (data[at] == 0)
			return at + 1;
		if (data[at] >= 0xc0)
			return at + 2 <= size ? at + 2 : 0;
		if (data[at] > NAME_LABEL_MAX)
			return 0;
		at += data[at] + 1U;
	}
	return 0;
}

size_t wire_skip_record(const uint8_t *data, size_t size, size_t at, size_t *fixed)
{
	*fixed = skip_name(data, size, at);
	if (*fixed == 0 || size - *fixed < 10)
		return 0;
	at = *fixed + 10 + wire_get16(data + *fixed + 8);
	return at <= size ? at : 0;
}

static bool take_opt(struct query *query, const uint8_t *data, size_t size)
{
	struct opt opt;
	int error = opt_read(&opt, data, size);

	query->edns = true;
	query->udp_size = opt.size;
	query->version = opt.version;
	query->dnssec_ok = opt.dnssec_ok;
	query->cookie = opt.cookie;
	memcpy(query->client_cookie, opt.client, COOKIE_CLIENT);
	return error == 0;
}

/* Reads OPT (RFC 6891, 6.1.2) wherever it is after the question; false if malformed. */
static bool parse_records(struct query *query, const uint8_t *data, size_t size, size_t at)
{
	unsigned int before = wire_get16(data + 6) + wire_get16(data + 8);
	unsigned int records = before + wire_get16(data + 10);

	for (unsigned int i = 0; i < records; i++) {
		size_t fixed, end = wire_skip_record(data, size, at, &fixed);

		if (end == 0)
			return false;
		if (wire_get16(data + fixed) != TYPE_OPT || i < before)
			query->records = true;
		else if (query->edns || fixed != at + 1 ||
			 !take_opt(query, data + fixed + 2, end - fixed - 2))
			return false;
		at = end;
	}
	return true;
}

/* The offset after any number of questions; 0 if they are cut off. */
static size_t skip_questions(const uint8_t *data, size_t size)
{
	size_t at = WIRE_HEADER;

	for (unsigned int i = wire_get16(data + 4); i; i--) {
		at = skip_name(data, size, at);
		if (at == 0 || size - at < 4)
			return 0;
		at += 4;
	}
	return at;
}

/*
 * The first question, with a name that does not end in a compression pointer; false if there is
 * none.
 */
static bool parse_question(struct query *query, const uint8_t *data, size_t size)
{
	if (wire_get16(data + 4) != 1 ||
	    name_from_wire(&query->name, data + WIRE_HEADER, size - WIRE_HEADER) < 0 ||
	    size - WIRE_HEADER - query->name.length < 4) {
		query->name.length = 0;
		return false;
	}
	query->end = WIRE_HEADER + query->name.length + 4U;
	query->type = wire_get16(data + query->end - 4);
	query->class = wire_get16(data + query->end - 2);
	return true;
}

enum wire_result wire_parse_query(struct query *query, const uint8_t *data, size_t size)
{
	bool good;
	size_t at;

	if (size < WIRE_HEADER || data[2] & 0x80)
		return WIRE_IGNORE;
	query->id = wire_get16(data);
	query->flags = wire_get16(data + 2);
	query->opcode = data[2] >> 3 & 15;
	query->edns = query->dnssec_ok = query->cookie = query->records = false;
	query->version = 0;
	query->udp_size = 512;
	memset(query->server_cookie, 0, sizeof(query->server_cookie));
	query->type = query->class = 0;
	query->end = WIRE_HEADER;
	query->name.length = query->name.labels = 0;
	good = parse_question(query, data, size);
	at = good ? query->end : skip_questions(data, size);
	/* OPT matters even if the rest is not a query: the error that follows has one too. */
	if (at == 0 || !parse_records(query, data, size, at))
		return WIRE_MALFORMED;
	if (!good && wire_get16(data + 4) == 0 && query->cookie)
		return WIRE_COOKIE;
	return good ? WIRE_OK : WIRE_MALFORMED;
}

struct opt wire_reply_opt(const struct query *query, uint16_t rcode)
{
	struct opt opt = { .present = true, .size = WIRE_EDNS_SIZE, .rcode = (uint8_t)(rcode >> 4),
			   .dnssec_ok = query->dnssec_ok, .cookie = query->cookie };

	memcpy(opt.client, query->client_cookie, sizeof(query->client_cookie));
	if (query->cookie) {
		memcpy(opt.server, query->server_cookie, sizeof(query->server_cookie));
		opt.server_size = COOKIE_SERVER;
	}
	return opt;
}

size_t wire_begin_reply(uint8_t *reply, const uint8_t *data, const struct query *query,
			uint8_t rcode)
{
	size_t end = query->name.length ? query->end : WIRE_HEADER;
	uint16_t flags = (uint16_t)(FLAG_QR | FLAG_RA |
				    (query->flags & (0x7800 | FLAG_RD | FLAG_CD)) | rcode);

	if (reply != data)
		memcpy(reply, data, end);
	wire_put16(reply + 2, flags);
	wire_put16(reply + 4, query->name.length ? 1 : 0);
	memset(reply + 6, 0, 6);
	return end;
}

bool wire_matches(const uint8_t *response, size_t size, uint16_t id, const struct query *query)
{
	if (size < query->end || wire_get16(response) != id || !(response[2] & 0x80) ||
	    (response[2] >> 3 & 15) != query->opcode || wire_get16(response + 4) != 1)
		return false;
	for (size_t i = 0; i < query->name.length; i++) {
		if (name_lower(response[WIRE_HEADER + i]) != query->name.wire[i])
			return false;
	}
	return wire_get16(response + query->end - 4) == query->type &&
	       wire_get16(response + query->end - 2) == query->class;
}

bool wire_matches_bare(const uint8_t *response, size_t size, uint16_t id,
		       const struct query *query)
{
	static const uint8_t none[8];

	return size >= WIRE_HEADER && wire_get16(response) == id && response[2] & 0x80 &&
	       (response[2] >> 3 & 15) == query->opcode &&
	       memcmp(response + 4, none, query->opcode == OPCODE_QUERY ? 6 : 8) == 0;
}
