/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/evidence/mac.h"
#include "appliance/journal/entry.h"
#include "rules/policy/addr.h"

/*
 * Which entries a question is about. All conditions must hold; none: every entry. Conditions on a
 * verdict (all but the times and the notice) exclude notices.
 *
 *	since, until	a time: RFC 3339 (without a zone: UTC), "2026-11-28" (its beginning), or a
 *			duration before now ("90m", "24h", "30d"); since is included, until is not
 *	host		an address, a network, or a link-layer address
 *	category	"update"
 *	rule		a rule id or the beginning of one, up to a colon: "kaspersky",
 *			"kaspersky:update"
 *	action		"block", "monitor", "allow"
 *	channel		"dns", "packet"; presence ("seen-dns", "seen-link") only if asked for
 *	name		a domain name: it and everything below it
 *	notice		a kind of notice (journal/notice.h), "mode"; excludes events
 *	group		the group that the client was in, or "-": in none. No client is in one yet
 */
struct filter {
	bool has_since, has_until, has_mac, has_network, has_category, has_action, has_channel,
	     has_name;
	int64_t since_ms, until_ms;
	struct prefix network;
	uint8_t mac[MAC_SIZE];
	enum category category;
	enum action action;
	enum event_channel channel;
	struct name name;
	const char *rule;	/* NULL: any; the caller's, as is notice */
	const char *notice;
	const char *group;
};

enum filter_key {
	FILTER_SINCE, FILTER_UNTIL, FILTER_HOST, FILTER_CATEGORY, FILTER_RULE, FILTER_ACTION,
	FILTER_CHANNEL, FILTER_NAME, FILTER_NOTICE, FILTER_GROUP, FILTER_KEYS
};
const char *filter_key_print(enum filter_key key);	/* "since" */

/* Adds a condition; a second one of a key replaces the first. now_ms: wall time. 0, or -EINVAL with
 * *expected: what the value should be, for a person. */
int filter_set(struct filter *filter, enum filter_key key, const char *value, int64_t now_ms,
	       const char **expected) __attribute__((warn_unused_result));

/* Is there no time between since and until? Then nothing matches. */
bool filter_is_empty_time(const struct filter *filter);

/* rule: what the event refers to, or NULL. */
bool filter_matches(const struct filter *filter, const struct log_entry *entry,
		    const struct entry_rule *rule);
