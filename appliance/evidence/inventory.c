/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/evidence/leases.h"

#define NO_NETWORK "-"

/* ---- networks ---- */

/* The /24 or /64 that the address is in. */
static struct prefix around(const struct addr *address)
{
	struct prefix prefix = { .addr = *address, .length = addr_is_v4(address) ? 120 : 64 };

	memset(prefix.addr.bytes + prefix.length / 8, 0, 16 - prefix.length / 8);
	return prefix;
}

/* Its number, or UINT32_MAX without memory. */
static uint32_t network_number(struct inventory *inventory, const char *name)
{
	struct inventory_network *more;

	for (size_t i = inventory->networks; i-- > 0;) {
		if (strcmp(inventory->network[i].name, name) == 0)
			return (uint32_t)i;
	}
	if (inventory->networks == inventory->network_room) {
		const size_t room = inventory->network_room ? 2 * inventory->network_room : 16;

		more = realloc(inventory->network, room * sizeof(*more));
		if (!more)
			return UINT32_MAX;
		inventory->network = more;
		inventory->network_room = room;
	}
	inventory->network[inventory->networks] = (struct inventory_network){ .with = 0 };
	snprintf(inventory->network[inventory->networks].name, INVENTORY_NETWORK, "%s", name);
	return (uint32_t)inventory->networks++;
}

static uint32_t network_of_address(struct inventory *inventory, const struct addr *address)
{
	const struct prefix prefix = around(address);
	char text[PREFIX_TEXT];

	return network_number(inventory, prefix_print(&prefix, text));
}

/* ---- the file ---- */

struct inventory_reading {
	struct inventory *inventory;
	const struct leases *leases;
};

static int add_item(void *context, const struct naming *naming)
{
	const struct inventory_reading *reading = context;
	struct inventory *inventory = reading->inventory;
	struct inventory_item *item;

	if (inventory->items == INVENTORY_MOST)
		return -E2BIG;
	if (inventory->items == inventory->item_room) {
		const size_t room = inventory->item_room ? 2 * inventory->item_room : 256;

		item = realloc(inventory->item, room * sizeof(*item));
		if (!item)
			return -ENOMEM;
		inventory->item = item;
		inventory->item_room = room;
	}
	item = &inventory->item[inventory->items];
	*item = (struct inventory_item){ .naming = *naming };
	if (reading->leases->network[0])
		item->network = network_number(inventory, reading->leases->network);
	else if (naming->has_address)
		item->network = network_of_address(inventory, &naming->address);
	else
		item->network = network_number(inventory, NO_NETWORK);
	inventory->items++;
	return item->network == UINT32_MAX ? -ENOMEM : 0;
}

int inventory_parse(struct inventory *inventory, const char *source, const char *text, size_t size,
		    struct diag *diag)
{
	struct leases *leases = malloc(sizeof(*leases));
	struct inventory_reading reading = { inventory, leases };
	const struct leases_options options = { .source = source, .diag = diag, .sink = add_item,
						.context = &reading, .bare = true };
	int error;

	*inventory = (struct inventory){ .items = 0 };
	if (!leases)
		return -ENOMEM;
	leases_init(leases, LEASES_TABLE, &options);
	error = leases_feed(leases, text, size);
	if (!error)
		error = leases_end(leases);
	free(leases);
	return error;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->item);
	free(inventory->network);
	free(inventory->unlisted);
	*inventory = (struct inventory){ .items = 0 };
}

/* ---- matching ---- */

/* Three orders of the items, for bisection. */
struct item_index {
	const struct inventory *inventory;
	uint32_t *by_mac, *by_address, *by_name;
	size_t macs, addresses, names;
};

static int order_mac(const void *a, const void *b, void *context)
{
	const struct inventory_item *item = context;

	return memcmp(item[*(const uint32_t *)a].naming.mac, item[*(const uint32_t *)b].naming.mac,
		      MAC_SIZE);
}

static int order_address(const void *a, const void *b, void *context)
{
	const struct inventory_item *item = context;

	return addr_compare(&item[*(const uint32_t *)a].naming.address,
			    &item[*(const uint32_t *)b].naming.address);
}

static int order_name(const void *a, const void *b, void *context)
{
	const struct inventory_item *item = context;

	return strcasecmp(item[*(const uint32_t *)a].naming.name,
			  item[*(const uint32_t *)b].naming.name);
}

static void index_free(struct item_index *index)
{
	free(index->by_mac);
	free(index->by_address);
	free(index->by_name);
}

static int index_build(struct item_index *index, const struct inventory *inventory)
{
	const size_t room = inventory->items + 1;

	*index = (struct item_index){ .inventory = inventory,
				      .by_mac = calloc(room, sizeof(uint32_t)),
				      .by_address = calloc(room, sizeof(uint32_t)),
				      .by_name = calloc(room, sizeof(uint32_t)) };
	if (!index->by_mac || !index->by_address || !index->by_name)
		return -ENOMEM;
	for (uint32_t i = 0; i < inventory->items; i++) {
		const struct naming *naming = &inventory->item[i].naming;

		if (naming->has_mac)
			index->by_mac[index->macs++] = i;
		if (naming->has_address)
			index->by_address[index->addresses++] = i;
		if (naming->name[0])
			index->by_name[index->names++] = i;
	}
	qsort_r(index->by_mac, index->macs, sizeof(uint32_t), order_mac, inventory->item);
	qsort_r(index->by_address, index->addresses, sizeof(uint32_t), order_address,
		inventory->item);
	qsort_r(index->by_name, index->names, sizeof(uint32_t), order_name, inventory->item);
	return 0;
}

