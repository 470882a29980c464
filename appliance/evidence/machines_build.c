/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/evidence/machines_internal.h"

/* ---- routers ---- */

static int compare_interface_and_start(const void *a, const void *b, void *context)
{
	const struct run *run = context;
	const struct run *x = &run[*(const uint32_t *)a], *y = &run[*(const uint32_t *)b];

	if (x->interface != y->interface)
		return x->interface < y->interface ? -1 : 1;
	return (x->first_ms > y->first_ms) - (x->first_ms < y->first_ms);
}

/*
 * What tells a router's clients apart: IPv4 addresses, and networks (/64) of global IPv6 addresses.
 * A host has many addresses of one such network, but seldom three networks on one interface.
 */
static bool counts(const struct run *run, bool v4)
{
	return v4 ? addr_is_v4(&run->address) : (run->address.bytes[0] & 0xe0) == 0x20;
}

static bool is_same_client(const struct run *a, const struct run *b, bool v4)
{
	return memcmp(a->address.bytes, b->address.bytes, v4 ? sizeof(a->address.bytes) : 8) == 0;
}

/*
 * Are there MACHINES_ROUTER clients at one moment? sorted by start: at each start, the others that
 * are still seen are looked at. Only one run per client is kept, the one that ends last.
 */
static bool overlap(const struct run *run, const uint32_t *sorted, uint32_t count, bool v4)
{
	uint32_t open[MACHINES_ROUTER];
	uint32_t opened = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct run *now = &run[sorted[i]];
		const int64_t start_ms = now->first_ms;
		uint32_t kept = 0;

		for (uint32_t j = 0; j < opened; j++) {
			const struct run *other = &run[open[j]];

			if (other->interface != now->interface || other->last_ms <= start_ms)
				continue;
			if (is_same_client(other, now, v4)) {
				if (other->last_ms > now->last_ms)
					now = other;
				continue;
			}
			open[kept++] = open[j];
		}
		open[kept++] = (uint32_t)(now - run);
		if (kept == MACHINES_ROUTER)
			return true;
		opened = kept;
	}
	return false;
}

/* The runs of the device that count. *several: are they of MACHINES_ROUTER clients at some time? */
static uint32_t count_runs(const struct machines *machines, const struct device *device, bool v4,
			   bool *several)
{
	uint32_t known[MACHINES_ROUTER], clients = 0, runs = 0;

	for (uint32_t i = device->runs; i != NO; i = machines->run[i].of_mac) {
		const struct run *run = &machines->run[i];
		bool new = clients < MACHINES_ROUTER;

		if (!counts(run, v4))
			continue;
		runs++;
		for (uint32_t j = 0; new && j < clients; j++)
			new = !is_same_client(&machines->run[known[j]], run, v4);
		if (new)
			known[clients++] = i;
	}
	*several = clients == MACHINES_ROUTER;
	return runs;
}

