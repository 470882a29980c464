/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/selftest.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/findings.h"
#include "appliance/box/health/probe.h"
#include "appliance/box/health/selftest_judge.h"
#include "appliance/box/health/selftest_link.h"
#include "appliance/box/image/links.h"
#include "appliance/box/network/facts.h"
#include "appliance/command/command.h"
#include "appliance/command/notice.h"
#include "appliance/journal/notice.h"
#include "rules/nft/trace.h"

/*
 * Does this gateway still block? The test asks as a client would, through the kernel's rules and
 * the dns role, for names and addresses that every shipped rule list has always blocked. The policy
 * in force says what has to happen to each; a policy that blocks none of them fails. What fails is
 * sent once more under a trace, to name the chain that dropped it.
 */
static const char *const canary_name[] = { "downloads.upd.kaspersky.com",
					   "activation-v2.kaspersky.com",
					   "dc1.ksn.kaspersky-labs.com" };
static const char *const canary_address[] = { "77.74.176.10", "37.203.128.5", "2a03:2480:68::10" };
#define INNOCENT "www.example.com"	/* RFC 2606: reserved, so no list blocks it */

enum { WAIT_MS = 2500, SPARE_MS = 2000, REFUSED_MS = 1500, ROUND_MS = 30000, WAIT_MOST = 600,
       DROP_MS = 300,	/* a chain drops at once */
       TOLD = 8,	/* failures that the log names */
       DNS_PORT = 53, HTTPS_PORT = 443, FIRST_PORT = 40000 };

struct selftest {
	struct selftest_link link;
	struct policy policy;
	struct selftest_policy known;	/* what it says of the canaries */
	bool forwards4, forwards6;
	bool must_forward;	/* network.conf says so */
	int innocent_ms;	/* until a resolver whose upstreams are silent has given up */
	uint16_t serial;	/* ports and ids differ from probe to probe */
	struct findings findings;
};

static struct addr address_of(const char *text)
{
	struct addr addr = { { 0 } };

	(void)addr_parse(&addr, text, strlen(text));
	return addr;
}

/* The same probe from the next port. */
static struct probe probe_from(struct selftest *test, const char *from, struct addr to,
			       uint16_t port)
{
	return (struct probe){ .from = address_of(from), .to = to, .to_port = port,
			       .from_port = (uint16_t)(FIRST_PORT + ++test->serial) };
}

/* ---- names ---- */

static void send_query(struct selftest *test, const char *resolver, const struct name *name,
		       int wait_ms, struct probe_reply *reply)
{
	const struct probe probe = probe_from(test, SELFTEST_CLIENT4, address_of(resolver),
					      DNS_PORT);
	uint8_t packet[PROBE_PACKET];
	const size_t size = probe_query(&probe, name, test->serial, packet);

	selftest_link_ask(&test->link, &probe, test->serial, packet, size, wait_ms, reply);
}

/*
 * Asked of a resolver; the packet never names the gateway if that is a foreign one. rule: what has
 * to block it; NULL: any answer will do. Where an innocent name leads is the upstream's word, which
 * could say a vendor's address to have every image fail.
 */
static void ask_name(struct selftest *test, const char *text, const char *resolver,
		     const char *rule)
{
	struct selftest_name asked = { .name = text, .resolver = resolver, .rule = rule };
	struct probe_reply again;
	struct trace trace;
	struct name name;

	if (name_parse(&name, text, strlen(text), NULL) < 0)
		return;
	send_query(test, resolver, &name, rule ? WAIT_MS : test->innocent_ms, &asked.reply);
	if (!selftest_name_passes(&asked) && trace_open(&trace, SELFTEST_LINK) == 0) {
		send_query(test, resolver, &name, DROP_MS, &again);
		trace_read(&trace, &asked.drop);
		trace_close(&trace);
	}
	selftest_judge_name(&test->findings, &asked);
}

static void ask_names(struct selftest *test)
{
	for (size_t i = 0; i < sizeof(canary_name) / sizeof(*canary_name); i++) {
		struct policy_rule rule = { .id = "" };
		struct verdict verdict;
		struct name name;
		bool blocked;

		if (name_parse(&name, canary_name[i], strlen(canary_name[i]), NULL) < 0)
			continue;
		verdict = policy_lookup_name(&test->policy, name.wire);
		test->known.names |= verdict.action != ACTION_NONE;
		test->known.blocks |= verdict.intended == ACTION_BLOCK;
		blocked = test->findings.enforce && verdict.action == ACTION_BLOCK;
		(void)policy_rule(&test->policy, verdict.rule, &rule);
		ask_name(test, canary_name[i], i % 2 ? "8.8.8.8" : SELFTEST_GATEWAY4,
			 blocked ? rule.id : NULL);
	}
	ask_name(test, INNOCENT, SELFTEST_GATEWAY4, NULL);
}

