/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/sinkhole.h"

#include <string.h>

#include "appliance/base/cursor.h"

/* OPT, if the query had one, with one Extended DNS Error (0: none); text may be empty. */
static void put_opt(struct cursor *reply, const struct query *query, uint16_t rcode, uint16_t info,
		    const char *text)
{
	struct opt opt = wire_reply_opt(query, rcode);
	struct opt_errors errors = { .size = 0 };

	if (!query->edns)
		return;
	if (info || *text)
		opt_add_error(&errors, info, text);
	opt_put(reply, &opt, &errors);
	wire_put16(reply->data + 10, 1);
}

/* The offset in the question of the suffix with depth labels. */
static uint16_t suffix_offset(const struct query *query, uint8_t depth)
{
	const uint8_t *wire = query->name.wire;
	size_t at = 0;

	for (unsigned int skip = query->name.labels - depth; skip; skip--)
		at += wire[at] + 1U;
	return (uint16_t)(WIRE_HEADER + at);
}

/* SOA of the blocked name, so that resolvers may cache the denial for ttl seconds (RFC 2308, 5). */
static void put_soa(struct cursor *reply, uint16_t owner, uint32_t ttl)
{
	static const uint8_t mname[] = "\x06" "cordon" "\x07" "invalid";
	static const uint8_t rname[] = "\x0a" "hostmaster";
	uint16_t mname_at;

	cursor_put16(reply, (uint16_t)(0xc000 | owner));
	cursor_put16(reply, TYPE_SOA);
	cursor_put16(reply, 1);
	cursor_put32(reply, ttl);
	cursor_put16(reply, (uint16_t)(sizeof(mname) + sizeof(rname) - 1 + 2 + 20));
	mname_at = (uint16_t)reply->at;
	cursor_put(reply, mname, sizeof(mname));
	cursor_put(reply, rname, sizeof(rname) - 1);
	cursor_put16(reply, (uint16_t)(0xc000 | mname_at));
	cursor_put32(reply, 1);		/* serial */
	cursor_put32(reply, 3600);	/* refresh */
	cursor_put32(reply, 600);	/* retry */
	cursor_put32(reply, 86400);	/* expire */
	cursor_put32(reply, ttl);	/* minimum: how long the denial may be cached */
}

/* One record for the question. */
static void put_record(struct cursor *reply, const struct query *query, uint32_t ttl,
		       const void *data, size_t size)
{
	cursor_put16(reply, 0xc000 | WIRE_HEADER);
	cursor_put16(reply, query->type);
	cursor_put16(reply, query->class);
	cursor_put32(reply, ttl);
	cursor_put16(reply, (uint16_t)size);
	cursor_put(reply, data, size);
}

/* One address record for the question; false if the type asks for none. */
static bool put_address(struct cursor *reply, const struct settings *settings,
			const struct query *query, uint32_t ttl)
{
	bool zero = settings->reply == REPLY_ZERO;
	struct addr none = { { 0 } };
	size_t size = query->type == TYPE_A ? 4 : 16;
	const uint8_t *bytes = none.bytes;

	if (query->type != TYPE_A && query->type != TYPE_AAAA)
		return false;
	if (!zero && query->type == TYPE_A)
		bytes = settings->sinkhole4.bytes + 12;
	else if (!zero)
		bytes = settings->sinkhole6.bytes;
	put_record(reply, query, ttl, bytes, size);
	return true;
}

static uint8_t block_rcode(const struct settings *settings, const struct verdict *verdict)
{
	if (settings->reply == REPLY_REFUSED)
		return RCODE_REFUSED;
	/* RFC 8020: NXDOMAIN denies everything below too, but something below stays reachable. */
	return settings->reply == REPLY_NXDOMAIN && !verdict->carve ? RCODE_NXDOMAIN
								      : RCODE_NOERROR;
}

size_t sinkhole_block(const struct settings *settings, const struct policy *policy,
		      const uint8_t *data, const struct query *query,
		      const struct verdict *verdict, uint8_t *reply)
{
	size_t start = wire_begin_reply(reply, data, query, block_rcode(settings, verdict));
	struct cursor cursor = cursor_writer(reply, start + SINKHOLE_ROOM);
	uint16_t info = settings->censored & 1U << verdict->category ? EDE_CENSORED : EDE_BLOCKED;
	uint8_t depth = verdict->depth ? verdict->depth : query->name.labels;
	struct policy_rule rule;

	cursor.at = start;
	if ((settings->reply == REPLY_ZERO || settings->reply == REPLY_SINKHOLE) &&
	    put_address(&cursor, settings, query, settings->block_ttl)) {
		wire_put16(reply + 6, 1);
	} else if (settings->reply != REPLY_REFUSED) {
		put_soa(&cursor, suffix_offset(query, depth), settings->block_ttl);
		wire_put16(reply + 8, 1);
	}
	put_opt(&cursor, query, 0, info, policy_rule(policy, verdict->rule, &rule) ? rule.id : "");
	return cursor.at;
}

