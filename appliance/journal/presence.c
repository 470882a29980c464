/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/presence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/selftest.h"
#include "appliance/ipc/attendance.h"
#include "rules/policy/policy.h"

enum { LINKS = 64 };	/* interfaces whose names are remembered for one look */

int presence_init(struct presence *presence, const struct settings *settings, uint64_t seed)
{
	void *memory = calloc(1, attendance_size());

	*presence = (struct presence){ .settings = settings };
	if (!memory)
		return -ENOMEM;
	presence->attendance = attendance_init(memory, seed);
	return 0;
}

void presence_release(struct presence *presence)
{
	free(presence->attendance);
	presence->attendance = NULL;
}

/* A host that asks for an address has none: its MAC stands for it, where networks differ. */
static struct addr who(const struct event *event)
{
	struct addr addr = { { 0xfe } };

	if (event->channel != CHANNEL_SEEN_DHCP)
		return event->client;
	memcpy(addr.bytes + 1, event->mac, sizeof(event->mac));
	return addr;
}

bool presence_event(struct presence *presence, struct event *event)
{
	const struct addr client = who(event);

	/* The gateway's own programs are no host. */
	if (addr_is_loopback(&client))
		return false;
	return attendance_add(presence->attendance, &client, (uint8_t)event->channel,
			(uint32_t)(event->wall_ms / PRESENCE_SLOT_MS), event->count,
			&event->count);
}

/* ---- the neighbour table ---- */

struct presence_link {
	uint32_t interface;
	bool guarded;
};

struct presence_walk {
	struct presence *presence;
	struct neighbours *neighbours;
	int64_t wall_ms, uptime_ms;
	void (*each)(void *context, const struct event *event);
	void *context;
	uint32_t outside[2];	/* where default routes lead, if no setting names the outside */
	struct presence_link link[LINKS];
	size_t links;
};

/* Where clients are: what lan names, or what is not the outside and not for management. */
static bool is_guarded(const struct presence_walk *look, uint32_t interface)
{
	const struct settings *settings = look->presence->settings;
	char name[IFNAMSIZ];

	neighbours_name(look->neighbours, interface, name);
	if (!name[0] || strcmp(name, SELFTEST_LINK) == 0)
		return false;
	if (settings->lans)
		return settings_is_lan(settings, name);
	if (settings_is_wan(settings, name) || settings_is_aside(settings, name))
		return false;
	return settings->wans || (interface != look->outside[0] && interface != look->outside[1]);
}

/* No question may be asked while the answer to another one comes: first which links there are. */
static void find_link(void *context, const struct addr *addr, const struct neighbour *neighbour)
{
	struct presence_walk *look = context;

	(void)addr;
	for (size_t i = 0; i < look->links; i++) {
		if (look->link[i].interface == neighbour->interface)
			return;
	}
	if (look->links < LINKS)
		look->link[look->links++].interface = neighbour->interface;
}

static void find_client(void *context, const struct addr *addr, const struct neighbour *neighbour)
{
	struct presence_walk *look = context;
	struct event event = {
		.wall_ms = look->wall_ms, .uptime_ms = look->uptime_ms,
		.channel = CHANNEL_SEEN_LINK, .client = *addr, .interface = neighbour->interface,
		.has_mac = true, .rule = POLICY_NO_RULE, .count = 1,
	};

	memcpy(event.mac, neighbour->mac, sizeof(event.mac));
	for (size_t i = 0; i < look->links; i++) {
		if (look->link[i].interface != neighbour->interface || !look->link[i].guarded)
			continue;
		if (presence_event(look->presence, &event))
			look->each(look->context, &event);
		return;
	}
}

/* Any address that is nobody's neighbour: packets to it leave by the default route. */
static void find_outside(struct presence_walk *look)
{
	struct addr v6 = { { 0x20, 0x01, 0x48, 0x60, 0x48, 0x60 } }, v4 = addr_v4(0x08080808);

	v6.bytes[14] = v6.bytes[15] = 0x88;
	look->outside[0] = neighbours_route(look->neighbours, &v4);
	look->outside[1] = neighbours_route(look->neighbours, &v6);
}

void presence_look(struct presence *presence, struct neighbours *neighbours, int64_t wall_ms,
		   int64_t uptime_ms, void (*each)(void *context, const struct event *event),
		   void *context)
{
	struct presence_walk look = {
		.presence = presence, .neighbours = neighbours, .wall_ms = wall_ms,
		.uptime_ms = uptime_ms, .each = each, .context = context,
	};

	if (!presence->settings || neighbours->socket < 0 ||
	    uptime_ms < presence->look_ms)
		return;
	/* Right after the start the table is empty: 5, 10, 20 s, ... */
	presence->pause_ms = presence->pause_ms ? 2 * presence->pause_ms : PRESENCE_FIRST_MS;
	if (presence->pause_ms > PRESENCE_LOOK_MS)
		presence->pause_ms = PRESENCE_LOOK_MS;
	presence->look_ms = uptime_ms + presence->pause_ms;
	find_outside(&look);
	if (neighbours_list(neighbours, find_link, &look) < 0) {
		presence->failed++;
		return;
	}
	for (size_t i = 0; i < look.links; i++)
		look.link[i].guarded = is_guarded(&look, look.link[i].interface);
	presence->failed += neighbours_list(neighbours, find_client, &look) < 0;
}
