/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <assert.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "dns/answer.h"
#include "dns/sinkhole.h"
#include "dns/worker.h"
#include "ipc/event.h"

/* What the files of one worker share: udp.c, tcp.c, job.c, worker.c. */

enum {
	BATCH = 64,		/* datagrams a system call */
	JOBS = 2048,		/* queries under way, a worker */
	TCP_CLIENTS = 128,	/* a worker */
	TCP_PIPES = 4,		/* internal servers a client talks to over one connection */
	TCP_IDLE_MS = 10000,	/* RFC 7766, 6.2.3 */
	TCP_QUEUE = 256 * 1024,	/* bytes waiting for one side before the other is not read */
	CONTROL_SIZE = 64	/* one IP_PKTINFO or IPV6_PKTINFO */
};
static_assert(JOBS + TCP_CLIENTS * (1 + TCP_PIPES) + WORKER_LISTENERS + 16 <= WORKER_FILES,
	      "descriptors of a worker");

/* Who asked, and whom. */
struct path {
	struct sockaddr_storage peer;	/* UDP: where the reply goes */
	socklen_t peer_size;
	struct addr client;
	uint16_t client_port;
	struct addr asked;	/* the address that the client sent its query to */
	uint32_t interface;
	uint8_t protocol;	/* IPPROTO_UDP or IPPROTO_TCP */
};

/* Where a query goes on to. */
struct target {
	struct endpoint server[SETTINGS_UPSTREAMS];
	size_t servers;
	bool internal;		/* the agency's own: relayed untouched */
	bool transparent;	/* from the client's own address */
};

struct listener {
	struct watch watch;
	struct worker *worker;
};

/* A chain of jobs or clients in the order of their deadlines. */
struct chain {
	struct link *first, *last;
};
struct link {
	struct link *previous, *next;
	int64_t deadline;	/* ms, clock_uptime_ms */
};

struct worker {
	struct worker_options options;
	const struct settings *settings;
	struct loop loop;
	const struct policy *policy;	/* what this batch uses */
	uint32_t state;			/* first four bytes of its digest */
	_Atomic(const struct policy *) newest;
	_Atomic(const struct policy *) settled;
	_Atomic uint32_t asked, answered;	/* is it alive? */
	struct watch mail;		/* eventfd: newest, peer or asked changed */
	pthread_mutex_t lock;		/* for new_peer */
	int new_peer;			/* -1: none */
	struct watch peer;		/* rules; fd -1 while it is away */
	int64_t now;			/* uptime in ms, once a round */
	int64_t wall;			/* ms */
	bool logged;			/* events were written since the journal was last woken */
	struct listener udp[WORKER_LISTENERS];
	struct listener tcp[WORKER_LISTENERS];
	struct udp_batch *batch;
	struct job *jobs;
	uint32_t *free_jobs;
	size_t free_count;
	struct chain waiting;		/* jobs */
	size_t preferred;		/* index of the upstream that answered last */
	struct chain clients;		/* TCP */
	size_t client_count;
	uint8_t random[256];
	size_t random_left;
};

void chain_append(struct chain *chain, struct link *link, int64_t deadline);
void chain_remove(struct chain *chain, struct link *link);

/* ---- worker.c ---- */
uint16_t worker_random16(struct worker *worker);
void worker_log(struct worker *worker, const struct path *path, const struct query *query,
		const struct verdict *verdict, enum event_channel channel,
		const struct addr *address);
/*
 * What becomes of one message of a client's, over either transport: counted, logged, and either
 * dropped, answered (*reply_size bytes in reply, which may be data, with the room that sinkhole.h
 * asks for), or to be forwarded to *target: *query says what it asks and how long a reply may be.
 */
enum sinkhole_step worker_take(struct worker *worker, const struct path *path,
			       const uint8_t *data, size_t size, uint8_t *reply,
			       size_t *reply_size, struct query *query, struct target *target)
	__attribute__((warn_unused_result));

/* ---- udp.c ---- */
int udp_init(struct worker *worker);
void udp_ready(struct watch *watch, uint32_t events);
/* One reply that was not ready with its batch. */
void udp_reply(int fd, const struct path *path, const uint8_t *data, size_t size);

/* ---- job.c: one query under way ---- */
int jobs_init(struct worker *worker);
struct tcp_client;
/* Takes the query on: exactly one reply follows, or none when the client is gone or it is dropped.
 * udp: the listener to answer through, or -1; client: the TCP connection, or NULL. */
void job_start(struct worker *worker, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target, int udp,
	       struct tcp_client *client);
void jobs_expire(struct worker *worker);
void jobs_forget_client(struct worker *worker, const struct tcp_client *client);
void job_pinholed(struct worker *worker, uint32_t id, int result);
void job_connected(struct worker *worker, uint32_t id, int result, int fd);
/* The rules role went away: nobody will answer what was asked of it. */
void jobs_peer_lost(struct worker *worker);

/* ---- tcp.c ---- */
void tcp_accept_ready(struct watch *watch, uint32_t events);
/* Queues one message for the client; the connection ends when too much waits. */
void tcp_reply(struct tcp_client *client, const uint8_t *data, size_t size);
/* A job of this client's begins and ends: a client that asks no more stays until the last. */
void tcp_hold(struct tcp_client *client);
void tcp_release(struct tcp_client *client);
void tcp_expire(struct worker *worker);
void tcp_connected(struct worker *worker, uint32_t id, int result, int fd);
void tcp_peer_lost(struct worker *worker);
