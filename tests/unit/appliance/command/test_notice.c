/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/command/notice.h"
#include "appliance/ipc/spool.h"
#include "appliance/journal/notice.h"

struct folder {
	char path[32];
	int fd;
	struct notice_way way;
};

/* No cordond answers in this folder. */
static int set_up(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/cordon-notice-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder->way = (struct notice_way){ .state = folder->path, .run = folder->path };
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *folder = *state;

	(void)!file_remove_tree(folder->fd, SPOOL_FOLDER);
	close(folder->fd);
	rmdir(folder->path);
	free(folder);
	return 0;
}

static json_t *left(const struct folder *folder, struct handed *handed)
{
	char name[SPOOL_NAME] = "";
	json_t *members;

	assert_int_equal(spool_next(folder->fd, name, name, handed), 0);
	assert_int_equal(notice_check(handed->members, &members), 0);
	return members;
}

/* Without cordond it waits in a file, with the actor of now. */
static void waits_in_a_file(void **state)
{
	struct folder *folder = *state;
	struct handed handed;
	struct actor actor;
	json_t *members;

	folder->way.secret = true;
	assert_int_equal(command_notice(&folder->way, NOTICE_RESET, json_pack("{s:b}", "log", 1)),
			 0);
	members = left(folder, &handed);
	assert_string_equal(handed.kind, "reset");
	assert_true(handed.secret && handed.wall_ms > 0);
	assert_int_equal(actor_parse(&actor, handed.actor), 0);
	assert_true(actor.kind == ACTOR_USER || actor.kind == ACTOR_CONSOLE);
	assert_true(json_is_true(json_object_get(members, "log")));
	json_decref(members);
}

static void of_someone_else(void **state)
{
	const struct actor ssh = { .kind = ACTOR_SSH, .name = "root", .key = "SHA256:x" };
	struct folder *folder = *state;
	struct handed handed;

	folder->way.actor = &ssh;
	assert_int_equal(command_notice(&folder->way, NOTICE_LOGIN, json_object()), 0);
	json_decref(left(folder, &handed));
	assert_string_equal(handed.actor, "ssh:root:SHA256:x");
}

/* More changes than fit: the last are counted. */
static void too_long(void **state)
{
	struct folder *folder = *state;
	json_t *changes = json_array(), *members;
	char value[160] = "";
	struct handed handed;

	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < 40; i++)
		json_array_append_new(changes, json_pack("{s:s, s:n, s:s}", "key", "k", "old",
							 "new", value));
	assert_int_equal(command_notice(&folder->way, NOTICE_SETTINGS,
					json_pack("{s:o}", "changes", changes)), 0);
	members = left(folder, &handed);
	assert_int_equal(json_array_size(json_object_get(members, "changes")) +
			 (size_t)json_integer_value(json_object_get(members, "more")), 40);
	assert_true(json_array_size(json_object_get(members, "changes")) > 10);
	json_decref(members);
	/* What cannot be made shorter is refused, and nothing is there in part. */
	assert_int_equal(command_notice(&folder->way, NOTICE_SETTINGS, NULL), -ENOMEM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(waits_in_a_file), TEST(of_someone_else), TEST(too_long),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
