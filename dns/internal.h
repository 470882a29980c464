/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <assert.h>
#include <pthread.h>
#include <sys/socket.h>

#include "appliance/base/loop.h"
#include "appliance/ipc/event.h"
#include "dns/answer.h"
#include "dns/hop.h"
#include "dns/servers.h"
#include "dns/share.h"
#include "dns/sinkhole.h"
#include "dns/worker.h"

/* What the files of one worker share: udp.c, tcp.c, job.c, try.c, worker.c. */

enum {
	BATCH = 64,		/* datagrams a system call */
	JOBS = 2048,		/* queries under way, a worker */
	JOB_TRIES = 4,		/* sockets of one query's: late answers count */
	JOB_EXTRAS = 640,	/* of those, beyond the first of each query */
	JOB_BYTES = 4 << 20,	/* of answers and messages that queries under way hold */
	JOB_CLIENTS = 256,	/* chains of them */
	TCP_CLIENTS = 128,	/* a worker */
	TCP_PIPES = 4,		/* internal servers a client talks to over one connection */
	TCP_IDLE_MS = 10000,	/* RFC 7766, 6.2.3 */
	TCP_CONNECT_MS = 2000,	/* then another server is tried */
	TCP_QUEUE = 128 * 1024,	/* bytes waiting for one side before the other is not read */
	TCP_BYTES = 2 << 20,	/* of all buffers together */
	CONTROL_SIZE = 64	/* one IP_PKTINFO or IPV6_PKTINFO */
};
static_assert(JOBS + JOB_EXTRAS + TCP_CLIENTS * (1 + TCP_PIPES) + WORKER_LISTENERS + 16 <=
	      WORKER_FILES, "descriptors of a worker");

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
	bool internal;		/* the agency's own servers */
	bool open;		/* the upstreams; neither: the server that an internal one asked */
	bool untouched;		/* the message is between client and server: no byte changes */
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
	struct chain by_client[JOB_CLIENTS];	/* jobs, by client, oldest first */
	struct share job_share;		/* places in jobs */
	struct share extra_share;	/* JOB_EXTRAS */
	struct share byte_share;	/* JOB_BYTES */
	uint16_t asked_of[JOB_CLIENTS];	/* sockets of jobs, by their servers' addresses */
	struct servers servers;
	struct chain clients;		/* TCP */
	struct chain connecting;	/* pipes of theirs */
	struct share connections;
	struct share bytes;		/* of their buffers */
	uint8_t random[256];
	size_t random_left;
};

void chain_append(struct chain *chain, struct link *link, int64_t deadline);
void chain_remove(struct chain *chain, struct link *link);

/* ---- worker.c ---- */
void worker_random(struct worker *worker, void *bytes, size_t size);	/* at most 256 */
/* A small number for an address. */
size_t worker_hash(const struct addr *addr);
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
struct tcp_client;

enum job_state {
	JOB_FREE,
	JOB_ASKING,
	JOB_HELD	/* has the reply; the rules role opens what it needs */
};

/* Why nobody had an answer; a greater one is told rather than a smaller one. */
enum job_trouble { TROUBLE_UNREACHABLE, TROUBLE_NETWORK, TROUBLE_UNJUDGED };

enum try_state {
	TRY_FREE,
	TRY_OPENING,	/* the rules role makes the socket (from the client's own address) */
	TRY_CONNECTING,	/* TCP */
	TRY_ASKED
};

/* A socket of its own for each, so that both port and id are new (RFC 5452); it is connected, so
 * that nobody but that server is heard. */
struct try {
	struct watch watch;	/* fd -1: none */
	struct job *job;
	enum try_state state;
	size_t server;		/* index in the target */
	bool tcp;
	bool extra;		/* holds one of extra_share */
	bool silent;		/* that was noted already */
	struct hop hop;
	int64_t began;
	uint8_t *message;	/* TCP: what came so far, length first */
	size_t room, done;	/* bytes of message */
};

