/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/rotation.h"

#include "rules/publisher/change.h"
#include "tests/unit/rules/publisher/world.h"

static int rotate(const struct rotation *rotation, char *said, size_t size)
{
	struct text notes = TEXT_EMPTY;
	int error;

	world_open();
	error = rotation_stage(&world.repository, rotation, world.now, &notes, &world.diag);
	world_close();
	if (said)
		snprintf(said, size, "%s", notes.data ? notes.data : "");
	text_release(&notes);
	return error;
}

static void load(struct signing *signing, const char *role)
{
	world_open();
	assert_int_equal(signing_load(signing, &world.repository, role, &world.diag), 0);
	world_close();
}

/* The next root answers to the keys of the root before and to its own. */
static void test_root(void **state)
{
	const char *const remove[] = { "alice" };
	const struct rotation rotation = { .role = "root", .add = &world.who[ERIN].key, .adds = 1,
					   .remove = remove, .removes = 1 };
	struct signing signing;
	struct text text = TEXT_EMPTY;

	(void)state;
	world_begin();
	assert_int_equal(rotate(&rotation, NULL, 0), 0);
	load(&signing, "root");
	assert_int_equal(signing.demands, 2);
	assert_non_null(signing_may(&signing, &world.who[ALICE].key.key));
	assert_non_null(signing_may(&signing, &world.who[ERIN].key.key));
	world_sign(ALICE);
	world_sign(BOB);
	world_sign(CAROL);
	load(&signing, "root");
	signing_print(&signing, &text);
	assert_string_equal(
		text.data, "for the root before 3 of 3 signatures (alice, bob, carol); "
			   "for the new root 2 of 3 signatures (bob, carol); any 1 of: dave, erin");
	text_release(&text);
	assert_int_equal(world_publish(ONE), -EACCES);
	world_sign(ERIN);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("root"), 2);
	assert_int_equal(world_version("rules"), 1);
}

static void test_root_new_keys_only(void **state)
{
	const char *const remove[] = { "alice", "bob" };
	struct keyring_key add[] = { world.who[ERIN].key, world.who[FRANK].key };
	const struct rotation rotation = { .role = "root", .add = add, .adds = 2, .remove = remove,
					   .removes = 2 };

	(void)state;
	world_begin();
	assert_int_equal(rotate(&rotation, NULL, 0), 0);
	world_sign(CAROL);
	world_sign(DAVE);
	world_sign(ERIN);
	world_sign(FRANK);
	assert_int_equal(world_publish(ONE), -EACCES);
	assert_true(world_says("for the root before 2 of 3"));
	world_sign(ALICE);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
}

