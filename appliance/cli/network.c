/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/sealed.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/boot.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/network/conf.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/lease.h"
#include "appliance/box/network/renew.h"
#include "appliance/box/network/run.h"
#include "appliance/box/network/services.h"
#include "appliance/box/network/wiring.h"
#include "appliance/cli/commands.h"
#include "appliance/command/command.h"

#define APPLIED PATH_RUN "/network.conf"	/* what the links have now */

struct checking {
	const char *path;
	char *text;
	size_t size;
};

static int check_work(void *context, struct text *answer, struct diag *diag)
{
	static struct network network;
	const struct checking *checking = context;
	int error = network_parse(&network, checking->path, checking->text, checking->size, diag);

	(void)answer;
	return error ? error : network_check_outside(&network, checking->path, diag);
}

/* The file may come from anywhere. */
static int check(const char *path)
{
	static struct diag diag;
	struct checking checking = { .path = path };
	const struct sealed sealed = { .what = path, .work = check_work, .context = &checking };
	struct text none = TEXT_EMPTY;
	int error = file_read(AT_FDCWD, path, NETWORK_TEXT_MAX, &checking.text, &checking.size);

	diag_init(&diag);
	if (error)
		diag_error(&diag, path, 0, 0, "cannot read: %s", strerror(-error));
	else
		error = sealed_run(&sealed, &none, &diag);
	free(checking.text);
	command_print_diag(&diag);
	if (!error)
		printf("%s: clean\n", path);
	return error ? EXIT_NO : EXIT_YES;
}

/* ---- show ---- */

static const char *family_text(const struct network_family *family, bool is_wan, bool v4,
			       char text[PREFIX_TEXT])
{
	if (family->method == METHOD_NONE)
		return "none";
	if (family->method == METHOD_DYNAMIC)
		return !is_wan ? "delegated" : v4 ? "dhcp" : "auto";
	return wiring_address(&family->address, text);
}

static json_t *link_json(const struct network *network, const struct network_link *link)
{
	char v4[PREFIX_TEXT], v6[PREFIX_TEXT];
	bool is_wan = link == &network->wan;

	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "name", link->name, "interface",
			 link->interface, "address", family_text(&link->v4, is_wan, true, v4),
			 "address6", family_text(&link->v6, is_wan, false, v6), "dhcp", link->dhcp,
			 "ra", link->ra);
}

static json_t *network_json(const struct network *network)
{
	const struct network_link *link, *management = network_management(network);
	json_t *links = json_array();

	for (size_t i = 0; (link = network_link(network, i)); i++)
		(void)json_array_append_new(links, link_json(network, link));
	return json_pack("{s:s, s:o, s:b, s:b, s:I, s:s?, s:b}", "hostname", network->hostname,
			 "links", links, "forward", network->forward, "masquerade",
			 network->masquerade, "routes", (json_int_t)network->routes, "management",
			 management ? management->interface : NULL, "ssh", network->ssh);
}

static int show(bool json)
{
	struct network network;
	const struct network_link *link, *management;
	struct wiring_facts facts;
	int code;

	/* What an empty network.conf means is true of an appliance alone. */
	if (!box_has(PATH_IMAGE) && !box_has(PATH_SETTINGS "/network.conf")) {
		fputs("cordon network: this machine does not run the image, and Cordon does not "
		      "set up its "
		      "links (ip address shows them)\n",
		      stderr);
		return EXIT_NO;
	}
	code = facts_network(&network);
	if (code)
		return code;
	if (json) {
		command_print_json(network_json(&network));
		return EXIT_YES;
	}
	for (size_t i = 0; (link = network_link(&network, i)); i++) {
		char v4[PREFIX_TEXT], v6[PREFIX_TEXT], card[FACTS_CARD];
		bool is_wan = link == &network.wan;

		printf("%-10s %-8s %s, %s%s%s (%s)\n", link->name, link->interface,
		       family_text(&link->v4, is_wan, true, v4),
		       family_text(&link->v6, is_wan, false, v6), link->dhcp ? ", DHCP" : "",
		       link->ra ? ", router advertisements" : "",
		       facts_card(link->interface, card));
	}
	management = network_management(&network);
	facts_wiring(&facts);
	printf("forwarding %s%s, management %s%s\n", network.forward ? "on" : "off",
	       network.masquerade ? " with NAT" : "", management ? management->interface : "none",
	       !network.ssh   ? "" :
	       facts.has_keys ? " with ssh" :
				"; ssh is on, and nobody has a key (authorized_keys)");
	return EXIT_YES;
}

