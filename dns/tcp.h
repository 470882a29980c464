/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/job.h"

/*
 * DNS over TCP (RFC 7766): messages with two bytes of length in front. A query becomes a job. What
 * belongs to the agency's servers alone (transfers, updates, signed messages) goes untouched over a
 * pipe: a client's connection keeps one to each such server, since a transfer is many messages for
 * one query. What a pipe brings is judged all the same.
 *
 * Connections, and the bytes that wait in their buffers, are shared fairly among clients (share.h).
 * A client that asks for more than its share loses its own connections.
 */
enum {
	TCP_CLIENTS = 128,
	TCP_PIPES = 4,		/* internal servers a client talks to over one connection */
	TCP_IDLE_MS = 10000,	/* RFC 7766, 6.2.3 */
	TCP_CONNECT_MS = 2000,	/* then another server is tried */
	TCP_QUEUE = 128 * 1024,	/* bytes waiting for one side before the other is not read */
	TCP_BYTES = 2 << 20,	/* of all buffers together */
	TCP_SOCKETS = TCP_CLIENTS * (1 + TCP_PIPES)
};

/* Ids of what pipes ask of the rules role have this bit, those of jobs do not. */
#define TCP_ID (1U << 31)

struct tcp {
	struct core *core;
	struct jobs *jobs;
	struct watch listener[CORE_LISTENERS];
	struct chain clients;		/* by idle time */
	struct chain connecting;	/* pipes */
	struct share connections;
	struct share bytes;		/* of buffers */
	uint32_t ids;			/* given to pipes so far */
};

/* Listens on sockets, the caller's; at most CORE_LISTENERS. 0 or -errno. */
int tcp_init(struct tcp *tcp, struct core *core, struct jobs *jobs, const int *sockets,
	     size_t count) __attribute__((warn_unused_result));
/* Acts on the deadlines that have come. */
void tcp_expire(struct tcp *tcp);
/* The rules role's answer to a request with that id. */
void tcp_connected(struct tcp *tcp, uint32_t id, int result, int fd);
/* The rules role went away: what waits for a socket is told, and asks again. */
void tcp_peer_lost(struct tcp *tcp);
