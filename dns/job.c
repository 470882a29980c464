/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/job.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/ipc/message.h"
#include "dns/account.h"
#include "dns/answer.h"
#include "dns/sinkhole.h"

enum {
	ID_GENERATION = 16,
	KEPT_MS = 4000		/* an error waits this long for the other servers' answers */
};
static_assert(JOBS == 1 << TRY_ID && FORWARD_TRIES < 1 << (ID_GENERATION - TRY_ID), "ids of jobs");

int jobs_init(struct jobs *jobs, struct core *core)
{
	*jobs = (struct jobs){ .core = core, .table = calloc(JOBS, sizeof(*jobs->table)),
			       .free = calloc(JOBS, sizeof(*jobs->free)) };
	if (!jobs->table || !jobs->free)
		return -ENOMEM;
	for (uint32_t i = 0; i < JOBS; i++)
		jobs->free[jobs->free_count++] = JOBS - 1 - i;
	return share_init(&jobs->places, JOBS, JOBS);
}

static struct job *job_of_forward(struct forward *forward)
{
	return (struct job *)(void *)forward;
}

static struct job *job_of(struct link *link)
{
	return (struct job *)(void *)((char *)link - offsetof(struct job, link));
}

static struct job *job_of_same(struct link *link)
{
	return (struct job *)(void *)((char *)link - offsetof(struct job, same));
}

/* The job that id was given to; NULL if it is over. */
static struct job *job_find(const struct jobs *jobs, uint32_t id)
{
	struct job *job = &jobs->table[id % JOBS];

	return job->state != JOB_FREE && (job->generation & 0x7fff) == id >> ID_GENERATION ?
	       job : NULL;
}

static void end_tries(struct job *job)
{
	for (size_t i = 0; i < FORWARD_TRIES; i++)
		try_end(&job->forward.try[i]);
}

static void job_end(struct job *job)
{
	struct jobs *jobs = job->jobs;

	end_tries(job);
	chain_remove(&jobs->waiting, &job->link);
	chain_remove(&jobs->by_client[core_hash(&job->forward.path.client)], &job->same);
	forward_drop(&job->forward, job->forward.message, job->forward.message_size);
	forward_drop(&job->forward, job->reply, job->reply_size);
	job->forward.message = job->reply = NULL;
	share_give(&jobs->places, &job->forward.path.client, 1);
	job->state = JOB_FREE;
	if (job->asker.hooks->release)
		job->asker.hooks->release(job->asker.context);
	jobs->free[jobs->free_count++] = (uint32_t)(job - jobs->table);
}

/* All wait for the same time, so the chain stays in order. */
static void wait_again(struct job *job)
{
	struct jobs *jobs = job->jobs;

	chain_remove(&jobs->waiting, &job->link);
	chain_append(&jobs->waiting, &job->link,
		     jobs->core->now + (int64_t)jobs->core->settings->timeout_ms);
}

/* ---- the reply ---- */

static size_t most_of(const struct job *job)
{
	return job->forward.query.udp_size < 512 ? 512 : job->forward.query.udp_size;
}

static void deliver(struct job *job, const uint8_t *data, size_t size)
{
	job->asker.hooks->reply(job->asker.context, &job->forward.path, data, size);
	job_end(job);
}

/* A header for a reply of our own to the question. */
static void put_header(const struct job *job, uint8_t *data)
{
	memset(data, 0, WIRE_HEADER);
	wire_put16(data, job->forward.query.id);
	memcpy(data + WIRE_HEADER, job->forward.question, job->forward.query.end - WIRE_HEADER);
}

static void give_up(struct job *job, uint16_t code, const char *text)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	put_header(job, reply);
	counter_add(&job->jobs->core->shared->counters.failed, 1);
	deliver(job, reply,
		sinkhole_say(reply, &job->forward.query, RCODE_SERVFAIL, code, text, reply));
}

static void deliver_reply(struct job *job)
{
	deliver(job, job->reply, job->reply_size);
}

