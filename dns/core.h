/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "appliance/base/loop.h"
#include "appliance/ipc/attendance.h"
#include "appliance/ipc/shared.h"
#include "appliance/settings/settings.h"
#include "dns/cookie.h"
#include "dns/servers.h"
#include "dns/share.h"
#include "rules/policy/policy.h"

/*
 * What all files of one worker build on: settings, policy, clocks, event loop, counters, what is
 * known about the servers, and the limited resources that queries under way share. It belongs to
 * one thread, and calls no file above it.
 */
enum {
	CORE_LISTENERS = 2 * SETTINGS_UPSTREAMS,	/* sockets of one protocol */
	CORE_SERVERS = 256,		/* chains by address */
	CORE_EXTRA_SOCKETS = 640,	/* of queries under way, beyond the first of each */
	CORE_BYTES = 4 << 20		/* of answers and messages that queries under way hold */
};

struct core {
	const struct settings *settings;	/* outlives the worker */
	struct worker_shared *shared;		/* counters and event ring */
	const struct cookie_secrets *secrets;	/* of all workers */
	struct loop loop;
	const struct policy *policy;		/* what this batch uses */
	uint32_t state;				/* first four bytes of its digest */
	int64_t now;				/* uptime in ms, read once a round */
	int64_t wall;				/* ms */
	int wake;				/* eventfd of the journal; -1: no block log */
	/* Events were written since the journal was last woken. */
	bool logged;
	int peer;				/* connection to the rules role; -1: none */
	struct servers servers;
	struct share sockets;			/* CORE_EXTRA_SOCKETS, by client */
	struct share bytes;			/* CORE_BYTES, by client */
	uint16_t asked_of[CORE_SERVERS];	/* sockets under way, by the server's address */
	uint8_t random[256];
	size_t random_left;
	struct attendance *attendance;		/* of innocent clients; NULL: no block log */
};

/* Who asked, and whom. */
struct path {
	struct sockaddr_storage peer;	/* UDP: where the reply goes */
	socklen_t peer_size;
	struct addr client;
	uint16_t client_port;
	struct addr asked;	/* the address to which the client sent its query */
	uint32_t interface;
	uint8_t protocol;	/* IPPROTO_UDP or IPPROTO_TCP */
};

/*
 * jobs: how many queries may be under way at once. 0 or -errno; what was made is kept: a role that
 * cannot start ends.
 */
int core_init(struct core *core, size_t jobs) __attribute__((warn_unused_result));
void core_policy(struct core *core, const struct policy *policy);
void core_read_clocks(struct core *core);

/* Unpredictable bytes, at most 256. */
void core_random(struct core *core, void *bytes, size_t size);

/* Maps an address to a number below CORE_SERVERS. */
size_t core_hash(const struct addr *addr);
