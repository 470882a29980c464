/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/config.h"
#include "ipc/message.h"

/*
 * One query under way. Every try has a socket of its own, so that both the port and the id are new
 * (RFC 5452); it is connected, so that nobody but that upstream is heard.
 */
enum job_state {
	JOB_FREE,
	JOB_OPENING,	/* the rules role makes the socket (from the client's own address) */
	JOB_SENDING,	/* TCP: connecting or writing */
	JOB_ASKING,	/* waits for the response */
	JOB_PINHOLES	/* has the answer; the rules role opens what it needs */
};

struct job {
	struct worker *worker;
	struct watch watch;	/* the upstream's socket, fd -1 when there is none */
	struct link link;	/* worker->waiting */
	enum job_state state;
	uint32_t generation;	/* told apart from earlier jobs in this place */
	struct path path;
	struct query query;
	int udp;		/* listener to answer through, -1: client */
	struct tcp_client *client;
	struct target target;
	unsigned int tries;
	uint16_t id;
	uint8_t *packet;	/* two bytes of length, then the query */
	size_t size;		/* without the two bytes */
	size_t done;		/* TCP: bytes written or read */
	uint8_t *response;	/* TCP: with its length; PINHOLES: without */
	size_t response_size;
	size_t pinholes;	/* not yet acknowledged */
};

enum { ID_SLOTS = 16 };	/* bits of a job id for its place */

static void job_ready(struct watch *watch, uint32_t events);
static void job_try(struct worker *worker, struct job *job);

int jobs_init(struct worker *worker)
{
	worker->jobs = calloc(JOBS, sizeof(*worker->jobs));
	worker->free_jobs = calloc(JOBS, sizeof(*worker->free_jobs));
	if (!worker->jobs || !worker->free_jobs)
		return -ENOMEM;
	for (uint32_t i = 0; i < JOBS; i++)
		worker->free_jobs[worker->free_count++] = JOBS - 1 - i;
	return 0;
}

static struct job *job_of(struct link *link)
{
	return (struct job *)(void *)((char *)link - offsetof(struct job, link));
}

static uint32_t job_id(const struct worker *worker, const struct job *job)
{
	return (uint32_t)(job - worker->jobs) | (job->generation & 0x7fff) << ID_SLOTS;
}

/* The job that id was given to, NULL when it is over. */
static struct job *job_find(const struct worker *worker, uint32_t id)
{
	struct job *job = &worker->jobs[id % JOBS];

	return job->state != JOB_FREE && job_id(worker, job) == id ? job : NULL;
}

static void close_socket(struct worker *worker, struct job *job)
{
	if (job->watch.fd < 0)
		return;
	loop_remove(&worker->loop, &job->watch);
	close(job->watch.fd);
	job->watch.fd = -1;
}

static void job_end(struct worker *worker, struct job *job)
{
	close_socket(worker, job);
	chain_remove(&worker->waiting, &job->link);
	free(job->packet);
	free(job->response);
	job->packet = job->response = NULL;
	job->state = JOB_FREE;
	if (ENABLED(CONFIG_DNS_TCP) && job->client)
		tcp_release(job->client);
	worker->free_jobs[worker->free_count++] = (uint32_t)(job - worker->jobs);
}

static void wait_again(struct worker *worker, struct job *job)
{
	chain_remove(&worker->waiting, &job->link);
	chain_append(&worker->waiting, &job->link,
		     worker->now + (int64_t)worker->settings->timeout_ms);
}

/* ---- the reply ---- */

static void deliver(struct worker *worker, struct job *job, uint8_t *data, size_t size)
{
	size_t most = job->query.udp_size < 512 ? 512 : job->query.udp_size;

	wire_put16(data, job->query.id);
	if (ENABLED(CONFIG_DNS_TCP) && job->client) {
		tcp_reply(job->client, data, size);
	} else if (size > most) {
		/* Too large for this client over UDP: it asks again over TCP. */
		size = wire_begin_reply(data, job->packet + 2, &job->query, RCODE_NOERROR);
		wire_put16(data, job->query.id);
		data[2] |= FLAG_TC >> 8;
		udp_reply(job->udp, &job->path, data, size);
	} else {
		udp_reply(job->udp, &job->path, data, size);
	}
	job_end(worker, job);
}

static void give_up(struct worker *worker, struct job *job)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	size_t size = sinkhole_error(job->packet + 2, &job->query, RCODE_SERVFAIL,
				     EDE_NO_REACHABLE, reply);

	counter_add(&worker->options.shared->counters.failed, 1);
	deliver(worker, job, reply, size);
}

/* ---- the answer, judged ---- */

static void deliver_blocked(struct worker *worker, struct job *job, const struct verdict *verdict)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	size_t size = sinkhole_block(worker->settings, worker->policy, job->packet + 2,
				     &job->query, verdict, reply);

	counter_add(&worker->options.shared->counters.blocked, 1);
	deliver(worker, job, reply, size);
}

