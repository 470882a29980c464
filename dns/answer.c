/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"

#include <errno.h>
#include <string.h>

#include "dns/records.h"

/* Resolvers give up earlier than at this many names, or at this many records that lead on. */
enum { CHAIN = 24, LEADS = 64 };

/* The names that the question leads to, in the order of the chain. */
struct chain_step {
	struct name name;
	bool carried;	/* it, or an earlier one, is exempt or monitored */
};

struct judge {
	const struct answer_terms *terms;
	struct answer *answer;
	struct records records;		/* at the first one */
	struct record lead[LEADS];	/* CNAME, DNAME, SVCB and HTTPS */
	size_t leads;
	struct chain_step chain[CHAIN];
	size_t steps;
	bool carrying;	/* any step is carried */
	bool decided;	/* blocked */
	/* A judged record is not what its type says: clients may read it differently. */
	bool odd;
	bool private;	/* an address of this name may be private */
};

/* How the records of one owner are judged. */
enum record_standing {
	STRICT,
	CARRIED,	/* delivered, through pinholes */
	UNRELATED	/* unrelated data in a carried answer: neither blocked nor let through */
};

/* A stronger verdict replaces the recorded one. */
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

static const struct chain_step *find_step(const struct judge *judge, const struct name *name)
{
	for (size_t i = 0; i < judge->steps; i++) {
		if (judge->chain[i].name.length == name->length &&
		    memcmp(judge->chain[i].name.wire, name->wire, name->length) == 0)
			return &judge->chain[i];
	}
	return NULL;
}

/* A name that the answer leads to, judged by itself. */
static void note_name(struct judge *judge, struct verdict verdict)
{
	/* The depth of this name says nothing about the question's, and the SOA depends on that. */
	verdict.depth = 0;
	verdict.carve = true;
	if (verdict.action == ACTION_BLOCK || verdict.action == ACTION_MONITOR)
		note(judge, &verdict, NULL);
}

static void add_step(struct judge *judge, const struct name *name, bool carried)
{
	judge->chain[judge->steps++] = (struct chain_step){ .name = *name, .carried = carried };
	if (carried && !judge->carrying)
		judge->answer->carrier = *name;
	judge->carrying = judge->carrying || carried;
}

/* A name that no earlier name lets through: the vendor chooses where its own names lead. */
static bool beats_carrier(const struct verdict *verdict)
{
	return verdict->action == ACTION_BLOCK &&
	       (verdict->category == CATEGORY_UPDATE || verdict->category == CATEGORY_ACTIVATION ||
		verdict->category == CATEGORY_TELEMETRY);
}

