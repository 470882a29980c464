/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include <sys/file.h>

#include "appliance/base/version.h"
#include "appliance/command/command.h"

static void paths_lie_below_the_folder(void **state)
{
	char path[BOX_PATH], wanted[BOX_PATH];

	(void)state;
	snprintf(wanted, sizeof(wanted), "%s/data/x", folder);
	assert_string_equal(box_path(path, "/data/x"), wanted);
	unsetenv(PATH_PREFIX_VARIABLE);
	assert_string_equal(box_path(path, "/data/x"), "/data/x");
}

static void a_file_is_read_within_its_limit(void **state)
{
	size_t size;
	char *text;

	(void)state;
	assert_null(box_read("/data/x", 100, &size));
	folder_put("/data/x", "four");
	text = box_read("/data/x", 4, &size);
	assert_non_null(text);
	assert_string_equal(text, "four");
	assert_int_equal(size, 4);
	free(text);
	assert_null(box_read("/data/x", 3, &size));
}

static void a_file_of_the_kernel_is_cut(void **state)
{
	char text[4];

	(void)state;
	assert_false(box_peek("/sys/x", text, sizeof(text)));
	folder_put("/sys/x", "1234567");
	assert_true(box_peek("/sys/x", text, sizeof(text)));
	assert_string_equal(text, "123");
}

static void only_1_is_on(void **state)
{
	(void)state;
	assert_false(box_is_on("/sys/x"));
	folder_put("/sys/x", "");
	assert_false(box_is_on("/sys/x"));
	folder_put("/sys/x", "0\n");
	assert_false(box_is_on("/sys/x"));
	folder_put("/sys/x", "1\n");
	assert_true(box_is_on("/sys/x"));
}

static void a_written_file_is_there(void **state)
{
	char path[BOX_PATH], *text;
	struct stat status;
	size_t size;

	(void)state;
	assert_int_equal(box_write("/data/x", "a", 1, 0600), EXIT_NO);
	folder_above("/data/x");
	assert_false(box_has("/data/x"));
	assert_int_equal(box_write("/data/x", "a", 1, 0600), EXIT_YES);
	assert_int_equal(box_write("/data/x", "bc", 2, 0640), EXIT_YES);
	assert_int_equal(stat(box_path(path, "/data/x"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_true(box_has("/data/x"));
	text = box_read("/data/x", 10, &size);
	assert_string_equal(text, "bc");
	free(text);
}

/* The kernel's log shows lines on the console as they are. */
static void a_log_line_has_no_control_characters(void **state)
{
	size_t size;
	char *text;

	(void)state;
	box_log("there is no kernel log");
	folder_put("/dev/kmsg", "");
	box_log("one\ntwo\033[2J\n");
	text = box_read("/dev/kmsg", 100, &size);
	assert_string_equal(text, "cordon: one two?[2J\n");
	free(text);
}

static void a_lock_is_held_until_it_is_given_back(void **state)
{
	char path[BOX_PATH];
	int lock, second;

	(void)state;
	assert_true(box_lock("/run/cordon/x.lock") < 0);
	folder_above("/run/cordon/x.lock");
	lock = box_lock("/run/cordon/x.lock");
	assert_true(lock >= 0);
	second = open(box_path(path, "/run/cordon/x.lock"), O_RDWR | O_CLOEXEC);
	assert_true(second >= 0);
	assert_int_not_equal(flock(second, LOCK_EX | LOCK_NB), 0);
	box_unlock(lock);
	assert_int_equal(flock(second, LOCK_EX | LOCK_NB), 0);
	close(second);
	box_unlock(-1);
}

/* Within one process the partition is given back once, by the outer call. */
static void writing_to_the_efi_partition_nests(void **state)
{
	char path[BOX_PATH];
	int second;

	(void)state;
	folder_above(PATH_RUN "/boot.lock");
	assert_int_equal(box_boot_begin(), 0);
	assert_int_equal(box_boot_begin(), 0);
	second = open(box_path(path, PATH_RUN "/boot.lock"), O_RDWR | O_CLOEXEC);
	box_boot_end();
	assert_int_not_equal(flock(second, LOCK_EX | LOCK_NB), 0);
	box_boot_end();
	assert_int_equal(flock(second, LOCK_EX | LOCK_NB), 0);
	close(second);
	box_boot_end();
}

/* Of what cordond kept, a floor counts that is later; a file that does not read says nothing. */
static void the_time_is_never_before_the_floor(void **state)
{
	static const int64_t later = 4102444800;
	const char *kept = "{\"floor\": 4102444800, \"online\": {}}";
	const char *twice = "{\"floor\": 4102444800, \"online\": {}, \"online\": {}}";

	(void)state;
	assert_in_range(box_now(NULL, 0), version_build_time(), later - 1);
	assert_in_range(box_now("{", 1), version_build_time(), later - 1);
	assert_in_range(box_now(twice, strlen(twice)), version_build_time(), later - 1);
	assert_in_range(box_now(kept, strlen(kept)), later, later + 60);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_make, folder_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_lie_below_the_folder),
		TEST(a_file_is_read_within_its_limit),
		TEST(a_file_of_the_kernel_is_cut),
		TEST(only_1_is_on),
		TEST(a_written_file_is_there),
		TEST(a_log_line_has_no_control_characters),
		TEST(a_lock_is_held_until_it_is_given_back),
		TEST(writing_to_the_efi_partition_nests),
		TEST(the_time_is_never_before_the_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
