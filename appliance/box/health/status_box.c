/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/status_box.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/boot.h"
#include "appliance/box/health/health.h"
#include "appliance/box/health/status_boot.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/slots.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/lease.h"
#include "appliance/box/network/renew.h"
#include "appliance/box/network/route.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/settings.h"
#include "appliance/command/command.h"

/* What an appliance that runs the image says beside cordond: the box, its image, its settings. */

enum {
	IMAGE_JSON_MAX = 4096,
	FACT = 128,
	ANSWER_MS = 15000,	/* in which a server answers, if there is one */
	ROUTE_MS = 30000,	/* in which a router is heard (RFC 7559) */
	START_MS = 120000
};

static void put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value ? value : json_null());
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* ---- facts ---- */

/* The first of two places that says something; printable ASCII only, it is somebody else's text. */
static json_t *fact(const char *first, const char *second)
{
	char text[FACT];

	if (!box_peek(first, text, sizeof(text)) && !box_peek(second, text, sizeof(text)))
		return json_null();
	text[strcspn(text, "\n")] = '\0';
	for (char *at = text; *at; at++)
		*at = *at >= ' ' && *at <= '~' ? *at : '?';
	return text[0] ? json_string(text) : json_null();
}

static json_t *date(int64_t seconds)
{
	char text[CLOCK_TEXT];

	clock_print(seconds * 1000, text);
	text[10] = '\0';
	return seconds ? json_string(text) : json_null();
}

/* The first line of a note; null: there is none. */
static json_t *note(const char *path)
{
	char text[512];

	if (!box_peek(path, text, sizeof(text)))
		return json_null();
	text[strcspn(text, "\n")] = '\0';
	text_mask(text);
	return json_string(text);
}

static json_t *image_json(void)
{
	size_t size;
	char *text = box_read(PATH_IMAGE, IMAGE_JSON_MAX, &size);
	json_t *image = text ? json_loadb(text, size, 0, NULL) : NULL, *object = json_object();
	int64_t until = json_integer_value(json_object_get(image, "supported-until"));

	put(object, "version", json_incref(json_object_get(image, "version")));
	put(object, "arch", json_incref(json_object_get(image, "arch")));
	put(object, "built", date(json_integer_value(json_object_get(image, "build"))));
	put(object, "supported_until", date(until));
	put(object, "supported", json_boolean(!until || clock_wall() <= until));
	put(object, "refused", note(PATH_IMAGE_REFUSED));
	json_decref(image);
	free(text);
	return object;
}

/* null: not started from a disk of ours. */
static json_t *slot_json(void)
{
	static struct image_disk disk;
	static struct image_boot boot;
	static struct diag diag;
	json_t *object = NULL;

	diag_init(&diag);
	if (image_disk_open(&disk, false, &diag))
		return json_null();
	if (image_boot_read(&boot, &disk, &diag) == 0)
		object = json_pack("{s:s, s:s, s:b, s:s}", "running", slot_print(disk.slot), "image",
				   boot.running, "on_trial", slots_on_trial(&boot.slots, disk.slot), "failed",
				   boot.slots.failed);
	image_disk_close(&disk);
	return object;
}

static json_t *settings_json(void)
{
	char refusal[512];

	settings_last_refusal(refusal, sizeof(refusal));
	text_mask(refusal);
	return json_pack("{s:b, s:b, s:b, s:b, s:b, s:o, s:o}", "provisioned", settings_provisioned(), "secret",
			 admin_has_secret(), "on_trial", settings_on_trial(), "waiting",
			 box_has(SETTINGS_WAITING), "put_aside",
			 box_has(SETTINGS_BAD) && !box_has(PATH_SETTINGS "/ledger"), "refused",
			 refusal[0] ? json_string(refusal) : json_null(), "wrong", note(PATH_WRONG));
}

/* "eth5 of lan"; null: all are there. */
static json_t *missing_link(const struct network *network)
{
	const struct network_link *link;
	char text[64];

	for (size_t i = 0; box_has("/sys/class/net") && (link = network_link(network, i)); i++) {
		snprintf(text, sizeof(text), "%s of %s", link->interface, link->name);
		if (!facts_has_interface(link->interface))
			return json_string(text);
	}
	return json_null();
}

/* ---- the way outside ---- */

