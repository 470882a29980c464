/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/daemon/notices.h"
#include "appliance/ipc/message.h"
#include "appliance/journal/notice.h"

struct fixture {
	struct notices notices;
	int socket[2];		/* the parent's end, the journal's */
	char path[32];
	int state;
	struct message message;
	struct message_notice got;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fixture->socket),
			 0);
	strcpy(fixture->path, "/tmp/cordon-notices-XXXXXX");
	assert_non_null(mkdtemp(fixture->path));
	fixture->state = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < fixture->notices.count; i++)
		free(fixture->notices.waiting[i].members);
	free(fixture->notices.standing);
	close(fixture->socket[0]);
	close(fixture->socket[1]);
	(void)!file_remove_tree(fixture->state, SPOOL_FOLDER);
	close(fixture->state);
	rmdir(fixture->path);
	free(fixture);
	return 0;
}

static void add(struct fixture *fixture, int number)
{
	notices_add_box(&fixture->notices, NOTICE_DISK, json_pack("{s:i}", "percent", number));
}

static void pass_on(struct fixture *fixture, int64_t now_ms)
{
	notices_send(&fixture->notices, fixture->socket[0], now_ms);
}

/* What the journal gets next; NULL: nothing. */
static const struct message_notice *next(struct fixture *fixture)
{
	if (message_receive(fixture->socket[1], &fixture->message) != 1)
		return NULL;
	assert_int_equal(message_read_notice(&fixture->message, &fixture->got), 0);
	return &fixture->got;
}

static void got(struct fixture *fixture, const char *members)
{
	const struct message_notice *notice = next(fixture);

	assert_non_null(notice);
	assert_string_equal(notice->members, members);
	assert_string_equal(notice->actor, "box");
}

static int noted(struct fixture *fixture, uint64_t number, int result, int64_t now_ms)
{
	return notices_noted(&fixture->notices, number, result, fixture->state, now_ms);
}

/* A journal that is killed before it answers: the next one gets what is not noted, no more. */
static void killed_journal(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 1; i <= 3; i++)
		add(fixture, i);
	pass_on(fixture, 0);
	got(fixture, "\"percent\":1");
	got(fixture, "\"percent\":2");
	got(fixture, "\"percent\":3");
	assert_int_equal(noted(fixture, 1, 0, 0), 0);
	pass_on(fixture, 0);
	assert_null(next(fixture));
	notices_renew(&fixture->notices);
	pass_on(fixture, 0);
	got(fixture, "\"percent\":2");
	got(fixture, "\"percent\":3");
	assert_int_equal(noted(fixture, 2, 0, 0), 0);
	assert_int_equal(noted(fixture, 3, 0, 0), 0);
	assert_int_equal(fixture->notices.count, 0);
}

/* No room in the journal: later all again, in their order. */
static void full_journal(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1);
	add(fixture, 2);
	pass_on(fixture, 0);
	got(fixture, "\"percent\":1");
	got(fixture, "\"percent\":2");
	assert_int_equal(noted(fixture, 1, -ENOSPC, 100), 0);
	assert_int_equal(noted(fixture, 2, -ENOSPC, 100), 0);
	pass_on(fixture, 200);
	assert_null(next(fixture));
	pass_on(fixture, 100 + NOTICES_AGAIN_MS);
	got(fixture, "\"percent\":1");
	got(fixture, "\"percent\":2");
	assert_int_equal(noted(fixture, 1, 0, 0), 0);
	assert_int_equal(noted(fixture, 2, 0, 0), 0);
}

/* A journal cannot make notices disappear that it never got. */
static void false_answers(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(noted(fixture, 0, 0, 0), -EBADMSG);
	assert_int_equal(noted(fixture, 1, 0, 0), -EBADMSG);
	add(fixture, 1);
	assert_int_equal(noted(fixture, 1, 0, 0), -EBADMSG);
	pass_on(fixture, 0);
	assert_int_equal(noted(fixture, 2, 0, 0), -EBADMSG);
	assert_int_equal(fixture->notices.count, 1);
}

static void too_many(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < NOTICES_WAITING + 5; i++)
		add(fixture, i);
	assert_int_equal(fixture->notices.count, NOTICES_WAITING);
	for (uint64_t number = 1; number <= NOTICES_WAITING; number++) {
		pass_on(fixture, 0);
		assert_non_null(next(fixture));
		assert_int_equal(noted(fixture, number, 0, 0), 0);
	}
	pass_on(fixture, 0);
	got(fixture, "\"notices\":5");
}

