/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* The notice of the policy that an event met (NOTICE_POLICY). */
struct policy_notice {
	uint64_t sequence;
	int64_t wall_ms;
	char boot[9];		/* the first digits of its boot id */
	char actor[200];	/* ipc/actor.h */
	json_t *members;	/* the caller's */
};

/*
 * Finds it for an event with this number and state: the newest before the event with that state, or
 * else the first behind it, since a policy may block before its notice is stored. The day of the
 * event answers alone, unless it began with another policy. 0; -ENOENT: there is none; other
 * -errno: the folder cannot be read.
 */
int policies_find(const char *folder, uint64_t sequence, uint32_t state,
		  struct policy_notice *notice) __attribute__((warn_unused_result));