/* No server or no time is left: send the last error, or our own. */
static void conclude(struct job *job)
{
	if (job->reply) {
		counter_add(&job->jobs->core->shared->counters.answered, 1);
		deliver_reply(job);
	} else if (job->trouble == TROUBLE_UNJUDGED) {
		give_up(job, EDE_OTHER, "an answer of the resolver could not be read");
	} else if (job->trouble == TROUBLE_NETWORK) {
		give_up(job, EDE_NETWORK, "");
	} else {
		give_up(job, EDE_NO_REACHABLE, "");
	}
}

/* Keeps a reply for later in place of the kept one; false if there is no room. */
static bool keep(struct job *job, const uint8_t *data, size_t size)
{
	uint8_t *reply = forward_hold(&job->forward, size);

	if (!reply)
		return false;
	memcpy(reply, data, size);
	forward_drop(&job->forward, job->reply, job->reply_size);
	job->reply = reply;
	job->reply_size = size;
	return true;
}

/* ---- whom to ask ---- */

static bool is_waiting(const struct job *job)
{
	for (size_t i = 0; i < FORWARD_TRIES; i++) {
		if (job->forward.try[i].state != TRY_FREE)
			return true;
	}
	return false;
}

/* Asks the next server, in rounds that take twice as long each. */
static void job_next(struct job *job)
{
	struct jobs *jobs = job->jobs;
	const struct target *target = &job->forward.target;
	size_t server;

	while ((server = servers_next(&jobs->core->servers, target->server, job->asked,
				      target->servers, jobs->core->now)) < target->servers) {
		if (job->asked[server] > job->forward.rounds)
			job->forward.rounds = job->asked[server];
		job->asked[server]++;
		job->due = jobs->core->now +
			   ((int64_t)jobs->core->settings->timeout_ms << job->forward.rounds);
		wait_again(job);
		if (try_start(&job->forward, server) == 0)
			return;
		servers_failed(&jobs->core->servers, &target->server[server], SERVERS_SILENT,
			       jobs->core->now);
		job->asked[server] = SERVERS_DONE;
	}
	if (!is_waiting(job))
		conclude(job);
}

/* An error that is conclusive by itself: asking others would get around the validation. */
static bool is_final(const struct hop_answer *answer)
{
	return answer && answer->rcode == RCODE_SERVFAIL && answer->errors.dnssec;
}

static void job_failed(struct forward *forward, size_t server, enum trouble trouble,
		       const struct hop_answer *answer, uint8_t *data, size_t size)
{
	struct job *job = job_of_forward(forward);

	if (answer) {
		size = hop_reply(&job->forward.query, job->forward.question, answer, data, size,
				 most_of(job));
		(void)keep(job, data, size);
	}
	for (size_t i = 0; i < FORWARD_TRIES; i++) {
		if (job->forward.try[i].state != TRY_FREE && job->forward.try[i].server == server)
			try_end(&job->forward.try[i]);
	}
	job->asked[server] = SERVERS_DONE;
	job->erred[server] = true;
	if (trouble > job->trouble)
		job->trouble = trouble;
	if (is_final(answer))
		conclude(job);
	else
		job_next(job);
}

/* ---- the answer, judged ---- */

static void deliver_blocked(struct job *job, const struct verdict *verdict)
{
	struct jobs *jobs = job->jobs;
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	put_header(job, reply);
	counter_add(&jobs->core->shared->counters.blocked, 1);
	deliver(job, reply,
		sinkhole_block(jobs->core->settings, jobs->core->policy, reply, &job->forward.query,
			       verdict, reply));
}

/* As if the name had no such record: a page in a browser must not reach the host's own network
 * through it. */
static void deliver_private(struct job *job)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	put_header(job, reply);
	counter_add(&job->jobs->core->shared->counters.rebound, 1);
	deliver(job, reply,
		sinkhole_say(reply, &job->forward.query, RCODE_NOERROR, EDE_BLOCKED,
			     "a private address from an upstream (rebinding-protection)", reply));
}

