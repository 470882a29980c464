/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/compose.h"

#include <errno.h>
#include <string.h>

#include "appliance/settings/lines.h"
#include "appliance/settings/value.h"

/* Keys that are filled in when cordon.conf has none of them. */
static const char *const open_key[][2] = {
	{ "network", "masquerade" }, { "network", "others" }, { "network", "management" },
	{ "dns", "upstream" }, { "update", "trust-root" }, { "update", "mirror-ca" },
	{ "daemon", "watchdog" },
};
enum { MASQUERADE, OTHERS, MANAGEMENT, UPSTREAM, TRUST_ROOT, MIRROR_CA, WATCHDOG, OPEN_KEYS };

/* Keys of [network] that name interfaces. */
static const char *const side[] = { "lan", "management", "wan" };
enum { SIDE_LAN, SIDE_MANAGEMENT, SIDE_WAN, SIDES };

struct scan {
	struct parser parser;	/* first, as the reader of lines wants it */
	bool given[OPEN_KEYS];
	const struct network *network;
	bool lan[NETWORK_LANS];		/* of network: cordon.conf names its interface itself */
	bool wan[SIDES];		/* its WAN is among that side's interfaces */
};

static bool names(const char *list, const char *interface)
{
	const char *word;
	size_t length;

	while (value_word(&list, &word, &length)) {
		if (strlen(interface) == length && memcmp(word, interface, length) == 0)
			return true;
	}
	return false;
}

static void note_interfaces(struct scan *scan, const char *key, const char *value)
{
	const struct network *network = scan->network;
	size_t which = 0;

	while (which < SIDES && strcmp(key, side[which]) != 0)
		which++;
	if (which == SIDES)
		return;
	for (size_t i = 0; which == SIDE_LAN && i < network->lans; i++)
		scan->lan[i] |= names(value, network->lan[i].interface);
	scan->wan[which] |= network->has_wan && names(value, network->wan.interface);
}

static int note(void *context, const char *section, const char *key, const char *value)
{
	struct scan *scan = context;

	scan->parser.unhandled = 0;
	if (strcmp(section, "network") == 0)
		note_interfaces(scan, key, value);
	for (int i = 0; i < OPEN_KEYS; i++) {
		if (strcmp(open_key[i][0], section) == 0 && strcmp(open_key[i][1], key) == 0)
			scan->given[i] = true;
	}
	return 1;
}

/* A LAN of network.conf is one whatever cordon.conf names: no client passes beside the policy. Its
 * WAN is one, too, beside those that cordon.conf names. */
static void put_network(const struct compose *compose, const struct scan *scan, struct text *out)
{
	const struct network *network = compose->network;
	const struct network_link *management = network_management(network);

	text_puts(out, "\n[network]\n");
	for (size_t i = 0; i < network->lans; i++) {
		if (!scan->lan[i])
			text_printf(out, "lan = %s\n", network->lan[i].interface);
	}
	if (network->has_wan && !scan->wan[SIDE_WAN])
		text_printf(out, "wan = %s\n", network->wan.interface);
	if (!scan->given[MASQUERADE])
		text_printf(out, "masquerade = %s\n", network->masquerade ? "yes" : "no");
	if (!scan->given[OTHERS])
		text_puts(out, "others = drop\n");
	if (!scan->given[MANAGEMENT] && management)
		text_printf(out, "management = %s\n", management->interface);
}

/* Two files, one truth: what leads outside in the one must not be open in the other. */
static void check_wan(const struct scan *scan, struct diag *diag)
{
	for (int i = SIDE_LAN; i < SIDE_WAN; i++) {
		if (scan->wan[i])
			diag_error(diag, "cordon.conf", 0, 0,
				   "[network] %s has %s, which is the WAN in network.conf: "
				   "expected another interface in one of them",
				   side[i], scan->network->wan.interface);
	}
}

bool compose_learns(const struct network *network)
{
	return network->has_wan && (network->wan.v4.method == METHOD_DYNAMIC ||
				    network->wan.v6.method == METHOD_DYNAMIC);
}

static void check_upstream(const struct scan *scan, struct diag *diag)
{
	if (!scan->given[UPSTREAM] && !compose_learns(scan->network))
		diag_error(diag, "cordon.conf", 0, 0,
			   "[dns] upstream: expected the DNS servers to ask: "
			   "network.conf has no WAN that learns them by DHCP");
}

/* Is there a way out for this family? */
static bool leads_out(const struct network *network, bool v4)
{
	const struct network_link *link;

	for (size_t i = 0; (link = network_link(network, i)); i++) {
		const struct network_family *family = v4 ? &link->v4 : &link->v6;

		if (family->has_gateway || (link == &network->wan && family->method != METHOD_NONE))
			return true;
	}
	return false;
}

static void put_upstream(const struct compose *compose, struct text *out)
{
	char text[ADDR_TEXT];
	size_t used = 0;

	text_puts(out, "\n[dns]\n");
	for (size_t i = 0; i < compose->dns_count && used < SETTINGS_UPSTREAMS; i++) {
		if (!leads_out(compose->network, addr_is_v4(&compose->dns[i])))
			continue;
		text_printf(out, "upstream = %s\n", addr_print(&compose->dns[i], text));
		used++;
	}
	if (used == 0)
		text_puts(out, leads_out(compose->network, true)
				       ? "upstream = 9.9.9.9 149.112.112.112\n"
				       : "upstream = 2620:fe::fe 2620:fe::9\n");
}

int compose(const struct compose *compose, struct text *out, struct diag *diag)
{
	struct scan scan = { .network = compose->network,
			     .parser = { .source = "cordon.conf",
					 .diag = diag,
					 .text = compose->text ? compose->text : "",
					 .length = compose->text ? compose->length : 0 } };
	size_t errors = diag->count;

	lines_parse(&scan.parser, note);
	check_wan(&scan, diag);
	check_upstream(&scan, diag);
	if (diag->count != errors)
		return -EINVAL;
	text_put(out, scan.parser.text, scan.parser.length);
	text_puts(out, "\n# What follows was filled in from network.conf and DHCP.\n");
	put_network(compose, &scan, out);
	if (!scan.given[UPSTREAM])
		put_upstream(compose, out);
	if (!scan.given[TRUST_ROOT] && compose->trust_root)
		text_printf(out, "\n[update]\ntrust-root = %s\n", compose->trust_root);
	if (!scan.given[MIRROR_CA] && compose->mirror_ca)
		text_printf(out, "\n[update]\nmirror-ca = %s\n", compose->mirror_ca);
	if (!scan.given[WATCHDOG] && compose->watchdog)
		text_printf(out, "\n[daemon]\nwatchdog = %s\n", compose->watchdog);
	return text_failed(out) ? -ENOMEM : 0;
}
