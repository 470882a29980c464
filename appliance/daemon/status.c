/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/status.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/config.h"
#include "appliance/base/cursor.h"
#include "appliance/base/hex.h"
#include "appliance/base/version.h"
#include "appliance/daemon/links.h"
#include "appliance/daemon/lost.h"
#include "appliance/daemon/parts.h"
#include "appliance/daemon/updates_status.h"

/* Adds to object; a failed allocation shows as a missing key, and json_dumps copes. */
static void put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value ? value : json_null());
}

static void put_count(json_t *object, const char *key, uint64_t value)
{
	put(object, key, json_integer((json_int_t)value));
}

static void put_time(json_t *object, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT];

	put(object, key, json_string(clock_print(seconds * 1000, text)));
}

static void put_mode(json_t *object, const struct mode_record *mode)
{
	put(object, "mode", json_string(mode_print(mode->mode)));
	if (mode->mode == MODE_ENFORCE)
		return;
	put_time(object, "mode_since", mode->since);
	put_time(object, "mode_until", mode->until);
	put(object, "mode_reason", json_string(mode->reason));
	put(object, "mode_by", json_string(mode->by));
	if (mode->categories) {
		json_t *list = json_array();

		for (int category = 0; category < CATEGORY_COUNT; category++) {
			if (mode->categories & 1U << category)
				(void)json_array_append_new(
					list, json_string(category_print((enum category)category)));
		}
		put(object, "mode_categories", list);
	}
}

static json_t *policy_json(const struct generation *generation)
{
	uint32_t count[CATEGORY_COUNT] = { 0 };
	json_t *object = json_object(), *rules = json_object();
	char digest[2 * POLICY_DIGEST + 1];
	struct policy_rule rule;

	for (uint32_t i = 0; policy_rule(&generation->policy, i, &rule); i++)
		count[rule.category]++;
	for (int category = 0; category < CATEGORY_COUNT; category++) {
		if (count[category])
			put_count(rules, category_print((enum category)category), count[category]);
	}
	hex_print(policy_digest(&generation->policy), POLICY_DIGEST, digest);
	put(object, "version", json_string(policy_versions(&generation->policy)));
	put(object, "digest", json_string(digest));
	put(object, "rules", rules);
	return object;
}

static json_t *dns_json(const struct parent *parent)
{
#define COUNTER(name) { #name, offsetof(struct dns_counters, name) }
	static const struct { const char *key; size_t offset;
	} counter[] = {
		COUNTER(queries),  COUNTER(blocked), COUNTER(monitored), COUNTER(forwarded),
		COUNTER(answered), COUNTER(failed),  COUNTER(dropped),	 COUNTER(tcp),
		COUNTER(pinholes), COUNTER(looped),  COUNTER(rebound),
	};
#undef COUNTER
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(counter) / sizeof(*counter); i++) {
		uint64_t sum = 0;

		for (unsigned int k = 0; k < parent->daemon.workers; k++) {
			const uint8_t *counters = (const void *)parent->shared[k];

			if (counters)
				sum += counter_get(
					(const void *)(counters +
						       offsetof(struct worker_shared, counters) +
						       counter[i].offset));
		}
		put_count(object, counter[i].key, sum);
	}
	return object;
}

static json_t *packets_json(const struct parent *parent)
{
	struct cursor cursor = cursor_reader(parent->counters, parent->counters_size);
	json_t *object = json_object();

	while (cursor_left(&cursor) >= 48) {
		char name[32];
		json_t *counter = json_object();

		cursor_get(&cursor, name, sizeof(name));
		name[sizeof(name) - 1] = '\0';
		put_count(counter, "packets", cursor_get64(&cursor));
		put_count(counter, "bytes", cursor_get64(&cursor));
		put(object, name, counter);
	}
	return object;
}

static json_t *progress_json(const struct child *child)
{
	return !child->owes || !child->total ? json_null()
	       : json_integer((json_int_t)(100ULL * child->progress / child->total));
}

static json_t *role_json(const struct parent *parent, const struct child *child)
{
	double uptime = child->pid ? (double)(parent->daemon.now - child->started) / 1000 : 0;
	struct role_deaths deaths = child->deaths;
	const char *why = child->reason;
	int64_t since;
	enum role_state state = child_state(child, &since);

	role_lived(&deaths, parent->daemon.now);
	if (!why[0] && deaths.count)
		why = child->last_end;
	return json_pack("{s:s, s:s, s:f, s:o, s:s?, s:i, s:i, s:o, s:f, s:i}", "role",
			 role_print(child->role), "state", role_state_print(state), "since",
			 (double)since / 1000, "progress", progress_json(child), "why",
			 why[0] ? why : NULL, "deaths", (int)deaths.count, "deaths_for_memory",
			 (int)deaths.for_memory, "pid",
			 child->pid ? json_integer(child->pid) : json_null(), "uptime", uptime,
			 "restarts", (int)child->restarts);
}