/* ---- what changes the machine ---- */

/* What the kernel forwarded until now: at a start, before anything should have passed. */
static void record_forwarded(void)
{
	static char text[16384];
	uint64_t v4 = 0, v6 = 0;
	char line[64];

	if (box_has(PATH_BOOT_FORWARDED) || !box_has(PATH_BOOT_RUN))
		return;
	if (!box_peek("/proc/net/snmp", text, sizeof(text)) ||
	    !boot_counter(&v4, text, "Ip", "ForwDatagrams"))
		return;
	/* A kernel without IPv6 has no such file and forwards none. */
	if (box_peek("/proc/net/snmp6", text, sizeof(text)) &&
	    !boot_counter(&v6, text, "", "Ip6OutForwDatagrams"))
		return;
	snprintf(line, sizeof(line), "4 %" PRIu64 "\n6 %" PRIu64 "\n", v4, v6);
	(void)box_write(PATH_BOOT_FORWARDED, line, strlen(line), 0644);
}

/*
 * Its client keeps the lease of a link that was taken down, and asks again only after half of it.
 */
static void wiring_lease(struct wiring *wiring, const struct network *network,
			 const struct network *old)
{
	static struct lease lease, fit;

	if (!network->has_wan || !old->has_wan ||
	    strcmp(network->wan.interface, old->wan.interface) != 0 ||
	    network->wan.v4.method != METHOD_DYNAMIC || old->wan.v4.method != METHOD_DYNAMIC ||
	    !facts_lease(&lease, false, false) || !lease_fits(&lease, network))
		return;
	fit = lease;
	lease_refit(&fit, network);
	lease_wiring(wiring, network, &fit, &lease);
}

static void wiring_up(struct wiring *wiring, const struct network *network,
		      const struct wiring_facts *facts)
{
	static struct network old;
	static struct diag diag;
	size_t size = 0;
	char *text = box_read(APPLIED, NETWORK_TEXT_MAX, &size);
	bool has_old;

	diag_init(&diag);
	has_old = text && network_parse(&old, APPLIED, text, size, &diag) == 0;
	free(text);
	if (has_old)
		wiring_leave(wiring, &old, network);
	wiring_links(wiring, network, facts);
	if (has_old)
		wiring_lease(wiring, network, &old);
	/* A link that comes later takes the kernel's default, the management must not. */
	if (box_is_on("/proc/sys/net/ipv4/ip_forward"))
		wiring_forward(wiring, network);
}

enum action_of_network { SYSCTL, UP, FORWARD, DOWN };

static int act_on(enum action_of_network action, const struct network *network)
{
	struct wiring_facts facts;
	struct wiring wiring;
	unsigned int failures;

	facts_wiring(&facts);
	wiring_init(&wiring);
	if (action == SYSCTL)
		wiring_sysctls(&wiring, &facts);
	else if (action == UP)
		wiring_up(&wiring, network, &facts);
	else if (action == FORWARD)
		wiring_forward(&wiring, network);
	else
		wiring_down(&wiring, network);
	if (action == FORWARD)
		record_forwarded();
	failures = run_wiring(&wiring);
	wiring_release(&wiring);
	return failures ? EXIT_NO : EXIT_YES;
}