size_t sinkhole_say(const uint8_t *data, const struct query *query, uint8_t rcode, uint16_t info,
		    const char *text, uint8_t *reply)
{
	size_t start = wire_begin_reply(reply, data, query, rcode & 15);
	struct cursor cursor = cursor_writer(reply, start + SINKHOLE_ROOM);

	cursor.at = start;
	put_opt(&cursor, query, rcode, info, text);
	return cursor.at;
}

/* The data of the one record of this type that a special name has; NULL: none. */
static const char *special_data(const struct query *query, enum special special, size_t *size)
{
	static const char name[] = "\x09localhost";

	*size = query->type == TYPE_A ? 4 : query->type == TYPE_AAAA ? 16 : sizeof(name);
	if (special == SPECIAL_LOCALHOST && query->type == TYPE_A)
		return "\x7f\0\0\1";
	if (special == SPECIAL_LOCALHOST && query->type == TYPE_AAAA)
		return "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
	return special == SPECIAL_LOOPBACK && query->type == TYPE_PTR ? name : NULL;
}

size_t sinkhole_special(const uint8_t *data, const struct query *query, enum special special,
			uint8_t depth, uint8_t *reply)
{
	enum { TTL = 10800 };	/* RFC 6303, 3 */
	uint8_t rcode = special == SPECIAL_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR;
	size_t size, start = wire_begin_reply(reply, data, query, rcode);
	struct cursor cursor = cursor_writer(reply, start + SINKHOLE_ROOM);
	const char *record = special_data(query, special, &size);

	cursor.at = start;
	if (record) {
		put_record(&cursor, query, TTL, record, size);
		wire_put16(reply + 6, 1);
	} else {
		put_soa(&cursor, suffix_offset(query, depth), TTL);
		wire_put16(reply + 8, 1);
	}
	put_opt(&cursor, query, 0, 0, "");
	return cursor.at;
}

size_t sinkhole_error(const uint8_t *data, const struct query *query, uint8_t rcode,
		      uint16_t info, uint8_t *reply)
{
	return sinkhole_say(data, query, rcode, info, "", reply);
}

/*
 * The keys of a zone cut are not a service of the vendor: a validator behind us needs them to prove
 * that an exempt name below a blocked one is unsigned.
 */
static bool is_zone_cut(const struct query *query, const struct verdict *verdict)
{
	return verdict->carve && (query->type == TYPE_DS || query->type == TYPE_DNSKEY);
}

/* What is wrong with a message, whatever it asks; NOERROR: nothing. */
static uint8_t complaint(const struct query *query, enum wire_result result)
{
	bool known = query->opcode == OPCODE_QUERY || query->opcode == OPCODE_NOTIFY ||
		     query->opcode == OPCODE_UPDATE;

	/* The format of other opcodes, and who may receive their messages, is unknown. */
	if (!known)
		return RCODE_NOTIMP;
	if (result == WIRE_MALFORMED || (result == WIRE_COOKIE && query->opcode != OPCODE_QUERY))
		return RCODE_FORMERR;
	/* RFC 6891, 6.1.3 */
	return query->opcode == OPCODE_QUERY && query->version ? RCODE_BADVERS : RCODE_NOERROR;
}

enum sinkhole_step sinkhole_answer(const struct settings *settings, const struct policy *policy,
				   const struct sinkhole_client *client, const uint8_t *data,
				   size_t size, struct query *query, struct verdict *verdict,
				   uint8_t *reply, size_t *reply_size)
{
	enum wire_result result = wire_parse_query(query, data, size);
	uint8_t rcode;

	*verdict = (struct verdict){ .rule = POLICY_NO_RULE };
	if (result == WIRE_IGNORE)
		return SINKHOLE_DROP;
	if (query->cookie)
		cookie_give(client->secret, query->client_cookie, &client->address, client->now,
			    query->server_cookie);
	rcode = complaint(query, result);
	if (rcode != RCODE_NOERROR || result == WIRE_COOKIE) {
		*reply_size = sinkhole_error(data, query, rcode, 0, reply);
		return SINKHOLE_REPLY;
	}
	if (query->opcode != OPCODE_QUERY)
		return SINKHOLE_FORWARD;
	*verdict = policy_lookup_name(policy, query->name.wire);
	if (verdict->action != ACTION_BLOCK)
		return SINKHOLE_FORWARD;
	if (is_zone_cut(query, verdict)) {
		verdict->action = ACTION_ALLOW;
		return SINKHOLE_FORWARD;
	}
	*reply_size = sinkhole_block(settings, policy, data, query, verdict, reply);
	return SINKHOLE_REPLY;
}