static json_t *roles_json(const struct parent *parent)
{
	json_t *list = json_array();
	json_t *own =
		json_pack("{s:s, s:s, s:i, s:f, s:i}", "role", "parent", "state",
			  role_state_print(ROLE_STATE_RUNNING), "pid", (int)getpid(), "uptime",
			  (double)(parent->daemon.now - parent->daemon.began) / 1000, "restarts",
			  0);

	(void)json_array_append_new(list, own);
	for (int role = ROLE_DNS; role < ROLE_COUNT; role++) {
		const struct child *child = &parent->children.child[role];

		if (role == ROLE_COMPILE || (role == ROLE_JOURNAL && !ENABLED(CONFIG_JOURNAL)) ||
		    (role == ROLE_UPDATE && !parent->updates.on))
			continue;
		(void)json_array_append_new(list, role_json(parent, child));
	}
	return list;
}

/* For which clients DNS passes that nobody here looks into. */
static json_t *uninspected_json(const struct settings *settings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < settings->sanctioned_count; i++) {
		const struct sanctioned_resolver *entry = &settings->sanctioned[i];
		json_t *object = json_object(), *sources = json_array();
		char text[PREFIX_TEXT];

		for (size_t j = 0; j < entry->sources; j++)
			(void)json_array_append_new(
				sources, json_string(prefix_print(&entry->source[j], text)));
		put(object, "sources", sources);
		put(object, "resolver", json_string(addr_print(&entry->resolver.addr, text)));
		put_count(object, "port", entry->resolver.port);
		(void)json_array_append_new(list, object);
	}
	return list;
}

/* null: the settings name no device. */
static json_t *watchdog_json(const struct watchdog *watchdog)
{
	json_t *object;

	if (!watchdog->device[0])
		return json_null();
	object = json_object();
	put(object, "device", json_string(watchdog->device));
	put(object, "timeout", watchdog->timeout ? json_integer(watchdog->timeout) : json_null());
	put(object, "fed", json_boolean(watchdog->fed));
	put(object, "why", watchdog->error ? json_string(strerror(-watchdog->error)) :
		    watchdog->complaint ? json_string(watchdog->complaint) : json_null());
	return object;
}

static json_t *log_json(const struct parent *parent)
{
	const struct retention *retention = &parent->disks.report.retention;
	const struct settings *settings = &parent->daemon.settings;
	const struct losses *losses = parent->losses;
	int error = losses ? losses->write_error : 0;
	json_t *object = json_object();

	if (!error && losses)
		error = losses->sync_error;
	put_count(object, "used_bytes", retention->used);
	put_count(object, "budget_bytes", retention->budget);
	put_count(object, "free_bytes", retention->free);
	put(object, "days", retention->days < 0 ? json_null() : json_real(retention->days));
	put(object, "retention_days", settings->log_retention_days ?
	    json_integer(settings->log_retention_days) : json_null());
	if (losses && losses->whole_since)
		put_time(object, "whole_since", losses->whole_since / 1000);
	else
		put(object, "whole_since", json_null());
	put_count(object, "freed_bytes", losses ? losses->freed : 0);
	put(object, "error", error ? json_string(strerror(-error)) : json_null());
	put(object, "checkpoint", seal_status(&parent->seal));
	return object;
}

static json_t *disk_json(const struct disk *disk, bool silent)
{
	return json_pack("{s:[], s:I, s:I, s:i, s:i, s:b, s:s?, s:b}", "holds", "size_bytes",
			 (json_int_t)(disk->used + disk->free), "free_bytes",
			 (json_int_t)disk->free, "used_percent",
			 (int)disk_percent(disk->used, disk->free), "inodes_percent",
			 (int)disk_percent(disk->inodes_used, disk->inodes_free), "read_only",
			 disk->read_only, "error", disk->error ? strerror(-disk->error) : NULL,
			 "answers", !silent);
}

/* One entry a file system. */
static json_t *disks_json(const struct parent *parent)
{
	const struct disk *disk = parent->disks.report.disk;
	bool silent = disks_silent(&parent->disks, parent->daemon.now);
	json_t *list = json_array();

	for (int i = 0; i < DISK_FOLDERS; i++) {
		const char *word = disk_print((enum disk_folder)i);
		json_t *same = json_array_get(list, 0);

		if (!disk[i].known && !disk[i].error)
			continue;
		if (i == 0 || !same || disk[i].device != disk[0].device ||
		    disk[i].error != disk[0].error) {
			same = disk_json(&disk[i], silent);
			(void)json_array_append_new(list, same);
		}
		(void)json_array_append_new(json_object_get(same, "holds"), json_string(word));
	}
	return list;
}

void status_poll(struct parent *parent, int64_t age_ms)
{
	const struct disk_log log = { .budget = parent->daemon.settings.log_budget,
				      .floor = version_build_time(),
				      .now = updates_now(&parent->updates) };

	disks_poll(&parent->disks, parent->daemon.state, &log, parent->daemon.now, age_ms);
}

