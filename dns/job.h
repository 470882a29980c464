/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/chain.h"
#include "dns/try.h"

/*
 * Queries under way: which server to ask, until when, and what the client gets. There are two
 * time-outs. After the first, another server is asked, while earlier ones may still answer; after
 * the second the query fails. Places are shared fairly among clients (share.h).
 */
enum {
	JOBS = 2048,		/* under way at once */
	JOB_SOCKETS = JOBS + CORE_EXTRA_SOCKETS
};

/* Where the reply goes, over whatever transport. */
struct asker {
	const struct asker_hooks {
		/* Called exactly once, unless the asker is forgotten or the query dropped. */
		void (*reply)(void *context, const struct path *path, const uint8_t *data,
			      size_t size);
		/* A query of the asker begins or ends; may be NULL. */
		void (*hold)(void *context);
		void (*release)(void *context);
	} *hooks;
	void *context;
};

enum job_state {
	JOB_FREE,
	JOB_ASKING,
	JOB_HELD	/* has the reply; the rules role opens what it needs */
};

struct jobs;

struct job {
	struct forward forward;	/* first */
	struct jobs *jobs;
	struct link link;	/* jobs->waiting */
	struct link same;	/* jobs->by_client */
	enum job_state state;
	uint32_t generation;	/* distinguishes it from earlier jobs in this place */
	struct asker asker;
	uint8_t asked[SETTINGS_UPSTREAMS];	/* how often, or SERVERS_DONE */
	bool erred[SETTINGS_UPSTREAMS];
	int64_t began;
	int64_t due;		/* another server is asked */
	enum trouble trouble;
	uint8_t *reply;		/* HELD: the reply to send; else the last error, or NULL */
	size_t reply_size;
	size_t pinholes;	/* not yet acknowledged */
};

struct jobs {
	struct core *core;
	struct job *table;
	uint32_t *free;
	size_t free_count;
	struct chain waiting;
	struct chain by_client[CORE_SERVERS];	/* by address, oldest first */
	struct share places;
};

/* 0 or -ENOMEM; what was made is kept: a role that cannot start ends. */
int jobs_init(struct jobs *jobs, struct core *core) __attribute__((warn_unused_result));
/* Takes the query on. */
void job_start(struct jobs *jobs, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target,
	       const struct asker *asker);

/* Acts on expired deadlines. */
void jobs_expire(struct jobs *jobs);
/* Ends the queries of this asker, a client with that address, without calling its hooks. */
void jobs_forget(struct jobs *jobs, const void *asker, const struct addr *client);

/* Answers of the rules role, by the id of the request. */
void job_pinholed(struct jobs *jobs, uint32_t id, int result);
void job_connected(struct jobs *jobs, uint32_t id, int result, int fd);
/* The rules role is gone: its pending requests will not be answered. */
void jobs_peer_lost(struct jobs *jobs);

/* Is that server being asked this very question now? */
bool jobs_ask(const struct jobs *jobs, const struct query *query, const struct addr *server);