static int act(enum action_of_network action)
{
	static struct network network;
	char *text = NULL;
	int lock, code;

	if (action == FORWARD && box_has(PATH_BOOT_CLOSED)) {
		fputs("cordon network: the self-test saw packets for the vendor pass, so nothing "
		      "is forwarded until this "
		      "box starts again: see cordon status\n",
		      stderr);
		return EXIT_NO;
	}
	/* A change and an interface that comes late may be at work at once. */
	lock = action == UP ? box_lock(PATH_RUN "/network.lock") : -1;
	code = action == SYSCTL ? EXIT_YES : facts_network_text(&network, &text);
	if (!code) {
		code = act_on(action, &network);
		if (action == UP) {
			(void)box_write(APPLIED, text, strlen(text), 0600);
			run_reload_services();
		}
	}
	free(text);
	box_unlock(lock);
	return code;
}

/* ---- leases ---- */

static const char *variable(const char *name)
{
	return getenv(name);
}

/*
 * Resolvers outlive the boot; a line a family, and nothing in it that changes with every lease,
 * because cordond starts anew with what does.
 */
static int keep_upstreams(const struct lease *lease)
{
	struct text out = TEXT_EMPTY;
	size_t size = 0;
	/* The other family's client may do the same now, and each writes both lines. */
	int lock = box_lock(PATH_RUN "/upstreams.lock"), code = EXIT_YES;
	char *old = box_read(PATH_UPSTREAMS, 4096, &size);

	for (int v6 = 0; v6 < 2; v6++) {
		struct lease line;
		bool kept = facts_lease(&line, v6, true);

		if (lease->v6 == v6 && !(kept && lease_same_dns(lease, &line)))
			line = *lease;
		else if (!kept)
			continue;
		lease_print(&(struct lease){ .v6 = v6,
					     .dns_count = line.dns_count,
					     .dns = { line.dns[0], line.dns[1], line.dns[2],
						      line.dns[3] } },
			    &out);
	}
	if (out.data && (!old || size != out.length || memcmp(old, out.data, size) != 0))
		code = box_write(PATH_UPSTREAMS, out.data, out.length, 0600);
	box_unlock(lock);
	free(old);
	text_release(&out);
	return code;
}

/* The old lease of a box that has just started is what the disk knows of it. */
static void last_lease(struct lease *old, bool v6, int64_t now)
{
	size_t size;
	char *text;

	if (facts_lease(old, v6, false) || !v6)
		return;
	text = box_read(PATH_PREFIXES, 4096, &size);
	if (text)
		lease_read_prefixes(old, text, now, clock_wall());
	free(text);
}

static bool same_prefixes(const struct lease *lease, const struct lease *old)
{
	if (lease->has_prefix != old->has_prefix || lease->stales != old->stales ||
	    (lease->has_prefix && memcmp(&lease->prefix, &old->prefix, sizeof(lease->prefix)) != 0))
		return false;
	for (size_t i = 0; i < lease->stales; i++) {
		if (memcmp(&lease->stale[i].prefix, &old->stale[i].prefix, sizeof(struct prefix)) !=
		    0)
			return false;
	}
	return true;
}

/* What clients may have addresses of is known over a restart (RFC 9096, 3.6); written when it is
 * another than before. */
static void keep_prefixes(const struct lease *lease, const struct lease *old, int64_t now)
{
	struct text out = TEXT_EMPTY;

	if (!lease->v6 || (same_prefixes(lease, old) && box_has(PATH_PREFIXES)))
		return;
	lease_print_prefixes(lease, now, clock_wall(), &out);
	(void)box_write(PATH_PREFIXES, out.data ? out.data : "", out.length, 0600);
	text_release(&out);
}

static int keep_lease(const struct lease *lease)
{
	struct text out = TEXT_EMPTY;
	int code;

	lease_print(lease, &out);
	code = out.data ? box_write(lease->v6 ? PATH_RUN "/lease6" : PATH_RUN "/lease4", out.data,
					  out.length, 0600) : EXIT_NO;
	text_release(&out);
	return code;
}

