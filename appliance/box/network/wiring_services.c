/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "appliance/box/base/paths.h"
#include "appliance/box/network/lease.h"
#include "appliance/box/network/wiring.h"

/* DHCP, router advertisements, time and ssh: their words and their files. */

enum { SSH_PORT = 22, RA_INTERVAL = 200 };

static void put_file(struct wiring *wiring, struct step *step, const char *path, struct text *out)
{
	const char *copy = text_failed(out) || !out->data
				   ? NULL : arena_text(&wiring->arena, out->data, out->length);

	wiring->failed |= !copy;
	step->path = path;
	step->text = copy ? copy : "";
	text_release(out);
}

static void dhcp_clients(struct wiring *wiring, const struct network_link *wan)
{
	struct step *step;

	if (wan->v4.method == METHOD_DYNAMIC) {
		step = wiring_step(wiring, STEP_SERVICE, "udhcpc");
		wiring_words(wiring, step,
			     WIRING_BUSYBOX " udhcpc -f -i %s -s " WIRING_LEASE " -t 4 -T 3 -A 20"
					    " -O staticroutes -O mtu",
			     wan->interface);
	}
	/* The address comes by SLAAC; a prefix for the LANs and the resolvers by DHCPv6. */
	if (wan->v6.method == METHOD_DYNAMIC) {
		step = wiring_step(wiring, STEP_SERVICE, "udhcpc6");
		wiring_words(wiring, step, WIRING_BUSYBOX " udhcpc6 -f -i %s -s " WIRING_LEASE
			   " -t 4 -T 3 -A 20 -r no -d", wan->interface);
	}
}

static void dhcp_server(struct wiring *wiring, const struct network_link *lan)
{
	struct step *step =
		wiring_step(wiring, STEP_SERVICE, wiring_text(wiring, "udhcpd-%s", lan->interface));
	const char *path = wiring_text(wiring, PATH_RUN "/udhcpd.%s.conf", lan->interface);
	uint32_t mask = (uint32_t)(UINT64_C(0xffffffff) << (128 - lan->v4.address.length));
	char first[ADDR_TEXT], last[ADDR_TEXT], own[ADDR_TEXT], via[ADDR_TEXT], netmask[ADDR_TEXT];
	const struct addr subnet = addr_v4(mask);
	struct text out = TEXT_EMPTY;

	addr_print(&lan->v4.address.addr, own);
	addr_print(lan->v4.has_gateway ? &lan->v4.gateway : &lan->v4.address.addr, via);
	text_printf(&out, "interface %s\nstart %s\nend %s\nmax_leases 4096\n", lan->interface,
		    addr_print(&lan->dhcp_first, first), addr_print(&lan->dhcp_last, last));
	text_printf(&out, "lease_file " PATH_DATA "/leases.%s\npidfile " PATH_RUN "/udhcpd.%s.pid\n"
		    "auto_time 900\n", lan->interface, lan->interface);
	text_printf(&out, "opt subnet %s\nopt router %s\nopt dns %s\nopt lease %u\n",
		    addr_print(&subnet, netmask), via, own, lan->lease);
	put_file(wiring, step, path, &out);
	wiring_words(wiring, step, WIRING_BUSYBOX " udhcpd -f %s", path);
}

/* What clients get an address of. A prefix that counts down says so once, and radvd counts. */
static void put_prefix(struct text *out, const struct prefix *prefix, uint32_t preferred,
		       uint32_t valid, bool counts_down)
{
	char text[PREFIX_TEXT];

	text_printf(
		out,
		"\tprefix %s {\n\t\tAdvPreferredLifetime %u;\n\t\tAdvValidLifetime %u;\n%s\t};\n",
		prefix_print(prefix, text), preferred, valid,
		counts_down ? "\t\tDecrementLifetimes on;\n" : "");
}

static void put_resolver(struct text *out, const struct network_address *address, bool gone)
{
	char text[ADDR_TEXT];

	text_printf(out, "\tRDNSS %s { %s};\n", addr_print(&address->addr, text),
		    gone ? "AdvRDNSSLifetime 0; " : "");
}

/*
 * The prefix of a LAN, its resolver, and those that its clients may have from before: deprecated at
 * once (RFC 7084, L-13; RFC 9096, 3.5). false: there is none of them. is_router: there is one that
 * leads outside.
 */