/* The place of the first that is not before the wanted one, which stands behind the last item. */
static size_t first_of(const struct inventory *inventory, const uint32_t *list, size_t count,
		       int (*order)(const void *a, const void *b, void *context))
{
	const uint32_t wanted = (uint32_t)inventory->items;
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (order(&list[middle], &wanted, inventory->item) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Marks all items that are equal to the wanted one; the number of one of them, or -1. */
static int64_t mark(struct inventory *inventory, const uint32_t *list, size_t count,
		    int (*order)(const void *a, const void *b, void *context), bool without_mac)
{
	const uint32_t wanted = (uint32_t)inventory->items;
	size_t low = first_of(inventory, list, count, order);
	int64_t found = -1;

	for (; low < count && order(&list[low], &wanted, inventory->item) == 0; low++) {
		struct inventory_item *item = &inventory->item[list[low]];

		if (without_mac && item->naming.has_mac)
			continue;
		item->seen = true;
		found = list[low];
	}
	return found;
}

/* An item of the host, or -1; marks all of them. The item behind the last one is the key. */
static int64_t find_item(struct inventory *inventory, const struct item_index *index,
			 const struct hosts *hosts, const struct hosts_row *row)
{
	struct naming *wanted = &inventory->item[inventory->items].naming;
	uint32_t position = 0;
	int64_t found = -1, one;
	struct host_run run;

	while (machines_run(hosts->machines, row->number, &position, &run)) {
		const bool own_mac = run.has_mac && !machines_is_router(hosts->machines, run.mac);

		if (own_mac) {
			memcpy(wanted->mac, run.mac, MAC_SIZE);
			one = mark(inventory, index->by_mac, index->macs, order_mac, false);
			found = one >= 0 ? one : found;
		}
		wanted->address = run.address;
		one = mark(inventory, index->by_address, index->addresses, order_address, own_mac);
		found = found >= 0 ? found : one;
	}
	if (found < 0 && row->name && row->name->name[0]) {
		snprintf(wanted->name, sizeof(wanted->name), "%s", row->name->name);
		found = mark(inventory, index->by_name, index->names, order_name, false);
	}
	return found;
}

/* Of a host that is in no item. */
static uint32_t network_of_host(struct inventory *inventory, const struct item_index *index,
				const struct addr *address)
{
	const struct prefix prefix = around(address);
	struct prefix named;
	size_t low;

	for (size_t i = 0; i < inventory->networks; i++) {
		const char *name = inventory->network[i].name;

		if (prefix_parse(&named, name, strlen(name)) == 0 &&
		    prefix_contains(&named, address))
			return (uint32_t)i;
	}
	inventory->item[inventory->items].naming.address = prefix.addr;
	low = first_of(inventory, index->by_address, index->addresses, order_address);
	if (low < index->addresses) {
		const struct inventory_item *item = &inventory->item[index->by_address[low]];

		if (prefix_contains(&prefix, &item->naming.address))
			return item->network;
	}
	return network_of_address(inventory, address);
}

static void count_host(struct inventory_network *network, const struct hosts_row *row, bool listed)
{
	network->with += row->verdict.kind == VERDICT_PRODUCT;
	network->without += row->verdict.kind != VERDICT_PRODUCT;
	network->engine += row->verdict.kind == VERDICT_ENGINE;
	network->unlisted += !listed;
}

static int by_network_name(const void *left, const void *right)
{
	const struct inventory_network *a = left, *b = right;

	return strverscmp(a->name, b->name);
}

static int compare_all(struct inventory *inventory, const struct item_index *index,
		       const struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		const struct hosts_row *row = &hosts->row[i];
		const int64_t item = find_item(inventory, index, hosts, row);
		const uint32_t network = item >= 0 ? inventory->item[item].network :
					 network_of_host(inventory, index, &row->host.address);

		if (network == UINT32_MAX)
			return -ENOMEM;
		if (item < 0)
			inventory->unlisted[inventory->unlisteds++] = (uint32_t)i;
		count_host(&inventory->network[network], row, item >= 0);
	}
	for (size_t i = 0; i < inventory->items; i++) {
		if (!inventory->item[i].seen)
			inventory->network[inventory->item[i].network].never++;
	}
	if (inventory->networks)
		qsort(inventory->network, inventory->networks, sizeof(*inventory->network),
		      by_network_name);
	return 0;
}

int inventory_compare(struct inventory *inventory, const struct hosts *hosts)
{
	struct inventory_item *more = realloc(inventory->item,
					      (inventory->items + 1) * sizeof(*more));
	struct item_index index;
	int error;

	if (!more)
		return -ENOMEM;
	inventory->item = more;
	inventory->item_room = inventory->items + 1;
	more[inventory->items] = (struct inventory_item){ .network = 0 };
	inventory->unlisted = calloc(hosts->count + 1, sizeof(*inventory->unlisted));
	error = index_build(&index, inventory);
	if (!error && !inventory->unlisted)
		error = -ENOMEM;
	if (!error)
		error = compare_all(inventory, &index, hosts);
	index_free(&index);
	return error;
}
