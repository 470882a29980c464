/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/ipc/message.h"

/*
 * One query under way: whom to ask, until when, and what the client gets. Two time-outs: after the
 * first another server is asked, while those asked before are still heard; after the second nobody
 * is.
 */
enum {
	ID_TRY = 11,		/* bits of a job id in front of its try */
	ID_GENERATION = 16,
	KEPT_MS = 4000		/* an error in hand waits so long for the other servers' answers */
};
static_assert(JOBS == 1 << ID_TRY && JOB_TRIES < 1 << (ID_GENERATION - ID_TRY), "ids of jobs");

static void job_next(struct job *job);

int jobs_init(struct worker *worker)
{
	int error;

	worker->jobs = calloc(JOBS, sizeof(*worker->jobs));
	worker->free_jobs = calloc(JOBS, sizeof(*worker->free_jobs));
	if (!worker->jobs || !worker->free_jobs)
		return -ENOMEM;
	for (uint32_t i = 0; i < JOBS; i++)
		worker->free_jobs[worker->free_count++] = JOBS - 1 - i;
	error = share_init(&worker->job_share, JOBS, JOBS);
	if (!error)
		error = share_init(&worker->extra_share, JOB_EXTRAS, JOB_EXTRAS);
	return error ? error : share_init(&worker->byte_share, JOB_BYTES, JOBS);
}

static struct job *job_of(struct link *link)
{
	return (struct job *)(void *)((char *)link - offsetof(struct job, link));
}

static struct job *job_of_same(struct link *link)
{
	return (struct job *)(void *)((char *)link - offsetof(struct job, same));
}

uint32_t job_id(const struct job *job, const struct try *try)
{
	uint32_t place = (uint32_t)(job - job->worker->jobs);
	uint32_t number = try ? (uint32_t)(try - job->try) : 0;

	return place | number << ID_TRY | (job->generation & 0x7fff) << ID_GENERATION;
}

/* The job that id was given to, NULL when it is over. */
static struct job *job_find(const struct worker *worker, uint32_t id)
{
	struct job *job = &worker->jobs[id % JOBS];

	return job->state != JOB_FREE && (job->generation & 0x7fff) == id >> ID_GENERATION ?
	       job : NULL;
}

uint8_t *job_hold(struct job *job, size_t size)
{
	uint8_t *held;

	if (!share_take(&job->worker->byte_share, &job->path.client, size))
		return NULL;
	held = malloc(size);
	if (!held)
		share_give(&job->worker->byte_share, &job->path.client, size);
	return held;
}

void job_drop(struct job *job, uint8_t *held, size_t size)
{
	if (held)
		share_give(&job->worker->byte_share, &job->path.client, size);
	free(held);
}

static void end_tries(struct job *job)
{
	for (size_t i = 0; i < JOB_TRIES; i++)
		try_end(&job->try[i]);
}

static void job_end(struct job *job)
{
	struct worker *worker = job->worker;

	end_tries(job);
	chain_remove(&worker->waiting, &job->link);
	chain_remove(&worker->by_client[worker_hash(&job->path.client)], &job->same);
	job_drop(job, job->message, job->message_size);
	job_drop(job, job->reply, job->reply_size);
	job->message = job->reply = NULL;
	share_give(&worker->job_share, &job->path.client, 1);
	job->state = JOB_FREE;
	if (ENABLED(CONFIG_DNS_TCP) && job->client)
		tcp_release(job->client);
	worker->free_jobs[worker->free_count++] = (uint32_t)(job - worker->jobs);
}

/* All wait for the same time, so that the chain stays in order. */
static void wait_again(struct job *job)
{
	struct worker *worker = job->worker;

	chain_remove(&worker->waiting, &job->link);
	chain_append(&worker->waiting, &job->link,
		     worker->now + (int64_t)worker->settings->timeout_ms);
}

/* ---- the reply ---- */

static size_t most_of(const struct job *job)
{
	return job->query.udp_size < 512 ? 512 : job->query.udp_size;
}

static void deliver(struct job *job, const uint8_t *data, size_t size)
{
	if (ENABLED(CONFIG_DNS_TCP) && job->client)
		tcp_reply(job->client, data, size);
	else
		udp_reply(job->udp, &job->path, data, size);
	job_end(job);
}

/* A header for what we say ourselves to the question. */
static void put_header(const struct job *job, uint8_t *data)
{
	memset(data, 0, WIRE_HEADER);
	wire_put16(data, job->query.id);
	memcpy(data + WIRE_HEADER, job->question, job->query.end - WIRE_HEADER);
}

static void give_up(struct job *job, uint16_t code, const char *text)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	put_header(job, reply);
	counter_add(&job->worker->options.shared->counters.failed, 1);
	deliver(job, reply, sinkhole_say(reply, &job->query, RCODE_SERVFAIL, code, text, reply));
}

