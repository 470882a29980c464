/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/job.h"

/*
 * DNS over TCP (RFC 7766): messages preceded by two bytes of length. A query becomes a job.
 * Messages for the agency's servers alone (transfers, updates, signed messages) pass unchanged
 * through a pipe. A client's connection keeps one pipe to each such server, because a transfer is
 * many messages for one query. What a pipe brings is judged all the same.
 *
 * Connections, and the bytes waiting in their buffers, are shared fairly among clients (share.h). A
 * client that demands more than its share loses its own connections.
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

/* Ids of requests by pipes to the rules role have this bit, those of jobs do not. */
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
	     size_t count)
	__attribute__((warn_unused_result));
/* Acts on expired deadlines. */
void tcp_expire(struct tcp *tcp);
/* The rules role's answer to the request with that id. */
void tcp_connected(struct tcp *tcp, uint32_t id, int result, int fd);
/* The rules role is gone: pipes that wait for a socket are told, and ask again. */
void tcp_peer_lost(struct tcp *tcp);
