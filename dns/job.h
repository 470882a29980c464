/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/chain.h"
#include "dns/try.h"

/*
 * Queries under way: whom to ask, until when, and what the client gets. Two time-outs: after the
 * first another server is asked, while those asked before are still heard; after the second nobody
 * is. Places are shared fairly among clients (share.h).
 */
enum {
	JOBS = 2048,		/* under way at once */
	JOB_SOCKETS = JOBS + CORE_EXTRA_SOCKETS
};

/* Who waits for the reply, over whatever transport. */
struct asker {
	const struct asker_hooks {
		/* Exactly one reply, unless the asker is forgotten or the query dropped. */
		void (*reply)(void *context, const struct path *path, const uint8_t *data,
			      size_t size);
		/* A query of the asker's begins, and ends; NULL: it does not care. */
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
	uint32_t generation;	/* told apart from earlier jobs in this place */
	struct asker asker;
	uint8_t asked[SETTINGS_UPSTREAMS];	/* how often, or SERVERS_DONE */
	bool erred[SETTINGS_UPSTREAMS];
	int64_t began;
	int64_t due;		/* another server is asked */
	enum trouble trouble;
	uint8_t *reply;		/* HELD: what goes out; else the last error, or NULL */
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

/* 0 or -ENOMEM; what was made stays: a role that cannot start ends. */
int jobs_init(struct jobs *jobs, struct core *core) __attribute__((warn_unused_result));
/* Takes the query on. */
void job_start(struct jobs *jobs, const struct path *path, const struct query *query,
	       const uint8_t *data, size_t size, const struct target *target,
	       const struct asker *asker);

/* Acts on the deadlines that have come. */
void jobs_expire(struct jobs *jobs);
/* Ends what this asker, a client with that address, waits for; its hooks are not called. */
void jobs_forget(struct jobs *jobs, const void *asker, const struct addr *client);

/* Answers of the rules role, by the id that it was asked with. */
void job_pinholed(struct jobs *jobs, uint32_t id, int result);
void job_connected(struct jobs *jobs, uint32_t id, int result, int fd);
/* The rules role went away: nothing that was asked of it will be answered. */
void jobs_peer_lost(struct jobs *jobs);

/* Is this very question asked of that server at the moment? */
bool jobs_ask(const struct jobs *jobs, const struct query *query, const struct addr *server);