static void deliver_reply(struct job *job)
{
	deliver(job, job->reply, job->reply_size);
}

/* Nobody is left, or no time: the last error, or ours. */
static void conclude(struct job *job)
{
	if (job->reply) {
		counter_add(&job->worker->options.shared->counters.answered, 1);
		deliver_reply(job);
	} else if (job->trouble == TROUBLE_UNJUDGED) {
		give_up(job, EDE_OTHER, "an answer of the resolver could not be read");
	} else if (job->trouble == TROUBLE_NETWORK) {
		give_up(job, EDE_NETWORK, "");
	} else {
		give_up(job, EDE_NO_REACHABLE, "");
	}
}

/* ---- the answer, judged ---- */

static void deliver_blocked(struct job *job, const struct verdict *verdict)
{
	struct worker *worker = job->worker;
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	put_header(job, reply);
	counter_add(&worker->options.shared->counters.blocked, 1);
	deliver(job, reply, sinkhole_block(worker->settings, worker->policy, reply, &job->query,
					   verdict, reply));
}

/* As if there were nothing of that name: a page in a browser must not reach the host's own network by it. */
static void deliver_private(struct job *job)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	put_header(job, reply);
	counter_add(&job->worker->options.shared->counters.rebound, 1);
	deliver(job, reply, sinkhole_say(reply, &job->query, RCODE_NOERROR, EDE_BLOCKED,
					 "a private address from an upstream (rebinding-protection)",
					 reply));
}

/* Logs what the policy says of an answer; true when the client had another one instead. */
static bool refused(struct job *job, const struct answer *answer)
{
	if (answer->verdict.action >= ACTION_MONITOR)
		worker_log(job->worker, &job->path, &job->query, &answer->verdict, CHANNEL_ANSWER,
			   answer->by_address ? &answer->address : NULL);
	if (answer->verdict.action == ACTION_BLOCK)
		deliver_blocked(job, &answer->verdict);
	else if (answer->rebinds)
		deliver_private(job);
	else
		return false;
	return true;
}

/* Asks for every pinhole; false when none is under way and the answer can go out. */
static bool open_pinholes(struct job *job, const struct answer *answer)
{
	struct worker *worker = job->worker;
	struct pinhole_request request = { .id = job_id(job, NULL), .client = job->path.client,
					   .interface = job->path.interface,
					   .name = answer->carrier };

	job->pinholes = 0;
	for (size_t i = 0; i < answer->pinholes && worker->peer.fd >= 0; i++) {
		request.address = answer->pinhole[i];
		request.seconds = answer->seconds[i];
		if (message_send_pinhole(worker->peer.fd, &request) == 0)
			job->pinholes++;
	}
	return job->pinholes > 0;
}

/* Keeps a reply for later in place of the one that was kept; false when there is no room. */
static bool keep(struct job *job, const uint8_t *data, size_t size)
{
	uint8_t *reply = job_hold(job, size);

	if (!reply)
		return false;
	memcpy(reply, data, size);
	job_drop(job, job->reply, job->reply_size);
	job->reply = reply;
	job->reply_size = size;
	return true;
}

static void hold(struct job *job, const uint8_t *data, size_t size)
{
	/* What is late with room is late with its pinhole: the answer goes out. */
	if (!keep(job, data, size)) {
		deliver(job, data, size);
		return;
	}
	end_tries(job);
	job->state = JOB_HELD;
	wait_again(job);
}

/* This server has an answer, and those that had none are the worse for it. */
static void compare(struct job *job, size_t server)
{
	struct worker *worker = job->worker;

	servers_answered(&worker->servers, &job->target.server[server], worker->now);
	for (size_t i = 0; i < job->target.servers; i++) {
		if (job->erred[i])
			servers_failed(&worker->servers, &job->target.server[i], SERVERS_ERRED,
				       worker->now);
	}
}

/* The policy's word on an answer: -EBADMSG when it cannot be judged. */
static int judge(const struct job *job, const uint8_t *data, size_t size, struct answer *answer)
{
	const struct policy *policy = job->worker->policy;
	struct verdict asked = policy_lookup_name(policy, job->query.name.wire);
	const struct answer_terms terms = { job->worker->settings, policy, job->target.internal };

	return answer_judge(&terms, data, size, &job->query, &asked, answer);
}

void job_answered(struct job *job, size_t server, const struct hop_answer *from, uint8_t *data,
		  size_t size)
{
	struct worker *worker = job->worker;
	struct answer answer;

	if (judge(job, data, size, &answer) < 0) {
		job_failed(job, server, TROUBLE_UNJUDGED, NULL, NULL, 0);
		return;
	}
	compare(job, server);
	if (refused(job, &answer))
		return;
	counter_add(&worker->options.shared->counters.answered, 1);
	size = hop_reply(&job->query, job->question, from, data, size, most_of(job));
	if (open_pinholes(job, &answer))
		hold(job, data, size);
	else
		deliver(job, data, size);
}