static void handed_in(void **state)
{
	struct fixture *fixture = *state;
	const struct actor ssh = { .kind = ACTOR_SSH, .name = "root", .key = "SHA256:a" };
	const struct actor root = { .kind = ACTOR_USER, .name = "root" };
	struct handed handed = { .kind = NOTICE_IMAGE, .actor = "keys:00ff", .secret = true,
				 .members = "{\"what\":\"installed\",\"name\":\"x\"}" };
	const struct message_notice *notice;

	assert_int_equal(notices_take(&fixture->notices, &handed, &root), 0);
	assert_int_equal(notices_take(&fixture->notices, &handed, &ssh), 0);
	handed.actor[0] = '\0';
	assert_int_equal(notices_take(&fixture->notices, &handed, &root), 0);
	pass_on(fixture, 0);
	notice = next(fixture);
	assert_string_equal(notice->actor, "keys:00ff+secret");
	assert_string_equal(notice->members, "\"what\":\"installed\",\"name\":\"x\"");
	/* A person stays the actor, whatever is claimed. */
	assert_string_equal(next(fixture)->actor, "ssh:root:SHA256:a+secret");
	assert_string_equal(next(fixture)->actor, "user:0:root+secret");
}

static void refused(void **state)
{
	struct fixture *fixture = *state;
	const struct actor root = { .kind = ACTOR_USER };
	static const char *const bad[] = {
		"", "[]", "{", "{\"a\":1,\"a\":2}", "{\"id\":1}", "{\"actor\":\"x\"}",
		"{\"notice\":\"x\"}", "{\"late\":true}", "{\"A\":1}", "{\"\":1}",
		"{\"a\":{\"b\":1}}", "{\"a\":[[1]]}", "{\"a\":[{\"b\":[1]}]}",
		"{\"a\":[{\"time\":1}]}", "{\"a b\":1}",
	};
	struct handed handed = { .kind = NOTICE_IMAGE };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		strcpy(handed.members, bad[i]);
		if (notices_take(&fixture->notices, &handed, &root) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
	strcpy(handed.members, "{\"a\":[1,\"b\",null,{\"c\":true}]}");
	assert_int_equal(notices_take(&fixture->notices, &handed, &root), 0);
	/* What only cordond sees cannot be handed in. */
	strcpy(handed.kind, NOTICE_MODE);
	assert_int_equal(notices_take(&fixture->notices, &handed, &root), -EBADMSG);
	strcpy(handed.kind, NOTICE_LOST);
	assert_int_equal(notices_take(&fixture->notices, &handed, &root), -EBADMSG);
}

/* A file goes only when the journal has it; taken twice it would be twice in the log. */
static void spooled(void **state)
{
	struct fixture *fixture = *state;
	const struct handed handed = { .kind = NOTICE_RESET, .wall_ms = 42, .actor = "console",
				       .members = "{\"log\":false}" };
	const struct message_notice *notice;
	char name[SPOOL_NAME], path[80];
	struct handed back;

	assert_int_equal(spool_add(fixture->state, &handed), 0);
	snprintf(path, sizeof(path), SPOOL_FOLDER "/%020d-1", 7);
	assert_int_equal(file_replace(fixture->state, path, "damaged", 7, 0600), 0);
	notices_take_spooled(&fixture->notices, fixture->state);
	notices_take_spooled(&fixture->notices, fixture->state);
	assert_int_equal(fixture->notices.count, 1);
	assert_int_equal(fixture->notices.dropped, 1);
	pass_on(fixture, 0);
	notice = next(fixture);
	assert_string_equal(notice->actor, "console");
	assert_string_equal(notice->members, "\"log\":false,\"late\":true");
	assert_int_equal(notice->wall_ms, 42);
	assert_int_equal(spool_next(fixture->state, "", name, &back), 0);
	assert_int_equal(noted(fixture, notice->number, 0, 0), 0);
	assert_int_equal(spool_next(fixture->state, "", name, &back), -ENOENT);
}

/* Each journal learns the policy in force, which a new day begins with. */
static void policy_in_force(void **state)
{
	struct fixture *fixture = *state;
	const struct actor box = { .kind = ACTOR_BOX };
	const struct message_notice *notice;

	notices_add_policy(&fixture->notices, &box, json_pack("{s:s}", "state", "0011"));
	for (int journal = 0; journal < 2; journal++) {
		pass_on(fixture, 0);
		notice = next(fixture);
		assert_int_equal(notice->number, 0);
		assert_string_equal(notice->members, "\"state\":\"0011\"");
		if (journal == 0) {
			assert_int_equal(next(fixture)->number, 1);
			assert_int_equal(noted(fixture, 1, 0, 0), 0);
		}
		assert_null(next(fixture));
		notices_renew(&fixture->notices);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(killed_journal), TEST(full_journal), TEST(false_answers), TEST(too_many),
		TEST(handed_in), TEST(refused), TEST(spooled), TEST(policy_in_force),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
