/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/loop.h"
#include "appliance/daemon/listeners.h"

/*
 * Do the listening sockets still answer? The dns role shares them with the parent, and what a role
 * that was taken over does to them (connect, for one) outlives it. So the parent asks them from
 * outside, as a client would: a message that every worker answers itself with FORMERR, which is
 * neither counted nor logged, over UDP and TCP to each address. And it inspects each socket: is it
 * still bound where it was, connected to nobody, listening?
 */
enum {
	PROBE_ROUND_MS = 5 * 1000,
	PROBE_WAIT_MS = 4 * 1000,
	PROBE_MISSES = 3,	/* in a row, and the listener counts as deaf */
	PROBE_BUSY = 2000,	/* queries in a round: then a lost probe says nothing */
	PROBE_SIZE = 12		/* bytes of the message */
};

struct probe_slot {
	struct watch watch;	/* fd -1: none under way */
	struct loop *loop;
	unsigned int misses;
	uint16_t id;
	bool tcp, sent;
};

struct probes {
	struct loop *loop;
	struct probe_slot slot[WORKER_LISTENERS];
	int64_t round;		/* uptime in ms when the last one began; 0: none yet */
	uint64_t queries;	/* of all workers then */
};

/* ---- pure ---- */

/* The question. */
void probe_ask(uint8_t message[PROBE_SIZE], uint16_t id);
/* Is that its answer? */
bool probe_is_answer(const uint8_t *message, size_t size, uint16_t id);
/* What is wrong with a listening socket that was bound there, in static words; NULL: nothing. */
const char *probe_socket(int fd, const struct endpoint *bound, uint8_t protocol);

/* ---- the parent's ---- */

/* Nothing was asked yet. The loop outlives it. */
void probe_init(struct probes *probe, struct loop *loop);
/* Ends what is under way, and forgets what was missed: the role or its sockets are new. */
void probe_reset(struct probes *probe, int64_t now);
/*
 * Once a round of the loop, while the dns role has a policy. queries: of all workers so far. What
 * is wrong, in static words, with the listener in *slot; NULL: nothing is.
 */
const char *probe_tick(struct probes *probe, const struct listeners *listeners, uint64_t queries,
		       int64_t now, unsigned int *slot);