/* Logs the policy's verdict on an answer; true if the client got another reply instead. */
static bool refused(struct job *job, const struct answer *answer)
{
	if (answer->verdict.action >= ACTION_MONITOR)
		account_log(job->jobs->core, &job->forward.path, &job->forward.query,
			    &answer->verdict, CHANNEL_ANSWER,
			    answer->by_address ? &answer->address : NULL);
	if (answer->verdict.action == ACTION_BLOCK)
		deliver_blocked(job, &answer->verdict);
	else if (answer->rebinds)
		deliver_private(job);
	else
		return false;
	return true;
}

/* Asks for every pinhole; false if none is under way and the answer can go out. */
static bool open_pinholes(struct job *job, const struct answer *answer)
{
	struct jobs *jobs = job->jobs;
	struct pinhole_request request = { .id = job->forward.id,
					   .client = job->forward.path.client,
					   .interface = job->forward.path.interface,
					   .name = answer->carrier };

	job->pinholes = 0;
	for (size_t i = 0; i < answer->pinholes && jobs->core->peer >= 0; i++) {
		request.address = answer->pinhole[i];
		request.seconds = answer->seconds[i];
		if (message_send_pinhole(jobs->core->peer, &request) == 0)
			job->pinholes++;
	}
	return job->pinholes > 0;
}

static void hold(struct job *job, const uint8_t *data, size_t size)
{
	/* Without room to keep the answer until its pinhole is open, it goes out now. */
	if (!keep(job, data, size)) {
		deliver(job, data, size);
		return;
	}
	end_tries(job);
	job->state = JOB_HELD;
	wait_again(job);
}

/* This server has an answer; count a fault for those that had none. */
static void compare(struct job *job, size_t server)
{
	struct jobs *jobs = job->jobs;

	servers_answered(&jobs->core->servers, &job->forward.target.server[server],
			 jobs->core->now);
	for (size_t i = 0; i < job->forward.target.servers; i++) {
		if (job->erred[i])
			servers_failed(&jobs->core->servers, &job->forward.target.server[i],
				       SERVERS_ERRED, jobs->core->now);
	}
}

/* The policy's verdict on an answer; -EBADMSG if it cannot be judged. */
static int judge(const struct job *job, const uint8_t *data, size_t size, struct answer *answer)
{
	const struct policy *policy = job->jobs->core->policy;
	struct verdict asked = policy_lookup_name(policy, job->forward.query.name.wire);
	const struct answer_terms terms = { job->jobs->core->settings, policy,
					    job->forward.target.internal };

	return answer_judge(&terms, data, size, &job->forward.query, &asked, answer);
}

static void job_answered(struct forward *forward, size_t server, const struct hop_answer *from,
			 uint8_t *data, size_t size)
{
	struct job *job = job_of_forward(forward);
	struct jobs *jobs = job->jobs;
	struct answer answer;

	if (judge(job, data, size, &answer) < 0) {
		job_failed(forward, server, TROUBLE_UNJUDGED, NULL, NULL, 0);
		return;
	}
	compare(job, server);
	if (refused(job, &answer))
		return;
	counter_add(&jobs->core->shared->counters.answered, 1);
	size = hop_reply(&job->forward.query, job->forward.question, from, data, size,
			 most_of(job));
	if (open_pinholes(job, &answer))
		hold(job, data, size);
	else
		deliver(job, data, size);
}

/*
 * Transfers concern only the servers themselves, and a message without a question brings no
 * records.
 */
static bool is_judged(const struct query *query, const uint8_t *data)
{
	return query->opcode == OPCODE_QUERY && query->type != TYPE_AXFR &&
	       query->type != TYPE_IXFR && wire_get16(data + 4) != 0;
}

static void job_relayed(struct forward *forward, size_t server, const uint8_t *data, size_t size)
{
	struct job *job = job_of_forward(forward);
	struct answer answer = { .pinholes = 0 };

	if (is_judged(&job->forward.query, data)) {
		if (judge(job, data, size, &answer) < 0) {
			job_failed(forward, server, TROUBLE_UNJUDGED, NULL, NULL, 0);
			return;
		}
		if (refused(job, &answer))
			return;
	}
	compare(job, server);
	counter_add(&job->jobs->core->shared->counters.answered, 1);
	if (open_pinholes(job, &answer))
		hold(job, data, size);
	else
		deliver(job, data, size);
}

