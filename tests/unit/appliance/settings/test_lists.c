/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/settings/lists.h"
#include "rules/policy/policy.h"

static char path[64];
static struct diag diag;
static struct list_file files[SETTINGS_LISTS];
static size_t count;

static int make(void **state)
{
	(void)state;
	strcpy(path, "/tmp/cordon-lists.XXXXXX");
	return mkdtemp(path) ? 0 : -1;
}

static const char *const names[] = { "b.rules", "a.rules", "off.rules", "none.txt", ".x.rules" };

static int destroy(void **state)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlinkat(folder, names[i], 0);
	for (int i = 0; i <= SETTINGS_LISTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.rules", i);
		unlinkat(folder, name, 0);
	}
	close(folder);
	return rmdir(path);
}

static void put(const char *name, const char *text)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY);

	assert_int_equal(file_replace(folder, name, text, strlen(text), 0600), 0);
	close(folder);
}

static int open_lists(void)
{
	diag_init(&diag);
	return lists_open(path, files, &count, &diag);
}

/* The versions of what was compiled, or the error. */
static int compile(const char *config, char *versions, size_t size)
{
	struct settings settings;
	struct policy_options options;
	struct policy policy;
	void *block;
	size_t length;
	int error;

	diag_init(&diag);
	assert_int_equal(settings_parse(&settings, "conf", config, strlen(config), &diag), 0);
	settings_policy_options(&settings, &options);
	assert_int_equal(open_lists(), 0);
	error = lists_compile(files, count, &settings, &options, &block, &length, &diag);
	lists_close(files, count);
	if (error)
		return error;
	assert_int_equal(policy_open(&policy, block, length), 0);
	snprintf(versions, size, "%s", policy_versions(&policy));
	free(block);
	return 0;
}

static void chosen_lists(void **state)
{
	char versions[100];

	(void)state;
	put("b.rules", "list: b\nversion: 1\n[update]\nb.com\n");
	put("a.rules", "list: a\nversion: 2\n[update]\na.com\n");
	put("off.rules", "list: off\nversion: 3\ndefault: off\n[update]\nc.com\n");
	put("none.txt", "not a list");
	put(".x.rules", "not a list");
	assert_int_equal(compile("", versions, sizeof(versions)), 0);
	assert_string_equal(versions, "a 2, b 1");
	assert_int_equal(compile("[rules]\nlists = off a\n", versions, sizeof(versions)), 0);
	assert_string_equal(versions, "a 2, off 3");
	assert_int_equal(compile("[rules]\nlists = none\n", versions, sizeof(versions)), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "\"none\""));
}

static void errors_of_all_files(void **state)
{
	char versions[100];

	(void)state;
	put("a.rules", "list: a\nversion: 2\n[update]\na..com\n");
	put("b.rules", "list: b\nversion: 1\n[up]\nb.com\n");
	assert_int_equal(compile("", versions, sizeof(versions)), -EINVAL);
	assert_int_equal(diag.count, 2);
	assert_string_equal(diag.entry[0].source, "a.rules");
	assert_int_equal(diag.entry[0].line, 4);
	assert_string_equal(diag.entry[1].source, "b.rules");
}

static void one_name_twice(void **state)
{
	char versions[100];

	(void)state;
	put("a.rules", "list: a\nversion: 2\n[update]\na.com\n");
	put("b.rules", "list: a\nversion: 1\n[update]\nb.com\n");
	assert_int_equal(compile("", versions, sizeof(versions)), -EINVAL);
	assert_string_equal(diag.entry[0].source, "b.rules");
	assert_non_null(strstr(diag.entry[0].message, "a.rules"));
}

static void folders(void **state)
{
	char name[100];

	(void)state;
	assert_int_equal(open_lists(), -ENOENT);
	assert_non_null(strstr(diag.entry[0].message, "no *.rules file"));
	for (int i = 0; i <= SETTINGS_LISTS; i++) {
		snprintf(name, sizeof(name), "n%d.rules", i);
		put(name, "");
	}
	assert_int_equal(open_lists(), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "more than 32"));
	snprintf(name, sizeof(name), "%s/none", path);
	diag_init(&diag);
	assert_int_equal(lists_open(name, files, &count, &diag), -ENOENT);
	assert_int_equal(diag.count, 1);
}

/* Something else under a list's name: said so, and not waited for. */
static void no_regular_file(void **state)
{
	char name[100], versions[100];

	(void)state;
	snprintf(name, sizeof(name), "%s/a.rules", path);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(compile("", versions, sizeof(versions)), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "cannot read"));
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(chosen_lists),
		in_folder(errors_of_all_files),
		in_folder(one_name_twice),
		in_folder(folders),
		in_folder(no_regular_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
