/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <string.h>

#include "appliance/box/settings/set_sealed.h"

static struct provision old, new;
static struct text out;
static struct diag diag;

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	set_sealed_begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	provision_release(&old);
	provision_release(&new);
	text_release(&out);
	return 0;
}

static void put(struct provision *set, enum provision_file file, const char *text)
{
	assert_int_equal(provision_put(set, file, text, strlen(text)), 0);
}

/* ---- differences ---- */

static int diff(bool whole)
{
	text_release(&out);
	return set_sealed_diff(&old, &new, whole, &out, &diag);
}

static void equal_sets_do_not_differ(void **state)
{
	(void)state;
	assert_int_equal(diff(true), 0);
	put(&old, PROVISION_NETWORK, "[wan]\n");
	put(&new, PROVISION_NETWORK, "[wan]\n");
	assert_int_equal(diff(true), 0);
	assert_int_equal(out.length, 0);
}

static void lines_that_differ_are_shown_masked(void **state)
{
	(void)state;
	put(&old, PROVISION_NETWORK, "a\n");
	put(&new, PROVISION_NETWORK, "b\033\n");
	assert_int_equal(diff(true), 1);
	assert_string_equal(out.data, "--- network.conf\n+++ network.conf\n@@ -1,1 +1,1 @@\n-a\n"
			    "+b?\n");
}

static void a_missing_file_goes_only_from_a_whole_set(void **state)
{
	(void)state;
	put(&old, PROVISION_NETWORK, "a\n");
	assert_int_equal(diff(false), 0);
	assert_int_equal(diff(true), 1);
	assert_non_null(strstr(out.data, "-a\n"));
}

/* Nobody reads a secret, or its hash, over a shoulder. */
static void a_secret_is_not_shown(void **state)
{
	(void)state;
	put(&old, PROVISION_SECRET, "the old one, long enough");
	put(&new, PROVISION_SECRET, "the new one, long enough");
	assert_int_equal(diff(true), 1);
	assert_string_equal(out.data, "admin-secret: another one\n");
}

static void changes_come_through_the_pipe(void **state)
{
	struct provision_changes changes;

	(void)state;
	put(&old, PROVISION_CORDON, "[mode]\nstate = enforce\n");
	put(&new, PROVISION_CORDON, "[mode]\nstate = monitor\n");
	assert_int_equal(set_sealed_compare(&old, &new, &changes, &diag), 0);
	assert_int_equal(changes.count, 1);
	assert_true(changes.changed[PROVISION_MODE]);
}

/* ---- files ---- */

static void each_file_is_checked_on_its_own(void **state)
{
	(void)state;
	put(&new, PROVISION_KEYS, "command=\"sh\" ssh-ed25519 AAAA x\n");
	put(&new, PROVISION_CA, "nothing");
	put(&new, PROVISION_ROOT, "{}");
	put(&new, PROVISION_SECRET, "short");
	put(&new, PROVISION_NETWORK, "[wan]\nadress = dhcp\n");
	set_sealed_check_files(&new, &diag);
	for (size_t i = 0; i < 5; i++) {
		static const char *const name[] = { "network.conf", "authorized_keys", "root.json",
						    "mirror-ca.pem", "admin-secret" };
		bool named = false;

		for (size_t j = 0; j < diag.count && j < DIAG_KEEP; j++)
			named |= strcmp(diag.entry[j].source, name[i]) == 0;
		if (!named)
			fail_msg("no error of %s", name[i]);
	}
}

static void a_set_without_files_reads(void **state)
{
	(void)state;
	set_sealed_check_files(&new, &diag);
	assert_int_equal(diag.count, 0);
}

/* ---- copies ---- */

static int parse_copy(const char *text)
{
	diag_init(&diag);
	return set_sealed_parse_copy("x.json", text, strlen(text), &new, &diag);
}

#define COPY(files) "{\"_type\": \"" SET_SEALED_COPY_TYPE "\", \"files\": " files "}"

static void a_copy_has_its_files(void **state)
{
	(void)state;
	assert_int_equal(parse_copy(COPY("{\"network.conf\": \"[wan]\\n\"}")), 0);
	assert_string_equal(new.file[PROVISION_NETWORK].data, "[wan]\n");
	assert_null(new.file[PROVISION_CORDON].data);
}

static void anything_else_is_no_copy(void **state)
{
	static const char *const row[] = {
		"", "{}", "[]", COPY("[]"), COPY("{\"passwd\": \"x\"}"),
		COPY("{\"network.conf\": 1}"), COPY("{\"../network.conf\": \"\"}"),
		"{\"_type\": \"root\", \"files\": {}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_true(parse_copy(row[i]) < 0);
		assert_true(diag.count > 0);
		assert_true(provision_is_empty(&new));
	}
}

/* ---- signatures ---- */

static void without_a_root_nobody_can_sign(void **state)
{
	char text[] = "{}";
	struct set_offer offer = { .approval = text, .approval_size = 2 };
	const struct set_sealed_approval approval = { .offer = &offer };
	uint8_t digest[DIGEST_SIZE];
	int64_t version = 0;

	(void)state;
	assert_true(set_sealed_check_approval(&approval, &version, digest, &diag) < 0);
	assert_true(diag.count > 0);
	assert_int_equal(version, 0);
}

static void a_root_that_does_not_read_may_not_follow(void **state)
{
	char text[] = "{}";
	const struct provision_part root = { text, 2 };
	const struct set_sealed_trust trust = { .root = root };
	bool other = false;

	(void)state;
	assert_true(set_sealed_check_root(&trust, &root, &other, &diag) < 0);
	assert_true(diag.count > 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_sets_do_not_differ),
		TEST(lines_that_differ_are_shown_masked),
		TEST(a_missing_file_goes_only_from_a_whole_set),
		TEST(a_secret_is_not_shown),
		TEST(changes_come_through_the_pipe),
		TEST(each_file_is_checked_on_its_own),
		TEST(a_set_without_files_reads),
		TEST(a_copy_has_its_files),
		TEST(anything_else_is_no_copy),
		TEST(without_a_root_nobody_can_sign),
		TEST(a_root_that_does_not_read_may_not_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