/* It comes again every few seconds; the console is told once of each. */
static void refuse_lease(bool v6, const struct diag *diag)
{
	struct text out = TEXT_EMPTY;
	size_t size = 0;
	char *old = v6 ? NULL : box_read(PATH_LEASE_REFUSED, 1024, &size);

	command_print_diag(diag);
	diag_print(diag, &out);
	if (!v6 && out.data && !(old && size == out.length && memcmp(old, out.data, size) == 0)) {
		(void)box_write(PATH_LEASE_REFUSED, out.data, out.length, 0600);
		box_say(out.data);
	}
	free(old);
	text_release(&out);
}

/* 0 or an exit code; *failures: steps that did not work. */
static int enter_lease(const struct network *network, struct lease *lease, const struct lease *old,
		       int64_t now, unsigned int *failures)
{
	struct wiring wiring;

	wiring_init(&wiring);
	lease_wiring(&wiring, network, lease, old);
	*failures = run_wiring(&wiring);
	wiring_release(&wiring);
	lease_follow(lease, old, now);
	keep_prefixes(lease, old, now);
	return keep_lease(lease);
}

static int take_lease(const struct cli *cli, const char *event)
{
	static struct network network;
	static struct diag diag;
	const char *service = getenv("CORDON_SERVICE");
	bool v6 = service && strcmp(service, "udhcpc6") == 0, changed = false;
	const int64_t now = clock_uptime_ms();
	static struct lease lease, old;
	unsigned int failures = 0;
	char path[BOX_PATH];
	int code = facts_network(&network);

	diag_init(&diag);
	if (code)
		return code;
	last_lease(&old, v6, now);
	if (lease_parse(&lease, &network, event, v6, variable, &diag) < 0) {
		refuse_lease(v6, &diag);
		/* The network is another one than that of the lease that is kept. */
		lease = (struct lease){ .event = LEASE_GONE, .v6 = v6 };
		if (facts_lease_asked() > old.since)
			(void)enter_lease(&network, &lease, &old, now, &failures);
		return EXIT_NO;
	}
	command_print_diag(&diag);
	if (!v6 && lease.event == LEASE_BOUND)
		unlink(box_path(path, PATH_LEASE_REFUSED));
	lease.event = lease_judge(&lease, &old, facts_lease_asked(), now);
	if (lease.event == LEASE_OTHER)
		return EXIT_YES;
	code = enter_lease(&network, &lease, &old, now, &failures);
	if (v6)
		run_reload_services();
	/* Without a lease the resolvers of the last one are better than none. */
	if (lease.event == LEASE_BOUND && lease.dns_count && keep_upstreams(&lease) == EXIT_YES &&
	    conf_write(&changed) == EXIT_YES && changed)
		code = activation_restart(cli);
	return failures ? EXIT_NO : code;
}

int command_network(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "supervise", no_argument, NULL, 's' },
						 { 0 } };
	static const char *const words[] = { "sysctl", "up", "forward", "down" };
	bool json = false, supervise = false;
	const char *verb;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return command_usage("network", "expected a command of those below");
		json |= option == 'j';
		supervise |= option == 's';
	}
	verb = optind < argc ? argv[optind++] : "show";
	if (strcmp(verb, "check") == 0 && optind + 1 == argc)
		return check(argv[optind]);
	if (strcmp(verb, "lease") == 0 && optind + 1 == argc)
		return take_lease(cli, argv[optind]);
	if (strcmp(verb, "renew") == 0 && optind + 1 == argc && strcmp(argv[optind], "wan") == 0)
		optind++;
	if (optind != argc)
		return command_usage("network", "unexpected word \"%s\"", argv[optind]);
	if (strcmp(verb, "show") == 0)
		return show(json);
	if (strcmp(verb, "renew") == 0)
		return network_renew(json);
	if (strcmp(verb, "services") == 0 && supervise)
		return network_services(cli);
	for (int i = 0; i < 4; i++) {
		if (strcmp(verb, words[i]) == 0)
			return act((enum action_of_network)i);
	}
	return command_usage("network", "expected check FILE, show, renew, sysctl, up, forward, "
			     "down, lease EVENT or services --supervise, found \"%s\"", verb);
}
