/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/update_carry.h"
#include "appliance/cli/update_from.h"
#include "appliance/cli/update_receive.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/cli/commands.h"
#include "appliance/command/command.h"

/* ---- status ---- */

static long long number_at(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void print_duration(long long seconds)
{
	if (seconds < 120)
		printf("%lld s", seconds);
	else if (seconds < 2 * 3600)
		printf("%lld min", seconds / 60);
	else if (seconds < 2 * 86400)
		printf("%lld h", seconds / 3600);
	else
		printf("%lld days", seconds / 86400);
}

static void print_release(const json_t *update)
{
	const json_t *signer;
	size_t index;

	if (!number_at(update, "release")) {
		puts("release    none yet: the lists of the folder are in force");
		return;
	}
	printf("release    %lld, published %s (", number_at(update, "release"),
	       command_text(update, "published"));
	print_duration(number_at(update, "age"));
	printf(" ago)\n           enforced since %s\ndigest     %s\n",
	       command_text(update, "since"), command_text(update, "digest"));
	json_array_foreach(json_object_get(update, "signers"), index, signer)
		printf("%s%s\n", index ? "           " : "signed by  ", json_string_value(signer));
}

/* A time that has not come: who says so, and what to think of it. */
static void print_ahead(const json_t *update)
{
	const char *name = command_text_if(update, "timestamp_name");

	printf(",\n           ");
	print_duration(number_at(update, "ahead"));
	printf(" after the time here (%s)\n", command_text(update, "now"));
	printf("           by the key %s%s\n", name ? name : "without a name,", name ? "," : "");
	printf("           %s\n", command_text(update, "timestamp_key"));
	puts("           Either the time here is wrong, or that key is in other hands:\n"
	     "           \"When a key is lost or stolen\" in cordon-repo(1). What people signed\n"
	     "           is enforced still");
}

static void print_freshness(const json_t *update)
{
	const char *freshness = command_text(update, "freshness");

	printf("freshness  %s", freshness);
	if (command_text_if(update, "signed_at"))
		printf(": signed %s", command_text(update, "signed_at"));
	if (strcmp(freshness, "ahead") == 0)
		print_ahead(update);
	else if (command_text_if(update, "signed_at"))
		printf(", expires %s\n", command_text(update, "expires"));
	else
		puts("");
	if (strcmp(freshness, "stale") == 0)
		puts("           no newer signature came in time: is the publisher at work, are\n"
		     "           the mirrors honest? The release is enforced still");
	if (strcmp(freshness, "refused") == 0)
		puts("           expired: nothing that is as old would be taken any more.\n"
		     "           The release is enforced still; a newer timestamp ends this");
	if (strcmp(command_text(update, "clock"), "floor") == 0)
		printf("clock      not set, behind what was signed: time goes by\n"
		       "           %s and the uptime\n", command_text(update, "floor"));
}

static void print_text_block(const char *label, const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		printf("%-10s %.*s\n", line == text ? label : "", (int)strcspn(line, "\n"), line);
	}
}

static void print_offers(const json_t *update)
{
	if (command_text_if(update, "refusal"))
		print_text_block("refused", command_text_if(update, "refusal"));
	if (number_at(update, "waiting")) {
		printf("waiting    release %lld, verified, ", number_at(update, "waiting"));
		if (command_text_if(update, "waiting_until"))
			printf("until %s (ring %s)\n", command_text(update, "waiting_until"),
			       command_text(update, "ring"));
		else
			puts("held");
	}
	if (json_is_true(json_object_get(update, "held")))
		printf("held       by %s: %s; cordon update release ends it\n",
		       command_text(update, "held_by"), command_text(update, "held_reason"));
}

static void print_contact(const json_t *update)
{
	if (command_text_if(update, "contact_at"))
		printf("contact    %s with %s, %lld requests\n", command_text(update, "contact_at"),
		       command_text(update, "source"), number_at(update, "requests"));
	else
		puts("contact    none since the start");
	if (command_text_if(update, "failure"))
		print_text_block("failure", command_text_if(update, "failure"));
	if (command_text_if(update, "receipt"))
		print_text_block("receipt", command_text_if(update, "receipt"));
	printf("device     ring %s, key\n           %s\n", command_text(update, "ring"),
	       command_text(update, "device_key"));
}

/* Healthy: fresh, nothing refused, the last look went well. */
static int judge(const json_t *update)
{
	return strcmp(command_text(update, "freshness"), "fresh") == 0 &&
			       !command_text_if(update, "refusal") &&
			       !command_text_if(update, "failure") ?
		       EXIT_YES :
		       EXIT_NO;
}

static int show(const struct cli *cli, bool json)
{
	json_t *status = command_daemon(cli, false, NULL),
	       *update = json_object_get(status, "update");
	int code;

	if (!update) {
		json_decref(status);
		return EXIT_NO;
	}
	if (!json_is_true(json_object_get(update, "on"))) {
		if (json)
			command_print_json(json_incref(update));
		else
			printf("signed updates are off: %s\n", command_text(update, "why"));
		json_decref(status);
		return EXIT_NO;
	}
	code = judge(update);
	if (json) {
		command_print_json(json_incref(update));
	} else {
		print_release(update);
		print_freshness(update);
		print_offers(update);
		print_contact(update);
	}
	json_decref(status);
	return code;
}

/* ---- who it is ---- */

