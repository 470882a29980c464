/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/publish.h"

#include "tests/unit/rules/publisher/world.h"

/* ---- the plan ---- */

static void test_thresholds(void **state)
{
	struct plan *plan = world_plan();

	(void)state;
	assert_int_equal(plan_check(plan, &world.diag), 0);
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		int64_t before = plan->role[i].threshold;

		plan->role[i].threshold = (int64_t)plan->role[i].keys;
		diag_init(&world.diag);
		assert_int_equal(plan_check(plan, &world.diag), -EINVAL);
		assert_true(world_says("holiday"));
		plan->role[i].threshold = 0;
		assert_int_equal(plan_check(plan, &world.diag), -EINVAL);
		plan->role[i].threshold = before;
	}
	free(plan);
}

static void test_same_key(void **state)
{
	struct plan *plan = world_plan();
	struct keyring_key other = world.who[ALICE].key;

	(void)state;
	assert_int_equal(plan_add(plan, PLAN_RULES, &world.who[ALICE].key, &world.diag), -EEXIST);
	snprintf(other.name, sizeof(other.name), "alice2");
	assert_int_equal(plan_add(plan, PLAN_RULES, &other, &world.diag), -EEXIST);
	/* In another role it would be one key under two names. */
	assert_int_equal(plan_add(plan, PLAN_SNAPSHOT, &other, &world.diag), 0);
	diag_init(&world.diag);
	assert_int_equal(plan_check(plan, &world.diag), -EINVAL);
	assert_true(world_says("this is the key of alice"));
	free(plan);
}

static void test_init_twice(void **state)
{
	struct plan *plan;

	(void)state;
	world_init();
	plan = world_plan();
	world_open();
	assert_int_equal(plan_stage(&world.repository, plan, world.now, &world.diag), -EEXIST);
	world_close();
	free(plan);
}

/* ---- publishing ---- */

static void test_whole_way(void **state)
{
	(void)state;
	world_begin();
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("root"), 1);
	assert_int_equal(world_version("rules"), 1);
	assert_int_equal(world_audit.signed_at, world.now);
	assert_int_equal(world_release(), 1);
	assert_int_equal(world_publish(ONE), -ENOENT);

	world.now += DAY;
	assert_int_equal(world_add("b.example"), 0);
	world_sign(CAROL);
	assert_int_equal(world_publish(ONE), -EACCES);
	assert_true(world_says("1 of 2 signatures (carol); any 1 of: alice, bob, dave"));
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("rules"), 1);

	world_sign(DAVE);
	assert_int_equal(world_publish(TWO), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("rules"), 2);
	assert_int_equal(world_version("targets"), 1);
	assert_int_equal(world_release(), 2);
}

static void test_half_signed(void **state)
{
	(void)state;
	world_init();
	assert_int_equal(world_add("a.example"), 0);
	assert_int_equal(world_publish(ONE), -EACCES);
	world_sign(ALICE);
	world_sign(ALICE);	/* twice is once */
	world_sign(BOB);
	world_sign(ONE);	/* an online key signs nothing of people's */
	assert_int_equal(world_publish(ONE), -EACCES);
	assert_true(world_says("2 of 3 signatures"));
	assert_int_equal(world_look(), -ENOENT);
	world_sign(DAVE);
	assert_int_equal(world_publish(THREE), -EACCES);
	assert_true(world_says("expected the keys of: one, two"));
	assert_int_equal(world_publish(ONE), 0);
}

/* A change after a signature takes the signature away. */
static void test_changed_after(void **state)
{
	char command[256];

	(void)state;
	world_begin();
	assert_int_equal(world_add("b.example"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_add("c.example"), 0);
	assert_int_equal(world_publish(ONE), -EACCES);
	assert_true(world_says("0 of 2"));
	world_sign(ALICE);
	world_sign(BOB);
	snprintf(command, sizeof(command), "sed -i 's/\"expires\": \"20../\"expires\": \"21../;"
		 "s/\"version\": 2/\"version\": 3/' %s/staging/2.rules.json", world.path);
	assert_int_equal(system(command), 0);
	assert_int_not_equal(world_publish(ONE), 0);
}

static void test_damaged_list(void **state)
{
	char command[256];

	(void)state;
	world_begin();
	assert_int_equal(world_add("b.example"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	snprintf(command, sizeof(command), "for list in %s/staging/targets/rules/*.test.rules; do "
		 "echo c.example >> $list; done", world.path);
	assert_int_equal(system(command), 0);
	assert_int_not_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("rules"), 1);
}

static void test_timestamp(void **state)
{
	(void)state;
	world_begin();
	world.now += 6 * DAY;
	assert_int_equal(world_online(publish_timestamp, TWO, PUBLISH_HOLD_KEEP), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("timestamp"), 2);
	assert_int_equal(world_version("snapshot"), 1);
	/* 30 days, the last third begins. */
	world.now += 15 * DAY;
	assert_int_equal(world_look(), -ESTALE);
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_KEEP), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("snapshot"), 2);
	/* People's signatures cannot be renewed by an online key. */
	world.now += 80 * DAY;
	assert_int_not_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_KEEP), 0);
}

static void test_hold(void **state)
{
	(void)state;
	world_begin();
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_SET), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_audit.hold, 1);
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_KEEP), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_audit.hold, 1);
	assert_int_equal(world_add("b.example"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_audit.hold, 0);
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_SET), 0);
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_LIFT), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_audit.hold, 0);
}

