/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/box/network/login.h"
#include "appliance/ipc/sessions.h"
#include "appliance/ipc/spool.h"

/* As dropbear 2022.83 and 2025.88 print them. */
static void lines(void **state)
{
	struct login login;

	(void)state;
	assert_true(login_parse("[812] Nov 29 11:02:03 Pubkey auth succeeded for 'root' with "
				"ssh-ed25519 key SHA256:Zm9v/b+r from 192.0.2.7:50022", &login));
	assert_true(login.accepted);
	assert_int_equal(login.pid, 812);
	assert_int_equal(login.actor.kind, ACTOR_SSH);
	assert_string_equal(login.actor.name, "root");
	assert_string_equal(login.actor.key, "SHA256:Zm9v/b+r");
	assert_string_equal(login.from, "192.0.2.7:50022");
	assert_true(login_parse("[9] Nov  1 01:02:03 Exit before auth from <[2001:db8::1]:4711>: "
				"(user 'root', 3 fails): Exited normally", &login));
	assert_false(login.accepted);
	assert_string_equal(login.user, "root");
	assert_string_equal(login.from, "[2001:db8::1]:4711");
	assert_true(login_parse("[9] Nov  1 01:02:03 Exit before auth from <192.0.2.7:1>: "
				"Timeout before auth", &login));
	assert_string_equal(login.user, "");
}

static void other_lines(void **state)
{
	static const char *const others[] = {
		"", "[", "[1]", "[1] Nov 29 11:02:03", "Not backgrounding",
		"[1] Nov 29 11:02:03 Child connection from 192.0.2.7:50022",
		"[1] Nov 29 11:02:03 Exit (root) from <192.0.2.7:1>: Disconnect received",
		"[1] Nov 29 11:02:03 x Pubkey auth succeeded for 'root' with a key b from c",
		"[1] Nov 29 11:02:03 Pubkey auth succeeded for 'root' with ssh-rsa key from x",
		"[1] Nov 29 11:02:03 Pubkey auth succeeded for 'root",
		"[0] Nov 29 11:02:03 Pubkey auth succeeded for 'root' with a key b from c",
		"[1] Nov 29 11:02:03 Exit before auth from <",
	};
	struct login login;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (login_parse(others[i], &login))
			fail_msg("taken: %s", others[i]);
	}
}

/* A process of this test is the session; what is told waits for cordond. */
static void heard_in_parts(void **state)
{
	struct logins logins = { .failures = { .burst = 2, .interval = 60000 } };
	char line[400], name[SPOOL_NAME] = "", path[BOX_PATH];
	struct handed handed;
	size_t size;
	char *text;
	int fd;

	(void)state;
	folder_above(PATH_RUN "/x");
	folder_above(PATH_STATE "/x");
	snprintf(line, sizeof(line), "noise\n[%d] Nov 29 11:02:03 Pubkey auth succeeded for 'root' "
		 "with ssh-ed25519 key SHA256:abc from 192.0.2.7:5\n", (int)getpid());
	for (const char *at = line; *at; at++)
		login_hear(&logins, at, 1);
	text = box_read(PATH_RUN "/" SESSIONS_FILE, SESSIONS_TEXT, &size);
	assert_non_null(text);
	assert_non_null(strstr(text, " root SHA256:abc\n"));
	free(text);
	fd = open(box_path(path, PATH_STATE), O_RDONLY | O_DIRECTORY);
	assert_int_equal(spool_next(fd, name, name, &handed), 0);
	assert_string_equal(handed.kind, "login");
	assert_string_equal(handed.actor, "ssh:root:SHA256:abc");
	assert_non_null(strstr(handed.members, "\"result\":\"accepted\""));
	/* A scanner: two are told, the rest is counted. */
	snprintf(line, sizeof(line), "%s\n",
		 "[7] Nov 29 11:02:03 Exit before auth from <192.0.2.9:5>: x");
	for (int i = 0; i < 5; i++)
		login_hear(&logins, line, strlen(line));
	assert_int_equal(logins.untold, 3);
	assert_int_equal(spool_next(fd, name, name, &handed), 0);
	assert_string_equal(handed.actor, "box");
	assert_int_equal(spool_next(fd, name, name, &handed), 0);
	assert_int_equal(spool_next(fd, name, name, &handed), -ENOENT);
	close(fd);
}

static void long_lines(void **state)
{
	static char data[3 * LOGIN_LINE];
	struct logins logins = { .failures = { .burst = 1, .interval = 1 } };

	(void)state;
	memset(data, 'x', sizeof(data));
	login_hear(&logins, data, sizeof(data));
	assert_true(logins.skipping);
	login_hear(&logins, "\n", 1);
	assert_false(logins.skipping);
	assert_int_equal(logins.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines), cmocka_unit_test(other_lines),
		cmocka_unit_test_setup_teardown(heard_in_parts, folder_make, folder_drop),
		cmocka_unit_test_setup_teardown(long_lines, folder_make, folder_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
