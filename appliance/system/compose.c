/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system/compose.h"

#include <errno.h>
#include <string.h>

#include "settings/lines.h"

/* Keys that are filled in when cordon.conf has none of them. */
static const char *const open_key[][2] = {
	{ "network", "lan" }, { "network", "masquerade" }, { "network", "management" },
	{ "dns", "upstream" }, { "update", "trust-root" }, { "update", "mirror-ca" },
	{ "daemon", "watchdog" },
};
enum { LAN, MASQUERADE, MANAGEMENT, UPSTREAM, TRUST_ROOT, MIRROR_CA, WATCHDOG, OPEN_KEYS };

struct scan {
	struct parser parser;	/* first, as the reader of lines wants it */
	bool given[OPEN_KEYS];
};

static int note(void *context, const char *section, const char *key, const char *value)
{
	struct scan *scan = context;

	(void)value;
	scan->parser.unhandled = 0;
	for (int i = 0; i < OPEN_KEYS; i++) {
		if (strcmp(open_key[i][0], section) == 0 && strcmp(open_key[i][1], key) == 0)
			scan->given[i] = true;
	}
	return 1;
}

static void put_network(const struct compose *compose, const bool given[], struct text *out)
{
	const struct network *network = compose->network;
	const struct network_link *management = network_management(network);

	text_puts(out, "\n[network]\n");
	for (size_t i = 0; i < network->lans && !given[LAN]; i++)
		text_printf(out, "lan = %s\n", network->lan[i].interface);
	if (!given[MASQUERADE])
		text_printf(out, "masquerade = %s\n", network->masquerade ? "yes" : "no");
	if (!given[MANAGEMENT] && management)
		text_printf(out, "management = %s\n", management->interface);
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
	struct scan scan = { .parser = { .source = "cordon.conf", .diag = diag,
					 .text = compose->text ? compose->text : "",
					 .length = compose->text ? compose->length : 0 } };
	size_t errors = diag->count;

	lines_parse(&scan.parser, note);
	if (diag->count != errors)
		return -EINVAL;
	text_put(out, scan.parser.text, scan.parser.length);
	text_puts(out, "\n# What follows was filled in from network.conf and DHCP.\n");
	put_network(compose, scan.given, out);
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
