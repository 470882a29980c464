/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/journal/entry.h"
#include "appliance/journal/losses.h"

/*
 * An entry of the log as one line of JSON. Every line begins with
 *
 *	id time boot_id uptime appliance
 *
 * id is the boot id's first eight digits and the sequence number, "3f2a91c4:1042"; time is RFC 3339
 * in UTC with milliseconds, uptime is in seconds with milliseconds. An event has, in this order,
 * null where it does not apply or is unknown:
 *
 *	state client mac interface client_port forwarder group exception resolver qtype protocol
 *	port name address rule category action would channel direction count last coarse
 *
 * If coarse is true, details were too many and are missing (aggregate.h). client is then a network
 * ("192.0.2.0/24") if even the clients were too many.
 *
 * state is the eight digits of the policy's id; protocol is "tcp", "udp", "icmp" or a number. would
 * is the action without monitor mode, null if it is the same. direction is for packets: "out" from
 * the client or "in" to it. last is the time of the last of count events, if it was stored. Names
 * are printed as in master files, so no byte that a client sent reaches a reader raw.
 *
 * A notice has notice (its kind), actor, and its own members.
 */
struct record_context {
	const char *appliance;
	const char *boot_id;
	const struct entry_rule *rule;	/* NULL: unknown */
};

enum { RECORD_ID = 40 };
/* "3f2a91c4:1042"; returns buffer. */
char *record_id(const char *boot_id, uint64_t sequence, char buffer[RECORD_ID]);

/*
 * What record_id prints: eight hexadecimal digits, a colon, a number from 1. The whole boot id, as
 * in boot_id, stands for its first eight digits; digits may be upper-case. 0 or -EINVAL.
 */
enum { RECORD_BOOT = 9 };
int record_parse_id(const char *text, char boot[RECORD_BOOT], uint64_t *sequence)
	__attribute__((warn_unused_result));

/* The line as an object, the caller's. */
int record_json(const struct log_entry *entry, const struct record_context *context,
		json_t **object) __attribute__((warn_unused_result));
/* *line has no newline; the caller frees it. 0, -ENOMEM, or -EBADMSG: the notice's members are not
 * JSON. */
int record_print(const struct log_entry *entry, const struct record_context *context, char **line)
	__attribute__((warn_unused_result));