static const struct forward_hooks hooks = { job_answered, job_relayed, job_failed };

void job_pinholed(struct jobs *jobs, uint32_t id, int result)
{
	struct job *job = job_find(jobs, id);

	if (!job || job->state != JOB_HELD)
		return;
	if (result == 0)
		counter_add(&jobs->core->shared->counters.pinholes, 1);
	if (--job->pinholes == 0)
		deliver_reply(job);
}

/* ---- time ---- */

static int64_t patience(const struct jobs *jobs)
{
	return settings_patience_ms(jobs->core->settings);
}

/* Records that the asked server did not answer; true if one is asked in another manner at once. */
static bool note_silence(struct job *job)
{
	struct jobs *jobs = job->jobs;
	bool again = false;

	for (size_t i = 0; i < FORWARD_TRIES; i++) {
		struct try *try = &job->forward.try[i];

		if (try->state != TRY_FREE &&
		    jobs->core->now - try->began >= (int64_t)jobs->core->settings->timeout_ms)
			again = try_overdue(try) || again;
	}
	return again;
}

static void job_overdue(struct job *job)
{
	struct jobs *jobs = job->jobs;
	int64_t age = jobs->core->now - job->began;

	/* An answer in hand goes out even if its pinhole is late. */
	if (job->state == JOB_HELD)
		deliver_reply(job);
	else if (age >= patience(jobs) || (job->reply && age >= KEPT_MS))
		conclude(job);
	else if (note_silence(job) || jobs->core->now < job->due || job->forward.message)
		wait_again(job);	/* a request that changes something is sent only once */
	else
		job_next(job);
}

void jobs_expire(struct jobs *jobs)
{
	while (jobs->waiting.first && jobs->waiting.first->deadline <= jobs->core->now)
		job_overdue(job_of(jobs->waiting.first));
}

/* ---- the rules role ---- */

void job_connected(struct jobs *jobs, uint32_t id, int result, int fd)
{
	struct job *job = job_find(jobs, id);
	size_t number = id >> TRY_ID & ((1U << (ID_GENERATION - TRY_ID)) - 1);

	if (job && number < FORWARD_TRIES && job->forward.try[number].state == TRY_OPENING)
		try_connected(&job->forward.try[number], result, fd);
	else if (fd >= 0)
		close(fd);
}

static void peer_lost(struct job *job)
{
	if (job->state == JOB_HELD) {
		deliver_reply(job);
		return;
	}
	for (size_t i = 0; i < FORWARD_TRIES && job->state == JOB_ASKING; i++) {
		if (job->forward.try[i].state == TRY_OPENING)
			try_connected(&job->forward.try[i], -ENOTCONN, -1);
	}
}

void jobs_peer_lost(struct jobs *jobs)
{
	for (uint32_t i = 0; i < JOBS; i++) {
		if (jobs->table[i].state != JOB_FREE)
			peer_lost(&jobs->table[i]);
	}
}

void jobs_forget(struct jobs *jobs, const void *asker, const struct addr *client)
{
	static const struct asker_hooks none = { .reply = NULL };
	struct link *next;

	for (struct link *link = jobs->by_client[core_hash(client)].first; link; link = next) {
		struct job *job = job_of_same(link);

		next = link->next;
		if (job->asker.context != asker)
			continue;
		job->asker = (struct asker){ &none, NULL };
		job_end(job);
	}
}

/* ---- loops ---- */

static bool asks(const struct job *job, const struct query *query, const struct addr *server)
{
	if (job->forward.query.type != query->type || job->forward.query.class != query->class ||
	    job->forward.query.name.length != query->name.length ||
	    memcmp(job->forward.query.name.wire, query->name.wire, query->name.length) != 0)
		return false;
	for (size_t i = 0; i < FORWARD_TRIES; i++) {
		const struct try *try = &job->forward.try[i];

		if (try->state != TRY_FREE &&
		    addr_compare(&job->forward.target.server[try->server].addr, server) == 0)
			return true;
	}
	return false;
}

