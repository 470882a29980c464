/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/receive.h"

#include <netinet/in.h>

#include "dns/account.h"
#include "dns/special.h"

/*
 * Our own question, come back: it carries a cookie that we showed a server, or comes from a server
 * that is being asked the same and would be asked again. An internal server's queries to other
 * servers are exempt: it may need them to answer us.
 */
static bool is_loop(const struct jobs *jobs, const struct path *path,
		    const struct query *query, const struct target *target)
{
	if (target->transparent || query->opcode != OPCODE_QUERY ||
	    (!target->internal && !target->open))
		return false;
	if (query->cookie && cookie_is_own(jobs->core->secrets->own, query->client_cookie))
		return true;
	for (size_t i = 0; i < target->servers; i++) {
		if (addr_compare(&target->server[i].addr, &path->client) == 0)
			return jobs_ask(jobs, query, &path->client);
	}
	return false;
}

enum sinkhole_step receive_query(struct jobs *jobs, const struct path *path, const uint8_t *data,
				 size_t size, uint8_t *reply, size_t *reply_size,
				 struct query *query, struct target *target)
{
	struct core *core = jobs->core;
	const struct sinkhole_client client = {
		.secret = core->secrets->server, .address = path->client,
		.now = (uint32_t)(core->wall / 1000),
	};
	struct verdict verdict;
	enum sinkhole_step step = sinkhole_answer(core->settings, core->policy, &client, data,
						  size, query, &verdict, reply, reply_size);
	enum special special;
	uint8_t rcode, depth;

	if (step == SINKHOLE_DROP) {
		counter_add(&core->shared->counters.dropped, 1);
		return step;
	}
	account_query(core, path, query, &verdict);
	if (step == SINKHOLE_REPLY)
		return step;
	if (path->protocol == IPPROTO_TCP)
		query->udp_size = UINT16_MAX;
	target_find(core->settings, path, query, target);
	special = query->opcode == OPCODE_QUERY ? special_find(query, &depth) : SPECIAL_NO;
	/*
	 * The agency's servers may know the name; but not even they may lead clients to other
	 * resolvers.
	 */
	if (special && (!target->internal ||
			(special == SPECIAL_DISCOVERY && target->transparent))) {
		*reply_size = sinkhole_special(data, query, special, depth, reply);
		return SINKHOLE_REPLY;
	}
	rcode = target_refusal(target, query);
	if (rcode != RCODE_NOERROR) {
		*reply_size = sinkhole_error(data, query, rcode, 0, reply);
		return SINKHOLE_REPLY;
	}
	if (!is_loop(jobs, path, query, target))
		return SINKHOLE_FORWARD;
	counter_add(&core->shared->counters.looped, 1);
	*reply_size = sinkhole_say(data, query, RCODE_SERVFAIL, EDE_OTHER,
				   "a loop: this question came from this gateway", reply);
	return SINKHOLE_REPLY;
}
