/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/account.h"

#include <netinet/in.h>
#include <unistd.h>

#include "appliance/base/selftest.h"
#include "appliance/ipc/attendance.h"

enum { SLOT_MS = 60 * 60 * 1000 };

void account_log(struct core *core, const struct path *path, const struct query *query,
		 const struct verdict *verdict, enum event_channel channel,
		 const struct addr *address)
{
	uint8_t data[EVENT_MAX];
	struct event event;

	if (core->wake < 0)
		return;
	event = (struct event){
		.wall_ms = core->wall, .uptime_ms = core->now, .channel = channel,
		.action = verdict->action, .intended = verdict->intended,
		.client = path->client, .client_port = path->client_port,
		.interface = path->interface, .has_resolver = true, .resolver = path->asked,
		.qtype = query->type, .protocol = path->protocol, .port = 53,
		.name = query->name, .has_address = address != NULL,
		.state = core->state, .rule = verdict->rule, .count = 1,
	};
	if (address)
		event.address = *address;
	ring_write(&core->shared->ring, data, event_encode(&event, data));
	core->logged = true;
}

/*
 * The journal knows of innocent clients that they were there, once an hour: the note names neither
 * what was asked nor whom.
 */
static void note_client(struct core *core, const struct path *path)
{
	uint8_t data[EVENT_MAX];
	struct event event;
	uint64_t count;

	if (!core->attendance || path->interface == SELFTEST_LINK_INDEX ||
	    !attendance_add(core->attendance, &path->client, CHANNEL_SEEN_DNS,
		      (uint32_t)(core->now / SLOT_MS), 1, &count))
		return;
	event = (struct event){
		.wall_ms = core->wall, .uptime_ms = core->now, .channel = CHANNEL_SEEN_DNS,
		.client = path->client, .interface = path->interface, .rule = POLICY_NO_RULE,
		.count = count,
	};
	ring_write(&core->shared->ring, data, event_encode(&event, data));
	core->logged = true;
}

/* A rule lets this name through. What else is allowed (a zone cut, sinkhole.c) is no exemption. */
static bool is_exemption(const struct verdict *verdict)
{
	return verdict->action == ACTION_ALLOW && verdict->category == CATEGORY_EXEMPT;
}

void account_query(struct core *core, const struct path *path, const struct query *query,
		   const struct verdict *verdict)
{
	struct dns_counters *counters = &core->shared->counters;

	counter_add(&counters->queries, 1);
	if (path->protocol == IPPROTO_TCP)
		counter_add(&counters->tcp, 1);
	if (verdict->action == ACTION_BLOCK) {
		counter_add(&counters->blocked, 1);
	} else if (verdict->action == ACTION_MONITOR) {
		counter_add(&counters->monitored, 1);
	} else if (!is_exemption(verdict)) {
		note_client(core, path);
		return;
	}
	account_log(core, path, query, verdict, CHANNEL_DNS, NULL);
}

void account_wake(struct core *core)
{
	const uint64_t one = 1;

	if (!core->logged)
		return;
	core->logged = false;
	if (ring_should_wake(&core->shared->ring))
		(void)!write(core->wake, &one, sizeof(one));
}
