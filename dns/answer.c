/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

#include "dns/record.h"

enum { CHAIN = 24 };	/* names; resolvers themselves give up earlier */

/* The names that the question leads to, in the order of the chain. */
struct step {
	struct name name;
	bool carried;	/* it, or one before it, is exempt or monitored */
};

struct judge {
	const struct policy *policy;
	struct answer *answer;
	struct step chain[CHAIN];
	size_t steps;
	bool carrying;	/* any step is carried */
	bool decided;	/* blocked */
};

/* How the records of one owner are judged. */
enum standing {
	STRICT,
	CARRIED,	/* delivered, through pinholes */
	UNRELATED	/* a carried answer's by-catch: neither blocked nor let through */
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

static const struct step *find_step(const struct judge *judge, const struct name *name)
{
	for (size_t i = 0; i < judge->steps; i++) {
		if (judge->chain[i].name.length == name->length &&
		    memcmp(judge->chain[i].name.wire, name->wire, name->length) == 0)
			return &judge->chain[i];
	}
	return NULL;
}

/* A name that the answer leads to, by itself. */
static struct verdict judge_name(struct judge *judge, const struct name *name)
{
	struct verdict verdict = policy_lookup_name(judge->policy, name->wire);

	/* The name's own depth says nothing about the question's: SOA goes by the question. */
	verdict.depth = 0;
	verdict.carve = true;
	if (verdict.action == ACTION_BLOCK || verdict.action == ACTION_MONITOR)
		note(judge, &verdict, NULL);
	return verdict;
}

static void add_step(struct judge *judge, const struct name *name, bool carried)
{
	judge->chain[judge->steps++] = (struct step){ .name = *name, .carried = carried };
	if (carried && !judge->carrying)
		judge->answer->carrier = *name;
	judge->carrying = judge->carrying || carried;
}

/* The chain goes on to this name; says how its records are judged. */
static enum standing lead_to(struct judge *judge, const struct name *name, bool carried)
{
	const struct step *known = find_step(judge, name);

	if (known)
		return known->carried ? CARRIED : STRICT;
	if (!carried) {
		struct verdict verdict = judge_name(judge, name);

		carried = verdict.action == ACTION_ALLOW || verdict.action == ACTION_MONITOR;
	}
	if (judge->steps < CHAIN)
		add_step(judge, name, carried);
	return carried ? CARRIED : STRICT;
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

static void judge_address(struct judge *judge, enum standing standing, const uint8_t *bytes,
			  size_t size, uint32_t ttl)
{
	struct addr address = addr_from_bytes(bytes, size);
	struct verdict verdict = policy_lookup_addr(judge->policy, &address);

	verdict.carve = true;
	if (standing == STRICT)
		note(judge, &verdict, &address);
	else if (standing == CARRIED && verdict.action == ACTION_BLOCK)
		add_pinhole(judge->answer, &address, ttl);
}

/* Priority, target, then key, length, value (RFC 9460, 2.2). */
static int judge_service(struct judge *judge, enum standing standing, const uint8_t *data,
			 size_t size, uint32_t ttl)
{
	enum { IPV4HINT = 4, IPV6HINT = 6 };
	struct name target;
	size_t at;

	if (size < 3 || name_from_wire(&target, data + 2, size - 2) < 0)
		return -EBADMSG;
	/* The root stands for the owner itself. */
	if (standing != UNRELATED && target.labels)
		standing = lead_to(judge, &target, standing == CARRIED);
	for (at = 2U + target.length; size - at >= 4;) {
		uint16_t key = wire_get16(data + at), length = wire_get16(data + at + 2);
		size_t step = key == IPV4HINT ? 4 : key == IPV6HINT ? 16 : 0;

		at += 4;
		if (length > size - at)
			return -EBADMSG;
		for (size_t hint = 0; step && hint + step <= length; hint += step)
			judge_address(judge, standing, data + at + hint, step, ttl);
		at += length;
	}
	return at == size ? 0 : -EBADMSG;
}

/* One field or several, as this build of ldns knows the type or not. */
static int judge_service_record(struct judge *judge, enum standing standing, const ldns_rr *record)
{
	uint8_t data[WIRE_UDP_MAX];
	size_t length = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(record); i++) {
		const ldns_rdf *field = ldns_rr_rdf(record, i);
		size_t size = field ? ldns_rdf_size(field) : 0;

		if (size > sizeof(data) - length)
			return -EBADMSG;
		if (size)
			memcpy(data + length, ldns_rdf_data(field), size);
		length += size;
	}
	return judge_service(judge, standing, data, length, ldns_rr_ttl(record));
}

static enum standing standing_of(const struct judge *judge, const ldns_rr *record)
{
	const struct step *step = NULL;
	struct name owner;

	if (record_name(&owner, ldns_rr_owner(record)))
		step = find_step(judge, &owner);
	if (step)
		return step->carried ? CARRIED : STRICT;
	return judge->carrying ? UNRELATED : STRICT;
}

static int judge_record(struct judge *judge, const ldns_rr *record)
{
	enum standing standing = standing_of(judge, record);
	const ldns_rdf *field = ldns_rr_rdf(record, 0);
	uint32_t ttl = ldns_rr_ttl(record);
	size_t size = field ? ldns_rdf_size(field) : 0;
	struct name target;

	switch ((int)ldns_rr_get_type(record)) {
	case TYPE_A:
		if (size == 4)
			judge_address(judge, standing, ldns_rdf_data(field), 4, ttl);
		return 0;
	case TYPE_AAAA:
		if (size == 16)
			judge_address(judge, standing, ldns_rdf_data(field), 16, ttl);
		return 0;
	case TYPE_CNAME:
	case TYPE_DNAME:
		/* Those of the chain were followed; of any other only a block counts. */
		if (standing == STRICT && record_name(&target, field) && !find_step(judge, &target))
			judge_name(judge, &target);
		return 0;
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return judge_service_record(judge, standing, record);
	default:
		return 0;
	}
}

static int judge_section(struct judge *judge, const ldns_rr_list *records)
{
	int error = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(records) && !error && !judge->decided; i++)
		error = judge_record(judge, ldns_rr_list_rr(records, i));
	return error;
}

/* From the question's name on, in whatever order the upstream put the records. */
static void follow_chain(struct judge *judge, const ldns_rr_list *records)
{
	struct name target;

	for (size_t at = 0; at < judge->steps && !judge->decided; at++) {
		for (size_t i = 0; i < ldns_rr_list_rr_count(records) && !judge->decided; i++) {
			if (record_leads(ldns_rr_list_rr(records, i), &judge->chain[at].name,
					 &target))
				lead_to(judge, &target, judge->chain[at].carried);
		}
	}
}

int answer_judge(const struct policy *policy, const uint8_t *data, size_t size,
		 const struct query *query, const struct verdict *asked, struct answer *answer)
{
	struct judge judge = { .policy = policy, .answer = answer };
	ldns_pkt *packet = NULL;
	int error = 0;

	*answer = (struct answer){ .verdict.rule = POLICY_NO_RULE };
	add_step(&judge, &query->name,
		 asked->action == ACTION_ALLOW || asked->action == ACTION_MONITOR);
	if (ldns_wire2pkt(&packet, data, size) != LDNS_STATUS_OK)
		return -EBADMSG;
	follow_chain(&judge, ldns_pkt_answer(packet));
	if (!judge.decided)
		error = judge_section(&judge, ldns_pkt_answer(packet));
	/* Hints and glue that a client may use as well. */
	if (!error && !judge.decided)
		error = judge_section(&judge, ldns_pkt_additional(packet));
	ldns_pkt_free(packet);
	return error;
}
