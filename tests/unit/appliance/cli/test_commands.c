/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/command/daemon.h"

#include <getopt.h>

#include "appliance/cli/commands.h"
#include "appliance/evidence/commands.h"

/* Which words a command takes, what it asks the daemon for, and how it judges the answer. */

typedef int command_function(const struct cli *cli, int argc, char **argv);

/* Runs words, parted by blanks; "_" in one of them is a blank. */
static int run(command_function *command, const char *words)
{
	char line[256], *argv[24], *rest = line;
	int argc = 0, saved[2], file[2], code;

	snprintf(line, sizeof(line), "%s", words);
	while ((argv[argc] = strsep(&rest, " "))) {
		for (char *at = argv[argc]; *at; at++)
			*at = *at == '_' ? ' ' : *at;
		argc++;
	}
	print_begin(saved, file);
	optind = 0;
	code = command(&cli, argc, argv);
	print_end(saved, file);
	return code;
}

static void wrong_words_are_usage(void **state)
{
	static const struct {
		command_function *command;
		const char *words, *message;
	} cases[] = {
		{ command_status, "status --json --boot", "expected one of" },
		{ command_status, "status --wait 1s", "--wait goes with --in-force alone" },
		{ command_status, "status --in-force --wait 601s", "a time of at most 600s" },
		{ command_status, "status word", "unexpected word \"word\"" },
		{ command_mode, "mode off", "expected enforce or monitor" },
		{ command_mode, "mode monitor enforce", "expected enforce or monitor" },
		{ command_mode, "mode monitor --for 1h --by y", "needs --for TIME, --reason TEXT" },
		{ command_mode, "mode monitor --reason x --by y", "needs --for TIME" },
		{ command_mode, "mode monitor --for 0 --reason x --by y",
		  "--for: expected a time" },
		{ command_mode, "mode monitor --for soon", "--for: expected a time" },
		{ command_mode, "mode monitor --category x", "unknown category \"x\"" },
		{ command_mode, "mode enforce --for 1h", "go with monitor" },
		{ command_disarm, "disarm --for 1h", "needs --for TIME" },
		{ command_disarm, "disarm now", "unexpected word \"now\"" },
		{ command_log, "log --last 0", "a number from 1" },
		{ command_log, "log --last -1", "a number from 1" },
		{ command_log, "log --last 5x", "a number from 1" },
		{ command_log, "log all", "unexpected word \"all\"" },
		{ command_rules, "rules", "expected check FILE" },
		{ command_rules, "rules check", "expected check FILE" },
		{ command_rules, "rules nft --json", "--json goes with" },
		{ command_rules, "rules check --rules x a", "--rules goes with nft alone" },
		{ command_explain, "explain", "at least one query" },
		{ command_update, "update status now", "with nothing or --json" },
		{ command_update, "update push host", "expected status, device" },
		{ command_update, "update hold --reason x", "needs --reason TEXT and --by NAME" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const int code = run(cases[i].command, cases[i].words);

		if (code != EXIT_USAGE || !strstr(printed[1], cases[i].message) || printed[0][0])
			fail_msg("%s: %d, %s", cases[i].words, code, printed[1]);
	}
}

/* Enforcing again needs nothing, and the record has a name all the same. */
static void what_a_mode_asks_for(void **state)
{
	(void)state;
	unsetenv("SUDO_USER");
	daemon_start(0, "done\n");
	assert_int_equal(run(command_mode, "mode enforce"), EXIT_YES);
	assert_string_equal(printed[0], "done\n");
	assert_int_equal(asked->mode, MODE_ENFORCE);
	assert_string_equal(asked->by, "root");
	assert_string_equal(asked->reason, "");
	assert_int_equal(run(command_mode, "mode enforce --by anna --reason it_works"), EXIT_YES);
	assert_string_equal(asked->by, "anna");
	assert_string_equal(asked->reason, "it works");
	assert_int_equal(run(command_mode, "mode monitor --for 2h --category web --category mail "
					   "--reason a --by b"), EXIT_YES);
	assert_int_equal(asked->mode, MODE_MONITOR);
	assert_int_equal(asked->seconds, 7200);
	assert_int_equal(asked->categories, 1U << CATEGORY_WEB | 1U << CATEGORY_MAIL);
	assert_int_equal(run(command_disarm, "disarm --for 90 --reason a --by b"), EXIT_YES);
	assert_int_equal(asked->mode, MODE_DISARMED);
	assert_int_equal(asked->seconds, 90);
}

static void a_mode_is_shown(void **state)
{
	(void)state;
	daemon_start(0, "{\"mode\":\"monitor\",\"mode_until\":\"2026-12-01T00:00:00.000Z\"}");
	assert_int_equal(run(command_mode, "mode"), EXIT_YES);
	assert_string_equal(printed[0], "monitor until 2026-12-01T00:00:00.000Z\n");
	daemon_start(0, "{}");
	assert_int_equal(run(command_mode, "mode"), EXIT_NO);
}

/* 0: all is well, 4: in force and something needs attention, 1: not in force. */
static void a_status_is_judged(void **state)
{
	static const struct {
		const char *status;
		int code;
	} cases[] = {
		{ "{\"in_force\":true,\"mode\":\"enforce\"}", EXIT_YES },
		{ "{\"in_force\":true,\"mode\":\"monitor\"}", EXIT_ATTENTION },
		{ "{\"in_force\":true,\"mode\":\"enforce\",\"refused\":\"x\"}", EXIT_ATTENTION },
		{ "{\"in_force\":false,\"mode\":\"enforce\"}", EXIT_NO },
		{ "{}", EXIT_NO },
		{ "no JSON", EXIT_NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int words, json;

		daemon_start(0, cases[i].status);
		words = run(command_status, "status");
		json = run(command_status, "status --json");
		if (words != cases[i].code || json != cases[i].code)
			fail_msg("%s: %d, %d", cases[i].status, words, json);
	}
	daemon_stop(NULL);
	assert_int_equal(run(command_status, "status"), EXIT_NO);
	assert_non_null(strstr(printed[1], "no answer from cordond"));
}

static void an_update_is_judged(void **state)
{
	static const struct {
		const char *update;
		int code;
	} cases[] = {
		{ "{\"on\":true,\"freshness\":\"fresh\"}", EXIT_YES },
		{ "{\"on\":true,\"freshness\":\"stale\"}", EXIT_NO },
		{ "{\"on\":true,\"freshness\":\"fresh\",\"refusal\":\"x\"}", EXIT_NO },
		{ "{\"on\":true,\"freshness\":\"fresh\",\"failure\":\"x\"}", EXIT_NO },
		{ "{\"on\":false,\"why\":\"no root\"}", EXIT_NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char status[256];
		int words, json;

		snprintf(status, sizeof(status), "{\"update\":%s}", cases[i].update);
		daemon_start(0, status);
		words = run(command_update, "update");
		json = run(command_update, "update --json");
		if (words != cases[i].code || json != cases[i].code)
			fail_msg("%s: %d, %d", cases[i].update, words, json);
	}
	daemon_start(0, "{\"in_force\":true}");
	assert_int_equal(run(command_update, "update"), EXIT_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_words_are_usage),
		cmocka_unit_test_teardown(what_a_mode_asks_for, daemon_stop),
		cmocka_unit_test_teardown(a_mode_is_shown, daemon_stop),
		cmocka_unit_test_teardown(a_status_is_judged, daemon_stop),
		cmocka_unit_test_teardown(an_update_is_judged, daemon_stop),
	};

	return cmocka_run_group_tests(tests, daemon_folder, daemon_folder_gone);
}