bool jobs_ask(const struct jobs *jobs, const struct query *query, const struct addr *server)
{
	if (jobs->core->asked_of[core_hash(server)] == 0)
		return false;
	for (struct link *link = jobs->waiting.first; link; link = link->next) {
		if (asks(job_of(link), query, server))
			return true;
	}
	return false;
}

/* ---- taking one on ---- */

/* The client's oldest job, or NULL. */
static struct job *oldest_of(const struct jobs *jobs, const struct addr *client)
{
	struct link *link = jobs->by_client[core_hash(client)].first;

	while (link && addr_compare(&job_of_same(link)->forward.path.client, client) != 0)
		link = link->next;
	return link ? job_of_same(link) : NULL;
}

/*
 * Finds a place for one more query of this client. If the client is beyond its share, its own
 * oldest query makes room; only if many clients take all places, the one that has waited longest.
 * False: even its oldest had no time for an answer yet. That is a flood, which is cheapest to
 * ignore; a client over UDP asks again.
 */
static bool make_room(struct jobs *jobs, const struct path *path)
{
	while (!share_take(&jobs->places, &path->client, 1)) {
		struct job *job = oldest_of(jobs, &path->client);

		if (job && path->protocol == IPPROTO_UDP &&
		    jobs->core->now - job->began < (int64_t)jobs->core->settings->timeout_ms)
			return false;
		if (!job)
			job = job_of(jobs->waiting.first);
		if (job->state == JOB_HELD)
			deliver_reply(job);
		else
			conclude(job);
	}
	return true;
}

static bool copy_question(struct job *job, const uint8_t *data, size_t size)
{
	memcpy(job->forward.question, data + WIRE_HEADER, job->forward.query.end - WIRE_HEADER);
	if (!job->forward.target.untouched)
		return true;
	job->forward.message = forward_hold(&job->forward, size);
	job->forward.message_size = size;
	if (job->forward.message)
		memcpy(job->forward.message, data, size);
	return job->forward.message;
}

static struct job *job_new(struct jobs *jobs, const struct path *path, const struct query *query,
			   const struct target *target, const struct asker *asker)
{
	/* the top bit is the pipes' */
	const uint32_t ids = (1U << (32 - ID_GENERATION - 1)) - 1;
	uint32_t place;
	struct job *job;

	if (!make_room(jobs, path))
		return NULL;
	place = jobs->free[--jobs->free_count];
	job = &jobs->table[place];
	*job = (struct job){ .jobs = jobs, .generation = job->generation + 1,
			     .state = JOB_ASKING, .asker = *asker, .began = jobs->core->now };
	job->forward = (struct forward){ .core = jobs->core, .hooks = &hooks, .path = *path,
					 .id = place | (job->generation & ids) << ID_GENERATION,
					 .query = *query, .target = *target,
					 .stream = path->protocol == IPPROTO_TCP };
	for (size_t i = 0; i < FORWARD_TRIES; i++)
		job->forward.try[i] = (struct try){ .watch.fd = -1, .forward = &job->forward };
	chain_append(&jobs->waiting, &job->link, jobs->core->now);
	chain_append(&jobs->by_client[core_hash(&path->client)], &job->same, jobs->core->now);
	return job;
}

void job_start(struct jobs *jobs, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target,
	       const struct asker *asker)
{
	struct dns_counters *counters = &jobs->core->shared->counters;
	struct job *job = job_new(jobs, path, query, target, asker);

	if (!job) {
		counter_add(&counters->dropped, 1);
		return;
	}
	if (asker->hooks->hold)
		asker->hooks->hold(asker->context);
	if (!copy_question(job, data, size)) {
		counter_add(&counters->dropped, 1);
		job_end(job);
		return;
	}
	counter_add(&counters->forwarded, 1);
	job_next(job);
}
