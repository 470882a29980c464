/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * People who carry an image to an appliance, publish it, or sign rules do not sign images. Nothing
 * that they can make is installed, and nothing that was withdrawn comes back.
 */
#include "tests/attacks/forge_packed.h"

static const char image[] = "good.bundle", evil[] = "evil.bundle";

static int prepare(void **state)
{
	*state = forge_with_image(image, "what two people signed");
	return 0;
}

static int finish(void **state)
{
	forge_free(*state);
	return 0;
}

static void refuses(const struct forge *forge, const char *name, const struct text *in_force,
		    int error)
{
	struct text packed = forge_pack(forge, name);

	assert_int_equal(forge_judge(forge, &packed, in_force), error);
	text_release(&packed);
}

static void attack_rules_list_an_image(void **state)
{
	struct forge *forge = *state;

	forge_target(forge, "rules", PACKED_FOLDER "evil.bundle", "evil");
	forge_publish_all(forge);
	refuses(forge, evil, NULL, -ENOENT);
	refuses(forge, image, NULL, 0);
}

/* And also where targets lets the role speak for all: by its name it is not the one for images. */
static void attack_rules_may_speak_for_all(void **state)
{
	struct forge *forge = *state;
	json_t *delegations = json_object_get(
		json_object_get(forge_role(forge, "targets")->document, "delegations"), "roles");

	json_object_set_new(json_array_get(delegations, 0), "paths", json_pack("[s]", "*/*"));
	forge_target(forge, "rules", PACKED_FOLDER "evil.bundle", "evil");
	forge_publish_all(forge);
	refuses(forge, evil, NULL, -EACCES);
	assert_true(forge_says("listed by the role \"rules\""));
}

static void attack_targets_list_an_image(void **state)
{
	struct forge *forge = *state;

	forge_target(forge, "targets", PACKED_FOLDER "evil.bundle", "evil");
	forge_publish_all(forge);
	refuses(forge, evil, NULL, -EACCES);
	assert_true(forge_says("listed by the role \"targets\""));
}

static void attack_images_by_the_keys_of_rules(void **state)
{
	const struct forge_key *const rules = forge_p256(FORGE_RULES_KEY);
	const struct forge_key *const mixed[] = { rules, forge_p256(FORGE_IMAGES_KEY) };
	struct forge *forge = *state;

	forge_target(forge, "images", PACKED_FOLDER "evil.bundle", "evil");
	forge_sign_images(forge, &rules, 1);
	forge_publish_all(forge);
	refuses(forge, evil, NULL, -EACCES);
	assert_true(forge_says("0 of 2 signatures"));
	forge_sign_images(forge, mixed, 2);
	forge_publish_all(forge);
	refuses(forge, evil, NULL, -EACCES);
	assert_true(forge_says("1 of 2 signatures"));
}

/* The role rules makes a role "images" of its own, and the search comes to that one first. */
static void attack_role_of_the_same_name(void **state)
{
	const struct forge_key *const rules = forge_p256(FORGE_RULES_KEY);
	struct forge *forge = *state;
	json_t *delegations = json_object_get(
		json_object_get(forge_role(forge, "targets")->document, "delegations"), "roles");

	json_object_set_new(json_array_get(delegations, 0), "paths", json_pack("[s]", "*/*"));
	forge_delegate(forge, "rules", "images", rules, "images/*");
	forge_target(forge, "images", PACKED_FOLDER "evil.bundle", "evil");
	forge_sign_images(forge, &rules, 1);
	forge_publish_all(forge);
	refuses(forge, evil, NULL, -EACCES);
}

/* People who sign images, too, but targets did not give them these paths: another role did. */
static void attack_paths_by_another_role(void **state)
{
	const struct forge_key *const people[] = { forge_p256(FORGE_IMAGES_KEY),
						   forge_p256(FORGE_IMAGES_KEY + 1) };
	struct forge *forge = *state;
	json_t *roles = json_object_get(
		json_object_get(forge_role(forge, "targets")->document, "delegations"), "roles");

	json_object_set_new(json_array_get(roles, 0), "paths", json_pack("[s]", "*/*"));
	forge_delegate(forge, "rules", "images", people[0], "images/*");
	forge_sign_images(forge, people, 2);
	forge_publish_all(forge);
	refuses(forge, image, NULL, 0);
	json_object_set_new(json_array_get(roles, 1), "paths", json_pack("[s]", "other/*"));
	forge_publish_all(forge);
	refuses(forge, image, NULL, -EACCES);
	assert_true(forge_says("as delegated by targets"));
}

static void attack_bytes_of_another_image(void **state)
{
	struct forge *forge = *state;
	struct text packed;

	forge_target(forge, "images", PACKED_FOLDER "older.bundle", "what was signed before");
	forge_publish_all(forge);
	packed = forge_pack(forge, image);
	assert_int_equal(forge_judge(forge, &packed, NULL), 0);
	forge_repack(&packed, image, "what was signed before", strlen("what was signed before"));
	assert_int_equal(forge_judge(forge, &packed, NULL), -EINVAL);
	text_release(&packed);
}

/* An image was withdrawn: what was packed before, and what a thief of the online key makes of it.
 */
