/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/ipc/guard.h"
#include "appliance/ipc/message.h"

/* What the rules role told last, and what others changed since this daemon began. */
struct guarded {
	bool known;
	struct guard_report report;
	uint64_t changes;
	uint64_t unseen;	/* since an administrator confirmed having seen them */
	int64_t when;		/* of the last, seconds since 1970; 0: none */
	char what[GUARD_TEXT];
};

/* A MESSAGE_GUARD; -EBADMSG: the role sends nonsense. */
int guarded_heard(struct guarded *guarded, const struct message *message)
	__attribute__((warn_unused_result));
/* by: who has seen what others changed. */
void guarded_seen(struct guarded *guarded, const char *by);
/* For the status; the caller's. null until the rules role has told something. */
json_t *guarded_json(const struct guarded *guarded);