/* ---- addresses ---- */

static void send_syn(struct selftest *test, struct addr to, int wait_ms, struct probe_reply *reply)
{
	const char *from = addr_is_v4(&to) ? SELFTEST_CLIENT4 : SELFTEST_CLIENT6;
	const struct probe probe = probe_from(test, from, to, HTTPS_PORT);
	uint8_t packet[PROBE_PACKET];
	const size_t size = probe_syn(&probe, packet);

	selftest_link_ask(&test->link, &probe, test->serial, packet, size, wait_ms, reply);
}

static enum selftest_state state_of(const struct selftest *test, const struct addr *to)
{
	const bool v4 = addr_is_v4(to);

	if (!v4 && !test->link.v6)
		return SELFTEST_NO_IPV6;
	if (!(v4 ? test->forwards4 : test->forwards6))
		return SELFTEST_NO_FORWARDING;
	return selftest_link_route(to) < 0 ? SELFTEST_NO_ROUTE : SELFTEST_TRIED;
}

static void ask_address(struct selftest *test, const char *text, bool blocked)
{
	const struct addr to = address_of(text);
	struct selftest_address tried = { .address = text, .blocked = blocked,
					  .must_forward = test->must_forward,
					  .state = state_of(test, &to) };
	struct probe_reply again;
	struct trace trace;

	if (tried.state == SELFTEST_TRIED) {
		send_syn(test, to, REFUSED_MS, &tried.reply);
		if (!selftest_address_passes(&tried) && trace_open(&trace, SELFTEST_LINK) == 0) {
			send_syn(test, to, DROP_MS, &again);
			trace_read(&trace, &tried.drop);
			trace_close(&trace);
		}
	}
	selftest_judge_address(&test->findings, &tried);
}

static void ask_addresses(struct selftest *test)
{
	for (size_t i = 0; i < sizeof(canary_address) / sizeof(*canary_address); i++) {
		struct addr addr = address_of(canary_address[i]);
		struct verdict verdict = policy_lookup_packet(&test->policy, &addr, 6, HTTPS_PORT);

		test->known.addresses |= verdict.action != ACTION_NONE;
		test->known.blocks |= verdict.intended == ACTION_BLOCK;
		ask_address(test, canary_address[i],
			    test->findings.enforce && verdict.action == ACTION_BLOCK);
	}
	ask_address(test, SELFTEST_FAR4, false);
	ask_address(test, SELFTEST_FAR6, false);
}

/* ---- links ---- */

static void ask_links(struct selftest *test)
{
	char interface[IMAGE_LINK];

	if (image_links_missing(interface))
		findings_judge(&test->findings, false, interface,
			       "the interface, which was there when this image was installed",
			       "it is not there");
}

/* ---- one at a time ---- */

/* Only one self-test at a time can have the links. The lock is held for a round, not for --wait, so
 * a second self-test waits for little more than the longest round. 0; -EWOULDBLOCK: the other one
 * does not end. */
static int lock_links(const struct cli *cli, int64_t busy_ms, int *lock)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	int64_t end = clock_uptime_ms() + busy_ms;
	char path[512];

	snprintf(path, sizeof(path), "%s/selftest.lock", cli->run);
	*lock = file_lock(AT_FDCWD, path, false);
	for (bool said = false; *lock == -EWOULDBLOCK; said = true) {
		if (!said)
			fputs("cordon selftest: waiting for another self-test that is "
			      "running\n",
			      stderr);
		if (clock_uptime_ms() >= end)
			return -EWOULDBLOCK;
		nanosleep(&pause, NULL);
		*lock = file_lock(AT_FDCWD, path, false);
	}
	return 0;	/* where no lock can be made, links cannot be either */
}

/* ---- one round ---- */

/* What the daemon says of itself; false: it does not answer or has nothing in force. */
static bool ask_daemon(struct selftest *test, const struct cli *cli)
{
	json_t *status = command_daemon(cli, true, NULL);
	const bool in_force = selftest_judge_daemon(&test->findings, status);

	json_decref(status);
	return in_force;
}

