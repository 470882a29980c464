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
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/findings.h"
#include "appliance/box/health/probe.h"
#include "appliance/box/health/selftest_link.h"
#include "appliance/box/image/links.h"
#include "appliance/box/network/facts.h"
#include "appliance/command/command.h"

/*
 * Does this gateway still block? Asked as a client would ask, through the kernel's rules and the
 * dns role, of names and addresses that every shipped rule list has blocked from the first. What
 * the policy in force says of them is what must come of it; a policy that blocks none of them
 * fails.
 */
static const char *const canary_name[] = { "downloads.upd.kaspersky.com",
					   "activation-v2.kaspersky.com",
					   "dc1.ksn.kaspersky-labs.com" };
static const char *const canary_address[] = { "77.74.176.10", "37.203.128.5", "2a03:2480:68::10" };
#define INNOCENT "www.example.com"	/* RFC 2606: it is nobody's to block */

enum { WAIT_MS = 2500, SPARE_MS = 2000, REFUSED_MS = 1500, ROUND_MS = 30000, WAIT_MOST = 600,
       DNS_PORT = 53, HTTPS_PORT = 443, FIRST_PORT = 40000 };
enum { EDE_BLOCKED = 15, EDE_CENSORED = 16 };

struct selftest {
	struct selftest_link link;
	struct policy policy;
	bool forwards4, forwards6;
	bool must_forward;	/* network.conf says so */
	int innocent_ms;	/* until a resolver whose upstreams are silent has given up */
	uint16_t serial;	/* ports and ids differ from probe to probe */
	struct findings findings;
	bool names, addresses;	/* the policy has rules for such of the canaries */
	bool blocks;		/* and one that blocks, were the mode enforce */
};

static struct addr address_of(const char *text)
{
	struct addr addr = { { 0 } };

	(void)addr_parse(&addr, text, strlen(text));
	return addr;
}

/* ---- names ---- */

static const char *answer_print(const struct probe_reply *reply, char text[64])
{
	if (reply->kind == PROBE_OTHER)
		return "no answer";
	if (reply->kind == PROBE_REFUSED)
		return "refused";
	if (reply->kind == PROBE_ARRIVED)
		return "the query left the gateway";
	snprintf(text, 64, "answer %u%s", reply->rcode,
		 !reply->has_reason ? "" :
		 reply->reason == EDE_BLOCKED || reply->reason == EDE_CENSORED ?
				      ", blocked" :
				      ", with another error");
	return text;
}

/* By this very rule: an upstream that blocks says so in the same way, and its answers are passed
 * on. */
static bool is_blocked_by(const struct probe_reply *reply, const char *rule)
{
	return reply->kind == PROBE_ANSWER && reply->has_reason &&
	       (reply->reason == EDE_BLOCKED || reply->reason == EDE_CENSORED) &&
	       strncmp(reply->rule, rule, sizeof(reply->rule) - 1) == 0;
}

/*
 * Asked of a resolver; the gateway is never named in it when it is a foreign one. rule: what has to
 * block it; NULL: no rule has to, and any answer will do. Where it leads is the upstream's
 * word, who could say a vendor's address to have every image fail.
 */
static void ask_name(struct selftest *test, const char *text, const char *resolver,
		     const char *rule)
{
	struct probe probe = { .from = address_of(SELFTEST_CLIENT4),
			       .to = address_of(resolver),
			       .from_port = (uint16_t)(FIRST_PORT + ++test->serial),
			       .to_port = DNS_PORT };
	uint8_t packet[PROBE_PACKET];
	struct probe_reply reply;
	struct name name;
	char what[320], found[64];

	if (name_parse(&name, text, strlen(text), NULL) < 0)
		return;
	selftest_link_ask(&test->link, &probe, test->serial, packet,
			  probe_query(&probe, &name, test->serial, packet),
			  rule ? WAIT_MS : test->innocent_ms, &reply);
	snprintf(what, sizeof(what), "%s asked of %s", text, resolver);
	findings_judge(&test->findings,
		       rule ? is_blocked_by(&reply, rule) : reply.kind == PROBE_ANSWER, what,
		       rule ? "blocked by our rule" : "an answer", answer_print(&reply, found));
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
		test->names |= verdict.action != ACTION_NONE;
		test->blocks |= verdict.intended == ACTION_BLOCK;
		blocked = test->findings.enforce && verdict.action == ACTION_BLOCK;
		(void)policy_rule(&test->policy, verdict.rule, &rule);
		ask_name(test, canary_name[i], i % 2 ? "8.8.8.8" : SELFTEST_GATEWAY4,
			 blocked ? rule.id : NULL);
	}
	ask_name(test, INNOCENT, SELFTEST_GATEWAY4, NULL);
}

/* ---- addresses ---- */

