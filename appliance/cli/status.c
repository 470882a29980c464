/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/config.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/health.h"
#include "appliance/box/health/status_boot.h"
#include "appliance/box/health/status_box.h"
#include "appliance/cli/commands.h"
#include "appliance/cli/shipped.h"
#include "appliance/cli/status_health.h"
#include "appliance/command/command.h"
#include "appliance/evidence/would_block.h"
#include "rules/signed/metadata.h"

enum { WAIT_MOST = 600 };	/* seconds */

static long long number_at(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void print_mode(const json_t *status)
{
	const json_t *category;
	size_t index;

	printf("mode       %s", command_text(status, "mode"));
	if (json_object_get(status, "mode_until"))
		printf(" until %s, by %s: %s", command_text(status, "mode_until"),
		       command_text(status, "mode_by"), command_text(status, "mode_reason"));
	json_array_foreach(json_object_get(status, "mode_categories"), index, category)
		printf("%s%s", index ? ", " : " (only ", json_string_value(category));
	puts(json_object_get(status, "mode_categories") ? ")" : "");
}

/* Nothing in force is not the same as everything open: what the kernel holds counts. */
static void print_force(const json_t *status)
{
	const char *source = command_text_if(status, "source");
	const json_t *entry;
	size_t index;

	if (!command_is_in_force(status))
		printf("policy     NOT IN FORCE by this daemon%s\n",
		       !json_is_true(json_object_get(status, "closed")) ? "" :
		       strcmp(command_text(status, "kernel"), "closed") == 0
		       ? "; CLOSED: nothing is forwarded until one is"
		       : "; CLOSED for the vendor: the policy of an earlier daemon holds");
	else if (source && strncmp(source, "last good", 9) == 0)
		printf("policy     from the %s: a better source is tried again\n", source);
	if (command_text_if(status, "mode_waits"))
		printf("mode       %s was asked for and waits: what is in force cannot do it\n",
		       command_text(status, "mode_waits"));
	json_array_foreach(json_object_get(status, "trouble"), index, entry)
		printf("trouble    %s: %s\n", command_text(entry, "part"),
		       command_text(entry, "why"));
}

/* It may be a report of many lines. */
static void print_refused(const json_t *status)
{
	const char *text = command_text_if(status, "refused");
	size_t length;

	for (bool first = true; text && *text; first = false) {
		length = strcspn(text, "\n");
		printf("%s %.*s\n", first ? "refused    the last change:" : "          ",
		       (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void print_policy(const json_t *status, bool rules)
{
	const json_t *policy = json_object_get(status, "policy"), *count;
	const char *key;
	bool first = true;

	print_force(status);
	print_refused(status);
	if (!policy)
		return;
	printf("policy     state %s: %s\n", command_text(status, "state"),
	       command_text(policy, "version"));
	if (!rules)
		return;
	fputs("rules      ", stdout);
	json_object_foreach((json_t *)(uintptr_t)json_object_get(policy, "rules"), key, count) {
		printf("%s%s %lld", first ? "" : ", ", key,
		       (long long)json_integer_value(count));
		first = false;
	}
	putchar('\n');
}

/* One line; `cordon update status` has the rest. */
static void print_update(const json_t *status)
{
	const json_t *update = json_object_get(status, "update");

	if (!json_is_true(json_object_get(update, "on"))) {
		if (json_is_string(json_object_get(update, "why")))
			printf("update     off: %s\n", command_text(update, "why"));
		return;
	}
	if (number_at(update, "release"))
		printf("update     release %lld, %s", number_at(update, "release"),
		       command_text(update, "freshness"));
	else
		fputs("update     no signed release yet", stdout);
	if (json_is_string(json_object_get(update, "refusal")))
		fputs(", an offer was REFUSED", stdout);
	if (number_at(update, "waiting"))
		printf(", release %lld waits", number_at(update, "waiting"));
	if (json_is_string(json_object_get(update, "failure")))
		fputs(", the last look FAILED", stdout);
	puts("; see cordon update status");
}

static void print_packets(const json_t *status)
{
	const json_t *counter;
	const char *name;
	bool first = true;

	fputs("packets    ", stdout);
	json_object_foreach((json_t *)(uintptr_t)json_object_get(status, "packets"), name,
			    counter) {
		if (number_at(counter, "packets") == 0)
			continue;
		printf("%s%s %lld", first ? "" : ", ", name, number_at(counter, "packets"));
		first = false;
	}
	puts(first ? "none refused or watched" : "");
}

static void print_uninspected(const json_t *status)
{
	const json_t *entry, *source;
	size_t index, inner;

	json_array_foreach(json_object_get(status, "uninspected"), index, entry) {
		fputs("uninspected DNS of", stdout);
		json_array_foreach(json_object_get(entry, "sources"), inner, source)
			printf(" %s", json_string_value(source));
		printf(" to %s port %lld (sanctioned)\n", command_text(entry, "resolver"),
		       number_at(entry, "port"));
	}
}

static void print_list(const json_t *list, const char *words)
{
	const json_t *entry;
	size_t index;

	json_array_foreach(list, index, entry)
		printf("%s%s", index ? ", " : words, json_string_value(entry));
	if (json_array_size(list))
		putchar('\n');
}

/* What needs somebody's attention, and nothing else. */
static void print_guard(const json_t *status)
{
	const json_t *guard = json_object_get(status, "guard");

	if (number_at(guard, "unseen"))
		printf("tampered   %lld changes by others were undone; the last, %s: %s; cordon "
		       "status "
		       "--seen when you know\n",
		       number_at(guard, "unseen"), command_text(guard, "last_time"),
		       command_text(guard, "last"));
	if (json_is_true(json_object_get(guard, "failed")))
		puts("tampered   what others changed could NOT be undone; see cordond's messages");
	print_list(json_object_get(guard, "missing"), "missing    interfaces of the settings: ");
	print_list(json_object_get(guard, "unknown"),
		   "unknown    interfaces that forward and are in no setting (they are guarded): ");
	print_list(json_object_get(guard, "rules_before"),
		   "routing    policy rules that lead past the barrier: ");
}

static void print_dns(const json_t *status)
{
	const json_t *dns = json_object_get(status, "dns");

	printf("dns        %lld queries, %lld blocked, %lld monitored, %lld forwarded, %lld "
	       "failed, %lld pinholes", number_at(dns, "queries"), number_at(dns, "blocked"),
	       number_at(dns, "monitored"), number_at(dns, "forwarded"), number_at(dns, "failed"),
	       number_at(dns, "pinholes"));
	if (number_at(dns, "dropped"))
		printf(", %lld dropped", number_at(dns, "dropped"));
	if (number_at(dns, "looped"))
		printf(", %lld looped: an upstream asks this gateway", number_at(dns, "looped"));
	if (number_at(dns, "rebound"))
		printf(", %lld private addresses from upstreams not delivered",
		       number_at(dns, "rebound"));
	putchar('\n');
}

/* An upgrade leaves what an administrator edited. */
static void add_outdated(const struct cli *cli, json_t *status)
{
	static struct settings settings;
	json_t *found = command_settings(cli, &settings) ? NULL : shipped_newer(settings.rules_dir);

	if (found)
		(void)json_object_set_new(status, "lists_outdated", found);
}

static void print_outdated(const json_t *status)
{
	const json_t *entry;
	size_t index;

	json_array_foreach(json_object_get(status, "lists_outdated"), index, entry)
		printf("lists      %s is edited and older than the package's, %s; cordon rules "
		       "outdated says how to "
		       "merge\n",
		       command_text(entry, "list"), command_text(entry, "shipped"));
}

static void print_role(const json_t *role, bool first)
{
	const char *state = command_text(role, "state");

	printf("%s%s ", first ? "roles      " : ", ", command_text(role, "role"));
	if (number_at(role, "pid"))
		printf("%lld up %.0f s", number_at(role, "pid"),
		       json_real_value(json_object_get(role, "uptime")));
	else
		fputs("DOWN", stdout);
	if (strcmp(state, "running") != 0)
		printf(" (%s)", state);
	if (number_at(role, "restarts"))
		printf(" (%lld restarts)", number_at(role, "restarts"));
	if (command_text_if(role, "why"))
		printf(" (the last one: %s)", command_text(role, "why"));
}

static void print_losses(const json_t *status)
{
	json_t *losses = json_object_get(status, "losses"), *count;
	const char *where;
	bool first = true;

	if (!number_at(status, "events_lost"))
		return;
	printf("lost       %lld events could not be kept", number_at(status, "events_lost"));
	json_object_foreach(losses, where, count) {
		if (!json_integer_value(count))
			continue;
		printf("%s%s %lld", first ? ": " : ", ", where,
		       (long long)json_integer_value(count));
		first = false;
	}
	putchar('\n');
}

/* Since when nothing is missing, and how far back the log may go. */
static void print_log(const json_t *status)
{
	const json_t *log = json_object_get(status, "log");

	if (!json_is_object(log))
		return;
	if (command_text_if(log, "whole_since"))
		printf("log        whole since %.19sZ", command_text(log, "whole_since"));
	else
		fputs("log        not known since when it is whole", stdout);
	printf(", %lld of %lld MB", number_at(log, "used_bytes") >> 20,
	       number_at(log, "budget_bytes") >> 20);
	if (json_is_integer(json_object_get(log, "days")))
		printf(", room for %lld days", number_at(log, "days"));
	putchar('\n');
}

static void print_disks(const json_t *status)
{
	const json_t *disk, *word;
	size_t index, inner;

	json_array_foreach(json_object_get(status, "disks"), index, disk) {
		fputs("disk       ", stdout);
		json_array_foreach(json_object_get(disk, "holds"), inner, word)
			printf("%s%s", inner ? " and " : "", json_string_value(word));
		printf(": %lld %% of %lld MB used, %lld %% of the inodes%s\n",
		       number_at(disk, "used_percent"), number_at(disk, "size_bytes") >> 20,
		       number_at(disk, "inodes_percent"),
		       json_is_true(json_object_get(disk, "read_only")) ? ", read-only" : "");
	}
}

static void print_text(const json_t *status)
{
	const json_t *role;
	size_t index;

	print_mode(status);
	print_policy(status, true);
	print_outdated(status);
	print_update(status);
	print_guard(status);
	print_dns(status);
	print_packets(status);
	print_uninspected(status);
	json_array_foreach(json_object_get(status, "roles"), index, role)
		print_role(role, index == 0);
	printf("\nappliance  %s, cordon %s\n", command_text(status, "appliance"),
	       command_text(status, "version"));
	print_log(status);
	print_losses(status);
	print_disks(status);
}

/* In monitor mode: whom enforcing would have met, from the block log. */
static void add_hosts(const struct cli *cli, json_t *status)
{
	const char *text = json_string_value(json_object_get(status, "mode_since"));
	char seconds[32], folder[512];
	json_t *hosts = NULL;
	int64_t since;

	if (!ENABLED(CONFIG_JOURNAL) || strcmp(command_text(status, "mode"), "monitor") != 0)
		return;
	/* A status has milliseconds, "2026-11-29T12:01:23.000Z", metadata has none. */
	snprintf(seconds, sizeof(seconds), "%.19sZ", text ? text : "");
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	if (metadata_time_parse(&since, seconds) == 0)
		hosts = would_block(folder, since * 1000);
	if (hosts)
		(void)json_object_set_new(status, "would_block", hosts);
}

static void print_hosts(const json_t *status)
{
	json_t *hosts = json_object_get(status, "would_block"), *count;
	const char *host;

	if (!hosts)
		return;
	puts(json_object_size(hosts) ? "would have been blocked since then, by host:"
				     : "nothing would have been blocked since then");
	json_object_foreach(hosts, host, count)
		printf("  %-39s %lld\n", host, (long long)json_integer_value(count));
}

/* The parts that fit on a console beside what the box says. */
static void print_appliance(const json_t *status, const struct box_facts *box)
{
	if (status) {
		print_mode(status);
		print_policy(status, false);
		print_update(status);
		print_guard(status);
		print_dns(status);
		print_packets(status);
		print_uninspected(status);
	}
	status_print_box(status, box);
}

/* With what was judged of it; takes no reference. */
static void show_json(json_t *status, const struct box_facts *box, enum health_level level,
		      const struct text *words)
{
	json_t *object = status ? json_incref(status) : json_object();

	if (box)
		(void)json_object_set_new(object, "box", status_box_json(box));
	status_add_health(object, level, words);
	command_print_json(object);
}

static void show_words(const json_t *status, const struct box_facts *box,
		       const struct text *words)
{
	fputs(words->data ? words->data : "", stdout);
	if (box)
		print_appliance(status, box);
	else
		print_text(status);
	if (status)
		print_hosts(status);
}

static int show(const struct cli *cli, bool json)
{
	static struct box_facts facts;
	const struct box_facts *box = box_has(PATH_IMAGE) ? &facts : NULL;
	struct text words = TEXT_EMPTY;
	json_t *status = command_daemon(cli, box && !json, NULL);
	enum health_level level;
	int code = command_is_in_force(status) ? EXIT_YES : EXIT_NO;

	if (box)
		box_facts_read(&facts);
	if (status)
		add_hosts(cli, status);
	if (status && !box)
		add_outdated(cli, status);
	level = status_judge(status, box, json || !box ? HEALTH_ALL : HEALTH_LINES, &words);
	if (json && (status || box))
		show_json(status, box, level, &words);
	else if (status || box)
		show_words(status, box, &words);
	if (code == EXIT_YES && level != HEALTH_GOOD)
		code = EXIT_ATTENTION;
	text_release(&words);
	json_decref(status);
	return code;
}

/* What others changed is known now, and the status needs not repeat it. */
static int see(const struct cli *cli)
{
	struct control_request request = { .type = CONTROL_SEEN };

	snprintf(request.by, sizeof(request.by), "%s", command_user());
	return command_tell(cli, &request);
}

int command_status(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "in-force", no_argument, NULL, 'f' },
						 { "boot", no_argument, NULL, 'b' },
						 { "seen", no_argument, NULL, 's' },
						 { "wait", required_argument, NULL, 'w' },
						 { 0 } };
	uint64_t wait = 0;
	int option, what = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'w' && duration_parse(&wait, optarg, strlen(optarg)) == 0 &&
		    wait <= WAIT_MOST)
			continue;
		if (option == 'w')
			return command_usage("status",
					     "--wait: expected a time of at most %ds, found \"%s\"",
					     WAIT_MOST, optarg);
		if (option == '?' || (what && what != option))
			return command_usage(
				"status",
				"expected one of [--json | --in-force | --boot | --seen]");
		what = option;
	}
	if (optind != argc)
		return command_usage("status", "unexpected word \"%s\"", argv[optind]);
	if (wait && what != 'f')
		return command_usage("status", "--wait goes with --in-force alone");
	if (what == 'f')
		return command_in_force(cli, (int64_t)wait * 1000);
	if (what == 's')
		return see(cli);
	return what == 'b' ? status_boot() : show(cli, what == 'j');
}
