/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of roots: versions, thresholds, expiry, length. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>

#include "appliance/base/file.h"

/* Serves the root as it stands as another version than it says. */
static void serve_as(struct forge *forge, int64_t named)
{
	struct forge_role *root = forge_role(forge, "root");
	struct text bytes = TEXT_EMPTY;
	char name[64];

	forge_sign(root, &bytes);
	snprintf(name, sizeof(name), "metadata/%lld.root.json", (long long)named);
	forge_put(forge, name, bytes.data, bytes.length);
	text_release(&bytes);
}

static void attack_04_root_says_another_version(void **state)
{
	static const int64_t said[] = { 1, 3, 4, 9007199254740991 };

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct forge *forge = forge_new();

		forge_accepts(forge);
		forge_set_version(forge, "root", said[i]);
		serve_as(forge, 2);
		forge_refuses(forge, -EEXIST);
		assert_int_equal(forge_kept(forge, "root.json"), 1);
		forge_free(forge);
	}
}

static void attack_04_chain_older_than_ours(void **state)
{
	struct forge *forge = *state;

	forge_publish(forge, "root");
	forge_publish(forge, "root");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "root.json"), 3);
	/* A mirror that ends at version 2 makes nothing older. */
	forge_drop(forge, "metadata/3.root.json");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "root.json"), 3);
	forge_set_version(forge, "root", 2);
	serve_as(forge, 4);
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "root.json"), 3);
}

/* ---- 5: both thresholds ---- */

static void new_root(struct forge *forge, size_t signer)
{
	const struct forge_key *after = forge_p256(10);

	forge_grant(forge, "root", &after, 1, 1);
	forge_role(forge, "root")->signer[0] = forge_p256(signer);
	forge_publish(forge, "root");
}

static void attack_05_root_signed_by_old_threshold_only(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	new_root(forge, 0);
	/* Twice in forge_refuses: what failed was not kept, and is not trusted by the next run. */
	forge_refuses(forge, -EACCES);
	assert_int_equal(forge_kept(forge, "root.json"), 1);
}

static void attack_05_root_signed_by_new_threshold_only(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	new_root(forge, 10);
	forge_refuses(forge, -EACCES);
	assert_int_equal(forge_kept(forge, "root.json"), 1);
}

static void attack_05_one_of_two_signs_a_root(void **state)
{
	const struct forge_key *two[] = { forge_p256(0), forge_p256(10) };
	struct forge *forge = *state;

	forge_grant(forge, "root", two, 2, 2);
	forge_publish(forge, "root");
	forge_accepts(forge);
	/* One of them alone would lower the threshold to one. */
	forge_grant(forge, "root", two, 1, 1);
	forge_publish(forge, "root");
	forge_refuses(forge, -EACCES);
	assert_int_equal(forge_kept(forge, "root.json"), 2);
}

static void attack_05_root_that_does_not_hold_in_itself(void **state)
{
	struct forge *forge = *state;
	struct forge_role *root = forge_role(forge, "root");
	struct text bytes = TEXT_EMPTY;

	root->signer[0] = forge_p256(10);
	forge_sign(root, &bytes);
	assert_int_equal(file_replace(forge->fd, "root.json", bytes.data, bytes.length, 0644), 0);
	text_release(&bytes);
	forge_refuses(forge, -EACCES);
	assert_null(forge->requests.data);
}

/* ---- 6: expiry ---- */

static void attack_06_expired_intermediate_root_passes(void **state)
{
	struct forge *forge = *state;

	forge_expire(forge, "root", FORGE_NOW - FORGE_DAY);
	forge_publish(forge, "root");
	forge_expire(forge, "root", FORGE_NOW + FORGE_DAY);
	forge_publish(forge, "root");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "root.json"), 3);
}

static void attack_06_expired_last_root_is_kept_and_fails(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	forge_expire(forge, "root", FORGE_NOW);
	forge_publish(forge, "root");
	forge_publish_all(forge);
	assert_int_equal(forge_refresh(forge), -ESTALE);
	assert_int_equal(forge_kept(forge, "root.json"), 2);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 1);
	forge_refuses(forge, -ESTALE);
}

/* ---- 16: endless chain ---- */

static void attack_16_endless_root_chain(void **state)
{
	struct forge *forge = *state;

	forge->options.roots = 8;
	for (int i = 0; i < 20; i++)
		forge_publish(forge, "root");
	assert_int_equal(forge_refresh(forge), -E2BIG);
	assert_int_equal(forge_kept(forge, "root.json"), 9);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 0);
	assert_int_equal(forge_refresh(forge), -E2BIG);
	assert_int_equal(forge_kept(forge, "root.json"), 17);
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "root.json"), 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_04_root_says_another_version),
		FORGE_TEST(attack_04_chain_older_than_ours),
		FORGE_TEST(attack_05_root_signed_by_old_threshold_only),
		FORGE_TEST(attack_05_root_signed_by_new_threshold_only),
		FORGE_TEST(attack_05_one_of_two_signs_a_root),
		FORGE_TEST(attack_05_root_that_does_not_hold_in_itself),
		FORGE_TEST(attack_06_expired_intermediate_root_passes),
		FORGE_TEST(attack_06_expired_last_root_is_kept_and_fails),
		FORGE_TEST(attack_16_endless_root_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