static void attack_withdrawn_image_comes_back(void **state)
{
	struct forge *forge = *state;
	struct text old = forge_pack(forge, image), in_force, packed;
	const struct forge_file *first = forge_find(forge, "metadata/images.json");
	char *images = strndup(first->data, first->size);
	json_t *meta;

	json_object_del(json_object_get(forge_role(forge, "images")->document, "targets"),
			"images/good.bundle");
	forge_publish_all(forge);
	in_force = forge_in_force(forge);
	assert_int_equal(forge_judge(forge, &old, &in_force), -EEXIST);
	refuses(forge, image, &in_force, -ENOENT);

	packed = forge_pack(forge, image);
	forge_repack(&packed, "images.json", images, strlen(images));
	assert_int_equal(forge_judge(forge, &packed, &in_force), -EEXIST);
	text_release(&packed);

	meta = json_object_get(forge_role(forge, "snapshot")->document, "meta");
	json_object_set_new(meta, "images.json", json_pack("{s:i}", "version", 1));
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	packed = forge_pack(forge, image);
	forge_repack(&packed, "images.json", images, strlen(images));
	assert_int_equal(forge_judge(forge, &packed, &in_force), -EEXIST);
	/* Who knows only the first root cannot tell: people's signatures have to expire. */
	assert_int_equal(forge_judge(forge, &packed, NULL), 0);
	text_release(&packed);
	text_release(&in_force);
	text_release(&old);
	free(images);
}

/* The same file for ever: until the timestamp expires, and not a second longer. */
static void attack_frozen(void **state)
{
	struct forge *forge = *state;
	struct text packed;
	char found[256];

	forge_expire(forge, "timestamp", FORGE_NOW + 7 * FORGE_DAY);
	forge_publish(forge, "timestamp");
	packed = forge_pack(forge, image);
	assert_int_equal(forge_judge_at(forge, &packed, NULL, FORGE_NOW + 7 * FORGE_DAY - 1, found,
					sizeof(found)), 0);
	assert_int_equal(forge_judge_at(forge, &packed, NULL, FORGE_NOW + 7 * FORGE_DAY, found,
					sizeof(found)), -ESTALE);
	/* Also where it is what the appliance has accepted itself. */
	assert_int_equal(forge_judge_at(forge, &packed, &packed, FORGE_NOW + 7 * FORGE_DAY, found,
					sizeof(found)), -ESTALE);
	text_release(&packed);
}

/* A fresh timestamp, by a thief or a machine that nobody looks after, and people who signed long
 * ago. */
static void attack_expired_role_under_a_fresh_timestamp(void **state)
{
	static const char *const role[] = { "snapshot", "targets", "images" };

	(void)state;
	for (size_t i = 0; i < sizeof(role) / sizeof(*role); i++) {
		struct forge *forge = forge_with_image(image, "what two people signed");

		forge_expire(forge, role[i], FORGE_NOW);
		forge_publish_all(forge);
		refuses(forge, image, NULL, -ESTALE);
		forge_free(forge);
	}
}

static void attack_another_publisher(void **state)
{
	static const char *const roles[] = { "root", "timestamp", "snapshot", "targets" };
	struct forge *forge = *state, *other = forge_with_image(evil, "evil");
	struct text in_force = forge_in_force(forge), packed;

	for (size_t i = 0; i < 4; i++) {
		const struct forge_key *key = forge_p256(20 + i);

		forge_grant(other, roles[i], &key, 1, 1);
	}
	forge_publish(other, "root");
	forge_publish_all(other);
	packed = forge_pack(other, evil);
	forge_repack(&packed, "2.root.json", NULL, 0);
	assert_int_equal(forge_judge(forge, &packed, NULL), -EACCES);
	assert_int_equal(forge_judge(forge, &packed, &in_force), -EACCES);
	text_release(&packed);
	text_release(&in_force);
	forge_free(other);
}

/* A small box: metadata beyond its limit is not even copied. */
static void attack_metadata_without_end(void **state)
{
	static const char *const name[] = { "timestamp.json", "2.root.json", "snapshot.json",
					    "targets.json" };
	enum { SIZE = 6 << 20 };
	struct forge *forge = *state;
	char *junk = malloc(SIZE);

	assert_non_null(junk);
	memset(junk, ' ', SIZE);
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct text packed = forge_pack(forge, image);

		forge_repack(&packed, name[i], junk, SIZE);
		assert_int_equal(forge_judge(forge, &packed, NULL), -EFBIG);
		text_release(&packed);
	}
	free(junk);
}

#define PACKED_TEST(function) cmocka_unit_test_setup_teardown(function, prepare, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACKED_TEST(attack_rules_list_an_image),
		PACKED_TEST(attack_rules_may_speak_for_all),
		PACKED_TEST(attack_targets_list_an_image),
		PACKED_TEST(attack_images_by_the_keys_of_rules),
		PACKED_TEST(attack_role_of_the_same_name),
		PACKED_TEST(attack_paths_by_another_role),
		PACKED_TEST(attack_bytes_of_another_image),
		PACKED_TEST(attack_withdrawn_image_comes_back),
		PACKED_TEST(attack_frozen),
		cmocka_unit_test(attack_expired_role_under_a_fresh_timestamp),
		PACKED_TEST(attack_another_publisher),
		PACKED_TEST(attack_metadata_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