/* Transfers are the servers' own, and what has no question brings no records. */
static bool is_judged(const struct query *query, const uint8_t *data)
{
	return query->opcode == OPCODE_QUERY && query->type != TYPE_AXFR &&
	       query->type != TYPE_IXFR && wire_get16(data + 4) != 0;
}

void job_relay(struct job *job, size_t server, const uint8_t *data, size_t size)
{
	struct answer answer = { .pinholes = 0 };

	if (is_judged(&job->query, data)) {
		if (judge(job, data, size, &answer) < 0) {
			job_failed(job, server, TROUBLE_UNJUDGED, NULL, NULL, 0);
			return;
		}
		if (refused(job, &answer))
			return;
	}
	compare(job, server);
	counter_add(&job->worker->options.shared->counters.answered, 1);
	if (open_pinholes(job, &answer))
		hold(job, data, size);
	else
		deliver(job, data, size);
}

void job_pinholed(struct worker *worker, uint32_t id, int result)
{
	struct job *job = job_find(worker, id);

	if (!job || job->state != JOB_HELD)
		return;
	if (result == 0)
		counter_add(&worker->options.shared->counters.pinholes, 1);
	if (--job->pinholes == 0)
		deliver_reply(job);
}

/* ---- whom to ask ---- */

static bool is_waiting(const struct job *job)
{
	for (size_t i = 0; i < JOB_TRIES; i++) {
		if (job->try[i].state != TRY_FREE)
			return true;
	}
	return false;
}

/* The next server, in rounds that take twice as long each. */
static void job_next(struct job *job)
{
	struct worker *worker = job->worker;
	const struct target *target = &job->target;
	size_t server;

	while ((server = servers_next(&worker->servers, target->server, job->asked,
				      target->servers, worker->now)) < target->servers) {
		if (job->asked[server] > job->rounds)
			job->rounds = job->asked[server];
		job->asked[server]++;
		job->due = worker->now + ((int64_t)worker->settings->timeout_ms << job->rounds);
		wait_again(job);
		if (try_start(job, server) == 0)
			return;
		servers_failed(&worker->servers, &target->server[server], SERVERS_SILENT,
			       worker->now);
		job->asked[server] = SERVERS_DONE;
	}
	if (!is_waiting(job))
		conclude(job);
}

/* One error by itself says enough: asking others would get around the validation. */
static bool is_final(const struct hop_answer *answer)
{
	return answer && answer->rcode == RCODE_SERVFAIL && answer->errors.dnssec;
}

