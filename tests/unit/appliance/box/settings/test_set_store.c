/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"

static struct provision set, loaded;
static struct ledger ledger;
static struct diag diag;

static int setup(void **state)
{
	ledger_parse(&ledger, "version 3\n");
	if (folder_make(state) < 0)
		return -1;
	folder_above(PATH_SETTINGS "/file");
	return 0;
}

static int teardown(void **state)
{
	provision_release(&set);
	provision_release(&loaded);
	return folder_drop(state);
}

static void put(enum provision_file file, const char *text)
{
	assert_int_equal(provision_put(&set, file, text, strlen(text)), 0);
}

static void load(const char *name)
{
	provision_release(&loaded);
	diag_init(&diag);
	assert_int_equal(set_store_load(name, &loaded, &diag), 0);
}

static void no_folder_is_an_empty_set(void **state)
{
	(void)state;
	load(PATH_DATA "/nowhere");
	assert_true(provision_is_empty(&loaded));
}

/* The set, its ledger and the trial's end come and go together. */
static void a_set_is_replaced_as_a_whole(void **state)
{
	struct ledger again;

	(void)state;
	put(PROVISION_NETWORK, "[wan]\n");
	put(PROVISION_KEYS, "key\n");
	assert_int_equal(set_store_replace(&set, &ledger, "boot 1000\n"), 0);
	load(PATH_SETTINGS);
	assert_string_equal(loaded.file[PROVISION_NETWORK].data, "[wan]\n");
	assert_string_equal(loaded.file[PROVISION_KEYS].data, "key\n");
	assert_true(set_store_on_trial());
	provision_release(&set);
	put(PROVISION_NETWORK, "[lan]\n");
	ledger.version = 4;
	assert_int_equal(set_store_replace(&set, &ledger, NULL), 0);
	load(PATH_SETTINGS);
	assert_string_equal(loaded.file[PROVISION_NETWORK].data, "[lan]\n");
	assert_null(loaded.file[PROVISION_KEYS].data);
	assert_false(set_store_on_trial());
	ledger_load(&again);
	assert_int_equal(again.version, 4);
	assert_false(box_has(SET_STORE_NEW));
}

static void files_are_for_root_alone(void **state)
{
	char path[BOX_PATH];
	struct stat status;

	(void)state;
	put(PROVISION_SECRET, "hash\n");
	assert_int_equal(set_store_replace(&set, &ledger, NULL), 0);
	assert_int_equal(stat(box_path(path, PATH_SETTINGS), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(stat(box_path(path, PATH_SETTINGS "/admin-secret"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_store_that_fails_changes_nothing(void **state)
{
	(void)state;
	put(PROVISION_NETWORK, "old\n");
	assert_int_equal(set_store_replace(&set, &ledger, NULL), 0);
	put(PROVISION_NETWORK, "new\n");
	/* A folder that cannot be emptied stands where the set is written. */
	folder_put(SET_STORE_NEW "/below/file", "");
	folder_put(PATH_DATA "/settings.gone/below/file", "");
	assert_true(set_store_replace(&set, &ledger, NULL) < 0);
	load(PATH_SETTINGS);
	assert_string_equal(loaded.file[PROVISION_NETWORK].data, "old\n");
}

static void a_change_of_one_byte_is_seen(void **state)
{
	(void)state;
	put(PROVISION_NETWORK, "[wan]\n");
	assert_int_equal(set_store_replace(&set, &ledger, NULL), 0);
	assert_true(set_store_unchanged(PATH_SETTINGS, &set));
	folder_put(PATH_SETTINGS "/network.conf", "[wam]\n");
	assert_false(set_store_unchanged(PATH_SETTINGS, &set));
	folder_put(PATH_SETTINGS "/network.conf", "[wan]\n");
	assert_true(set_store_unchanged(PATH_SETTINGS, &set));
	folder_put(PATH_SETTINGS "/network.conf", "[wan]\n#");
	assert_false(set_store_unchanged(PATH_SETTINGS, &set));
	folder_put(PATH_SETTINGS "/network.conf", "[wan]\n");
	folder_put(PATH_SETTINGS "/root.json", "");
	assert_false(set_store_unchanged(PATH_SETTINGS, &set));
}

static void a_refused_set_waits_beside(void **state)
{
	(void)state;
	put(PROVISION_NETWORK, "[wan]\n");
	assert_int_equal(set_store_copy(SET_STORE_WAITING, &set, &ledger, "because\n"), 0);
	load(PATH_SETTINGS);
	assert_true(provision_is_empty(&loaded));
	load(SET_STORE_WAITING);
	assert_string_equal(loaded.file[PROVISION_NETWORK].data, "[wan]\n");
	assert_true(box_has(SET_STORE_WAITING "/why"));
	set_store_remove(SET_STORE_WAITING);
	assert_false(box_has(SET_STORE_WAITING));
	set_store_remove(SET_STORE_WAITING);
}

static void a_set_too_large_is_not_loaded(void **state)
{
	char *large = calloc(1, 70000);

	(void)state;
	assert_non_null(large);
	memset(large, ' ', 69999);
	folder_put(PATH_SETTINGS "/network.conf", large);
	diag_init(&diag);
	assert_true(set_store_load(PATH_SETTINGS, &loaded, &diag) < 0);
	assert_int_equal(diag.count, 1);
	free(large);
}

/* ---- the mark ---- */

static void any_mark_or_file_says_that_the_box_was_set_up(void **state)
{
	static const char *const row[] = { SET_MARK_PATH, SET_MARK_BOOT_PATH,
					   PATH_SETTINGS "/authorized_keys" };
	char path[BOX_PATH];

	(void)state;
	assert_false(set_mark_provisioned());
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		folder_put(row[i], "");
		assert_true(set_mark_provisioned());
		unlink(box_path(path, row[i]));
	}
	folder_put(PATH_SETTINGS "/ledger", "");
	assert_false(set_mark_provisioned());
}

static void both_marks_are_written_and_one_ends(void **state)
{
	(void)state;
	set_mark_write(true);
	assert_true(box_has(SET_MARK_PATH));
	assert_false(box_has(SET_MARK_BOOT_PATH));	/* there is no EFI partition */
	folder_above(SET_MARK_BOOT_PATH);
	set_mark_write(true);
	assert_true(box_has(SET_MARK_BOOT_PATH));
	set_mark_write(false);
	assert_false(box_has(SET_MARK_BOOT_PATH));
	assert_true(box_has(SET_MARK_PATH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_folder_is_an_empty_set, setup, teardown),
		cmocka_unit_test_setup_teardown(a_set_is_replaced_as_a_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(files_are_for_root_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_store_that_fails_changes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_change_of_one_byte_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refused_set_waits_beside, setup, teardown),
		cmocka_unit_test_setup_teardown(a_set_too_large_is_not_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(any_mark_or_file_says_that_the_box_was_set_up,
						setup, teardown),
		cmocka_unit_test_setup_teardown(both_marks_are_written_and_one_ends, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
