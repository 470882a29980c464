/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "appliance/evidence/machines_internal.h"

uint32_t machines_hosts(const struct machines *machines)
{
	return machines->hosts;
}

void machines_host(const struct machines *machines, uint32_t number, struct host *host)
{
	*host = machines->host[number];
}

bool machines_is_router(const struct machines *machines, const uint8_t mac[MAC_SIZE])
{
	const uint32_t device = machines_device(machines, mac);

	return device != NO && machines->device[device].router;
}

static int64_t host_of(const struct machines *machines, uint32_t node)
{
	return node == NO ? MACHINES_NONE : (int64_t)machines->node[node].host;
}

int64_t machines_whose(const struct machines *machines, const struct sighting *sighting)
{
	uint32_t device = NO, single;

	if (sighting->has_mac && mac_is_device(sighting->mac)) {
		device = machines_device(machines, sighting->mac);
		if (device == NO)
			return MACHINES_NONE;
		if (!machines->device[device].router)
			return host_of(machines, machines->device[device].node);
	}
	single = machines_single(machines, &sighting->address, sighting->interface);
	if (single == NO)
		return MACHINES_NONE;
	if (device == NO)
		device = machines_claim(machines, single, sighting->first_ms, sighting->last_ms);
	else
		device = NO;
	if (device != NO)
		return host_of(machines, machines->device[device].node);
	return host_of(machines, machines->single[single].node);
}

/* ---- runs ---- */

/* The run behind this one in the lists of the host's nodes; first: of the next node. */
static uint32_t first_run(const struct machines *machines, uint32_t node)
{
	if (node == NO)
		return NO;
	if (machines->node[node].device != NO)
		return machines->device[machines->node[node].device].runs;
	return machines->single[machines->node[node].single].runs;
}

static uint32_t node_of_run(const struct machines *machines, const struct run *run)
{
	uint32_t device = run->mac;

	if (run->single != NO)
		return machines->single[run->single].node;
	if (device == NO)
		device = machines_claim(machines,
					machines_single(machines, &run->address, run->interface),
					run->first_ms, run->last_ms);
	return machines->device[device].node;
}

static uint32_t next_run(const struct machines *machines, uint32_t number)
{
	const struct run *run = &machines->run[number];
	const uint32_t next = run->single != NO ? run->of_single : run->of_mac;

	if (next != NO)
		return next;
	return first_run(machines, machines->node[node_of_run(machines, run)].next);
}

/* *position: the number of the last run, plus one. */
bool machines_run(const struct machines *machines, uint32_t number, uint32_t *position,
		  struct host_run *run)
{
	const uint32_t at = *position == 0 ? first_run(machines, machines->host_node[number]) :
					     next_run(machines, *position - 1);
	const struct run *kept;

	if (at == NO)
		return false;
	kept = &machines->run[at];
	*run = (struct host_run){
		.address = kept->address, .has_mac = kept->mac != NO,
		.interface = kept->interface, .first_ms = kept->first_ms,
		.last_ms = kept->last_ms,
	};
	if (run->has_mac)
		memcpy(run->mac, machines->device[kept->mac].mac, MAC_SIZE);
	*position = at + 1;
	return true;
}

static const struct naming *find_name(const struct machines *machines, uint32_t number,
				      const struct namings *namings, bool tools)
{
	const struct naming *best = NULL;

	for (uint32_t i = first_run(machines, machines->host_node[number]); i != NO;
	     i = next_run(machines, i)) {
		const struct run *run = &machines->run[i];
		const struct node *node = &machines->node[node_of_run(machines, run)];
		const struct naming_query query = {
			.address = &run->address,
			.mac = node->device == NO ? NULL : machines->device[node->device].mac,
			.first_ms = run->first_ms,
			.last_ms = run->last_ms,
			.tools = tools,
		};

		best = namings_lookup(namings, &query, best);
	}
	return best;
}

const struct naming *machines_name(const struct machines *machines, uint32_t number,
				   const struct namings *namings)
{
	return find_name(machines, number, namings, false);
}

const struct naming *machines_tool(const struct machines *machines, uint32_t number,
				   const struct namings *namings)
{
	return find_name(machines, number, namings, true);
}

/* ---- counting ---- */

/* Had the link a device for this address at another time? */
static bool is_doubtful(const struct machines *machines, const struct host *host)
{
	const uint32_t single = machines_single(machines, &host->address, host->interface);

	return single != NO && machines->single[single].had_mac;
}

void machines_count(const struct machines *machines, const uint32_t *numbers, size_t count,
		    struct host_range *range)
{
	*range = (struct host_range){ .at_most = (uint32_t)count };
	for (size_t i = 0; i < count; i++) {
		const struct host *host = &machines->host[numbers[i]];

		range->by_hand += host->by_hand;
		range->forwarders += host->forwarder;
		if (host->has_mac && host->random) {
			range->random++;
			continue;
		}
		if (host->has_mac) {
			range->global++;
			range->at_least++;
			continue;
		}
		if (host->behind_router)
			range->behind_router++;
		else
			range->unlinked++;
		if (!addr_is_v4(&host->address))
			continue;
		if (is_doubtful(machines, host))
			range->doubtful++;
		else
			range->at_least++;
	}
	if (range->at_least == 0 && count)
		range->at_least = 1;
}

static void put_reason(struct text *out, const char **before, uint32_t number, const char *reason)
{
	if (!number)
		return;
	text_printf(out, "%s%u %s", *before, number, reason);
	*before = ", ";
}

void host_range_print(const struct host_range *range, struct text *out)
{
	const char *before = ": ";

	if (range->at_least == range->at_most)
		text_printf(out, "%u %s", range->at_most,
			    range->at_most == 1 ? "machine" : "machines");
	else
		text_printf(out, "%u to %u machines", range->at_least, range->at_most);
	put_reason(out, &before, range->global, "by MAC address");
	put_reason(out, &before, range->random, "by a random MAC address, which may change");
	put_reason(out, &before, range->behind_router, "by an address behind a router");
	put_reason(out, &before, range->unlinked, "by an address that no MAC was seen for");
	put_reason(out, &before, range->doubtful,
		   "of these addresses had a MAC at another time");
	put_reason(out, &before, range->by_hand, "merged by hand");
	put_reason(out, &before, range->forwarders, "that ask for other hosts");
}
