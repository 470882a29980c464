/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "signed/source.h"

static struct diag diag;

/* Asks and frees; what came must be the expected text (NULL: none), the result as expected. */
static void gives(struct source *source, enum source_kind kind, const char *path, size_t limit,
		  int result, const char *expected)
{
	void *data = NULL;
	size_t size = 0;
	int error;

	diag_init(&diag);
	error = source->get(source, kind, path, limit, &data, &size, &diag);
	if (error != result)
		fail_msg("%s: %d, expected %d", path, error, result);
	if (error) {
		assert_int_equal(diag.count, 1);
		return;
	}
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(data, expected, size);
	free(data);
}

static void memory_gives_what_it_holds(void **state)
{
	static const struct source_file file[] = {
		{ "metadata/timestamp.json", "{}", 2 },
		{ "targets/rules/a.rules", "list", 4 },
		{ "targets/empty", NULL, 0 },
	};
	struct source *source;

	(void)state;
	assert_int_equal(source_memory(&source, file, 3), 0);
	gives(source, SOURCE_METADATA, "timestamp.json", 2, 0, "{}");
	gives(source, SOURCE_TARGETS, "rules/a.rules", 4, 0, "list");
	gives(source, SOURCE_TARGETS, "empty", 0, 0, "");
	gives(source, SOURCE_METADATA, "timestamp.json", 1, -EFBIG, NULL);
	gives(source, SOURCE_TARGETS, "timestamp.json", 9, -ENOENT, NULL);
	gives(source, SOURCE_METADATA, "../targets/empty", 9, -ENOENT, NULL);
	source_free(source);
	source_free(NULL);
}

/* ---- a folder ---- */

struct stick {
	char path[64];
	int fd;
	struct source *source;
};

static void put(const struct stick *stick, const char *name, const char *text)
{
	assert_int_equal(file_replace(stick->fd, name, text, strlen(text), 0600), 0);
}

static int make(void **state)
{
	static struct stick stick;

	strcpy(stick.path, "/tmp/cordon-source.XXXXXX");
	if (!mkdtemp(stick.path))
		return -1;
	stick.fd = open(stick.path, O_RDONLY | O_DIRECTORY);
	if (stick.fd < 0 || mkdirat(stick.fd, "metadata", 0700) < 0 ||
	    mkdirat(stick.fd, "targets", 0700) < 0 || mkdirat(stick.fd, "targets/rules", 0700) < 0)
		return -1;
	put(&stick, "metadata/1.root.json", "root");
	put(&stick, "metadata/%2E%2E%2Fx.json", "encoded");
	put(&stick, "targets/rules/a.rules", "list");
	put(&stick, "outside", "secret");
	*state = &stick;
	return source_folder(&stick.source, stick.path);
}

static int destroy(void **state)
{
	struct stick *stick = *state;
	char command[128];

	source_free(stick->source);
	close(stick->fd);
	snprintf(command, sizeof(command), "rm -rf %s", stick->path);
	return system(command);
}

static void folder_gives_regular_files(void **state)
{
	const struct stick *stick = *state;

	gives(stick->source, SOURCE_METADATA, "1.root.json", 4, 0, "root");
	gives(stick->source, SOURCE_METADATA, "%2E%2E%2Fx.json", 99, 0, "encoded");
	gives(stick->source, SOURCE_TARGETS, "rules/a.rules", 99, 0, "list");
	gives(stick->source, SOURCE_METADATA, "1.root.json", 3, -EFBIG, NULL);
	gives(stick->source, SOURCE_METADATA, "2.root.json", 99, -ENOENT, NULL);
	gives(stick->source, SOURCE_TARGETS, "other/a.rules", 99, -ENOENT, NULL);
	assert_string_equal(diag.entry[0].message, "there is no targets/other/a.rules");
	assert_string_equal(diag.entry[0].source, stick->path);
}

static void row_19_nothing_outside_the_folder(void **state)
{
	static const char *const paths[] = {
		"../outside", "rules/../../outside", "/etc/passwd", "..", ".", "", "rules/",
		"rules//a.rules", "./rules/a.rules", "rules/a.rules/", "a\nb", "\x7f",
	};
	const struct stick *stick = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		gives(stick->source, SOURCE_TARGETS, paths[i], 99, -EINVAL, NULL);
}

static void row_28_links_are_not_followed(void **state)
{
	const struct stick *stick = *state;

	assert_int_equal(symlinkat("../outside", stick->fd, "metadata/2.root.json"), 0);
	gives(stick->source, SOURCE_METADATA, "2.root.json", 99, -ELOOP, NULL);
	assert_int_equal(symlinkat("1.root.json", stick->fd, "metadata/3.root.json"), 0);
	gives(stick->source, SOURCE_METADATA, "3.root.json", 99, -ELOOP, NULL);
	assert_int_equal(symlinkat("..", stick->fd, "targets/up"), 0);
	gives(stick->source, SOURCE_TARGETS, "up/outside", 99, -ENOTDIR, NULL);
	/* the folder itself */
	assert_int_equal(renameat(stick->fd, "targets", stick->fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", stick->fd, "targets"), 0);
	gives(stick->source, SOURCE_TARGETS, "rules/a.rules", 99, -ENOTDIR, NULL);
}

/* A pipe would hold the reader up, a folder is no file, a file is no folder. */
static void row_28_only_regular_files(void **state)
{
	const struct stick *stick = *state;

	assert_int_equal(mkfifoat(stick->fd, "metadata/timestamp.json", 0600), 0);
	gives(stick->source, SOURCE_METADATA, "timestamp.json", 99, -EINVAL, NULL);
	gives(stick->source, SOURCE_TARGETS, "rules", 99, -EINVAL, NULL);
	gives(stick->source, SOURCE_TARGETS, "rules/a.rules/x", 99, -ENOTDIR, NULL);
}

static void row_28_case_counts(void **state)
{
	const struct stick *stick = *state;

	gives(stick->source, SOURCE_METADATA, "1.ROOT.json", 99, -ENOENT, NULL);
	gives(stick->source, SOURCE_TARGETS, "Rules/a.rules", 99, -ENOENT, NULL);
}

static void folder_that_is_not_there(void **state)
{
	struct source *source;

	(void)state;
	assert_int_equal(source_folder(&source, "/nonexistent/stick"), -ENOENT);
	assert_int_equal(source_folder(&source, "/etc/passwd"), -ENOTDIR);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_gives_what_it_holds),
		in_folder(folder_gives_regular_files),
		in_folder(row_19_nothing_outside_the_folder),
		in_folder(row_28_links_are_not_followed),
		in_folder(row_28_only_regular_files),
		in_folder(row_28_case_counts),
		cmocka_unit_test(folder_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
