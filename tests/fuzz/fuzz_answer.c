/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/nameser.h>
#include <resolv.h>

#include "dns/answer.h"
#include "dns/records.h"
#include "tests/fuzz/fuzz.h"

/*
 * An upstream's message, judged for a question that it may or may not belong to. The walk over its
 * records is held against that of libc (ns_initparse, ns_parserr), which clients use: they see the
 * same records, and nothing that the policy blocks is among those of an answer that passes.
 */

/* The walk ends in good order. */
static bool walks(struct records *records)
{
	struct record record;
	int more = 0;

	while ((more = records_next(records, &record)) == 1)
		require(record.end <= records->size && record.data <= record.end &&
			record.start < record.data && records->at == record.end);
	return more == 0;
}

static bool same_name(const struct name *ours, const ns_msg *message, const uint8_t *at)
{
	uint8_t wire[NS_MAXCDNAME];

	if (ns_name_unpack(ns_msg_base(*message), ns_msg_end(*message), at, wire, sizeof(wire)) < 0)
		return false;
	for (size_t i = 0; i < ours->length; i++) {
		if (name_lower(wire[i]) != ours->wire[i])
			return false;
	}
	return true;
}

static void compare(struct records records, const uint8_t *data, size_t size)
{
	struct record record;
	ns_msg message;

	require(ns_initparse(data, (int)size, &message) == 0);
	for (int section = ns_s_an; section < ns_s_max; section++) {
		for (int i = 0; i < ns_msg_count(message, section); i++) {
			static ns_rr rr;

			require(records_next(&records, &record) == 1);
			require((int)record.section == section - ns_s_an);
			require(same_name(&record.owner, &message, data + record.start));
			if (ns_parserr(&message, (ns_sect)section, i, &rr) < 0)
				continue;
			require(rr.type == record.type && rr.rr_class == record.class);
			require(rr.ttl == record.ttl && rr.rdata == data + record.data);
			require(rr.rdlength == record.end - record.data);
		}
	}
	require(records_next(&records, &record) == 0);
}

/* What libc reads without following a pointer, the walk reads, too: it refuses no more than that.
 */
static bool libc_reads(const uint8_t *data, size_t size)
{
	ns_msg message;
	static ns_rr rr;

	if (ns_initparse(data, (int)size, &message) < 0)
		return false;
	for (size_t i = WIRE_HEADER; i < size; i++) {
		if (data[i] >= 0x40)
			return false;
	}
	for (int section = ns_s_qd; section < ns_s_max; section++) {
		for (int i = 0; i < ns_msg_count(message, section); i++) {
			if (ns_parserr(&message, (ns_sect)section, i, &rr) < 0)
				return false;
		}
	}
	return true;
}

static void nothing_blocked(const struct policy *policy, const uint8_t *data, size_t size)
{
	ns_msg message;
	static ns_rr rr;

	if (ns_initparse(data, (int)size, &message) < 0)
		return;
	for (int section = ns_s_an; section < ns_s_max; section++) {
		for (int i = 0; i < ns_msg_count(message, section); i++) {
			struct addr address;

			if (ns_parserr(&message, (ns_sect)section, i, &rr) < 0 ||
			    !((rr.type == ns_t_a && rr.rdlength == 4) ||
			      (rr.type == ns_t_aaaa && rr.rdlength == 16)))
				continue;
			address = addr_from_bytes(rr.rdata, rr.rdlength);
			require(policy_lookup_addr(policy, &address).action != ACTION_BLOCK);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy *policy = fuzz_fixed_policy();
	struct query query = { .type = TYPE_A, .class = 1 };
	static struct settings settings;
	const struct answer_terms terms = { &settings, policy, false };
	struct verdict asked;
	struct answer answer;
	struct records records, walk;

	if (size > WIRE_TCP_MAX)
		return 0;
	settings.rebinding_protection = true;
	if (size < WIRE_HEADER ||
	    name_from_wire(&query.name, data + WIRE_HEADER, size - WIRE_HEADER) < 0)
		query.name = (struct name){ .length = 1 };
	query.end = WIRE_HEADER + query.name.length + 4U;
	asked = policy_lookup_name(policy, query.name.wire);
	wire_matches(data, size, 0x1234, &query);
	if (records_begin(&records, data, size) == 0) {
		walk = records;
		if (!walks(&walk))
			require(!libc_reads(data, size));
		else if (walk.at == size)
			compare(records, data, size);
	} else {
		require(!libc_reads(data, size));
	}
	if (answer_judge(&terms, data, size, &query, &asked, &answer) < 0)
		return 0;
	require(answer.pinholes <= ANSWER_PINHOLES && answer.verdict.action < ACTION_COUNT);
	if (answer.verdict.action != ACTION_BLOCK && answer.carrier.length == 0)
		nothing_blocked(policy, data, size);
	return 0;
}
