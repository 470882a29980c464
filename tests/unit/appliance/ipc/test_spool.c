/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/ipc/control.h"
#include "appliance/ipc/spool.h"

static const struct handed sample = {
	.wall_ms = 1234567, .secret = true, .kind = "image", .actor = "ssh:root:SHA256:abc",
	.members = "{\"what\":\"installed\"}",
};

struct folder {
	char path[32];
	int fd;
};

static int set_up(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/cordon-spool-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static void in_order(void **state)
{
	const struct folder *folder = *state;
	struct handed handed = sample, back;
	char name[SPOOL_NAME] = "", first[SPOOL_NAME];

	assert_int_equal(spool_next(folder->fd, "", name, &back), -ENOENT);
	for (int i = 0; i < 3; i++) {
		snprintf(handed.members, sizeof(handed.members), "{\"n\":%d}", i);
		assert_int_equal(spool_add(folder->fd, &handed), 0);
	}
	name[0] = '\0';
	for (int i = 0; i < 3; i++) {
		char want[16];

		assert_int_equal(spool_next(folder->fd, name, name, &back), 0);
		snprintf(want, sizeof(want), "{\"n\":%d}", i);
		assert_string_equal(back.members, want);
		assert_true(back.secret);
		assert_string_equal(back.actor, sample.actor);
		assert_int_equal(back.wall_ms, sample.wall_ms);
	}
	assert_int_equal(spool_next(folder->fd, name, name, &back), -ENOENT);
	assert_int_equal(spool_next(folder->fd, "", first, &back), 0);
	spool_remove(folder->fd, first);
	assert_int_equal(spool_next(folder->fd, "", name, &back), 0);
	assert_string_not_equal(first, name);
}

static void bounded(void **state)
{
	const struct folder *folder = *state;

	for (int i = 0; i < SPOOL_MOST; i++)
		assert_int_equal(spool_add(folder->fd, &sample), 0);
	assert_int_equal(spool_add(folder->fd, &sample), -ENOSPC);
}

/* A damaged file is named, so that it can be removed, and does not hide those behind it. */
static void damaged_file(void **state)
{
	const struct folder *folder = *state;
	char name[SPOOL_NAME], path[80];
	struct handed back;

	assert_int_equal(spool_add(folder->fd, &sample), 0);
	snprintf(path, sizeof(path), SPOOL_FOLDER "/%020d-1", 7);
	assert_int_equal(file_replace(folder->fd, path, "no notice", 9, 0600), 0);
	assert_int_equal(spool_next(folder->fd, "", name, &back), -EBADMSG);
	assert_int_equal(spool_next(folder->fd, name, name, &back), 0);
}

/* Cut anywhere, or with any byte changed, nothing is read past its end. */
static void every_damage(void **state)
{
	struct control_request request = { .type = CONTROL_NOTICE, .notice = sample }, back;
	uint8_t data[CONTROL_REQUEST_MAX];
	size_t size = (size_t)control_encode(&request, data, sizeof(data));

	(void)state;
	assert_int_equal(control_decode(&back, data, size), 0);
	assert_string_equal(back.notice.members, sample.members);
	for (size_t length = 0; length < size; length++) {
		uint8_t *copy = malloc(length ? length : 1);

		memcpy(copy, data, length);
		assert_int_equal(control_decode(&back, copy, length), -EBADMSG);
		free(copy);
	}
	for (size_t at = 0; at < size; at++) {
		const uint8_t was = data[at];

		for (int value = 0; value < 256; value++) {
			data[at] = (uint8_t)value;
			if (control_decode(&back, data, size) == 0)
				assert_true(strlen(back.notice.members) < HANDED_MEMBERS);
		}
		data[at] = was;
	}
}

static void hostile(void **state)
{
	struct control_request request = { .type = CONTROL_NOTICE, .notice = sample }, back;
	uint8_t data[CONTROL_REQUEST_MAX];
	int size;

	(void)state;
	strcpy(request.notice.actor, "nobody:real");
	size = control_encode(&request, data, sizeof(data));
	assert_int_equal(control_decode(&back, data, (size_t)size), -EBADMSG);
	request.notice = sample;
	strcpy(request.notice.members, "{\"a\":\"\x1b[2J\"}");
	size = control_encode(&request, data, sizeof(data));
	assert_int_equal(control_decode(&back, data, (size_t)size), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damaged_file, set_up, tear_down),
		cmocka_unit_test(every_damage), cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