static void ask_address(struct selftest *test, const char *text, bool blocked)
{
	struct addr to = address_of(text);
	bool v4 = addr_is_v4(&to);
	struct probe probe = { .from = address_of(v4 ? SELFTEST_CLIENT4 : SELFTEST_CLIENT6),
			       .to = to,
			       .from_port = (uint16_t)(FIRST_PORT + ++test->serial),
			       .to_port = HTTPS_PORT };
	uint8_t packet[PROBE_PACKET];
	struct probe_reply reply;
	char what[96], found[64];

	snprintf(what, sizeof(what), "%s, tcp/%d", text, HTTPS_PORT);
	if (!v4 && !test->link.v6) {
		findings_note(&test->findings, FINDING_SKIPPED, what, "IPv6", "it is off");
		return;
	}
	if (!(v4 ? test->forwards4 : test->forwards6)) {
		findings_note(&test->findings,
			      test->must_forward ? FINDING_FAILED : FINDING_SKIPPED, what,
			      "forwarding", "it is off");
		return;
	}
	if (selftest_link_route(&to) < 0) {
		findings_judge(&test->findings, false, what, "a route for the test",
			       "the kernel refuses it");
		return;
	}
	selftest_link_ask(&test->link, &probe, test->serial, packet, probe_syn(&probe, packet),
			  REFUSED_MS, &reply);
	test->findings.leaks |= blocked && reply.kind == PROBE_ARRIVED;
	findings_judge(&test->findings, reply.kind == (blocked ? PROBE_REFUSED : PROBE_ARRIVED),
		       what, blocked ? "refused" : "forwarded",
		       reply.kind == PROBE_ARRIVED ? "forwarded" : answer_print(&reply, found));
}

static void ask_addresses(struct selftest *test)
{
	for (size_t i = 0; i < sizeof(canary_address) / sizeof(*canary_address); i++) {
		struct addr addr = address_of(canary_address[i]);
		struct verdict verdict = policy_lookup_packet(&test->policy, &addr, 6, HTTPS_PORT);

		test->addresses |= verdict.action != ACTION_NONE;
		test->blocks |= verdict.intended == ACTION_BLOCK;
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

/* Of two self-tests only one can have the links. Held for a round, not for --wait; so who comes
 * second waits for little more than a round at its longest. 0; -EWOULDBLOCK: the other one does not
 * end. */
static int lock_links(const struct cli *cli, int64_t busy_ms, int *lock)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	int64_t end = clock_uptime_ms() + busy_ms;
	char path[512];

	snprintf(path, sizeof(path), "%s/selftest.lock", cli->run);
	*lock = file_lock(AT_FDCWD, path, false);
	for (bool said = false; *lock == -EWOULDBLOCK; said = true) {
		if (!said)
			fputs("cordon selftest: another self-test is under way, which this one "
			      "waits for\n",
			      stderr);
		if (clock_uptime_ms() >= end)
			return -EWOULDBLOCK;
		nanosleep(&pause, NULL);
		*lock = file_lock(AT_FDCWD, path, false);
	}
	return 0;	/* where no lock can be made, links cannot be either */
}

/* ---- one round ---- */

/* What does not fit the settings is no failure of this gateway: it guards what it does not know. */
static void note_interfaces(struct selftest *test, const json_t *status)
{
	static const struct {
		const char *key, *what, *expected;
	} kinds[] = {
		{ "missing", "interface of the settings", "there" },
		{ "unknown", "interface that forwards", "in a setting; it is guarded" },
	};
	const json_t *name;
	size_t index;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_array_foreach(json_object_get(json_object_get(status, "guard"), kinds[i].key),
				   index, name)
		{
			char found[64];

			snprintf(found, sizeof(found), "%s is %s", json_string_value(name),
				 i == 0 ? "missing" : "in no setting");
			findings_note(&test->findings, FINDING_WARNING, kinds[i].what,
				      kinds[i].expected, found);
		}
	}
}

/* What the daemon says of itself; false: it does not answer or has nothing in force. */
static bool ask_daemon(struct selftest *test, const struct cli *cli)
{
	json_t *status = command_daemon(cli, true, NULL);
	const bool in_force = command_is_in_force(status);
	const char *mode;

	mode = json_string_value(json_object_get(status, "mode"));
	test->findings.enforce = mode && strcmp(mode, "enforce") == 0;
	findings_judge(&test->findings, in_force, "cordond", "a policy in force",
		       !status ? "no answer" : in_force ? mode ? mode : "-" : "none in force");
	note_interfaces(test, status);
	json_decref(status);
	return in_force;
}

/*
 * A list that knows none of the vendor's names, or none of its networks, blocks too little,
 * whatever else it blocks; what the settings let through is known to it. Asked of the policy, since
 * the mode may block nothing now and addresses are not tried where nothing is forwarded: that it
 * does what it says was tried before.
 */
static void judge_policy(struct selftest *test)
{
	findings_judge(&test->findings, test->names && test->addresses && test->blocks,
		       test->findings.enforce ? "the policy blocks" : "the policy would block",
		       "rules for names and for addresses above, and one that blocks",
		       !test->names ? "none for a name" : !test->addresses ? "none for an address"
				    : test->blocks ? "it does" : "none blocks");
}

static void run_round(struct selftest *test, const struct cli *cli)
{
	const char *what;
	int error;

	findings_init(&test->findings);
	test->names = test->addresses = test->blocks = false;
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
	judge_policy(test);
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
