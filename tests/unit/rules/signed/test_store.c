/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/signed/store.h"

static char folder[64];
static int fd = -1;

static struct store *open_folder(void)
{
	struct store *store;

	snprintf(folder, sizeof(folder), "/tmp/cordon-store-XXXXXX");
	assert_non_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(store_folder(&store, fd, NULL), 0);
	return store;
}

static void close_folder(struct store *store)
{
	char command[128];

	store_free(store);
	close(fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void expect(struct store *store, const char *name, const char *content)
{
	void *data = NULL;
	size_t size;

	if (!content) {
		assert_int_equal(store->load(store, name, 1024, &data, &size), -ENOENT);
		return;
	}
	assert_int_equal(store->load(store, name, 1024, &data, &size), 0);
	assert_int_equal(size, strlen(content));
	assert_memory_equal(data, content, size);
	free(data);
}

static void keeps_files(struct store *store)
{
	static const char *const keep[] = { "b.target" };
	static const char *const bad[] = { "", ".", "..", ".hidden", "a/b", "/a", "../a" };
	void *data;
	size_t size;

	expect(store, "root.json", NULL);
	assert_int_equal(store->save(store, "root.json", "one", 3), 0);
	expect(store, "root.json", "one");
	assert_int_equal(store->save(store, "root.json", "second", 6), 0);
	expect(store, "root.json", "second");
	assert_int_equal(store->load(store, "root.json", 5, &data, &size), -EFBIG);
	assert_int_equal(store->save(store, "empty", "", 0), 0);
	expect(store, "empty", "");
	assert_int_equal(store->remove(store, "root.json"), 0);
	expect(store, "root.json", NULL);
	assert_int_equal(store->remove(store, "root.json"), 0);
	assert_int_equal(store->save(store, "a.target", "a", 1), 0);
	assert_int_equal(store->save(store, "b.target", "b", 1), 0);
	assert_int_equal(store->save(store, "c.target.json", "c", 1), 0);
	assert_int_equal(store->prune(store, ".target", keep, 1), 0);
	expect(store, "a.target", NULL);
	expect(store, "b.target", "b");
	expect(store, "c.target.json", "c");
	expect(store, "empty", "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(store->save(store, bad[i], "x", 1), -EINVAL);
}

static void in_memory(void **state)
{
	struct store *store;

	(void)state;
	assert_int_equal(store_memory(&store), 0);
	keeps_files(store);
	store_free(store);
}

static void in_a_folder(void **state)
{
	struct store *store = open_folder();

	(void)state;
	keeps_files(store);
	close_folder(store);
}

static void one_client_at_a_time(void **state)
{
	struct store *store = open_folder(), *second;
	struct diag diag;

	(void)state;
	diag_init(&diag);
	assert_int_equal(store_folder(&second, fd, &diag), -EBUSY);
	assert_int_equal(diag.count, 1);
	store_free(store);
	assert_int_equal(store_folder(&store, fd, NULL), 0);
	close_folder(store);
}

static void no_links_no_pipes(void **state)
{
	struct store *store = open_folder();
	void *data;
	size_t size;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", fd, "link"), 0);
	assert_int_equal(mkfifoat(fd, "pipe", 0600), 0);
	assert_int_equal(mkdirat(fd, "folder", 0700), 0);
	assert_int_equal(store->load(store, "link", 1 << 20, &data, &size), -EINVAL);
	assert_int_equal(store->load(store, "pipe", 1 << 20, &data, &size), -EINVAL);
	assert_int_equal(store->load(store, "folder", 1 << 20, &data, &size), -EINVAL);
	/* A file takes the place of the link, and what it led to stays. */
	assert_int_equal(store->save(store, "link", "mine", 4), 0);
	expect(store, "link", "mine");
	assert_true(access("/etc/passwd", F_OK) == 0);
	close_folder(store);
}

/* A link in the place of the lock would let its maker choose what is locked: it is replaced, never
 * followed. */
static void a_link_is_no_lock(void **state)
{
	struct store *store = open_folder(), *again;
	struct diag diag;

	(void)state;
	store_free(store);
	assert_int_equal(unlinkat(fd, "lock", 0), 0);
	assert_int_equal(symlinkat("elsewhere", fd, "lock"), 0);
	diag_init(&diag);
	assert_int_equal(store_folder(&again, fd, &diag), 0);
	assert_int_equal(diag.count, 0);
	assert_int_equal(faccessat(fd, "elsewhere", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	close_folder(again);
}

static void encodes_names(void **state)
{
	static const char *const row[][2] = {
		{ "rules", "rules" },
		{ "a-b_c.d~9Z", "a-b_c.d~9Z" },
		{ "", "" },
		{ ".", "%2E" },
		{ "..", "%2E." },
		{ "../x", "%2E.%2Fx" },
		{ "/x", "%2Fx" },
		{ "?", "%3F" },
		{ "#", "%23" },
		{ "a b%", "a%20b%25" },
		{ "\xc3\xa4\n", "%C3%A4%0A" },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_int_equal(store_encode(row[i][0], out, sizeof(out)), 0);
		assert_string_equal(out, row[i][1]);
	}
	assert_int_equal(store_encode("1234567890", out, 11), -ENAMETOOLONG);
	assert_int_equal(store_encode("///////////", out, sizeof(out)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_memory),
		cmocka_unit_test(in_a_folder),
		cmocka_unit_test(one_client_at_a_time),
		cmocka_unit_test(no_links_no_pipes),
		cmocka_unit_test(a_link_is_no_lock),
		cmocka_unit_test(encodes_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
