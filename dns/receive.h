/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/job.h"
#include "dns/sinkhole.h"

/*
 * Handles one message of a client, over either transport. It is counted and logged, and then
 * dropped, answered or forwarded. Answered: *reply_size bytes in reply, which may be data, with the
 * room that sinkhole.h demands. Forwarded: to *target (job_start); *query says what it asks and how
 * long a reply may be.
 */
enum sinkhole_step receive_query(struct jobs *jobs, const struct path *path, const uint8_t *data,
				 size_t size, uint8_t *reply, size_t *reply_size,
				 struct query *query, struct target *target)
	__attribute__((warn_unused_result));