/* What the keys that go have signed is staged again. */
static void test_delegated(void **state)
{
	const char *const remove[] = { "bob" };
	const struct rotation rotation = { .role = "rules", .add = &world.who[ERIN].key, .adds = 1,
					   .remove = remove, .removes = 1 };
	size_t dave = DAVE;
	char said[256];

	(void)state;
	world_init();
	assert_int_equal(world_add("a.example"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	/* The root wants a third; rules is to have these two alone. */
	world_open();
	assert_int_equal(world_sign_role(&dave, "root"), 0);
	world_close();
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(rotate(&rotation, said, sizeof(said)), 0);
	assert_string_equal(said, "rules: also staged, for its new keys to sign\n");
	world_sign(ALICE);
	world_sign(CAROL);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("targets"), 2);
	assert_int_equal(world_version("rules"), 2);
	assert_int_equal(world_release(), 1);
}

static void test_online(void **state)
{
	const char *const remove[] = { "one" };
	const struct rotation rotation = { .role = "timestamp", .add = &world.who[THREE].key,
					   .adds = 1, .remove = remove, .removes = 1 };

	(void)state;
	world_begin();
	assert_int_equal(rotate(&rotation, NULL, 0), 0);
	world_sign(ALICE);
	world_sign(BOB);
	world_sign(CAROL);
	/* one signs the snapshot still, three the timestamp only. */
	assert_int_equal(world_publish(ONE), -EACCES);
	assert_int_equal(world_publish(THREE), -EACCES);
	assert_int_equal(world_publish(TWO), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_online(publish_timestamp, THREE, PUBLISH_HOLD_KEEP), 0);
	assert_int_equal(world_look(), 0);
}

static void test_refused(void **state)
{
	const char *const nobody[] = { "nobody" }, *const bob[] = { "bob" };
	struct rotation rotation = { .role = "rules", .remove = nobody, .removes = 1 };

	(void)state;
	world_begin();
	assert_int_equal(rotate(&rotation, NULL, 0), -ENOENT);
	rotation = (struct rotation){ .role = "rules", .threshold = 4 };
	assert_int_equal(rotate(&rotation, NULL, 0), -EINVAL);
	assert_true(world_says("holiday"));
	rotation =
		(struct rotation){ .role = "rules", .threshold = 3, .remove = bob, .removes = 1 };
	assert_int_equal(rotate(&rotation, NULL, 0), -EINVAL);
	rotation = (struct rotation){ .role = "rules", .add = &world.who[BOB].key, .adds = 1 };
	assert_int_equal(rotate(&rotation, NULL, 0), -EEXIST);
	rotation = (struct rotation){ .role = "nothing", .threshold = 1 };
	assert_int_equal(rotate(&rotation, NULL, 0), -ENOENT);
	assert_int_equal(world_publish(ONE), -ENOENT);
}

static void test_delegate(void **state)
{
	const char *const pattern[] = { "docs/*" };
	const struct keyring_key add[] = { world.who[ALICE].key, world.who[BOB].key };
	struct rotation rotation = { .role = "docs", .add = add, .adds = 2, .threshold = 1,
				     .pattern = pattern, .patterns = 1, .create = true };
	char said[256];

	(void)state;
	world_begin();
	assert_int_equal(rotate(&rotation, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "docs: also staged"));
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("docs"), 1);

	rotation = (struct rotation){ .role = "docs", .drop = true };
	assert_int_equal(rotate(&rotation, NULL, 0), 0);
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("docs"), -1);
}

static void test_renew(void **state)
{
	(void)state;
	world_begin();
	world.now += 2 * DAY;
	world_open();
	assert_int_equal(rotation_renew(&world.repository, "rules", world.now, 0, &world.diag), 0);
	assert_int_equal(rotation_renew(&world.repository, "nothing", world.now, 0, &world.diag),
			 -ENOENT);
	world_close();
	world_sign(ALICE);
	world_sign(DAVE);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("rules"), 2);
	assert_int_equal(world_release(), 1);
}

/* What a signer is shown: keys by themselves, so that a borrowed name is seen. */
static void test_change(void **state)
{
	const char *const remove[] = { "bob" };
	struct keyring_key impostor = world.who[ERIN].key;
	struct rotation rotation = { .role = "root", .add = &impostor, .adds = 1, .remove = remove,
				     .removes = 1 };
	struct metadata *old, *new;
	struct text text = TEXT_EMPTY;
	char expected[128];

	(void)state;
	world_begin();
	snprintf(impostor.name, sizeof(impostor.name), "bob");
	assert_int_equal(keyring_identify(&impostor), 0);
	assert_int_equal(rotate(&rotation, NULL, 0), 0);
	world_open();
	assert_int_equal(repository_published(&world.repository, "root", &old, &world.diag), 0);
	assert_int_equal(repository_staged(&world.repository, "root", &new, &world.diag), 0);
	change_print(old, new, &text);
	snprintf(expected, sizeof(expected), "role root\n  + key of bob (%.16s, "
		 "ecdsa-sha2-nistp256)\n  - key of bob (%.16s", impostor.id,
		 world.who[BOB].key.id);
	assert_non_null(strstr(text.data, expected));
	text_release(&text);
	change_print(old, old, &text);
	assert_string_equal(text.data, "no key, threshold or delegation changes\n");
	text_release(&text);
	metadata_free(old);
	metadata_free(new);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_root, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_root_new_keys_only, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(test_delegated, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_online, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refused, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_delegate, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_renew, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_change, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
