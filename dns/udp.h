/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/job.h"

/* DNS over UDP: batches of messages in, replies out, one system call for many. */
enum { UDP_BATCH = 64 };

struct udp_batch;

struct udp {
	struct core *core;
	struct jobs *jobs;
	struct watch listener[CORE_LISTENERS];
	struct udp_batch *batch;
};

/* Listens on bound sockets, the caller's; at most CORE_LISTENERS. 0 or -errno. */
int udp_init(struct udp *udp, struct core *core, struct jobs *jobs, const int *sockets,
	     size_t count)
	__attribute__((warn_unused_result));