/* The WAN, or else the link that has a gateway. */
static const struct network_link *outside(const struct network *network)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		if (link == &network->wan || link->v4.has_gateway || link->v6.has_gateway)
			return link;
	}
	return NULL;
}

/* Nobody has answered since clients were told to begin anew, or its time is over. */
static bool is_stale(const struct lease *lease, int64_t now)
{
	const int64_t asked = facts_lease_asked();

	return (lease->has_address || lease->has_prefix) &&
	       ((asked > lease->since && now - asked > ANSWER_MS) ||
		lease_over(lease, now - ANSWER_MS));
}

static bool has_gateway(const struct network *network, bool v6)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		if ((v6 ? &link->v6 : &link->v4)->has_gateway)
			return true;
	}
	return false;
}

/* Is a default route owed? What DHCP or router advertisements give may take its time, and IPv6 need
 * not be there. */
static bool is_route_owed(const struct network *network, const struct lease *lease, int64_t now)
{
	if (has_gateway(network, lease->v6))
		return true;
	if (!network->has_wan ||
	    (lease->v6 ? &network->wan.v6 : &network->wan.v4)->method != METHOD_DYNAMIC)
		return false;
	if (lease->v6 && network->wan.v4.method == METHOD_NONE && now > START_MS)
		return now - facts_lease_asked() > ROUTE_MS;
	return (lease->has_address || lease->has_prefix) &&
	       now - lease->since > (lease->v6 ? ROUTE_MS : 0) &&
	       now - facts_lease_asked() > (lease->v6 ? ROUTE_MS : 0);
}

static bool has_route(bool v6)
{
	static char text[1 << 16];

	/* A kernel that has no such file does not say. */
	if (!box_peek(v6 ? "/proc/net/ipv6_route" : "/proc/net/route", text, sizeof(text)))
		return true;
	return v6 ? route_has_default_v6(text) : route_has_default_v4(text);
}

static json_t *families(const bool given[2], const char *v4, const char *v6)
{
	char text[32];

	if (!given[0] && !given[1])
		return json_null();
	snprintf(text, sizeof(text), "%s%s%s", given[0] ? v4 : "",
		 given[0] && given[1] ? " and " : "", given[1] ? v6 : "");
	return json_string(text);
}

/* What follows from no cable is not said beside it. */
static void put_outside(json_t *links, const struct network *network, const struct lease lease[2])
{
	const struct network_link *link = outside(network);
	const int carrier = link ? carrier_state(link->interface) : -1;
	const int64_t now = clock_uptime_ms();
	bool stale[2], lost[2];

	for (int v6 = 0; v6 < 2; v6++) {
		stale[v6] = carrier != 0 && network->has_wan && is_stale(&lease[v6], now);
		lost[v6] =
			carrier != 0 && is_route_owed(network, &lease[v6], now) && !has_route(v6);
	}
	put(links, "outside", link ? json_string(link->interface) : NULL);
	put(links, "carrier", carrier < 0 ? NULL : json_boolean(carrier));
	put(links, "no_default_route", families(lost, "IPv4", "IPv6"));
	put(links, "lease_stale", families(stale, "DHCP", "DHCPv6"));
}

/* null: network.conf does not read, which is said on stderr. */
static json_t *links_json(void)
{
	static struct network network;
	static struct lease lease[2];
	json_t *links;
	bool waits;

	if (facts_network(&network) != EXIT_YES)
		return json_null();
	for (int v6 = 0; v6 < 2; v6++)
		(void)facts_lease(&lease[v6], v6, false);
	waits = network.has_wan && network.wan.v4.method == METHOD_DYNAMIC && !lease[0].has_address;
	links = json_pack("{s:o, s:b, s:o}", "missing", missing_link(&network), "wan_waits", waits,
			  "lease_refused", note(PATH_LEASE_REFUSED));
	put_outside(links, &network, lease);
	return links;
}

static json_t *boot_json(void)
{
	struct text line = TEXT_EMPTY;
	struct boot boot;
	json_t *object;

	if (!box_has(PATH_BOOT_TIMES))
		return json_null();
	status_boot_load(&boot);
	boot_print(&boot, &line);
	object = json_pack("{s:s, s:b, s:b, s:b}", "report", line.data ? line.data : "", "proven",
			   boot_proven(&boot), "done", box_has(PATH_BOOT_RUN "/done"), "selftest",
			   boot.at[BOOT_SELFTEST] >= 0);
	text_release(&line);
	return object;
}

