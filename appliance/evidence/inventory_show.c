/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "appliance/evidence/inventory.h"
#include "appliance/evidence/show.h"

enum { LISTED = 20 };	/* lines for people; JSON has all */

static void show_item(const struct naming *naming)
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED];

	printf("  %s %s %s\n", naming->has_address ? addr_print(&naming->address, addr) : "-",
	       naming->has_mac ? mac_print(naming->mac, mac) : "-",
	       naming->name[0] ? naming->name : "-");
}

static void show_never(const struct inventory *inventory)
{
	size_t shown = 0;

	for (size_t i = 0; i < inventory->items; i++) {
		if (inventory->item[i].seen)
			continue;
		if (shown == 0)
			puts("inventoried and never seen:");
		if (shown++ < LISTED)
			show_item(&inventory->item[i].naming);
	}
	if (shown > LISTED)
		printf("  ... and %zu more; --json has all\n", shown - LISTED);
}

static void show_unlisted(const struct inventory *inventory, const struct hosts *hosts)
{
	char who[SHOW_WHO];

	if (inventory->unlisteds)
		puts("seen and not inventoried:");
	for (size_t i = 0; i < inventory->unlisteds && i < LISTED; i++) {
		const struct hosts_row *row = &hosts->row[inventory->unlisted[i]];

		printf("  %s %s, %s\n", show_who(&row->host, who),
		       row->name && row->name->name[0] ? row->name->name : "-",
		       verdict_print(row->verdict.kind));
	}
	if (inventory->unlisteds > LISTED)
		printf("  ... and %zu more; --json has all\n", inventory->unlisteds - LISTED);
}

static void show_text(const struct inventory *inventory, const struct hosts *hosts)
{
	printf("%-24s %9s %9s %9s %9s\n", "network", "with", "without", "never", "not");
	printf("%-24s %9s %9s %9s %9s\n", "", "product", "product", "seen", "listed");
	for (size_t i = 0; i < inventory->networks; i++) {
		const struct inventory_network *network = &inventory->network[i];

		printf("%-24s %9" PRIu32 " %9" PRIu32 " %9" PRIu32 " %9" PRIu32 "\n",
		       network->name, network->with, network->without, network->never,
		       network->unlisted);
	}
	show_never(inventory);
	show_unlisted(inventory, hosts);
	if (hosts->networks)
		printf("%" PRIu64 " events of networks whose hosts are not known count for none of "
		       "these\n", hosts->network_events);
}

static json_t *network_json(const struct inventory_network *network)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "network", network->name,
			 "with_product", (json_int_t)network->with,
			 "without_product", (json_int_t)network->without,
			 "with_engine", (json_int_t)network->engine,
			 "never_seen", (json_int_t)network->never,
			 "not_inventoried", (json_int_t)network->unlisted);
}

static json_t *item_json(const struct naming *naming)
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED];

	return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?}",
			 "address", naming->has_address ? addr_print(&naming->address, addr) : NULL,
			 "mac", naming->has_mac ? mac_print(naming->mac, mac) : NULL,
			 "name", naming->name[0] ? naming->name : NULL,
			 "user", naming->user[0] ? naming->user : NULL,
			 "site", naming->site[0] ? naming->site : NULL);
}

static json_t *unlisted_json(const struct hosts_row *row)
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED];

	return json_pack("{s:s, s:s?, s:s?, s:s}",
			 "address", addr_print(&row->host.address, addr),
			 "mac", row->host.has_mac ? mac_print(row->host.mac, mac) : NULL,
			 "name", row->name && row->name->name[0] ? row->name->name : NULL,
			 "verdict", verdict_print(row->verdict.kind));
}

static json_t *inventory_json(const struct inventory *inventory, const struct hosts *hosts)
{
	json_t *networks = json_array(), *never = json_array(), *unlisted = json_array();

	for (size_t i = 0; i < inventory->networks; i++)
		(void)json_array_append_new(networks, network_json(&inventory->network[i]));
	for (size_t i = 0; i < inventory->items; i++) {
		if (!inventory->item[i].seen)
			(void)json_array_append_new(never, item_json(&inventory->item[i].naming));
	}
	for (size_t i = 0; i < inventory->unlisteds; i++)
		(void)json_array_append_new(unlisted,
					    unlisted_json(&hosts->row[inventory->unlisted[i]]));
	return json_pack("{s:o, s:o, s:o, s:I}", "networks", networks, "never_seen", never,
			 "not_inventoried", unlisted,
			 "events_of_unknown_hosts", (json_int_t)hosts->network_events);
}

int inventory_read(struct inventory *inventory, const char *path)
{
	struct diag diag;
	char *text = NULL;
	size_t size;
	int error = file_read(AT_FDCWD, path, INVENTORY_FILE, &text, &size);

	diag_init(&diag);
	*inventory = (struct inventory){ .items = 0 };
	if (!error)
		error = inventory_parse(inventory, path, text, size, &diag);
	command_print_diag(&diag);
	if (error && diag.count == 0)
		fprintf(stderr, "cordon hosts: %s: %s\n", path, strerror(-error));
	free(text);
	if (!error)
		return EXIT_YES;
	inventory_free(inventory);
	return EXIT_NO;
}

int inventory_show(struct inventory *inventory, const struct hosts *hosts, bool json)
{
	const int error = inventory_compare(inventory, hosts);

	if (error)
		fprintf(stderr, "cordon hosts: %s\n", strerror(-error));
	else if (json)
		command_print_json(inventory_json(inventory, hosts));
	else
		show_text(inventory, hosts);
	return error ? EXIT_NO : EXIT_YES;
}
