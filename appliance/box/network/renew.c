/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/renew.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/lease.h"
#include "appliance/box/network/run.h"
#include "appliance/box/network/wiring.h"
#include "appliance/command/command.h"

/* The WAN's cable, and leases that are asked for anew. */

enum {
	ANSWER_LEAST_MS = 10000,	/* between two answers to a cable that came back */
	RENEW_WAIT_MS = 20000,		/* a client sends four times in 12 s, then pauses */
	RENEW_EXTRA_MS = 4000,
	RENEW_PAUSE_MS = 100
};

/* ---- carrier ---- */

int carrier_open(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Messages only wake us: what the kernel says of the link itself cannot get lost. */
static void drain(int fd)
{
	char message[8192];

	for (int i = 0; fd >= 0 && i < 1024 && recv(fd, message, sizeof(message), 0) != -1; i++)
		;
}

static bool peek_link(const char *interface, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/%s", interface, name);
	if (!interface[0] || !box_peek(path, text, size))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return true;
}

int carrier_state(const char *interface)
{
	char text[8];

	if (!peek_link(interface, "carrier", text, sizeof(text)))
		return -1;
	return text[0] == '0' ? 0 : text[0] == '1' ? 1 : -1;
}

bool carrier_look(struct carrier *carrier, int fd, const char *interface, int64_t now)
{
	char changes[sizeof(carrier->changes)];

	drain(fd);
	if (!peek_link(interface, "carrier_changes", changes, sizeof(changes)))
		changes[0] = '\0';
	if (strcmp(carrier->interface, interface) != 0 || !carrier->changes[0]) {
		*carrier = (struct carrier){ .answered = now - ANSWER_LEAST_MS };
		snprintf(carrier->interface, sizeof(carrier->interface), "%s", interface);
	} else if (strcmp(carrier->changes, changes) != 0) {
		carrier->moved = true;
	}
	memcpy(carrier->changes, changes, sizeof(changes));
	if (!carrier->moved || carrier_state(interface) != 1 ||
	    now - carrier->answered < ANSWER_LEAST_MS)
		return false;
	carrier->moved = false;
	carrier->answered = now;
	return true;
}

/* ---- both families anew ---- */

/* A client that asks whether it may keep its lease waits for an answer of a server that may be in
 * another network; one that begins anew asks any server that is there. */
bool renew_begin(void)
{
	static struct network network;
	struct wiring wiring;
	char text[32];

	if (facts_network(&network) != EXIT_YES)
		return false;
	snprintf(text, sizeof(text), "%" PRId64 "\n", clock_uptime_ms());
	(void)box_write(PATH_LEASE_ASKED, text, strlen(text), 0600);
	wiring_init(&wiring);
	wiring_moved(&wiring, &network);
	(void)run_wiring(&wiring);
	wiring_release(&wiring);
	return true;
}

/* ---- cordon network renew ---- */

struct renew_outcome {
	const char *family;	/* "DHCP", "DHCPv6" */
	bool v6, dynamic, had, has, answered;
	char text[PREFIX_TEXT];	/* address or prefix; "": none */
};

static void look_at(struct renew_outcome *outcome, int64_t asked)
{
	static struct lease lease;
	bool there = facts_lease(&lease, outcome->v6, false);

	outcome->has = there && (lease.has_address || lease.has_prefix);
	outcome->answered =
		there && lease.since >= asked && lease.event == LEASE_BOUND && outcome->has;
	outcome->text[0] = '\0';
	if (lease.has_address)
		wiring_address(&lease.address, outcome->text);
	else if (lease.has_prefix)
		prefix_print(&lease.prefix, outcome->text);
}

/* Nobody promised a prefix where there was none: what comes with the address, at once, is printed,
 * and not waited for. */
static bool is_done(const struct renew_outcome outcome[2], int64_t waited)
{
	bool all = true, owed = true, some = false;

	for (int i = 0; i < 2; i++) {
		all &= !outcome[i].dynamic || outcome[i].answered;
		owed &= !outcome[i].dynamic || outcome[i].answered || !outcome[i].had;
		some |= outcome[i].answered;
	}
	return all || (owed && some && waited > RENEW_EXTRA_MS);
}

static void await_leases(struct renew_outcome outcome[2], int64_t asked)
{
	const struct timespec pause = { .tv_nsec = RENEW_PAUSE_MS * 1000000L };

	do {
		nanosleep(&pause, NULL);
		for (int i = 0; i < 2; i++)
			look_at(&outcome[i], asked);
	} while (!is_done(outcome, clock_uptime_ms() - asked) &&
		 clock_uptime_ms() - asked < RENEW_WAIT_MS);
}

static const char *word_of(const struct renew_outcome *outcome)
{
	return !outcome->dynamic   ? "fixed"
	       : outcome->answered ? "renewed"
	       : outcome->has	   ? "unconfirmed"
				   : "none";
}

static void print_outcome(const struct renew_outcome *outcome, const char *interface)
{
	if (outcome->answered)
		printf("%-8s %s: %s\n", outcome->family, interface, outcome->text);
	else if (outcome->has)
		printf("%-8s %s: nobody answered; %s is kept until it ends\n", outcome->family,
		       interface, outcome->text);
	else
		printf("%-8s %s: nobody answered\n", outcome->family, interface);
}

static int report(const struct renew_outcome outcome[2], const char *interface, bool json)
{
	int failed = 0, answered = 0;
	json_t *object = json_pack("{s:s}", "interface", interface);

	for (int i = 0; i < 2; i++) {
		failed += outcome[i].dynamic && outcome[i].had && !outcome[i].answered;
		answered += outcome[i].dynamic && outcome[i].answered;
		if (!json && outcome[i].dynamic)
			print_outcome(&outcome[i], interface);
		(void)json_object_set_new(object, i ? "dhcpv6" : "dhcp",
					  json_pack("{s:s, s:s?}", "outcome", word_of(&outcome[i]),
						    "lease",
						    outcome[i].text[0] ? outcome[i].text : NULL));
	}
	if (json)
		command_print_json(object);
	else
		json_decref(object);
	return failed || !answered ? EXIT_NO : EXIT_YES;
}

static int refuse(const char *what)
{
	fprintf(stderr, "cordon network renew: %s\n", what);
	return EXIT_NO;
}

int network_renew(bool json)
{
	static struct network network;
	struct renew_outcome outcome[2] = { { .family = "DHCP" },
					    { .family = "DHCPv6", .v6 = true } };
	const int64_t asked = clock_uptime_ms();
	int code = facts_network(&network);

	if (code)
		return code;
	if (network.has_wan) {
		outcome[0].dynamic = network.wan.v4.method == METHOD_DYNAMIC;
		outcome[1].dynamic = network.wan.v6.method == METHOD_DYNAMIC;
	}
	if (!outcome[0].dynamic && !outcome[1].dynamic)
		return refuse("network.conf has no WAN that gets its addresses by DHCP: nothing to "
			      "renew");
	if (carrier_state(network.wan.interface) == 0) {
		fprintf(stderr,
			"cordon network renew: the WAN %s has no cable in, or the other end is "
			"off: "
			"plug it in, and both families are renewed by themselves\n",
			network.wan.interface);
		return EXIT_NO;
	}
	for (int i = 0; i < 2; i++) {
		look_at(&outcome[i], asked);
		outcome[i].had = outcome[i].has;
	}
	if (!run_renew_leases())
		return refuse("the services of this box do not run (cordon network services): wait "
			      "a minute, then restart it");
	await_leases(outcome, asked);
	return report(outcome, network.wan.interface, json);
}
