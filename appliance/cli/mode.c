/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/cli/commands.h"
#include "appliance/command/command.h"
#include "rules/nft/kernel.h"

/* The words that a mode with an end needs. */
struct words {
	struct control_request request;
	bool has_duration;
};

/* Reads --for, --category, --reason and --by; 0 or an exit code. */
static int parse_words(struct words *words, const char *name, int argc, char **argv)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'f' },
		{ "category", required_argument, NULL, 'c' },
		{ "reason", required_argument, NULL, 'r' },
		{ "by", required_argument, NULL, 'b' },
		{ 0 },
	};
	struct control_request *request = &words->request;
	enum category category;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			if (duration_parse(&request->seconds, optarg, strlen(optarg)) < 0 ||
			    request->seconds == 0)
				return command_usage(name, "--for: expected a time such as 90s, "
						     "15m, 2h or 14d, found \"%s\"", optarg);
			words->has_duration = true;
			break;
		case 'c':
			if (category_parse(&category, optarg, strlen(optarg)) < 0)
				return command_usage(name, "--category: unknown category \"%s\"",
						     optarg);
			request->categories |= 1U << category;
			break;
		case 'r':
		case 'b': {
			bool reason = option == 'r';

			if (strlen(optarg) >= (reason ? (size_t)CONTROL_REASON : CONTROL_BY))
				return command_usage(name, "--%s: at most %d bytes",
						     reason ? "reason" : "by",
						     (reason ? CONTROL_REASON : CONTROL_BY) - 1);
			if (!text_is_plain(optarg, strlen(optarg), ""))
				return command_usage(name, "--%s: expected one line without "
						     "control characters",
						     reason ? "reason" : "by");
			snprintf(reason ? request->reason : request->by,
				 reason ? CONTROL_REASON : CONTROL_BY, "%s", optarg);
			break;
		}
		default:
			return command_usage(name, "unknown option");
		}
	}
	return EXIT_YES;
}

static int complete(const struct words *words, const char *name)
{
	if (!words->has_duration || !words->request.reason[0] || !words->request.by[0])
		return command_usage(name, "needs --for TIME, --reason TEXT and --by NAME: it ends "
				     "by itself, and the log says who and why");
	return EXIT_YES;
}

static int show(const struct cli *cli)
{
	json_t *status = command_daemon(cli, false, NULL);
	const char *mode = json_string_value(json_object_get(status, "mode"));
	const char *until = json_string_value(json_object_get(status, "mode_until"));
	const int code = mode ? EXIT_YES : EXIT_NO;

	if (mode && until)
		printf("%s until %s\n", mode, until);
	else if (mode)
		puts(mode);
	json_decref(status);
	return code;
}

int command_mode(const struct cli *cli, int argc, char **argv)
{
	struct words words = { .request.type = CONTROL_MODE };
	int code = parse_words(&words, "mode", argc, argv);

	if (code)
		return code;
	if (optind == argc)
		return show(cli);
	if (optind + 1 == argc && strcmp(argv[optind], "enforce") == 0) {
		if (words.has_duration || words.request.categories)
			return command_usage(
				"mode",
				"enforce ends a mode: --for and --category go with monitor");
		words.request.mode = MODE_ENFORCE;
		/* Nothing may keep it from enforcing again; who did it is recorded all the same. */
		if (!words.request.by[0])
			snprintf(words.request.by, sizeof(words.request.by), "%s", command_user());
		return command_tell(cli, &words.request);
	}
	if (optind + 1 != argc || strcmp(argv[optind], "monitor") != 0)
		return command_usage("mode", "expected enforce or monitor");
	words.request.mode = MODE_MONITOR;
	code = complete(&words, "mode monitor");
	return code ? code : command_tell(cli, &words.request);
}

/* No daemon: what it left in the kernel is taken away here, until it is started again. */
static int disarm_kernel(void)
{
	struct kernel *kernel;
	struct diag diag;
	int error = kernel_open(&kernel);

	diag_init(&diag);
	if (error) {
		fprintf(stderr, "cordon disarm: netlink: %s\n", strerror(-error));
		return EXIT_NO;
	}
	error = kernel_remove(kernel, &diag);
	kernel_close(kernel);
	command_print_diag(&diag);
	if (error) {
		fprintf(stderr, "cordon disarm: %s\n", strerror(-error));
		return EXIT_NO;
	}
	puts("cordond is not running: its table and policy routes were removed; nothing is blocked "
	     "until it is started again");
	return EXIT_YES;
}

int command_disarm(const struct cli *cli, int argc, char **argv)
{
	struct words words = { .request = { .type = CONTROL_MODE, .mode = MODE_DISARMED } };
	char *reply;
	int code = parse_words(&words, "disarm", argc, argv);

	if (!code && optind != argc)
		code = command_usage("disarm", "unexpected word \"%s\"", argv[optind]);
	if (!code)
		code = complete(&words, "disarm");
	if (code)
		return code;
	code = command_ask(cli, &words.request, true, &reply);
	if (!reply)
		return disarm_kernel();
	fputs(reply, code ? stderr : stdout);
	free(reply);
	return code;
}