static void test_revert(void **state)
{
	struct bundle bundle;

	(void)state;
	world_begin();
	assert_int_equal(world_add("b.example"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_publish(ONE), 0);

	world_open();
	assert_int_equal(edition_find(&bundle, &world.repository, 0, &world.diag), 0);
	assert_int_equal(bundle.release.version, 1);
	assert_int_equal(edition_stage(&bundle, &world.repository, world.now, 0, DAY, &world.diag),
			 0);
	assert_int_equal(bundle.release.version, 3);
	bundle_release(&bundle);
	assert_int_equal(edition_find(&bundle, &world.repository, 7, &world.diag), -ENOENT);
	world_close();
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_publish(ONE), 0);
	world_open();
	assert_int_equal(edition_published(&bundle, &world.repository, &world.diag), 0);
	assert_int_equal(bundle.release.version, 3);
	assert_non_null(strstr(bundle.list[0], "a.example"));
	bundle_release(&bundle);
	world_close();
}

static void test_refused_lists(void **state)
{
	(void)state;
	world_begin();
	assert_int_equal(world_add("com"), -EINVAL);
	assert_int_equal(world_add("10.0.0.0/8"), -EINVAL);
	assert_int_equal(world_add("www.gsa.gov"), -EINVAL);
	assert_true(world_says("www.gsa.gov must pass"));
	assert_int_equal(world_add("not a rule at all !"), -EINVAL);
}

/* Metadata of a hostile folder must not lead out of it. */
static void test_names(void **state)
{
	static const char *const wrong[] = { "../x", "/x", "a//b", "a/../b", ".", "a/.", "" };
	char name[CONTENT_NAME], role[METADATA_NAME];
	const uint8_t digest[32] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(content_name(wrong[i], digest, name), -EINVAL);
	assert_int_equal(content_name("rules/a.rules", digest, name), 0);
	assert_memory_equal(name, "rules/0000", 10);
	assert_int_equal(repository_name("../../x", 3, role), 0);
	assert_null(strchr(role, '/'));
}

/* ---- a mirror copied at any moment ---- */

static bool watching;
static unsigned int renames, cut;	/* cut: nothing is renamed from this one on; 0: never */

int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	struct diag before = world.diag;
	int result;

	if (cut && ++renames >= cut) {
		errno = EIO;
		return -1;
	}
	result = __real_renameat(from_folder, from, to_folder, to);
	if (watching) {
		watching = false;
		renames++;
		assert_int_equal(world_look(), 0);
		world.diag = before;
		watching = true;
	}
	return result;
}

static void test_any_moment(void **state)
{
	const struct rotation rotation = { .role = "rules",
					   .add = &world.who[ERIN].key,
					   .adds = 1 };
	struct text notes = TEXT_EMPTY;

	(void)state;
	world_begin();
	assert_int_equal(world_add("b.example"), 0);
	world_open();
	assert_int_equal(rotation_stage(&world.repository, &rotation, world.now, &notes,
					&world.diag), 0);
	world_close();
	world_sign(ALICE);
	world_sign(BOB);
	renames = 0;
	watching = true;
	assert_int_equal(world_publish(ONE), 0);
	watching = false;
	/* Two targets, targets, rules, snapshot, timestamp. */
	assert_int_equal(renames, 6);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("targets"), 2);
	text_release(&notes);
}

/* The power goes at any of the renames; the next run completes it. */
static void test_cut(void **state)
{
	bool done = false;

	for (unsigned int at = 1; !done; at++) {
		assert_int_equal(world_setup(state), 0);
		world_begin();
		assert_int_equal(world_add("b.example"), 0);
		world_sign(ALICE);
		world_sign(BOB);
		renames = 0;
		cut = at;
		done = world_publish(ONE) == 0;
		cut = 0;
		assert_int_equal(world_look(), 0);
		assert_int_equal(world_version("rules"), done ? 2 : 1);
		if (!done)
			assert_int_equal(world_publish(ONE), 0);
		assert_int_equal(world_look(), 0);
		assert_int_equal(world_version("rules"), 2);
		assert_int_equal(world_teardown(state), 0);
		assert_true(at < 20);
	}
}

static void stage_key(const char *role, size_t who, const char *const remove[1])
{
	const struct rotation rotation = { .role = role, .add = &world.who[who].key, .adds = 1,
					   .remove = remove, .removes = 1 };
	struct text notes = TEXT_EMPTY;

	world_open();
	assert_int_equal(rotation_stage(&world.repository, &rotation, world.now, &notes,
					&world.diag), 0);
	world_close();
	text_release(&notes);
}

/* A root that withdraws an online key is seen before the files that the new key signs. */
static void test_cut_root(void **state)
{
	const char *const remove[] = { "one" };
	int error = -EIO;

	for (unsigned int at = 1; error; at++) {
		assert_int_equal(world_setup(state), 0);
		world_begin();
		stage_key("snapshot", THREE, remove);
		stage_key("timestamp", THREE, remove);
		world_sign(ALICE);
		world_sign(BOB);
		world_sign(CAROL);
		renames = 0;
		cut = at;
		error = world_publish(THREE);
		cut = 0;
		if (error && world_publish(THREE) == -ENOENT)
			assert_int_equal(world_online(publish_timestamp, THREE,
						      PUBLISH_HOLD_KEEP), 0);
		assert_int_equal(world_look(), 0);
		assert_int_equal(world_version("root"), 2);
		assert_int_equal(world_teardown(state), 0);
		assert_true(at < 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_thresholds, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_same_key, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_init_twice, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_whole_way, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_half_signed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_changed_after, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_list, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_timestamp, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hold, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_revert, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refused_lists, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_names, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_any_moment, world_setup, world_teardown),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
