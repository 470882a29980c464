/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/images.h"

#include "tests/unit/rules/publisher/world.h"

#include "rules/signed/packed.h"

/* What a bundle is inside, image_install.sh shows. */
static int stage_bytes(const char *name, const char *arch, int64_t build, const char *bytes)
{
	const struct images_entry entry = { .name = name,
					    .data = bytes,
					    .size = strlen(bytes),
					    .arch = arch,
					    .version = "0.2.0",
					    .build = build };
	bool replaced;
	int error;

	world_open();
	error = images_stage(&world.repository, &entry, world.now, 365 * DAY, &replaced,
			     &world.diag);
	world_close();
	return error;
}

static int stage(const char *name, const char *arch, int64_t build)
{
	return stage_bytes(name, arch, build, name);
}

static void publish(void)
{
	world_sign(ALICE);
	world_sign(BOB);
	assert_int_equal(world_publish(ONE), 0);
}

/* Names of what is published, in the order of the metadata. */
static void published(const char *expected)
{
	struct metadata *images;
	char names[512] = "";

	world_open();
	assert_int_equal(repository_published(&world.repository, PACKED_ROLE, &images, &world.diag),
			 0);
	world_close();
	for (size_t i = 0; i < images->files; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ",
			 images->file[i].name + strlen(PACKED_FOLDER));
	metadata_free(images);
	assert_string_equal(names, expected);
}

static int pack(struct text *packed, const char *name)
{
	int error;

	world_open();
	error = images_pack(&world.repository, name, world.now, packed, &world.diag);
	world_close();
	return error;
}

static void test_staged_signed_packed(void **state)
{
	static struct archive archive;
	struct text packed = TEXT_EMPTY;

	(void)state;
	world_begin();
	assert_int_equal(stage("a.bundle", "x86_64", 100), 0);
	assert_int_equal(pack(&packed, "a.bundle"), -ENOENT);
	world_sign(CAROL);
	assert_int_equal(world_publish(ONE), -EACCES);
	assert_true(world_says("1 of 2 signatures (carol); any 1 of: alice, bob, dave"));
	publish();
	published("a.bundle ");
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("images"), 2);
	assert_int_equal(world_version("rules"), 1);
	assert_int_equal(pack(&packed, "a.bundle"), 0);
	assert_int_equal(packed_parse(&archive, packed.data, packed.length, &world.diag), 0);
	assert_int_equal(archive.count, 6);
	assert_null(archive_lookup(&archive, "rules.json"));
	assert_memory_equal(archive_lookup(&archive, "a.bundle")->data, "a.bundle", 8);
	text_release(&packed);
}

/* Every root since the first goes along: an appliance may know no other. What has expired is not
 * given out. */
static void test_packed_with_every_root(void **state)
{
	static struct archive archive;
	struct rotation rotation = { .role = "timestamp", .add = &world.who[THREE].key, .adds = 1 };
	struct text packed = TEXT_EMPTY, notes = TEXT_EMPTY;

	(void)state;
	world_begin();
	assert_int_equal(stage("a.bundle", "x86_64", 100), 0);
	world_open();
	assert_int_equal(rotation_stage(&world.repository, &rotation, world.now, &notes,
					&world.diag),
			 0);
	world_close();
	world_sign(CAROL);
	publish();
	assert_int_equal(pack(&packed, "a.bundle"), 0);
	assert_int_equal(packed_parse(&archive, packed.data, packed.length, &world.diag), 0);
	assert_non_null(archive_lookup(&archive, "1.root.json"));
	assert_non_null(archive_lookup(&archive, "2.root.json"));
	text_release(&packed);
	text_release(&notes);
	world.now += 8 * DAY;
	assert_int_equal(pack(&packed, "a.bundle"), -ESTALE);
	assert_true(world_says("renew what has expired (\"cordon repo timestamp\")"));
	text_release(&packed);
}

