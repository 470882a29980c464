/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hash.h"
#include "appliance/evidence/machines_internal.h"

enum {
	TABLE_LEAST = 64,
	/* Runs of a pair that are compared with a sighting: those that came in last. */
	RECENT = 4,
	/* Devices that may claim one address before it counts as in doubt for ever. */
	CLAIMS_MOST = 256
};

/* ---- hash tables of numbers ---- */

static uint32_t hash_of(const struct machines *machines, const void *data, size_t size,
			uint64_t extra)
{
	return hash_end(hash_bytes(machines->seed ^ (extra + 1) * HASH_FACTOR, data, size));
}

static uint32_t hash_run(const struct machines *machines, uint32_t number)
{
	const struct run *run = &machines->run[number];

	return hash_of(machines, &run->address, sizeof(run->address), run->mac);
}

static uint32_t hash_device(const struct machines *machines, uint32_t number)
{
	return hash_of(machines, machines->device[number].mac, MAC_SIZE, 0);
}

static uint32_t hash_single(const struct machines *machines, uint32_t number)
{
	const struct single *single = &machines->single[number];

	return hash_of(machines, &single->address, sizeof(single->address), single->interface);
}

typedef uint32_t hash_function(const struct machines *machines, uint32_t number);

/* Makes room for one more: at most three quarters are used. */
static int table_grow(struct numbers *table, const struct machines *machines, hash_function *hash)
{
	struct numbers bigger = { .size = table->size ? table->size * 2 : TABLE_LEAST,
				.used = table->used };

	if (table->size && table->used < table->size / 4 * 3)
		return 0;
	if (bigger.size < table->size)
		return -ENOMEM;
	bigger.slot = malloc(bigger.size * sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	memset(bigger.slot, 0xff, bigger.size * sizeof(*bigger.slot));
	for (uint32_t i = 0; i < table->size; i++) {
		uint32_t at;

		if (table->slot[i] == NO)
			continue;
		at = hash(machines, table->slot[i]) & (bigger.size - 1);
		while (bigger.slot[at] != NO)
			at = (at + 1) & (bigger.size - 1);
		bigger.slot[at] = table->slot[i];
	}
	free(table->slot);
	*table = bigger;
	return 0;
}

static uint32_t *slot_mac(const struct machines *machines, const uint8_t mac[MAC_SIZE])
{
	const struct numbers *table = &machines->by_mac;
	uint32_t at = hash_of(machines, mac, MAC_SIZE, 0) & (table->size - 1);

	while (table->slot[at] != NO &&
	       memcmp(machines->device[table->slot[at]].mac, mac, MAC_SIZE) != 0)
		at = (at + 1) & (table->size - 1);
	return &table->slot[at];
}

static uint32_t *slot_pair(const struct machines *machines, const struct addr *address,
			   uint32_t mac)
{
	const struct numbers *table = &machines->by_pair;
	uint32_t at = hash_of(machines, address, sizeof(*address), mac) & (table->size - 1);

	while (table->slot[at] != NO && (machines->run[table->slot[at]].mac != mac ||
	       addr_compare(&machines->run[table->slot[at]].address, address) != 0))
		at = (at + 1) & (table->size - 1);
	return &table->slot[at];
}

static uint32_t *slot_single(const struct machines *machines, const struct addr *address,
			     uint16_t interface)
{
	const struct numbers *table = &machines->by_address;
	uint32_t at = hash_of(machines, address, sizeof(*address), interface) &
		      (table->size - 1);

	while (table->slot[at] != NO && (machines->single[table->slot[at]].interface != interface ||
	       addr_compare(&machines->single[table->slot[at]].address, address) != 0))
		at = (at + 1) & (table->size - 1);
	return &table->slot[at];
}

/* ---- arrays ---- */

static int array_grow(void **array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room + *room / 2 + 1 : TABLE_LEAST;
	void *bigger;

	if (count < *room)
		return 0;
	if (more <= *room)
		return -ENOMEM;
	bigger = reallocarray(*array, more, size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*room = more;
	return 0;
}

/* ---- what machines_internal.h offers ---- */

uint32_t machines_device(const struct machines *machines, const uint8_t mac[MAC_SIZE])
{
	return machines->by_mac.size ? *slot_mac(machines, mac) : NO;
}

/* A link-local address means another machine on another link. */
static uint16_t scope_of(const struct addr *address, uint16_t interface)
{
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80 ? interface : 0;
}

uint32_t machines_single(const struct machines *machines, const struct addr *address,
			 uint16_t interface)
{
	if (!machines->by_address.size)
		return NO;
	return *slot_single(machines, address, scope_of(address, interface));
}

uint32_t machines_add_single(struct machines *machines, const struct addr *address,
			     uint16_t interface)
{
	uint32_t *slot;

	if (table_grow(&machines->by_address, machines, hash_single) < 0 ||
	    array_grow((void **)&machines->single, machines->singles, &machines->singles_room,
		       sizeof(*machines->single)) < 0)
		return NO;
	interface = scope_of(address, interface);
	slot = slot_single(machines, address, interface);
	machines->single[machines->singles] = (struct single){
		.address = *address, .interface = interface, .runs = NO, .claims = NO, .node = NO,
	};
	*slot = machines->singles++;
	machines->by_address.used++;
	return *slot;
}

uint32_t machines_claim(const struct machines *machines, uint32_t single, int64_t first_ms,
			int64_t last_ms)
{
	uint32_t claimed = NO;
	unsigned int walked = 0;

	for (uint32_t i = machines->single[single].claims; i != NO; i = machines->run[i].claim) {
		const struct run *run = &machines->run[i];

		if (++walked > CLAIMS_MOST)
			return NO;
		if (run->last_ms < first_ms || run->first_ms > last_ms)
			continue;
		if (run->first_ms > first_ms || run->last_ms < last_ms)
			return NO;
		if (claimed != NO && claimed != run->mac)
			return NO;
		claimed = run->mac;
	}
	return claimed;
}

/* ---- adding ---- */

struct machines *machines_new(uint32_t runs, uint64_t seed)
{
	struct machines *machines = calloc(1, sizeof(*machines));

	if (!machines)
		return NULL;
	machines->seed = seed;
	machines->runs_most = runs < NO ? runs : NO - 1;
	return machines;
}

void machines_free(struct machines *machines)
{
	if (!machines)
		return;
	free(machines->run);
	free(machines->device);
	free(machines->single);
	free(machines->node);
	free(machines->host);
	free(machines->host_node);
	free(machines->by_pair.slot);
	free(machines->by_mac.slot);
	free(machines->by_address.slot);
	free(machines);
}

static int add_device(struct machines *machines, const uint8_t mac[MAC_SIZE], uint32_t *device)
{
	uint32_t *slot;

	if (table_grow(&machines->by_mac, machines, hash_device) < 0)
		return -ENOMEM;
	slot = slot_mac(machines, mac);
	*device = *slot;
	if (*device != NO)
		return 0;
	if (array_grow((void **)&machines->device, machines->devices, &machines->devices_room,
		       sizeof(*machines->device)) < 0)
		return -ENOMEM;
	*device = *slot = machines->devices++;
	machines->by_mac.used++;
	machines->device[*device] = (struct device){
		.router = mac_is_router_group(mac), .runs = NO, .node = NO,
	};
	memcpy(machines->device[*device].mac, mac, MAC_SIZE);
	return 0;
}

/* Is the sighting within a gap of the run? Times are any numbers: no overflow. */
static bool touches(const struct run *run, const struct sighting *sighting)
{
	int64_t after, before;

	if (run->interface != sighting->interface)
		return false;
	if (__builtin_sub_overflow(sighting->first_ms, run->last_ms, &after) ||
	    __builtin_sub_overflow(run->first_ms, sighting->last_ms, &before))
		return false;
	return after <= MACHINES_GAP_MS && before <= MACHINES_GAP_MS;
}

static bool extend(struct machines *machines, uint32_t newest, const struct sighting *sighting)
{
	unsigned int compared = 0;

	for (uint32_t i = newest; i != NO && compared < RECENT; i = machines->run[i].older) {
		struct run *run = &machines->run[i];

		compared++;
		if (!touches(run, sighting))
			continue;
		if (sighting->first_ms < run->first_ms)
			run->first_ms = sighting->first_ms;
		if (sighting->last_ms > run->last_ms)
			run->last_ms = sighting->last_ms;
		run->forwarder |= sighting->forwarder;
		return true;
	}
	return false;
}

static int add_run(struct machines *machines, const struct sighting *sighting, uint32_t mac,
		   uint32_t *slot)
{
	struct device *device = mac == NO ? NULL : &machines->device[mac];
	const uint32_t number = machines->runs;

	/* Here, not per sighting: no run has such an address. */
	if (!addr_is_host(&sighting->address))
		return -EINVAL;
	if (number >= machines->runs_most)
		return -ENOSPC;
	if (array_grow((void **)&machines->run, number, &machines->runs_room,
		       sizeof(*machines->run)) < 0)
		return -ENOMEM;
	machines->run[number] = (struct run){
		.address = sighting->address, .first_ms = sighting->first_ms,
		.last_ms = sighting->last_ms, .mac = mac, .older = *slot,
		.of_mac = device ? device->runs : NO, .claim = NO, .single = NO, .of_single = NO,
		.interface = sighting->interface, .forwarder = sighting->forwarder,
	};
	if (*slot == NO)
		machines->by_pair.used++;
	if (device) {
		device->runs = number;
		device->addresses += *slot == NO;
	}
	*slot = number;
	machines->runs++;
	return 0;
}

int machines_add(struct machines *machines, const struct sighting *sighting)
{
	uint32_t mac = NO, *slot;
	int error;

	if (sighting->first_ms > sighting->last_ms)
		return -EINVAL;
	if (sighting->has_mac && mac_is_device(sighting->mac)) {
		error = add_device(machines, sighting->mac, &mac);
		if (error)
			return error;
	}
	error = table_grow(&machines->by_pair, machines, hash_run);
	if (error)
		return error;
	slot = slot_pair(machines, &sighting->address, mac);
	if (*slot != NO && extend(machines, *slot, sighting))
		return 0;
	return add_run(machines, sighting, mac, slot);
}
