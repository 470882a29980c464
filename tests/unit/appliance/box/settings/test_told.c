/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/base/witness.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_take.h"
#include "appliance/ipc/spool.h"
#include "appliance/journal/notice.h"

/* What the log is told, as long as no cordond runs: the next one behind name. */
static json_t *told(char name[SPOOL_NAME], struct handed *handed)
{
	char path[BOX_PATH];
	int fd = open(box_path(path, PATH_STATE), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	json_t *members = NULL;

	assert_true(fd >= 0);
	if (spool_next(fd, name, name, handed) == 0)
		assert_int_equal(notice_check(handed->members, &members), 0);
	close(fd);
	return members;
}

static const char *text(const json_t *members, const char *key)
{
	return json_string_value(json_object_get(members, key));
}

static void trials(void **state)
{
	char name[SPOOL_NAME] = "";
	struct handed handed;
	json_t *members;

	(void)state;
	folder_above(PATH_STATE "/x");
	box_notice_secret(true);
	set_log_note("kept", NULL, "the new settings stay");
	box_notice_secret(false);
	members = told(name, &handed);
	assert_string_equal(handed.kind, "settings");
	assert_true(handed.secret);
	assert_string_equal(text(members, "what"), "kept");
	json_decref(members);
	assert_null(told(name, &handed));
}

/* The difference, key by key; of keys and secrets only that they changed. */
static void differences(void **state)
{
	struct judgement judgement = { .verdict = JUDGEMENT_TAKE };
	struct provision *set = &judgement.complete;
	char name[SPOOL_NAME] = "";
	struct handed handed;
	json_t *members, *change;

	(void)state;
	folder_above(PATH_STATE "/x");
	folder_put(PATH_SETTINGS "/cordon.conf", "[mode]\nmonitor-first = 14d\n");
	folder_put(PATH_SETTINGS "/authorized_keys", "ssh-ed25519 AAAA old\n");
	assert_int_equal(provision_put(set, PROVISION_CORDON, "[mode]\nmonitor-first = 0\n", 25),
			 0);
	assert_int_equal(provision_put(set, PROVISION_KEYS, "ssh-ed25519 BBBB new\n", 21), 0);
	assert_int_equal(set_take(&judgement, NULL), 0);
	members = told(name, &handed);
	assert_string_equal(text(members, "what"), "applied");
	assert_string_equal(text(members, "file"), "cordon.conf");
	change = json_array_get(json_object_get(members, "changes"), 0);
	assert_string_equal(text(change, "key"), "mode.monitor-first");
	assert_string_equal(text(change, "old"), "14d");
	assert_string_equal(text(change, "new"), "0");
	json_decref(members);
	members = told(name, &handed);
	assert_string_equal(text(members, "file"), "authorized_keys");
	assert_true(json_is_null(json_object_get(members, "changes")));
	assert_null(strstr(handed.members, "BBBB"));
	json_decref(members);
	assert_null(told(name, &handed));
	provision_release(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(trials, folder_make, folder_drop),
		cmocka_unit_test_setup_teardown(differences, folder_make, folder_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