static void test_refused(void **state)
{
	static const char *const wrong[] = { "root.json", "a b.bundle", ".bundle", "a",
					     "../a.bundle" };

	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(stage(wrong[i], "x86_64", 100), -EINVAL);
	assert_int_equal(stage("a.bundle", "x86_64", 100), 0);
	assert_int_equal(stage("a.bundle", "x86_64", 100), -EEXIST);
	assert_true(world_says("it is already there, with the same content"));
}

static void test_newest_four_of_each(void **state)
{
	(void)state;
	world_begin();
	assert_int_equal(stage("arm.bundle", "arm64", 50), 0);
	assert_int_equal(stage("b2.bundle", "x86_64", 200), 0);
	assert_int_equal(stage("b1.bundle", "x86_64", 100), 0);
	assert_int_equal(stage("b4.bundle", "x86_64", 400), 0);
	publish();
	published("arm.bundle b1.bundle b2.bundle b4.bundle ");
	assert_int_equal(stage("b3.bundle", "x86_64", 300), 0);
	assert_int_equal(stage("b5.bundle", "x86_64", 500), 0);
	assert_int_equal(stage("b0.bundle", "x86_64", 10), -EINVAL);
	assert_true(world_says("4 newer images of x86_64 are already there"));
	publish();
	published("arm.bundle b2.bundle b3.bundle b4.bundle b5.bundle ");
	assert_int_equal(world_look(), 0);
}

static void test_chosen(void **state)
{
	static struct archive archive;
	struct text packed = TEXT_EMPTY;

	(void)state;
	world_begin();
	assert_int_equal(stage("a.bundle", "x86_64", 200), 0);
	assert_int_equal(stage("b.bundle", "x86_64", 100), 0);
	publish();
	assert_int_equal(pack(&packed, NULL), 0);
	assert_int_equal(packed_parse(&archive, packed.data, packed.length, &world.diag), 0);
	assert_non_null(archive_lookup(&archive, "a.bundle"));
	text_release(&packed);
	assert_int_equal(stage("c.bundle", "arm64", 100), 0);
	publish();
	assert_int_equal(pack(&packed, NULL), -EINVAL);
	assert_true(world_says("give the name of one"));
	assert_int_equal(pack(&packed, "c.bundle"), 0);
	text_release(&packed);
	assert_int_equal(pack(&packed, "d.bundle"), -ENOENT);
	text_release(&packed);
}

/* The folder was in other hands: neither published nor packed. */
static void test_damaged_bundle(void **state)
{
	char command[256];

	(void)state;
	world_begin();
	assert_int_equal(stage_bytes("a.bundle", "x86_64", 100, "the bytes"), 0);
	world_sign(ALICE);
	world_sign(BOB);
	snprintf(command, sizeof(command),
		 "sed -i s/bytes/BYTES/ %s/staging/targets/images/*.a.bundle", world.path);
	assert_int_equal(system(command), 0);
	assert_int_not_equal(world_publish(ONE), 0);
	assert_int_equal(world_look(), 0);
	assert_int_equal(world_version("images"), 1);
	snprintf(command, sizeof(command),
		 "sed -i s/BYTES/bytes/ %s/staging/targets/images/*.a.bundle", world.path);
	assert_int_equal(system(command), 0);
	assert_int_equal(world_publish(ONE), 0);
	snprintf(command, sizeof(command), "sed -i s/bytes/BYTES/ %s/targets/images/*.a.bundle",
		 world.path);
	assert_int_equal(system(command), 0);
	assert_int_equal(world_try(), -EINVAL);
	assert_true(world_says("was changed"));
	world_close();
}

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_staged_signed_packed),
		WORLD_TEST(test_packed_with_every_root),
		WORLD_TEST(test_refused),
		WORLD_TEST(test_newest_four_of_each),
		WORLD_TEST(test_chosen),
		WORLD_TEST(test_damaged_bundle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