static void run_round(struct selftest *test, const struct cli *cli)
{
	const char *what;
	int error;

	findings_init(&test->findings);
	test->known = (struct selftest_policy){ .names = false };
	test->forwards4 = box_is_on("/proc/sys/net/ipv4/ip_forward");
	test->forwards6 = box_is_on("/proc/sys/net/ipv6/conf/all/forwarding");
	if (!ask_daemon(test, cli))
		return;
	error = selftest_link_open(&test->link, &what);
	if (error) {
		findings_judge(&test->findings, false, what, "made for the test", strerror(-error));
		return;
	}
	ask_names(test);
	ask_addresses(test);
	ask_links(test);
	selftest_link_close(&test->link);
	selftest_judge_policy(&test->findings, &test->known);
}

static int run_alone(struct selftest *test, const struct cli *cli)
{
	int lock, error = lock_links(cli, test->innocent_ms + ROUND_MS, &lock);

	if (error)
		return error;
	run_round(test, cli);
	box_unlock(lock);
	return 0;
}

/* ---- until it passes or the time is over ---- */

static void report(const struct findings *findings, bool json)
{
	struct text out = TEXT_EMPTY;

	if (json) {
		command_print_json(findings_json(findings));
		return;
	}
	findings_print(findings, &out);
	fputs(out.data ? out.data : "", stdout);
	text_release(&out);
}

/* An image, whose network.conf says that it forwards. */
static bool must_forward(void)
{
	static struct network network;

	return box_has(PATH_IMAGE) && facts_network(&network) == EXIT_YES && network.forward;
}

static int run_rounds(struct selftest *test, const struct cli *cli, int64_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 500000000 };
	const int64_t end = clock_uptime_ms() + wait_ms;
	int error = run_alone(test, cli);

	while (!error && test->findings.failed && clock_uptime_ms() < end) {
		nanosleep(&pause, NULL);
		error = run_alone(test, cli);
	}
	return error;
}

static json_t *failed_json(const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->kept && json_array_size(list) < TOLD; i++) {
		if (findings->finding[i].result == FINDING_FAILED)
			(void)json_array_append_new(list, json_string(findings->finding[i].what));
	}
	return list;
}

static void tell(const struct cli *cli, const struct findings *findings)
{
	const struct notice_way way = { .state = cli->state, .run = cli->run };

	/* Without root it proves nothing either. */
	(void)!command_notice(&way, NOTICE_SELFTEST,
			      json_pack("{s:s, s:I, s:o}", "result",
					findings->failed ? "failed" : "passed", "checks",
					(json_int_t)findings->count, "failed",
					failed_json(findings)));
}

static int run(const struct cli *cli, int64_t wait_ms, bool json)
{
	static struct selftest test;
	static struct settings settings;
	struct provenance provenance;
	void *block = NULL;
	int error;

	if (command_settings(cli, &settings))
		return EXIT_NO;
	memset(&test, 0, sizeof(test));	/* the console runs more than one */
	test.innocent_ms = (int)settings_patience_ms(&settings) + SPARE_MS;
	test.must_forward = must_forward();
	if (command_policy_in_force(cli, &settings, &test.policy, &block, &provenance))
		return EXIT_NO;
	error = run_rounds(&test, cli, wait_ms);
	free(block);
	if (error) {
		fprintf(stderr, "cordon selftest: nothing was proven: another self-test has not "
			"ended within %d s; try again\n", (test.innocent_ms + ROUND_MS) / 1000);
		return EXIT_BUSY;
	}
	report(&test.findings, json);
	tell(cli, &test.findings);
	return findings_code(&test.findings);
}

int command_selftest(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "wait", required_argument, NULL, 'w' },
						 { 0 } };
	bool json = false;
	long wait = 0;
	int option;
	char *end;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return command_usage("selftest", "expected [--wait SECONDS] [--json]");
		json |= option == 'j';
		if (option != 'w')
			continue;
		wait = strtol(optarg, &end, 10);
		if (*end || end == optarg || wait < 0 || wait > WAIT_MOST)
			return command_usage("selftest",
					     "--wait: expected seconds up to %d, found \"%s\"",
					     WAIT_MOST, optarg);
	}
	if (optind != argc)
		return command_usage("selftest", "unexpected word \"%s\"", argv[optind]);
	return run(cli, wait * 1000, json);
}
