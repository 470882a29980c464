/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/base/program.h"

#define NTPD_MAY "CapBnd:\t0000000002000000"	/* CAP_SYS_TIME alone */

/* A program of the box, as a script. */
static void put_program(const char *path, const char *script)
{
	char full[BOX_PATH];

	folder_put(path, script);
	assert_int_equal(chmod(box_path(full, path), 0755), 0);
}

static void its_exit_status_comes_back(void **state)
{
	const char *const argv[] = { "/bin/x", NULL };
	int pid;

	(void)state;
	put_program("/bin/x", "#!/bin/sh\nexit 7\n");
	pid = program_start(argv, "", true);
	assert_true(pid > 0);
	assert_int_equal(program_wait(pid), 7);
	assert_int_equal(program_wait(pid), 127);
	put_program("/bin/x", "#!/bin/sh\nkill -9 $$\n");
	assert_int_equal(program_wait(program_start(argv, "", true)), 128 + 9);
}

static void one_that_is_not_there_is_an_error(void **state)
{
	const char *const argv[] = { "/bin/x", NULL };

	(void)state;
	assert_int_equal(program_start(argv, "", true), -ENOENT);
	folder_put("/bin/x", "#!/bin/sh\n");
	assert_int_equal(program_start(argv, "", true), -EACCES);
}

/* Nothing of this process's environment reaches a program; words are not parsed again. */
static void words_and_environment_are_its_own(void **state)
{
	const char *const argv[] = { "/bin/x", "a b", "$(c)", NULL };
	char script[BOX_PATH + 128], *text;
	size_t size;

	(void)state;
	setenv("CORDON_SECRET", "1", 1);
	snprintf(script, sizeof(script),
		 "#!/bin/sh\nprintf '%%s|%%s|%%s|%%s' \"$1\" \"$2\" \"$CORDON_SERVICE\" "
		 "\"$CORDON_SECRET\" >%s/out\n", folder);
	put_program("/bin/x", script);
	assert_int_equal(program_wait(program_start(argv, "", true)), 0);
	text = box_read("/out", 100, &size);
	assert_string_equal(text, "a b|$(c)||");
	free(text);
	unsetenv("CORDON_SECRET");
}

/* What a service may not do, its children may not do either. */
static void services_have_fewer_rights(void **state)
{
	const char *const argv[] = { "/bin/x", NULL };
	char *text;
	size_t size;

	(void)state;
	put_program("/bin/x", "#!/bin/sh\ngrep -e CapBnd -e NoNewPrivs /proc/self/status "
			      ">\"$CORDON_ROOT/$CORDON_SERVICE\"\n");
	assert_int_equal(program_wait(program_start(argv, "ntpd", true)), 0);
	assert_int_equal(program_wait(program_start(argv, "dropbear", true)), 0);
	text = box_read("/dropbear", 100, &size);
	assert_non_null(text);
	assert_non_null(strstr(text, "NoNewPrivs:\t1"));
	assert_null(strstr(text, NTPD_MAY));
	free(text);
	text = box_read("/ntpd", 100, &size);
	assert_non_null(text);
	/* The bounding set is root's to take from. */
	if (geteuid() == 0)
		assert_non_null(strstr(text, NTPD_MAY));
	free(text);
}

static void this_program_is_run_with_other_words(void **state)
{
	static const char *const words[] = { "network", "up", NULL };
	char script[BOX_PATH + 64], *text;
	size_t size;

	(void)state;
	snprintf(script, sizeof(script), "#!/bin/sh\necho \"$@\" >%s/out\nexit 3\n", folder);
	put_program("/usr/bin/cordon", script);
	assert_int_equal(program_self(words), 3);
	text = box_read("/out", 100, &size);
	assert_string_equal(text, "network up\n");
	free(text);
}

static void init_is_asked_to_restart(void **state)
{
	(void)state;
	assert_int_equal(program_reboot(), -ENOENT);
	put_program("/sbin/reboot", "#!/bin/sh\nexit 0\n");
	assert_int_equal(program_reboot(), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_make, folder_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_exit_status_comes_back),
		TEST(one_that_is_not_there_is_an_error),
		TEST(words_and_environment_are_its_own),
		TEST(services_have_fewer_rights),
		TEST(this_program_is_run_with_other_words),
		TEST(init_is_asked_to_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
