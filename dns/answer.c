/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

struct judge {
	const struct policy *policy;
	struct answer *answer;
	bool carried;	/* an exempt or monitored name was met */
	bool decided;	/* blocked */
};

/* A stronger verdict than the one noted replaces it. */
static void note(struct judge *judge, const struct verdict *verdict, const struct addr *address)
{
	struct answer *answer = judge->answer;

	if (verdict->action <= answer->verdict.action || verdict->action < ACTION_MONITOR)
		return;
	answer->verdict = *verdict;
	answer->by_address = address;
	if (address)
		answer->address = *address;
	judge->decided = verdict->action == ACTION_BLOCK;
}

static void judge_name(struct judge *judge, const uint8_t *wire, size_t size)
{
	struct verdict verdict;
	struct name name;

	if (judge->carried || name_from_wire(&name, wire, size) < 0)
		return;
	verdict = policy_lookup_name(judge->policy, name.wire);
	if (verdict.action == ACTION_NONE)
		return;
	if (verdict.action != ACTION_BLOCK) {
		judge->carried = true;
		judge->answer->carrier = name;
	}
	/* The name's own depth says nothing about the question's: SOA goes by the question. */
	verdict.depth = 0;
	verdict.carve = true;
	note(judge, &verdict, NULL);
}

static void add_pinhole(struct answer *answer, const struct addr *address, uint32_t ttl)
{
	uint32_t seconds = ttl < ANSWER_PINHOLE_TTL_MIN ? ANSWER_PINHOLE_TTL_MIN :
			   ttl > ANSWER_PINHOLE_TTL_MAX ? ANSWER_PINHOLE_TTL_MAX : ttl;

	for (size_t i = 0; i < answer->pinholes; i++) {
		if (addr_compare(&answer->pinhole[i], address) == 0)
			return;
	}
	if (answer->pinholes == ANSWER_PINHOLES)
		return;
	answer->pinhole[answer->pinholes] = *address;
	answer->seconds[answer->pinholes++] = seconds;
}

static void judge_address(struct judge *judge, const uint8_t *bytes, size_t size, uint32_t ttl)
{
	struct addr address = addr_from_bytes(bytes, size);
	struct verdict verdict = policy_lookup_addr(judge->policy, &address);

	if (judge->carried) {
		if (verdict.action == ACTION_BLOCK)
			add_pinhole(judge->answer, &address, ttl);
		return;
	}
	verdict.carve = true;
	note(judge, &verdict, &address);
}

/* Priority, target, then key, length, value (RFC 9460, 2.2). */
static int judge_service(struct judge *judge, const uint8_t *data, size_t size, uint32_t ttl)
{
	enum { IPV4HINT = 4, IPV6HINT = 6 };
	struct name target;
	size_t at;

	if (size < 3 || name_from_wire(&target, data + 2, size - 2) < 0)
		return -EBADMSG;
	judge_name(judge, data + 2, size - 2);
	for (at = 2U + target.length; size - at >= 4;) {
		uint16_t key = wire_get16(data + at), length = wire_get16(data + at + 2);
		size_t step = key == IPV4HINT ? 4 : key == IPV6HINT ? 16 : 0;

		at += 4;
		if (length > size - at)
			return -EBADMSG;
		for (size_t hint = 0; step && hint + step <= length; hint += step)
			judge_address(judge, data + at + hint, step, ttl);
		at += length;
	}
	return at == size ? 0 : -EBADMSG;
}

static int judge_record(struct judge *judge, const ldns_rr *record)
{
	const ldns_rdf *field = ldns_rr_rdf(record, 0);
	uint32_t ttl = ldns_rr_ttl(record);
	const uint8_t *data = field ? ldns_rdf_data(field) : NULL;
	size_t size = field ? ldns_rdf_size(field) : 0;
	uint8_t service[WIRE_UDP_MAX];
	size_t length = 0;

	switch ((int)ldns_rr_get_type(record)) {
	case TYPE_A:
		if (size == 4)
			judge_address(judge, data, 4, ttl);
		return 0;
	case TYPE_AAAA:
		if (size == 16)
			judge_address(judge, data, 16, ttl);
		return 0;
	case TYPE_CNAME:
	case TYPE_DNAME:
		if (field)
			judge_name(judge, data, size);
		return 0;
	case TYPE_SVCB:
	case TYPE_HTTPS:
		/* One field or several, as this build of ldns knows the type or not. */
		for (size_t i = 0; i < ldns_rr_rd_count(record); i++) {
			field = ldns_rr_rdf(record, i);
			size = field ? ldns_rdf_size(field) : 0;
			if (size > sizeof(service) - length)
				return -EBADMSG;
			if (size)
				memcpy(service + length, ldns_rdf_data(field), size);
			length += size;
		}
		return judge_service(judge, service, length, ttl);
	default:
		return 0;
	}
}

/*
 * CNAMEs first, since a carrying name may stand behind the addresses that it carries: upstreams are
 * free in the order of records.
 */
static int judge_section(struct judge *judge, const ldns_rr_list *records, bool chain)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
		const ldns_rr *record = ldns_rr_list_rr(records, i);
		int type = (int)ldns_rr_get_type(record), error;

		if ((type == TYPE_CNAME || type == TYPE_DNAME) != chain)
			continue;
		error = judge_record(judge, record);
		if (error || judge->decided)
			return error;
	}
	return 0;
}

int answer_judge(const struct policy *policy, const uint8_t *data, size_t size,
		 const struct query *query, const struct verdict *asked, struct answer *answer)
{
	struct judge judge = { .policy = policy, .answer = answer };
	ldns_pkt *packet = NULL;
	int error = 0;

	*answer = (struct answer){ .verdict.rule = POLICY_NO_RULE };
	if (asked->action == ACTION_ALLOW || asked->action == ACTION_MONITOR) {
		judge.carried = true;
		answer->carrier = query->name;
	}
	if (ldns_wire2pkt(&packet, data, size) != LDNS_STATUS_OK)
		return -EBADMSG;
	error = judge_section(&judge, ldns_pkt_answer(packet), true);
	if (!error && !judge.decided)
		error = judge_section(&judge, ldns_pkt_answer(packet), false);
	/* Hints and glue that a client may use as well. */
	if (!error && !judge.decided)
		error = judge_section(&judge, ldns_pkt_additional(packet), false);
	ldns_pkt_free(packet);
	return error;
}
