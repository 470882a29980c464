/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/box_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/status_boot.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/outside.h"
#include "appliance/box/network/renew.h"
#include "appliance/box/network/route.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/command/command.h"

enum { IMAGE_JSON_MAX = 4096 };

/* ---- texts ---- */

/* The first line of a file. */
static bool read_line(const char *path, char *text, size_t size)
{
	if (!box_peek(path, text, size)) {
		text[0] = '\0';
		return false;
	}
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static void read_note(const char *path, char text[BOX_NOTE])
{
	if (read_line(path, text, BOX_NOTE))
		text_mask(text);
}

/* The first of two places that there is; the firmware's text, so printable ASCII only. */
static void read_hardware(const char *first, const char *second, char text[BOX_FACT])
{
	if (!read_line(first, text, BOX_FACT))
		(void)read_line(second, text, BOX_FACT);
	for (char *at = text; *at; at++)
		*at = *at >= ' ' && *at <= '~' ? *at : '?';
}

static void take_text(const json_t *object, const char *key, char text[BOX_FACT])
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(text, BOX_FACT, "%s", value ? value : "");
	text_mask(text);
}

/* ---- image, settings, start ---- */

static void read_image(struct box_facts *facts)
{
	size_t size;
	char *text = box_read(PATH_IMAGE, IMAGE_JSON_MAX, &size);
	json_t *image = text ? json_loadb(text, size, 0, NULL) : NULL;

	take_text(image, "version", facts->version);
	take_text(image, "arch", facts->arch);
	facts->built = json_integer_value(json_object_get(image, "build"));
	facts->supported_until = json_integer_value(json_object_get(image, "supported-until"));
	facts->supported = !facts->supported_until || clock_wall() <= facts->supported_until;
	read_note(PATH_IMAGE_REFUSED, facts->image_refused);
	json_decref(image);
	free(text);
}

static void read_slot(struct box_facts *facts)
{
	static struct image_disk disk;
	static struct image_boot boot;
	static struct diag diag;

	diag_init(&diag);
	if (image_disk_open(&disk, false, &diag))
		return;
	facts->has_slot = image_boot_read(&boot, &disk, &diag) == 0;
	if (facts->has_slot) {
		facts->slot = disk.slot;
		facts->image_on_trial = slots_on_trial(&boot.slots, disk.slot);
		memcpy(facts->running, boot.running, sizeof(facts->running));
		memcpy(facts->failed, boot.slots.failed, sizeof(facts->failed));
	}
	image_disk_close(&disk);
}

static void read_settings(struct box_facts *facts)
{
	facts->provisioned = set_mark_provisioned();
	facts->has_secret = admin_has_secret();
	facts->settings_on_trial = set_store_on_trial();
	facts->settings_wait = box_has(SET_STORE_WAITING);
	facts->settings_put_aside = box_has(SET_STORE_BAD) && !box_has(LEDGER_PATH);
	set_log_last_refusal(facts->settings_refused, sizeof(facts->settings_refused));
	text_mask(facts->settings_refused);
	read_note(PATH_WRONG, facts->settings_wrong);
}

static void read_boot(struct box_facts *facts)
{
	facts->has_boot = box_has(PATH_BOOT_TIMES);
	if (!facts->has_boot)
		return;
	status_boot_load(&facts->boot);
	facts->boot_done = box_has(PATH_BOOT_RUN "/done");
}

/* ---- links ---- */

static void find_missing(const struct network *network, char text[BOX_FACT])
{
	const struct network_link *link;

	for (size_t i = 0; box_has("/sys/class/net") && (link = network_link(network, i)); i++) {
		if (facts_has_interface(link->interface))
			continue;
		snprintf(text, BOX_FACT, "%s of %s", link->interface, link->name);
		return;
	}
}

static bool has_route(bool v6)
{
	static char text[1 << 16];

	/* A kernel that has no such file does not say. */
	if (!box_peek(v6 ? "/proc/net/ipv6_route" : "/proc/net/route", text, sizeof(text)))
		return true;
	return v6 ? route_has_default_v6(text) : route_has_default_v4(text);
}

/* What follows from no cable is not reported beside it. */
static void read_outside(struct box_facts *facts, const struct network *network,
			 const struct lease lease[2])
{
	const struct network_link *link = outside_link(network);
	const int64_t asked = facts_lease_asked(), now = clock_uptime_ms();

	snprintf(facts->outside, sizeof(facts->outside), "%s", link ? link->interface : "");
	facts->carrier = link ? carrier_state(link->interface) : -1;
	for (int v6 = 0; v6 < 2 && facts->carrier != 0; v6++) {
		facts->stale[v6] = network->has_wan && outside_is_stale(&lease[v6], asked, now);
		facts->no_route[v6] = outside_owes_route(network, &lease[v6], asked, now) &&
				      !has_route(v6);
	}
}

static void read_links(struct box_facts *facts)
{
	static struct network network;
	static struct lease lease[2];

	facts->has_links = facts_network(&network) == EXIT_YES;
	if (!facts->has_links)
		return;
	for (int v6 = 0; v6 < 2; v6++)
		(void)facts_lease(&lease[v6], v6, false);
	find_missing(&network, facts->link_missing);
	facts->wan_waits = network.has_wan && network.wan.v4.method == METHOD_DYNAMIC &&
			   !lease[0].has_address;
	read_note(PATH_LEASE_REFUSED, facts->lease_refused);
	read_outside(facts, &network, lease);
}

void box_facts_read(struct box_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->carrier = -1;
	read_hardware("/sys/class/dmi/id/product_name", "/proc/device-tree/model", facts->model);
	read_hardware("/sys/class/dmi/id/product_serial", "/proc/device-tree/serial-number",
		      facts->serial);
	read_image(facts);
	read_slot(facts);
	read_settings(facts);
	read_links(facts);
	read_boot(facts);
}

/* ---- what health is to judge ---- */

const char *box_facts_families(const bool given[2], bool lease)
{
	static const char *const words[2][4] = {
		{ NULL, "IPv4", "IPv6", "IPv4 and IPv6" },
		{ NULL, "DHCP", "DHCPv6", "DHCP and DHCPv6" },
	};

	return words[lease][given[0] + 2 * given[1]];
}

static const char *text_if(const char *text)
{
	return text[0] ? text : NULL;
}

void box_facts_judge(const struct box_facts *facts, struct health *health)
{
	health->box = true;
	health->unsupported = !facts->supported;
	health->image_failed = text_if(facts->failed);
	health->image_refused = text_if(facts->image_refused);
	health->image_on_trial = facts->image_on_trial;
	health->link_missing = text_if(facts->link_missing);
	health->wan_waits = facts->wan_waits;
	health->lease_refused = text_if(facts->lease_refused);
	health->no_carrier = facts->carrier == 0 ? text_if(facts->outside) : NULL;
	health->no_route = box_facts_families(facts->no_route, false);
	health->lease_stale = box_facts_families(facts->stale, true);
	health->settings_put_aside = facts->settings_put_aside;
	health->settings_wrong = text_if(facts->settings_wrong);
	health->provisioned = facts->provisioned;
	health->settings_wait = facts->settings_wait;
	health->settings_on_trial = facts->settings_on_trial;
	/* A start that is still under way is not wrong yet. */
	health->boot_wrong = facts->has_boot && facts->boot_done && !boot_proven(&facts->boot);
	health->selftest_failed = facts->has_boot && facts->boot_done &&
				  facts->boot.at[BOOT_SELFTEST] < 0;
}
