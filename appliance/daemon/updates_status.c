/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/updates_status.h"

#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/clock.h"
#include "appliance/base/hex.h"
#include "appliance/daemon/own.h"
#include "rules/signed/freshness.h"
#include "rules/signed/metadata.h"

/* What `cordon status` and `cordon update status` show of signed updates. */

static void put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value ? value : json_null());
}

static void put_time(json_t *object, const char *key, int64_t seconds)
{
	char text[32] = "";

	if (seconds)
		metadata_time_print(seconds, text);
	put(object, key, seconds ? json_string(text) : json_null());
}

static void put_release(json_t *object, const struct updates *updates)
{
	const struct bundle_info *running = &updates->running;
	json_t *signers = json_array();
	char digest[65] = "";

	hex_print(running->digest, sizeof(running->digest), digest);
	for (size_t i = 0; i < running->signers; i++)
		(void)json_array_append_new(signers, json_string(running->signer[i]));
	put(object, "release", json_integer(running->release));
	put(object, "digest", running->release ? json_string(digest) : json_null());
	put(object, "signers", signers);
	put_time(object, "published", running->published);
	put_time(object, "since", running->release ? updates->since : 0);
	put(object, "age", running->release
				   ? json_integer(updates_now(updates) - running->published)
				   : json_null());
	put(object, "root_version", json_integer(running->root_version));
}

/* How much later than now the newest timestamp says that it was signed, and whose word that is. */
static void put_claim(json_t *object, const struct updates *updates)
{
	const struct bundle_info *newest = &updates->newest;
	bool ahead = updates_freshness(updates) == FRESHNESS_AHEAD;

	put_time(object, "signed_at", newest->signed_at);
	put(object, "ahead", ahead ? json_integer(newest->signed_at - updates_now(updates))
				   : json_null());
	put(object, "timestamp_key", newest->online[0] ? json_string(newest->online) : json_null());
	put(object, "timestamp_name", newest->owner[0] ? json_string(newest->owner) : json_null());
	put_time(object, "expires", newest->expires);
}

static void put_clock(json_t *object, const struct updates *updates)
{
	const struct freshness *freshness = &updates->freshness;

	put_time(object, "now", updates_now(updates));
	put(object, "clock", json_string(updates_clock_set(updates) ? "set" : "floor"));
	put(object, "ntp", json_boolean(updates_clock_by_ntp(updates)));
	put_time(object, "floor", freshness_floor(freshness, clock_uptime_ms()));
	put_time(object, "floor_people", freshness_people(freshness, clock_uptime_ms()));
}

static void put_contact(json_t *object, const struct updates *updates)
{
	const struct attempt *attempt = &updates->attempt;
	bool failed = updates->attempt_at && attempt->result == ATTEMPT_FAILED;

	put_time(object, "looked_at", updates->attempt_at);
	put_time(object, "contact_at", updates->contact_at);
	put(object, "source", json_string(attempt->source));
	put(object, "requests", json_integer(attempt->requests));
	put(object, "failure", failed ? json_string(attempt->text) : json_null());
}

static void put_waiting(json_t *object, const struct updates *updates)
{
	put(object, "held", json_boolean(updates->held));
	if (updates->held) {
		put(object, "held_by", json_string(updates->held_by));
		put(object, "held_reason", json_string(updates->held_reason));
	}
	put(object, "waiting", updates->waiting ? json_integer(updates->waiting) : json_null());
	if (updates->waiting)
		put_time(object, "waiting_until",
			 updates->waiting_until == INT64_MAX ? 0 : updates->waiting_until);
}

static void put_certificate(json_t *object, const struct updates *updates)
{
	char *certificate = updates->daemon->settings.collector.host[0] ?
				    own_certificate(updates->daemon) :
				    NULL;

	put(object, "certificate", certificate ? json_string(certificate) : json_null());
	free(certificate);
}

json_t *updates_status(const struct updates *updates)
{
	json_t *object = json_object();

	put(object, "on", json_boolean(updates->on));
	if (!updates->on) {
		put(object, "why", json_string(updates->off));
		put(object, "configured", json_boolean(updates->daemon->settings.trust_root[0]));
		return object;
	}
	put(object, "freshness", json_string(freshness_print(updates_freshness(updates))));
	put_release(object, updates);
	put_claim(object, updates);
	put_clock(object, updates);
	put(object, "ring", json_string(updates->daemon->settings.ring));
	put_waiting(object, updates);
	put_time(object, "refused_at", updates->refused_at);
	put(object, "refusal", updates->refused_at ? json_string(updates->refusal) : json_null());
	put_contact(object, updates);
	put(object, "device_key", json_string(updates->key->id));
	put(object, "appliance", json_string(updates->daemon->identity));
	put_certificate(object, updates);
	put(object, "receipt", updates->delivered[0] ? json_string(updates->delivered)
						     : json_null());
	return object;
}