static void put_clock(json_t *object, const struct parent *parent)
{
	put_time(object, "time", clock_wall());
	put(object, "clock", json_string(updates_clock_set(&parent->updates) ? "set" : "floor"));
	put(object, "ntp", json_boolean(updates_clock_by_ntp(&parent->updates)));
	put(object, "uptime",
	    json_real((double)(parent->daemon.now - parent->daemon.began) / 1000));
	put(object, "boot_id", json_string(parent->daemon.boot));
}

/* What is on its way to the journal is in neither for a moment. */
static uint64_t since(uint64_t count, uint64_t seen)
{
	return count > seen ? count - seen : 0;
}

static void put_losses(json_t *object, const struct parent *parent)
{
	json_t *each = json_object(), *unseen = json_object();
	struct seen_losses losses;
	uint64_t sum = 0;

	lost_count(parent, &losses);
	for (int loss = 0; loss < LOSS_COUNT; loss++) {
		put_count(each, loss_print((enum loss)loss), losses.lost[loss]);
		put_count(unseen, loss_print((enum loss)loss),
			  since(losses.lost[loss], parent->seen.lost[loss]));
		sum += losses.lost[loss];
	}
	put_count(unseen, "freed_bytes", since(losses.freed, parent->seen.freed));
	put_count(unseen, "messages", since(losses.messages, parent->seen.messages));
	put_count(object, "events_lost", sum);
	put(object, "losses", each);
	put_count(object, "messages_lost", losses.messages);
	put(object, "unseen", unseen);
}

/*
 * closed: nothing is in force by this daemon, and the kernel lets nothing through to the vendor: by
 * the closed base policy, or by what an earlier daemon left (kernel says which).
 */
static void put_force(json_t *object, const struct parent *parent)
{
	static const char *const kernel[KERNEL_STATES] = { NULL, "closed", "earlier policy" };
	bool in_force = parent->change.current.number && parent->children.child[ROLE_RULES].applied;

	put(object, "in_force", json_boolean(in_force));
	put(object, "closed", json_boolean(!parent->change.current.number &&
					   parent->kernel != KERNEL_UNKNOWN));
	put(object, "kernel", kernel[parent->kernel] ? json_string(kernel[parent->kernel])
						     : json_null());
	put(object, "source",
	    parent->change.current.number ?
		    json_string(source_print(parent->change.current_source)) :
		    json_null());
	put(object, "mode_waits", parent->standing.waits
				  ? json_string(mode_print(parent->standing.waiting.mode))
				  : json_null());
}

/* What cannot be opened, and is tried again. */
static json_t *trouble_json(const struct parent *parent)
{
	json_t *list = json_array();

	for (int i = 0; i < PART_COUNT; i++) {
		const struct part_state *part = &parent->part[i];

		if (!part->open && part->why[0])
			(void)json_array_append_new(list, json_pack("{s:s, s:s}", "part",
								    part_print((enum part)i), "why",
								    part->why));
	}
	if (parent->copies.unkept)
		(void)json_array_append_new(list, json_pack("{s:s, s:s}", "part",
							    "last good policy", "why",
							    "it cannot be written"));
	if (parent->updates.history.lost)
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s++}", "part", "history of updates",
						      "why",
						      "it lacks lines that could not be "
						      "written: ",
						      strerror(-parent->updates.history.error),
						      ""));
	return list;
}

char *status_print(const struct parent *parent)
{
	json_t *object = json_object();
	char state[9], *text;

	put_mode(object, &parent->standing.mode);
	put(object, "appliance", json_string(parent->daemon.identity));
	put(object, "version", json_string(VERSION_TEXT));
	put_clock(object, parent);
	put_force(object, parent);
	if (parent->change.current.number) {
		snprintf(state, sizeof(state), "%08x",
			 policy_state(&parent->change.current.policy));
		put(object, "state", json_string(state));
		put(object, "policy", policy_json(&parent->change.current));
	}
	put(object, "refused", parent->change.last_error[0] ? json_string(parent->change.last_error)
						     : json_null());
	put(object, "trouble", trouble_json(parent));
	put(object, "update", updates_status(&parent->updates));
	put(object, "guard", guarded_json(&parent->guarded));
	put(object, "links", links_json(&parent->daemon.settings, &parent->guarded.report.outside));
	put(object, "default_route", links_routes_json());
	put(object, "dns", dns_json(parent));
	put(object, "packets", packets_json(parent));
	put_losses(object, parent);
	put(object, "uninspected", uninspected_json(&parent->daemon.settings));
	put(object, "disks", disks_json(parent));
	put(object, "log", ENABLED(CONFIG_JOURNAL) ? log_json(parent) : json_null());
	put(object, "watchdog", watchdog_json(&parent->watchdog));
	put(object, "roles", roles_json(parent));
	text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
	json_decref(object);
	return text;
}