static bool put_prefixes(struct text *out, const struct network *network,
			 const struct network_link *lan, const struct wiring_facts *facts,
			 bool *is_router)
{
	struct network_address address = lan->v6.address, old;
	const bool dynamic = lan->v6.method == METHOD_DYNAMIC;
	size_t before = out->length;
	struct prefix prefix;

	*is_router = !dynamic || (facts->has_delegated &&
				  wiring_delegated(&address, &facts->delegated, network, lan));
	if (*is_router) {
		prefix = network_prefix(&address);
		put_prefix(out, &prefix, dynamic ? facts->preferred : WIRING_PREFERRED_MOST,
			   dynamic ? facts->valid : WIRING_VALID_MOST,
			   dynamic && facts->counts_down);
		put_resolver(out, &address, false);
	}
	for (size_t i = 0; dynamic && i < facts->stales; i++) {
		if (!wiring_delegated(&old, &facts->stale[i].prefix, network, lan) ||
		    (*is_router && addr_compare(&old.addr, &address.addr) == 0))
			continue;
		prefix = network_prefix(&old);
		put_prefix(out, &prefix, 0, facts->stale[i].valid, false);
		put_resolver(out, &old, true);
	}
	return out->length != before;
}

static void router_advertisements(struct wiring *wiring, const struct network *network,
				  const struct wiring_facts *facts)
{
	struct text out = TEXT_EMPTY;
	struct step *step;

	for (size_t i = 0; i < network->lans; i++) {
		const struct network_link *lan = &network->lan[i];
		struct text prefixes = TEXT_EMPTY;
		bool is_router;

		if (lan->ra && lan->v6.method != METHOD_NONE &&
		    put_prefixes(&prefixes, network, lan, facts, &is_router)) {
			text_printf(&out,
				    "interface %s {\n\tAdvSendAdvert on;\n\tIgnoreIfMissing on;\n"
				    "\tMaxRtrAdvInterval %d;\n",
				    lan->interface, RA_INTERVAL);
			if (!network->forward || !is_router)
				text_puts(&out, "\tAdvDefaultLifetime 0;\n");
			text_put(&out, prefixes.data, prefixes.length);
			text_puts(&out, "};\n");
		}
		text_release(&prefixes);
	}
	if (!out.data)
		return;
	step = wiring_step(wiring, STEP_SERVICE, "radvd");
	wiring_words(wiring, step,
		     WIRING_RADVD " -n -m stderr -C " PATH_RUN "/radvd.conf -p " PATH_RUN
				  "/radvd.pid");
	/* One that ends tells all clients that there is no router any more. */
	step->rereads = true;
	put_file(wiring, step, PATH_RUN "/radvd.conf", &out);
}

static void time_client(struct wiring *wiring, const struct network *network)
{
	struct step *step;

	if (network->ntps == 0)
		return;
	step = wiring_step(wiring, STEP_SERVICE, "ntpd");
	wiring_words(wiring, step, WIRING_BUSYBOX " ntpd -n");
	for (size_t i = 0; i < network->ntps; i++)
		wiring_words(wiring, step, "-p %s", network->ntp[i]);
}

/* By key only, and on the addresses of the management only. */
static void shell(struct wiring *wiring, const struct network *network,
		  const struct wiring_facts *facts)
{
	const struct network_link *link = network_management(network);
	bool v4 = link && link->v4.method == METHOD_STATIC,
	     v6 = link && link->v6.method == METHOD_STATIC;
	struct network_address address;
	struct step *step;
	char text[ADDR_TEXT];

	if (v6)
		address = link->v6.address;
	else if (link && link->v6.method == METHOD_DYNAMIC && facts->has_delegated)
		v6 = wiring_delegated(&address, &facts->delegated, network, link);
	if (!v4 && !v6)
		return;
	step = wiring_step(wiring, STEP_RUN, link->interface);
	wiring_words(wiring, step, WIRING_DROPBEARKEY " -t ecdsa -f " PATH_SSH_KEY);
	step->unless = PATH_SSH_KEY;
	step = wiring_step(wiring, STEP_FILE, "");
	step->path = WIRING_READER_KEYS;
	step->text = facts->reader_keys ? facts->reader_keys : "";
	step = wiring_step(wiring, STEP_SERVICE, "dropbear");
	wiring_words(wiring, step, WIRING_DROPBEAR " -F -E -r " PATH_SSH_KEY);
	if (v4)
		wiring_words(wiring, step, "-p %s:%d", addr_print(&link->v4.address.addr, text),
			     SSH_PORT);
	if (v6)
		wiring_words(wiring, step, "-p [%s]:%d", addr_print(&address.addr, text), SSH_PORT);
}

void wiring_services(struct wiring *wiring, const struct network *network,
		     const struct wiring_facts *facts)
{
	if (network->has_wan)
		dhcp_clients(wiring, &network->wan);
	for (size_t i = 0; i < network->lans; i++) {
		if (network->lan[i].dhcp)
			dhcp_server(wiring, &network->lan[i]);
	}
	if (facts->has_radvd)
		router_advertisements(wiring, network, facts);
	time_client(wiring, network);
	if (network->ssh && facts->has_keys && facts->has_dropbear)
		shell(wiring, network, facts);
}