/* How one server of the target's is asked in this matter; each is set once. */
struct manner {
	bool plain;		/* without EDNS */
	bool refused;		/* EDNS was, rather than silence */
	bool cut;		/* its answer over UDP had TC */
	bool no_tcp;		/* TCP failed */
	bool large;		/* over UDP with the largest size, since TCP failed */
	uint8_t bad_cookies;
};

struct job {
	struct worker *worker;
	struct link link;	/* worker->waiting */
	struct link same;	/* worker->by_client */
	enum job_state state;
	uint32_t generation;	/* told apart from earlier jobs in this place */
	struct path path;
	struct query query;
	int udp;		/* listener to answer through, -1: client */
	struct tcp_client *client;
	struct target target;
	uint8_t asked[SETTINGS_UPSTREAMS];	/* how often, or SERVERS_DONE */
	bool erred[SETTINGS_UPSTREAMS];
	struct manner manner[SETTINGS_UPSTREAMS];
	struct try try[JOB_TRIES];
	int64_t began;
	int64_t due;		/* another server is asked */
	unsigned int rounds;	/* through all servers */
	enum job_trouble trouble;
	uint8_t question[NAME_WIRE_MAX + 4];	/* as the client wrote it */
	uint8_t *message;	/* the whole of it when it goes untouched */
	size_t message_size;
	uint8_t *reply;		/* HELD: what goes out; else the last error, or NULL */
	size_t reply_size;
	size_t pinholes;	/* not yet acknowledged */
};

int jobs_init(struct worker *worker);
/* Takes the query on: exactly one reply follows, or none when the client is gone or it is dropped.
 * udp: the listener to answer through, or -1; client: the TCP connection, or NULL. */
void job_start(struct worker *worker, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target, int udp,
	       struct tcp_client *client);
void jobs_expire(struct worker *worker);
/* Ends the jobs of a connection from that address. */
void jobs_forget_client(struct worker *worker, const struct tcp_client *client,
			const struct addr *address);
void job_pinholed(struct worker *worker, uint32_t id, int result);
void job_connected(struct worker *worker, uint32_t id, int result, int fd);
/* The rules role went away: nobody will answer what was asked of it. */
void jobs_peer_lost(struct worker *worker);
/* Is this very question asked of that server at the moment? */
bool jobs_ask(const struct worker *worker, const struct query *query, const struct addr *server);

/* The id of what the rules role is asked for; try: NULL for the job itself. */
uint32_t job_id(const struct job *job, const struct try *try);

/* Bytes that the job holds, of its client's share; NULL when there are none. */
uint8_t *job_hold(struct job *job, size_t size);
void job_drop(struct job *job, uint8_t *held, size_t size);

/* From try.c: an answer. data has HOP_ROOM behind size. */
void job_answered(struct job *job, size_t server, const struct hop_answer *answer, uint8_t *data,
		  size_t size);
/* The answer to a message that went untouched. */
void job_relay(struct job *job, size_t server, const uint8_t *data, size_t size);
/* The server has no answer: another one is asked. answer: the error to hand out when all say so,
 * with its message, or NULL. */
void job_failed(struct job *job, size_t server, enum job_trouble trouble,
		const struct hop_answer *answer, uint8_t *data, size_t size);

/* ---- try.c: one try of one server ---- */
/* Asks that server of the target's in the manner that fits; 0, or -errno when it cannot. */
int try_start(struct job *job, size_t server);
void try_end(struct try *try);
void try_connected(struct try *try, int result, int fd);
/* The server did not answer in time. True when it is asked in another manner instead. */
bool try_overdue(struct try *try);

/* ---- tcp.c ---- */
int tcp_init(struct worker *worker);
void tcp_accept_ready(struct watch *watch, uint32_t events);
/* Queues one message for the client; the connection ends when too much waits. */
void tcp_reply(struct tcp_client *client, const uint8_t *data, size_t size);
/* A job of this client's begins and ends: a client that asks no more stays until the last. */
void tcp_hold(struct tcp_client *client);
void tcp_release(struct tcp_client *client);
void tcp_expire(struct worker *worker);
void tcp_connected(struct worker *worker, uint32_t id, int result, int fd);
void tcp_peer_lost(struct worker *worker);