void job_failed(struct job *job, size_t server, enum job_trouble trouble,
		const struct hop_answer *answer, uint8_t *data, size_t size)
{
	if (answer) {
		size = hop_reply(&job->query, job->question, answer, data, size, most_of(job));
		(void)keep(job, data, size);
	}
	for (size_t i = 0; i < JOB_TRIES; i++) {
		if (job->try[i].state != TRY_FREE && job->try[i].server == server)
			try_end(&job->try[i]);
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

/* ---- time ---- */

static int64_t patience(const struct worker *worker)
{
	return settings_patience_ms(worker->settings);
}

/* What was asked and did not answer; true when one is asked in another manner at once. */
static bool note_silence(struct job *job)
{
	struct worker *worker = job->worker;
	bool again = false;

	for (size_t i = 0; i < JOB_TRIES; i++) {
		struct try *try = &job->try[i];

		if (try->state != TRY_FREE &&
		    worker->now - try->began >= (int64_t)worker->settings->timeout_ms)
			again = try_overdue(try) || again;
	}
	return again;
}

static void job_overdue(struct job *job)
{
	struct worker *worker = job->worker;
	int64_t age = worker->now - job->began;

	/* An answer in hand goes out even when its pinhole is late. */
	if (job->state == JOB_HELD)
		deliver_reply(job);
	else if (age >= patience(worker) || (job->reply && age >= KEPT_MS))
		conclude(job);
	else if (note_silence(job) || worker->now < job->due || job->message)
		wait_again(job);	/* what changes something there is asked for once */
	else
		job_next(job);
}

void jobs_expire(struct worker *worker)
{
	while (worker->waiting.first && worker->waiting.first->deadline <= worker->now)
		job_overdue(job_of(worker->waiting.first));
}

/* ---- the rules role ---- */

void job_connected(struct worker *worker, uint32_t id, int result, int fd)
{
	struct job *job = job_find(worker, id);
	size_t number = id >> ID_TRY & ((1U << (ID_GENERATION - ID_TRY)) - 1);

	if (job && number < JOB_TRIES && job->try[number].state == TRY_OPENING)
		try_connected(&job->try[number], result, fd);
	else if (fd >= 0)
		close(fd);
}

static void peer_lost(struct job *job)
{
	if (job->state == JOB_HELD) {
		deliver_reply(job);
		return;
	}
	for (size_t i = 0; i < JOB_TRIES && job->state == JOB_ASKING; i++) {
		if (job->try[i].state == TRY_OPENING)
			try_connected(&job->try[i], -ENOTCONN, -1);
	}
}

void jobs_peer_lost(struct worker *worker)
{
	for (uint32_t i = 0; i < JOBS; i++) {
		if (worker->jobs[i].state != JOB_FREE)
			peer_lost(&worker->jobs[i]);
	}
}

void jobs_forget_client(struct worker *worker, const struct tcp_client *client,
			const struct addr *address)
{
	struct link *next;

	for (struct link *link = worker->by_client[worker_hash(address)].first; link;
	     link = next) {
		struct job *job = job_of_same(link);

		next = link->next;
		if (job->client != client)
			continue;
		job->client = NULL;
		job_end(job);
	}
}

/* ---- loops ---- */

static bool asks(const struct job *job, const struct query *query, const struct addr *server)
{
	if (job->query.type != query->type || job->query.class != query->class ||
	    job->query.name.length != query->name.length ||
	    memcmp(job->query.name.wire, query->name.wire, query->name.length) != 0)
		return false;
	for (size_t i = 0; i < JOB_TRIES; i++) {
		const struct try *try = &job->try[i];

		if (try->state != TRY_FREE &&
		    addr_compare(&job->target.server[try->server].addr, server) == 0)
			return true;
	}
	return false;
}

bool jobs_ask(const struct worker *worker, const struct query *query, const struct addr *server)
{
	if (worker->asked_of[worker_hash(server)] == 0)
		return false;
	for (struct link *link = worker->waiting.first; link; link = link->next) {
		if (asks(job_of(link), query, server))
			return true;
	}
	return false;
}

/* ---- taking one on ---- */

/* The client's oldest job, NULL when it has none. */
static struct job *oldest_of(const struct worker *worker, const struct addr *client)
{
	struct link *link = worker->by_client[worker_hash(client)].first;

	while (link && addr_compare(&job_of_same(link)->path.client, client) != 0)
		link = link->next;
	return link ? job_of_same(link) : NULL;
}

/*
 * A place for one more of this client's: beyond its share its own oldest query makes room, and only where all places
 * are taken by many the one that waits longest. False: even its oldest had no time for an answer yet. That is a flood,
 * and the cheapest is not to hear it; a client over UDP asks again.
 */
static bool make_room(struct worker *worker, const struct path *path)
{
	while (!share_take(&worker->job_share, &path->client, 1)) {
		struct job *job = oldest_of(worker, &path->client);

		if (job && path->protocol == IPPROTO_UDP &&
		    worker->now - job->began < (int64_t)worker->settings->timeout_ms)
			return false;
		if (!job)
			job = job_of(worker->waiting.first);
		if (job->state == JOB_HELD)
			deliver_reply(job);
		else
			conclude(job);
	}
	return true;
}

static bool copy_question(struct job *job, const uint8_t *data, size_t size)
{
	memcpy(job->question, data + WIRE_HEADER, job->query.end - WIRE_HEADER);
	if (!job->target.untouched)
		return true;
	job->message = job_hold(job, size);
	job->message_size = size;
	if (job->message)
		memcpy(job->message, data, size);
	return job->message;
}

static struct job *job_new(struct worker *worker, const struct path *path,
			   const struct query *query, const struct target *target)
{
	struct job *job;

	if (!make_room(worker, path))
		return NULL;
	job = &worker->jobs[worker->free_jobs[--worker->free_count]];
	*job = (struct job){ .worker = worker, .generation = job->generation + 1,
			     .state = JOB_ASKING, .path = *path, .query = *query,
			     .target = *target, .began = worker->now };
	for (size_t i = 0; i < JOB_TRIES; i++)
		job->try[i] = (struct try){ .watch.fd = -1, .job = job };
	chain_append(&worker->waiting, &job->link, worker->now);
	chain_append(&worker->by_client[worker_hash(&path->client)], &job->same, worker->now);
	return job;
}

void job_start(struct worker *worker, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target, int udp,
	       struct tcp_client *client)
{
	struct job *job = job_new(worker, path, query, target);

	if (!job) {
		counter_add(&worker->options.shared->counters.dropped, 1);
		return;
	}
	job->udp = udp;
	job->client = client;
	if (ENABLED(CONFIG_DNS_TCP) && client)
		tcp_hold(client);
	if (!copy_question(job, data, size)) {
		counter_add(&worker->options.shared->counters.dropped, 1);
		job_end(job);
		return;
	}
	counter_add(&worker->options.shared->counters.forwarded, 1);
	job_next(job);
}