static int find_clients(struct machines *machines, struct device *device, bool v4)
{
	uint32_t count, *sorted;
	bool several;

	count = count_runs(machines, device, v4, &several);
	if (!several)
		return 0;
	sorted = malloc(count * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	count = 0;
	for (uint32_t i = device->runs; i != NO; i = machines->run[i].of_mac) {
		if (counts(&machines->run[i], v4))
			sorted[count++] = i;
	}
	qsort_r(sorted, count, sizeof(*sorted), compare_interface_and_start, machines->run);
	device->router = overlap(machines->run, sorted, count, v4);
	free(sorted);
	return 0;
}

static int find_router(struct machines *machines, struct device *device)
{
	int error = 0;

	if (!device->router)
		error = find_clients(machines, device, true);
	if (!error && !device->router)
		error = find_clients(machines, device, false);
	return error;
}

/* ---- addresses without a MAC of their own ---- */

static bool by_itself(const struct machines *machines, const struct run *run)
{
	return run->mac == NO || machines->device[run->mac].router;
}

static int find_singles(struct machines *machines)
{
	for (uint32_t i = 0; i < machines->runs; i++) {
		struct run *run = &machines->run[i];

		if (!by_itself(machines, run))
			continue;
		run->single = machines_single(machines, &run->address, run->interface);
		if (run->single == NO)
			run->single = machines_add_single(machines, &run->address, run->interface);
		if (run->single == NO)
			return -ENOMEM;
		machines->single[run->single].behind_router |= run->mac != NO;
	}
	return 0;
}

/* Which devices had the address of a single, and when. */
static void find_claims(struct machines *machines)
{
	for (uint32_t i = 0; machines->singles && i < machines->runs; i++) {
		struct run *run = &machines->run[i];
		uint32_t single;

		if (by_itself(machines, run))
			continue;
		single = machines_single(machines, &run->address, run->interface);
		if (single == NO)
			continue;
		run->claim = machines->single[single].claims;
		machines->single[single].claims = i;
		machines->single[single].had_mac = true;
	}
}

/* A run without a MAC belongs to the device that claims it, else to its address. */
static void attach(struct machines *machines)
{
	for (uint32_t i = 0; i < machines->runs; i++) {
		struct run *run = &machines->run[i];
		struct single *single;
		uint32_t device;

		if (run->single == NO)
			continue;
		single = &machines->single[run->single];
		device = run->mac == NO ? machines_claim(machines, run->single, run->first_ms,
							 run->last_ms) : NO;
		if (device != NO) {
			run->single = NO;
			run->of_mac = machines->device[device].runs;
			machines->device[device].runs = i;
			continue;
		}
		run->of_single = single->runs;
		single->runs = i;
	}
}

/* ---- nodes and merges by hand ---- */

static int make_nodes(struct machines *machines)
{
	const size_t most = (size_t)machines->devices + machines->singles;

	machines->node = calloc(most ? most : 1, sizeof(*machines->node));
	if (!machines->node || most >= NO)
		return -ENOMEM;
	for (uint32_t i = 0; i < machines->devices + machines->singles; i++) {
		const bool device = i < machines->devices;
		const uint32_t index = device ? i : i - machines->devices;
		const uint32_t number = machines->nodes;

		if (device ? machines->device[index].router : machines->single[index].runs == NO)
			continue;
		machines->node[number] = (struct node){
			.parent = number, .next = NO, .last = number,
			.device = device ? index : NO, .single = device ? NO : index, .host = NO,
		};
		if (device)
			machines->device[index].node = number;
		else
			machines->single[index].node = number;
		machines->nodes++;
	}
	return 0;
}

static uint32_t root_of(struct machines *machines, uint32_t node)
{
	while (machines->node[node].parent != node) {
		machines->node[node].parent = machines->node[machines->node[node].parent].parent;
		node = machines->node[node].parent;
	}
	return node;
}

/* Every host that had the address: a walk over all runs, which few merges need. */
static enum merge_result select_address(struct machines *machines, const struct addr *address,
					uint32_t *root)
{
	*root = NO;
	for (uint32_t i = 0; i < machines->runs; i++) {
		const struct run *run = &machines->run[i];
		uint32_t node;

		if (addr_compare(&run->address, address) != 0)
			continue;
		if (run->single != NO)
			node = machines->single[run->single].node;
		else if (run->mac != NO)
			node = machines->device[run->mac].node;
		else
			continue;	/* attached: the device has a run of its own */
		node = root_of(machines, node);
		if (*root != NO && *root != node)
			return MERGE_AMBIGUOUS;
		*root = node;
	}
	return *root == NO ? MERGE_UNKNOWN : MERGE_DONE;
}

static enum merge_result choose(struct machines *machines, const struct selector *selector,
				uint32_t *root)
{
	uint32_t device;

	if (!selector->is_mac)
		return select_address(machines, &selector->address, root);
	device = machines_device(machines, selector->mac);
	if (device == NO || machines->device[device].node == NO)
		return MERGE_UNKNOWN;
	*root = root_of(machines, machines->device[device].node);
	return MERGE_DONE;
}

static void merge_one(struct machines *machines, struct merge *merge)
{
	uint32_t a, b;

	merge->result = choose(machines, &merge->a, &a);
	if (merge->result == MERGE_DONE)
		merge->result = choose(machines, &merge->b, &b);
	if (merge->result != MERGE_DONE || a == b)
		return;
	machines->node[b].parent = a;
	machines->node[machines->node[a].last].next = b;
	machines->node[a].last = machines->node[b].last;
}

/* ---- hosts ---- */

/*
 * The address to name the host by: an IPv4 one if it had any, since a temporary address of IPv6
 * (RFC 8981) is another one tomorrow. Else the newer one.
 */
static bool is_better_address(const struct addr *address, const struct addr *known, bool newer)
{
	return addr_is_v4(address) == addr_is_v4(known) ? newer : addr_is_v4(address);
}

/* address_ms: when the address that the host has was seen last; INT64_MIN: it has none. */
static void add_to_host(struct host *host, const struct run *run, int64_t *address_ms)
{
	if (*address_ms == INT64_MIN ||
	    is_better_address(&run->address, &host->address, run->last_ms >= *address_ms)) {
		host->address = run->address;
		*address_ms = run->last_ms;
	}
	if (run->last_ms >= host->last_ms) {
		host->interface = run->interface;
		host->last_ms = run->last_ms;
	}
	if (run->first_ms < host->first_ms)
		host->first_ms = run->first_ms;
	host->forwarder |= run->forwarder;
}

/* The host of one node alone. */
static void host_of_node(const struct machines *machines, const struct node *node,
			 struct host *host)
{
	int64_t address_ms = INT64_MIN;

	*host = (struct host){ .first_ms = INT64_MAX, .last_ms = INT64_MIN, .addresses = 1 };
	if (node->device != NO) {
		const struct device *device = &machines->device[node->device];

		host->has_mac = true;
		host->random = mac_is_random(device->mac);
		host->addresses = device->addresses;
		memcpy(host->mac, device->mac, MAC_SIZE);
		for (uint32_t i = device->runs; i != NO; i = machines->run[i].of_mac)
			add_to_host(host, &machines->run[i], &address_ms);
		return;
	}
	host->behind_router = machines->single[node->single].behind_router;
	for (uint32_t i = machines->single[node->single].runs; i != NO;
	     i = machines->run[i].of_single)
		add_to_host(host, &machines->run[i], &address_ms);
}

/* A global MAC describes a merged host best. */
static void join(struct host *host, const struct host *other)
{
	host->by_hand = true;
	host->addresses += other->addresses;
	host->forwarder |= other->forwarder;
	host->behind_router |= other->behind_router;
	if (other->has_mac && (!host->has_mac || (host->random && !other->random))) {
		memcpy(host->mac, other->mac, MAC_SIZE);
		host->has_mac = true;
		host->random = other->random;
	}
	if (other->first_ms < host->first_ms)
		host->first_ms = other->first_ms;
	if (is_better_address(&other->address, &host->address, other->last_ms > host->last_ms))
		host->address = other->address;
	if (other->last_ms > host->last_ms) {
		host->last_ms = other->last_ms;
		host->interface = other->interface;
	}
}

struct order {
	int64_t first_ms;
	uint32_t node;
};

static int compare_order(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->first_ms != y->first_ms)
		return x->first_ms < y->first_ms ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

static void make_host(struct machines *machines, uint32_t first, struct host *host)
{
	struct host other;

	host_of_node(machines, &machines->node[first], host);
	for (uint32_t i = machines->node[first].next; i != NO; i = machines->node[i].next) {
		host_of_node(machines, &machines->node[i], &other);
		join(host, &other);
	}
}

static int make_hosts(struct machines *machines)
{
	struct order *order = calloc((size_t)machines->nodes + 1, sizeof(*order));
	struct host host;

	machines->host = calloc((size_t)machines->nodes + 1, sizeof(*machines->host));
	machines->host_node = calloc((size_t)machines->nodes + 1, sizeof(*machines->host_node));
	if (!order || !machines->host || !machines->host_node) {
		free(order);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < machines->nodes; i++) {
		if (machines->node[i].parent != i)
			continue;
		make_host(machines, i, &host);
		order[machines->hosts++] = (struct order){ host.first_ms, i };
	}
	qsort(order, machines->hosts, sizeof(*order), compare_order);
	for (uint32_t i = 0; i < machines->hosts; i++) {
		make_host(machines, order[i].node, &machines->host[i]);
		machines->host_node[i] = order[i].node;
		for (uint32_t j = order[i].node; j != NO; j = machines->node[j].next)
			machines->node[j].host = i;
	}
	free(order);
	return 0;
}

int machines_build(struct machines *machines, struct merge *merge, size_t merges)
{
	int error = 0;

	for (uint32_t i = 0; !error && i < machines->devices; i++)
		error = find_router(machines, &machines->device[i]);
	if (!error)
		error = find_singles(machines);
	if (error)
		return error;
	find_claims(machines);
	attach(machines);
	error = make_nodes(machines);
	if (error)
		return error;
	for (size_t i = 0; i < merges; i++)
		merge_one(machines, &merge[i]);
	return make_hosts(machines);
}
