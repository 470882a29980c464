/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/ipc/actor.h"
#include "appliance/ipc/sessions.h"
#include "appliance/ipc/who.h"

static void good(const char *text, const char *words)
{
	struct actor actor;
	char again[ACTOR_TEXT];
	struct text out = TEXT_EMPTY;

	assert_int_equal(actor_parse(&actor, text), 0);
	assert_string_equal(actor_print(&actor, again), text);
	actor_describe(text, &out);
	assert_string_equal(out.data, words);
	text_release(&out);
}

static void forms(void **state)
{
	(void)state;
	good("", "not authenticated");
	good("box", "the box itself");
	good("timer", "a time that was set");
	good("user:0:root", "root (uid 0)");
	good("user:0:", "uid 0");
	good("user:0:root,login:1000:alice", "root (uid 0), logged in as alice (uid 1000)");
	good("ssh:root:SHA256:AbC+d/e", "root by ssh with key SHA256:AbC+d/e");
	good("ssh:root:SHA256:AbC+secret", "root by ssh with key SHA256:AbC, with the "
	     "administrator's secret");
	good("console", "the console");
	good("console+secret", "the console, with the administrator's secret");
	good("keys:0011,2233", "signatures of 0011,2233");
}

static void bad_forms(void **state)
{
	static const char *const bad[] = {
		"root", "box ", "boxes", "timer:1", "user:", "user:0", "user:x:root",
		"user:00:root",
		"user:-1:root", "user:4294967296:root", "user:0:root,login:", "user:0:root,x",
		"user:0:root:more", "ssh:", "ssh:root", "ssh:root:", "keys:", "console:1",
		"+secret", "user:0:ro\x1b[1mot", "user:0:r\xc3\xb6t", "user:0:root ",
		"user:0:012345678901234567890123456789012",
	};
	struct actor actor;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (actor_parse(&actor, bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	}
}

/* A name cannot pass for another part of the text. */
static void names_are_inert(void **state)
{
	const struct actor actor = { .kind = ACTOR_USER, .uid = 7,
				     .name = "x,login:0:root+secret" };
	struct text out = TEXT_EMPTY;
	char text[ACTOR_TEXT];
	struct actor back;

	(void)state;
	assert_string_equal(actor_print(&actor, text), "user:7:x?login?0?root?secret");
	assert_int_equal(actor_parse(&back, text), 0);
	assert_false(back.secret || back.has_login);
	actor_describe("\x1b[2Jgone", &out);
	assert_null(strchr(out.data, '\x1b'));
	text_release(&out);
}

static void many_keys(void **state)
{
	struct actor actor = { .kind = ACTOR_KEYS }, back;
	char text[ACTOR_TEXT];

	(void)state;
	for (int i = 0; i < 20; i++)
		actor_add_key(&actor, "0123456789abcdef0123456789abcdef");
	actor_print(&actor, text);
	assert_int_equal(actor_parse(&back, text), 0);
	assert_int_equal(strlen(text), strlen("keys:") + 8 * 17 - 1);
}

static void processes(void **state)
{
	struct session_process process;

	(void)state;
	assert_int_equal(session_process(&process, "42 (a) Z (b) S 7 42 42 1088 -1 4194560 1 2 3 "
					 "4 5 6 7 8 20 0 1 0 987654 1 2\n"), 0);
	assert_int_equal(process.parent, 7);
	assert_int_equal(process.terminal, 1088);
	assert_int_equal(process.started, 987654);
	assert_false(process.zombie);
	assert_int_equal(session_process(&process, ""), -EBADMSG);
	assert_int_equal(session_process(&process, "42 (x) S 7 42"), -EBADMSG);
}

static void sessions(void **state)
{
	const struct actor alice = { .kind = ACTOR_SSH, .name = "root", .key = "SHA256:abc" };
	struct text out = TEXT_EMPTY;
	struct actor found;
	char *old = strdup("");

	(void)state;
	for (int i = 1; i <= SESSIONS_MOST + 1; i++) {
		session_add(&out, old, 100 + i, 5000 + (uint64_t)i, &alice);
		free(old);
		old = strdup(out.data);
		text_release(&out);
	}
	/* The first made room; a pid that is used again is no session. */
	assert_false(session_find(old, 101, 5001, &found));
	assert_true(session_find(old, 102, 5002, &found));
	assert_int_equal(found.kind, ACTOR_SSH);
	assert_string_equal(found.key, "SHA256:abc");
	assert_false(session_find(old, 102, 5003, &found));
	assert_false(session_find("102 x\n\n", 102, 5002, &found));
	free(old);
}

static void own_session(pid_t pid, int run)
{
	char path[32], text[1024], line[64];
	struct session_process process;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_int_equal(session_process(&process, text), 0);
	snprintf(line, sizeof(line), "%d %" PRIu64 " root SHA256:k\n", (int)pid, process.started);
	assert_int_equal(file_replace(run, SESSIONS_FILE, line, strlen(line), 0600), 0);
}

/* A process below the session's is the key's, whatever its environment says. */
static void who_by_session(void **state)
{
	char folder[] = "/tmp/cordon-actor-XXXXXX";
	struct actor actor;
	int run, status;
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(folder));
	run = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	who_is(getpid(), getuid(), run, &actor);
	assert_int_not_equal(actor.kind, ACTOR_SSH);
	own_session(getpid(), run);
	child = fork();
	if (child == 0) {
		setenv("SSH_USER_AUTH", "publickey other", 1);
		who_is(getpid(), 0, run, &actor);
		_exit(actor.kind == ACTOR_SSH && strcmp(actor.key, "SHA256:k") == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* Another user's process is that user. */
	who_is(1, 65534, run, &actor);
	assert_int_equal(actor.kind, ACTOR_USER);
	assert_int_equal(actor.uid, 65534);
	assert_string_equal(actor.name, "nobody");
	unlinkat(run, SESSIONS_FILE, 0);
	close(run);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),	 cmocka_unit_test(bad_forms),
		cmocka_unit_test(names_are_inert), cmocka_unit_test(many_keys),
		cmocka_unit_test(processes),	 cmocka_unit_test(sessions),
		cmocka_unit_test(who_by_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
