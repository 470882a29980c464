/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "appliance/ipc/shared.h"
#include "appliance/settings/settings.h"
#include "dns/cookie.h"
#include "rules/policy/policy.h"

/*
 * One thread of the dns role, with its own sockets (SO_REUSEPORT spreads the clients) and its own
 * table of queries under way. Workers share only the policy, which is immutable: a new one is
 * passed on, and the old one is released when every worker has finished with it.
 */
enum {
	WORKER_LISTENERS = 2 * SETTINGS_UPSTREAMS,	/* CORE_LISTENERS */
	WORKER_FILES = 3456	/* descriptors that it may have open at once */
};

struct worker_options {
	const struct settings *settings;	/* outlives the worker */
	int udp[WORKER_LISTENERS];	/* bound sockets, the caller's */
	unsigned int udps;
	int tcp[WORKER_LISTENERS];	/* listening sockets, the caller's */
	unsigned int tcps;
	struct worker_shared *shared;	/* counters and event ring */
	int wake;			/* eventfd of the journal; -1: no block log */
	const struct cookie_secrets *secrets;	/* of all workers; outlives them */
};

struct worker;

/* 0 or -errno; what was made is kept: a role that cannot start ends. policy: as worker_policy. */
int worker_new(struct worker **worker, const struct worker_options *options,
	       const struct policy *policy) __attribute__((warn_unused_result));

/* Runs the event loop; does not return. */
void worker_run(struct worker *worker);

/* ---- from the role's main thread ---- */

/*
 * The worker uses this policy from its next batch on; the policy must stay in place until
 * worker_settled.
 */
void worker_policy(struct worker *worker, const struct policy *policy);
/* Has the worker released every policy but the newest? */
bool worker_settled(const struct worker *worker);
/* Asks whether the worker is alive; worker_answered is true once it has responded. */
void worker_ask(struct worker *worker);
bool worker_answered(const struct worker *worker);
/* Replaces its connection to the rules role; the worker closes the descriptor. */
void worker_peer(struct worker *worker, int fd);