/* Asks for every pinhole; false when none is under way and the answer can go out. */
static bool open_pinholes(struct worker *worker, struct job *job, const struct answer *answer)
{
	struct pinhole_request request = { .id = job_id(worker, job), .client = job->path.client,
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

static void judge(struct worker *worker, struct job *job, uint8_t *data, size_t size)
{
	struct verdict asked = policy_lookup_name(worker->policy, job->query.name.wire);
	struct answer answer;

	const struct answer_terms terms = { worker->settings, worker->policy,
					    job->target.internal };

	if (answer_judge(&terms, data, size, &job->query, &asked, &answer) < 0) {
		job_try(worker, job);
		return;
	}
	if (answer.verdict.action >= ACTION_MONITOR)
		worker_log(worker, &job->path, &job->query, &answer.verdict, CHANNEL_ANSWER,
			   answer.by_address ? &answer.address : NULL);
	if (answer.verdict.action == ACTION_BLOCK) {
		deliver_blocked(worker, job, &answer.verdict);
		return;
	}
	counter_add(&worker->options.shared->counters.answered, 1);
	if (!open_pinholes(worker, job, &answer)) {
		deliver(worker, job, data, size);
		return;
	}
	close_socket(worker, job);
	free(job->response);
	job->response = malloc(size);
	if (!job->response) {
		give_up(worker, job);
		return;
	}
	memcpy(job->response, data, size);
	job->response_size = size;
	job->state = JOB_PINHOLES;
	wait_again(worker, job);
}

static void deliver_held(struct worker *worker, struct job *job)
{
	uint8_t *response = job->response;

	job->response = NULL;
	deliver(worker, job, response, job->response_size);
	free(response);
}

void job_pinholed(struct worker *worker, uint32_t id, int result)
{
	struct job *job = job_find(worker, id);

	if (!job || job->state != JOB_PINHOLES)
		return;
	if (result == 0)
		counter_add(&worker->options.shared->counters.pinholes, 1);
	if (--job->pinholes == 0)
		deliver_held(worker, job);
}

void jobs_peer_lost(struct worker *worker)
{
	for (uint32_t i = 0; i < JOBS; i++) {
		struct job *job = &worker->jobs[i];

		if (job->state == JOB_PINHOLES)
			deliver_held(worker, job);
		else if (job->state == JOB_OPENING)
			job_try(worker, job);
	}
}

void jobs_forget_client(struct worker *worker, const struct tcp_client *client)
{
	for (uint32_t i = 0; i < JOBS; i++) {
		if (worker->jobs[i].state == JOB_FREE || worker->jobs[i].client != client)
			continue;
		worker->jobs[i].client = NULL;
		job_end(worker, &worker->jobs[i]);
	}
}

/* ---- one try ---- */

static const struct endpoint *server_of(const struct job *job)
{
	return &job->target.server[(job->tries - 1) % job->target.servers];
}

static int open_socket(const struct job *job)
{
	const struct endpoint *server = server_of(job);
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&server->addr, server->port, &address);
	int type = job->client ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* A connected socket: sends what fits at once and waits for the rest. */
static int begin(struct worker *worker, struct job *job, int fd)
{
	int error;

	job->watch = (struct watch){ fd, job_ready, job };
	job->state = job->client ? JOB_SENDING : JOB_ASKING;
	error = loop_add(&worker->loop, &job->watch, job->client ? EPOLLOUT : EPOLLIN);
	if (error) {
		close(fd);
		job->watch.fd = -1;
		return error;
	}
	if (!job->client && send(fd, job->packet + 2, job->size, MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static int ask_for_socket(struct worker *worker, struct job *job)
{
	const struct endpoint *server = server_of(job);
	const struct connect_request request = {
		.id = job_id(worker, job), .client = job->path.client, .server = server->addr,
		.port = server->port, .protocol = job->path.protocol,
	};

	if (worker->peer.fd < 0)
		return -ENOTCONN;
	job->state = JOB_OPENING;
	return message_send_connect(worker->peer.fd, &request);
}

/* The next try; after the last one the client gets SERVFAIL. */
static void job_try(struct worker *worker, struct job *job)
{
	const unsigned int most = settings_tries(job->target.servers);

	for (;;) {
		int fd, error;

		close_socket(worker, job);
		free(job->response);
		job->response = NULL;
		if (job->tries >= most || job->target.servers == 0) {
			give_up(worker, job);
			return;
		}
		/* The upstream that was silent goes to the end of the line for the next query. */
		if (job->tries == 1 && !job->target.internal && job->target.servers > 1 &&
		    addr_compare(&job->target.server[0].addr,
				 &worker->settings->upstream[worker->preferred].addr) == 0)
			worker->preferred = (worker->preferred + 1) % worker->settings->upstreams;
		job->tries++;
		job->done = 0;
		job->id = worker_random16(worker);
		wire_put16(job->packet + 2, job->id);
		wait_again(worker, job);
		if (job->target.transparent) {
			if (ask_for_socket(worker, job) == 0)
				return;
			continue;
		}
		fd = open_socket(job);
		error = fd < 0 ? fd : begin(worker, job, fd);
		if (!error)
			return;
	}
}

void job_connected(struct worker *worker, uint32_t id, int result, int fd)
{
	struct job *job = job_find(worker, id);

	if (!job || job->state != JOB_OPENING) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (result != 0 || fd < 0 || begin(worker, job, fd) < 0)
		job_try(worker, job);
}

/* ---- the upstream speaks ---- */

static void read_udp(struct worker *worker, struct job *job)
{
	uint8_t data[WIRE_TCP_MAX];
	ssize_t got = recv(job->watch.fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0) {
		/* ECONNREFUSED and other ICMP errors: no need to wait for the time-out. */
		if (errno != EAGAIN && errno != EINTR)
			job_try(worker, job);
		return;
	}
	/* Something else that found the port: the real answer may still come (RFC 5452, 9.1). */
	if (!wire_matches(data, (size_t)got, job->id, &job->query))
		return;
	judge(worker, job, data, (size_t)got);
}

static void write_tcp(struct worker *worker, struct job *job)
{
	size_t total = job->size + 2;
	ssize_t sent = send(job->watch.fd, job->packet + job->done, total - job->done,
			    MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			job_try(worker, job);
		return;
	}
	job->done += (size_t)sent;
	if (job->done < total)
		return;
	job->done = 0;
	job->state = JOB_ASKING;
	loop_change(&worker->loop, &job->watch, EPOLLIN);
}

static void read_tcp(struct worker *worker, struct job *job)
{
	uint8_t *response;
	size_t want;
	ssize_t got;

	if (!job->response) {
		job->response = malloc(2 + WIRE_TCP_MAX);
		if (!job->response) {
			give_up(worker, job);
			return;
		}
	}
	want = job->done < 2 ? 2 : 2U + wire_get16(job->response);
	got = recv(job->watch.fd, job->response + job->done, want - job->done, MSG_DONTWAIT);
	if (got <= 0) {
		if (got == 0 || (errno != EAGAIN && errno != EINTR))
			job_try(worker, job);
		return;
	}
	job->done += (size_t)got;
	if (job->done < 2 || job->done < 2U + wire_get16(job->response))
		return;
	if (!wire_matches(job->response + 2, job->done - 2, job->id, &job->query)) {
		job_try(worker, job);
		return;
	}
	response = job->response;
	job->response = NULL;
	judge(worker, job, response + 2, job->done - 2);
	free(response);
}

static void job_ready(struct watch *watch, uint32_t events)
{
	struct job *job = watch->context;
	struct worker *worker = job->worker;

	(void)events;
	if (!job->client)
		read_udp(worker, job);
	else if (job->state == JOB_SENDING)
		write_tcp(worker, job);
	else
		read_tcp(worker, job);
}

/* An answer in hand goes out even when its pinhole is late. */
static void job_overdue(struct worker *worker, struct job *job,
			void (*otherwise)(struct worker *worker, struct job *job))
{
	if (job->state == JOB_PINHOLES)
		deliver_held(worker, job);
	else
		otherwise(worker, job);
}

void jobs_expire(struct worker *worker)
{
	while (worker->waiting.first && worker->waiting.first->deadline <= worker->now)
		job_overdue(worker, job_of(worker->waiting.first), job_try);
}

/* ---- taking one on ---- */

/* A copy of the query with the length that TCP wants in front, and an EDNS size that fits paths. */
static bool copy_packet(struct job *job, const uint8_t *data, size_t size)
{
	job->packet = malloc(size + 2);
	if (!job->packet)
		return false;
	wire_put16(job->packet, (uint16_t)size);
	memcpy(job->packet + 2, data, size);
	job->size = size;
	if (job->query.opt && !job->target.internal && job->query.udp_size > WIRE_EDNS_SIZE)
		wire_put16(job->packet + 2 + job->query.opt + 3, WIRE_EDNS_SIZE);
	return true;
}

void job_start(struct worker *worker, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target, int udp,
	       struct tcp_client *client)
{
	struct job *job;

	/* Full of queries that nobody answers: the one that waits longest makes room. */
	if (worker->free_count == 0)
		job_overdue(worker, job_of(worker->waiting.first), give_up);
	job = &worker->jobs[worker->free_jobs[--worker->free_count]];
	*job = (struct job){ .worker = worker, .generation = job->generation + 1,
			     .state = JOB_OPENING, .watch.fd = -1, .path = *path,
			     .query = *query, .udp = udp, .client = client, .target = *target };
	chain_append(&worker->waiting, &job->link, worker->now);
	if (ENABLED(CONFIG_DNS_TCP) && client)
		tcp_hold(client);
	if (!copy_packet(job, data, size)) {
		counter_add(&worker->options.shared->counters.dropped, 1);
		job_end(worker, job);
		return;
	}
	counter_add(&worker->options.shared->counters.forwarded, 1);
	job_try(worker, job);
}
