/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/command/daemon.h"

#include <errno.h>

#include "appliance/command/output.h"

/* The code of output_end in a child whose standard output is path; what it says to printed[1]. */
static int end_on(const char *path, const char *text, int code)
{
	int saved[2], file[2], status;
	pid_t pid;

	print_begin(saved, file);
	pid = fork();
	if (pid == 0) {
		int fd = path ? open(path, O_WRONLY) : -1;

		if (fd >= 0)
			dup2(fd, STDOUT_FILENO);
		else
			close(STDOUT_FILENO);
		setvbuf(stdout, NULL, _IOFBF, 64);
		fputs(text, stdout);
		_exit(output_end("test", code));
	}
	waitpid(pid, &status, 0);
	print_end(saved, file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void lost_output_is_an_error(void **state)
{
	static const char large[] =
		"more than the buffer of standard output takes, so that the first "
		"write fails before the end does";

	(void)state;
	assert_int_equal(end_on("/dev/full", "text", EXIT_YES), EXIT_OUTPUT);
	assert_string_equal(printed[1],
			    "test: cannot write standard output: No space left on device\n");
	assert_int_equal(end_on("/dev/full", large, EXIT_YES), EXIT_OUTPUT);
	assert_int_equal(strncmp(printed[1], "test: cannot write standard output", 34), 0);
	assert_int_equal(end_on(NULL, "text", EXIT_YES), EXIT_OUTPUT);
}

static void a_code_that_tells_more_stays(void **state)
{
	(void)state;
	assert_int_equal(end_on("/dev/full", "text", EXIT_ATTENTION), EXIT_ATTENTION);
	assert_int_equal(strncmp(printed[1], "test: cannot", 12), 0);
}

static void nothing_lost_is_no_error(void **state)
{
	(void)state;
	assert_int_equal(end_on("/dev/null", "text", EXIT_YES), EXIT_YES);
	assert_int_equal(end_on("/dev/full", "", EXIT_NO), EXIT_NO);
	assert_int_equal(end_on(NULL, "", EXIT_YES), EXIT_YES);
	assert_string_equal(printed[1], "");
}

static void an_absent_daemon_is_told_once(void **state)
{
	int saved[2], file[2], error = 0;

	(void)state;
	print_begin(saved, file);
	assert_null(command_daemon(&cli, true, &error));
	print_end(saved, file);
	assert_int_equal(error, -ENOENT);
	assert_string_equal(printed[1], "");
	print_begin(saved, file);
	assert_null(command_daemon(&cli, false, NULL));
	print_end(saved, file);
	assert_non_null(strstr(printed[1], "no answer from cordond"));
	assert_int_equal(command_in_force(&cli, 0), EXIT_NO);
}

static void in_force_is_what_the_daemon_says(void **state)
{
	json_t *status;
	int error = -1;

	(void)state;
	daemon_start(0, "{\"in_force\":true}");
	status = command_daemon(&cli, true, &error);
	assert_int_equal(error, 0);
	assert_true(command_is_in_force(status));
	json_decref(status);
	assert_int_equal(command_in_force(&cli, 0), EXIT_YES);
	daemon_start(0, "{\"in_force\":false}");
	assert_int_equal(command_in_force(&cli, 100), EXIT_NO);
	daemon_start(0, "no JSON");
	assert_null(command_daemon(&cli, true, &error));
	assert_int_equal(error, -EBADMSG);
	assert_false(command_is_in_force(NULL));
}

static void a_refusal_goes_to_standard_error(void **state)
{
	const struct control_request request = { .type = CONTROL_RELOAD };
	int saved[2], file[2];

	(void)state;
	for (int code = 0; code < 2; code++) {
		daemon_start(code, "words\n");
		print_begin(saved, file);
		assert_int_equal(command_tell(&cli, &request), code);
		print_end(saved, file);
		assert_string_equal(printed[code], "words\n");
		assert_string_equal(printed[!code], "");
	}
}

static void text_of_others_is_masked_once(void **state)
{
	json_t *object = json_pack("{s:s, s:i}", "a", "x\x1b[2J\ty\n", "number", 1);
	const char *text = command_text(object, "a");

	(void)state;
	assert_string_equal(text, "x?[2J\ty\n");
	assert_ptr_equal(command_text(object, "a"), text);
	assert_string_equal(command_text(object, "number"), "-");
	assert_null(command_text_if(object, "none"));
	assert_string_equal(command_text(NULL, "none"), "-");
	json_decref(object);
}

static void settings_that_nobody_named_may_be_missing(void **state)
{
	static struct settings settings;
	struct cli named = cli;
	int saved[2], file[2];

	(void)state;
	assert_int_equal(command_settings(&cli, &settings), EXIT_YES);
	named.config_given = true;
	print_begin(saved, file);
	assert_int_equal(command_settings(&named, &settings), EXIT_NO);
	print_end(saved, file);
	assert_string_equal(printed[1],
			    "cordon: /nonexistent: cannot read: No such file or directory\n");
}

static void the_user_is_who_called_sudo(void **state)
{
	(void)state;
	setenv("SUDO_USER", "anna", 1);
	assert_string_equal(command_user(), "anna");
	setenv("SUDO_USER", "", 1);
	assert_string_equal(command_user(), "root");
	unsetenv("SUDO_USER");
	assert_string_equal(command_user(), "root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_output_is_an_error),
		cmocka_unit_test(a_code_that_tells_more_stays),
		cmocka_unit_test(nothing_lost_is_no_error),
		cmocka_unit_test_teardown(an_absent_daemon_is_told_once, daemon_stop),
		cmocka_unit_test_teardown(in_force_is_what_the_daemon_says, daemon_stop),
		cmocka_unit_test_teardown(a_refusal_goes_to_standard_error, daemon_stop),
		cmocka_unit_test(text_of_others_is_masked_once),
		cmocka_unit_test(settings_that_nobody_named_may_be_missing),
		cmocka_unit_test(the_user_is_who_called_sudo),
	};

	return cmocka_run_group_tests(tests, daemon_folder, daemon_folder_gone);
}