/* The chain continues with this name. */
static void lead_to(struct judge *judge, const struct name *name, bool carried)
{
	struct verdict verdict;

	if (find_step(judge, name))
		return;
	verdict = policy_lookup_name(judge->terms->policy, name->wire);
	if (!carried || beats_carrier(&verdict)) {
		note_name(judge, verdict);
		carried = verdict.action == ACTION_ALLOW || verdict.action == ACTION_MONITOR;
	}
	if (judge->steps < CHAIN)
		add_step(judge, name, carried);
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

/* Also through a translator or relay (policy/embed.h), for which 0.0.0.0/8 is no host. */
static bool is_private(const struct policy *policy, const struct addr *address)
{
	struct addr v4;

	for (size_t i = 0; i < policy_embeddings(policy); i++) {
		if (embed_unwrap(policy_embedding(policy, i), address, &v4) && v4.bytes[12] != 0 &&
		    addr_is_private(&v4))
			return true;
	}
	return addr_is_private(address);
}

static void judge_address(struct judge *judge, enum record_standing standing, const uint8_t *bytes,
			  size_t size, uint32_t ttl)
{
	struct addr address = addr_from_bytes(bytes, size);
	struct verdict verdict = policy_lookup_addr(judge->terms->policy, &address);

	if (!judge->private && is_private(judge->terms->policy, &address))
		judge->answer->rebinds = true;
	verdict.carve = true;
	if (standing == STRICT)
		note(judge, &verdict, &address);
	else if (standing == CARRIED && verdict.action == ACTION_BLOCK)
		add_pinhole(judge->answer, &address, ttl);
}

static bool is_service(const struct record *record)
{
	return record->type == TYPE_SVCB || record->type == TYPE_HTTPS;
}

/* After the priority, never compressed (RFC 9460, 2.2); the root stands for the owner itself. */
static bool service_target(const struct judge *judge, const struct record *record,
			   struct name *target)
{
	size_t at = record->data + 2;

	return at < record->end &&
	       name_from_wire(target, judge->records.message + at, record->end - at) == 0;
}

static enum record_standing standing_of_step(const struct chain_step *step)
{
	return step->carried ? CARRIED : STRICT;
}

/* Priority, target, then key, length, value (RFC 9460, 2.2); false if malformed. */
static bool judge_service(struct judge *judge, enum record_standing standing,
			  const struct record *record)
{
	enum { IPV4HINT = 4, IPV6HINT = 6 };
	const uint8_t *data = judge->records.message;
	const struct chain_step *step;
	struct name target;
	size_t at;

	if (!service_target(judge, record, &target))
		return false;
	step = find_step(judge, &target);
	if (standing != UNRELATED && step)
		standing = standing_of_step(step);
	else if (standing == STRICT)
		note_name(judge, policy_lookup_name(judge->terms->policy, target.wire));
	for (at = record->data + 2 + target.length; record->end - at >= 4;) {
		uint16_t key = wire_get16(data + at), length = wire_get16(data + at + 2);
		size_t each = key == IPV4HINT ? 4 : key == IPV6HINT ? 16 : 0;

		at += 4;
		if (length > record->end - at || (each && length % each))
			return false;
		for (size_t hint = 0; each && hint < length; hint += each)
			judge_address(judge, standing, data + at + hint, each, record->ttl);
		at += length;
	}
	return at == record->end;
}

static enum record_standing standing_of(const struct judge *judge, const struct record *record)
{
	const struct chain_step *step = find_step(judge, &record->owner);

	if (step)
		return standing_of_step(step);
	/*
	 * Some clients use everything in the answer section. There, only a DNAME may have another
	 * name.
	 */
	if (record->section == SECTION_ANSWER &&
	    (record->type != TYPE_DNAME || judge->steps == CHAIN))
		return STRICT;
	return judge->carrying ? UNRELATED : STRICT;
}

/*
 * Aliases of the chain were followed already; for others only a block counts. False: the data are
 * not exactly one name.
 */
static bool judge_alias(struct judge *judge, enum record_standing standing,
			const struct record *record)
{
	struct name target;

	if (!records_data_name(&judge->records, record, &target))
		return false;
	if (standing == STRICT && !find_step(judge, &target))
		note_name(judge, policy_lookup_name(judge->terms->policy, target.wire));
	return true;
}

static bool judge_record(struct judge *judge, const struct record *record)
{
	enum record_standing standing = standing_of(judge, record);
	const uint8_t *data = judge->records.message + record->data;
	size_t size = record->end - record->data;

	switch (record->type) {
	case TYPE_A:
	case TYPE_AAAA:
		if (size != (record->type == TYPE_A ? 4 : 16))
			return false;
		judge_address(judge, standing, data, size, record->ttl);
		return true;
	case TYPE_CNAME:
	case TYPE_DNAME:
		return judge_alias(judge, standing, record);
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return judge_service(judge, standing, record);
	default:
		return true;
	}
}

/* Where a record leads this name. */
static bool leads(const struct judge *judge, const struct record *record, const struct name *name,
		  struct name *target)
{
	if (!is_service(record))
		return records_lead(&judge->records, record, name, target);
	return record->owner.length == name->length &&
	       memcmp(record->owner.wire, name->wire, name->length) == 0 &&
	       service_target(judge, record, target) && target->labels;
}

/* Starts at the question's name; the upstream may order the records in any way. */
static void follow_chain(struct judge *judge)
{
	struct name target;

	for (size_t at = 0; at < judge->steps && !judge->decided; at++) {
		for (size_t i = 0; i < judge->leads && !judge->decided; i++) {
			if (leads(judge, &judge->lead[i], &judge->chain[at].name, &target))
				lead_to(judge, &target, judge->chain[at].carried);
		}
	}
}

/*
 * Hints and glue are addresses that a client may use as well. The class is ignored, because some
 * clients ignore it.
 */
static void judge_records(struct judge *judge)
{
	struct records records = judge->records;
	struct record record;

	while (!judge->decided && records_next(&records, &record) == 1)
		judge->odd = !judge_record(judge, &record) || judge->odd;
}

/* Walks the whole message once before judging anything. */
static int collect(struct judge *judge, const uint8_t *data, size_t size)
{
	struct records records;
	struct record record;
	int more = records_begin(&judge->records, data, size);

	if (more < 0)
		return more;
	records = judge->records;
	while ((more = records_next(&records, &record)) == 1) {
		if (record.type != TYPE_CNAME && record.type != TYPE_DNAME && !is_service(&record))
			continue;
		if (judge->leads == LEADS)
			return -EBADMSG;
		judge->lead[judge->leads++] = record;
	}
	return more;
}

/*
 * Private addresses are expected from the agency's own servers, and for names that the settings
 * list.
 */
static bool may_be_private(const struct answer_terms *terms, const struct name *name)
{
	const struct settings *settings = terms->settings;

	if (terms->internal || !settings->rebinding_protection)
		return true;
	for (size_t i = 0; i < settings->rebinding_domains; i++) {
		if (name_prefix(name, &settings->rebinding_domain[i]) >= 0)
			return true;
	}
	return false;
}

int answer_judge(const struct answer_terms *terms, const uint8_t *data, size_t size,
		 const struct query *query, const struct verdict *asked, struct answer *answer)
{
	struct judge judge;
	int error;

	*answer = (struct answer){ .verdict.rule = POLICY_NO_RULE };
	judge.terms = terms;
	judge.answer = answer;
	judge.leads = judge.steps = 0;
	judge.carrying = judge.decided = judge.odd = false;
	judge.private = may_be_private(terms, &query->name);
	error = collect(&judge, data, size);
	if (error)
		return error;
	add_step(&judge, &query->name,
		 asked->action == ACTION_ALLOW || asked->action == ACTION_MONITOR);
	follow_chain(&judge);
	if (!judge.decided)
		judge_records(&judge);
	return judge.odd && !judge.decided ? -EBADMSG : 0;
}