json_t *status_box(void)
{
	json_t *box = json_object();

	put(box, "model", fact("/sys/class/dmi/id/product_name", "/proc/device-tree/model"));
	put(box, "serial", fact("/sys/class/dmi/id/product_serial", "/proc/device-tree/serial-number"));
	put(box, "image", image_json());
	put(box, "slot", slot_json());
	put(box, "settings", settings_json());
	put(box, "links", links_json());
	put(box, "boot", boot_json());
	return box;
}

/* ---- healthy? ---- */

void status_judge_box(struct health *health, const json_t *box)
{
	const json_t *settings = json_object_get(box, "settings"), *slot = json_object_get(box, "slot");
	const json_t *boot = json_object_get(box, "boot"), *links = json_object_get(box, "links");

	health->box = true;
	health->now = 1;
	health->supported_until = is_true(json_object_get(box, "image"), "supported") ? 0 : -1;
	health->image_failed = command_text_if(slot, "failed");
	health->image_refused = command_text_if(json_object_get(box, "image"), "refused");
	health->image_on_trial = is_true(slot, "on_trial");
	health->link_missing = command_text_if(links, "missing");
	health->wan_waits = is_true(links, "wan_waits");
	health->lease_refused = command_text_if(links, "lease_refused");
	health->no_carrier = json_is_false(json_object_get(links, "carrier"))
				     ? command_text_if(links, "outside")
				     : NULL;
	health->no_route = command_text_if(links, "no_default_route");
	health->lease_stale = command_text_if(links, "lease_stale");
	health->settings_put_aside = is_true(settings, "put_aside");
	health->settings_wrong = command_text_if(settings, "wrong");
	health->provisioned = is_true(settings, "provisioned");
	health->settings_wait = is_true(settings, "waiting");
	health->settings_on_trial = is_true(settings, "on_trial");
	/* A start that is still under way is not wrong yet. */
	health->boot_wrong = is_true(boot, "done") && !is_true(boot, "proven");
	health->selftest_failed = is_true(boot, "done") && !is_true(boot, "selftest");
}

/* ---- words ---- */

static const char *or_dash(const json_t *object, const char *key)
{
	const char *text = command_text_if(object, key);

	return text ? text : "-";
}

static double megabytes(const json_t *log, const char *key)
{
	return (double)json_integer_value(json_object_get(log, key)) / (1 << 20);
}

static void print_log(const json_t *log)
{
	const json_t *days = json_object_get(log, "days");

	if (!json_is_object(log))
		return;
	printf("; log %.1f of %.0f MB", megabytes(log, "used_bytes"), megabytes(log, "budget_bytes"));
	if (json_is_number(days))
		printf(", room for %.0f days", json_number_value(days));
}

void status_print_box(const json_t *status, const json_t *box)
{
	const json_t *image = json_object_get(box, "image"), *slot = json_object_get(box, "slot");
	const json_t *settings = json_object_get(box, "settings");
	const json_t *dog = json_object_get(status, "watchdog");

	if (command_text_if(json_object_get(box, "boot"), "report"))
		printf("start      %s\n", command_text_if(json_object_get(box, "boot"), "report"));
	printf("image      cordon %s, built %s, supported until %s", or_dash(image, "version"),
	       or_dash(image, "built"), or_dash(image, "supported_until"));
	if (json_is_object(slot))
		printf(", slot %s%s", or_dash(slot, "running"), is_true(slot, "on_trial") ? " on trial" : "");
	printf("\nbox        %s, serial %s; watchdog %s", or_dash(box, "model"), or_dash(box, "serial"),
	       json_is_object(dog) ? is_true(dog, "fed") ? "fed" : "NOT fed" : "none");
	print_log(json_object_get(status, "log"));
	printf("\nsettings   %s%s%s%s\n", is_true(settings, "provisioned") ? "set up" : "as from the factory",
	       is_true(settings, "secret") ? "" : ", no administrator's secret",
	       command_text_if(settings, "refused") ? "; last refused: " : "",
	       command_text_if(settings, "refused") ? command_text_if(settings, "refused") : "");
}
