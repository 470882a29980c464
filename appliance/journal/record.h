/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/ipc/control.h"
#include "appliance/ipc/event.h"
#include "appliance/journal/losses.h"
#include "rules/policy/policy.h"

/*
 * One event and its context as one line of JSON. Every line has every key, in this order; null
 * means not applicable or unknown:
 *
 *	time boot_id uptime appliance state client mac interface client_port forwarder resolver
 *	qtype protocol port name address rule category action would channel direction count
 *
 * time is RFC 3339 in UTC with milliseconds, uptime is in seconds with milliseconds. state is the
 * eight digits of the policy's id; protocol is "tcp", "udp", "icmp" or a number. would is the
 * action without monitor mode, null if it is the same. direction is for packets: "out" from the
 * client or "in" to it. Names are printed as in master files, so no byte that a client sent reaches
 * a reader raw.
 */
struct record_context {
	const char *appliance;
	const char *boot_id;
	const char *interface;		/* NULL: unknown */
	const uint8_t *mac;		/* six bytes; NULL: unknown */
	bool forwarder;			/* the client speaks for others */
	const struct policy_rule *rule;	/* NULL: unknown */
};

/* Call it while files may still be opened: jansson reads its seed from one. */
void record_prepare(void);

/* *line has no newline; the caller frees it. 0 or -ENOMEM. */
int record_print(const struct event *event, const struct record_context *context, char **line)
	__attribute__((warn_unused_result));

/*
 * The line that reports events which could not be kept: time boot_id uptime appliance lost kernel
 * rings journal disk; lost is the sum of the following (journal/losses.h).
 */
int record_print_lost(int64_t wall_ms, int64_t uptime_ms, const struct record_context *context,
		      const uint64_t lost[LOSS_COUNT], char **line)
	__attribute__((warn_unused_result));

/*
 * The line for a change of mode: time boot_id uptime appliance mode until categories reason by;
 * until and categories are null if they do not apply.
 */
int record_print_mode(int64_t wall_ms, int64_t uptime_ms, const struct record_context *context,
		      const struct mode_record *mode, char **line)
	__attribute__((warn_unused_result));