/* For the publisher's list of those expected, and for the collector's list of certificates. */
static int show_device(const struct cli *cli)
{
	json_t *status = command_daemon(cli, false, NULL),
	       *update = json_object_get(status, "update");
	const char *certificate = command_text_if(update, "certificate");
	int code = EXIT_NO;

	if (update && command_text_if(update, "device_key")) {
		printf("%s,%s,%s\n", command_text(update, "appliance"),
		       command_text(update, "device_key"), command_text(update, "ring"));
		fputs(certificate ? certificate : "", stdout);
		code = EXIT_YES;
	} else if (update) {
		fprintf(stderr, "cordon update device: signed updates are off: %s\n",
			command_text(update, "why"));
	}
	json_decref(status);
	return code;
}

/* The reply is the last checkpoint by the old key, which names the new one. */
static int renew_device(const struct cli *cli)
{
	const struct control_request request = { .type = CONTROL_RENEW };
	char *reply;
	int code = command_ask(cli, &request, false, &reply);

	if (reply && code == EXIT_YES)
		fprintf(stderr, "cordon update device: the appliance has a new key; give the "
			"publisher the line that `cordon update device` prints. The last "
			"checkpoint by the old key:\n");
	if (reply)
		fputs(reply, code == EXIT_YES ? stdout : stderr);
	free(reply);
	return code;
}

/* ---- requests ---- */

static int hold(const struct cli *cli, bool held, int argc, char **argv)
{
	static const struct option options[] = {
		{ "reason", required_argument, NULL, 'r' },
		{ "by", required_argument, NULL, 'b' },
		{ 0 },
	};
	struct control_request request = { .type = held ? CONTROL_HOLD : CONTROL_RELEASE };
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			snprintf(request.reason, sizeof(request.reason), "%s", optarg);
		else if (option == 'b')
			snprintf(request.by, sizeof(request.by), "%s", optarg);
		else
			return command_usage("update", "expected --reason TEXT and --by NAME");
	}
	if (optind != argc || (held && (!request.reason[0] || !request.by[0])))
		return command_usage("update hold", "needs --reason TEXT and --by NAME: the status "
				     "shows who and why");
	return command_tell(cli, &request);
}

/* ---- history ---- */

static void print_event(const json_t *event)
{
	static const char prefix[] = "update: ";
	int indent = 2;
	const char *text = command_text_if(event, "text");

	if (!text)
		return;
	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	printf("%s  %-8s", command_text(event, "time"), command_text(event, "event"));
	/* What came into force says itself which one it is. */
	if (number_at(event, "release") && strncmp(text, "release ", 8) != 0)
		printf("  release %lld", number_at(event, "release"));
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n', indent = 32)
		printf("%*s%.*s\n", indent, "", (int)strcspn(text, "\n"), text);
	if (indent == 2)
		puts("");
}

/* false: the line is damaged. */
static bool print_line(const char *line, size_t length, bool json)
{
	json_t *event = json_loadb(line, length, 0, NULL);
	const bool good = json_is_object(event);

	if (good && json)
		fwrite(line, 1, length, stdout);
	else if (good)
		print_event(event);
	json_decref(event);
	return good;
}

static int history(const struct cli *cli, bool json)
{
	char path[512], *line = NULL;
	size_t room = 0, damaged = 0;
	ssize_t got;
	FILE *file;

	snprintf(path, sizeof(path), "%s/history.jsonl", cli->state);
	file = fopen(path, "re");
	if (!file) {
		fprintf(stderr, "cordon update history: %s: nothing there yet (%m)\n", path);
		return EXIT_NO;
	}
	while ((got = getline(&line, &room, file)) > 0)
		damaged += !print_line(line, (size_t)got, json);
	if (damaged)
		fprintf(stderr, "cordon update history: %zu damaged line%s skipped\n", damaged,
			damaged == 1 ? " was" : "s were");
	free(line);
	fclose(file);
	return EXIT_YES;
}

/* ---- the command ---- */

static int with_json(const struct cli *cli, int (*run)(const struct cli *, bool), int argc,
		     char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

	if (argc > 2 || (argc == 2 && !json))
		return command_usage("update",
				     "expected status or history, with nothing or --json");
	return run(cli, json);
}

int command_update(const struct cli *cli, int argc, char **argv)
{
	/* Without a command, and with an option of status alone, it is status. */
	const char *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : "status";

	if (argc > 1 && argv[1][0] != '-') {
		argc--;
		argv++;
	}
	if (strcmp(verb, "status") == 0)
		return with_json(cli, show, argc, argv);
	if (strcmp(verb, "history") == 0)
		return with_json(cli, history, argc, argv);
	if (strcmp(verb, "device") == 0 && argc == 1)
		return show_device(cli);
	if (strcmp(verb, "device") == 0 && argc == 2 && strcmp(argv[1], "--renew") == 0)
		return renew_device(cli);
	if (strcmp(verb, "now") == 0 && argc == 1)
		return update_look(cli, "");
	if (strcmp(verb, "from") == 0 && argc == 2)
		return update_from(cli, argv[1]);
	if (strcmp(verb, "push") == 0 && argc == 3)
		return update_push(argv[1], argv[2]);
	if (strcmp(verb, "receive") == 0 && argc == 1)
		return update_receive(cli);
	if (strcmp(verb, "hold") == 0 || strcmp(verb, "release") == 0)
		return hold(cli, verb[0] == 'h', argc, argv);
	return command_usage("update", "expected status, device, now, history, from DIR, push HOST "
			     "DIR, receive, hold or release");
}
