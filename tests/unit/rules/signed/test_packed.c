/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge_packed.h"

static const char image[] = "cordon-x86_64-0.2.0.bundle", content[] = "the bytes of a bundle";

static int prepare(void **state)
{
	*state = forge_with_image(image, content);
	return 0;
}

static int finish(void **state)
{
	forge_free(*state);
	return 0;
}

static void one_image_is_found_in_place(void **state)
{
	const struct forge *forge = *state;
	struct text packed = forge_pack(forge, image);
	char found[256];

	assert_int_equal(forge_judge_at(forge, &packed, NULL, FORGE_NOW, found, sizeof(found)), 0);
	assert_string_equal(found, "cordon-x86_64-0.2.0.bundle=the bytes of a bundle");
	/* Files that nobody asked for do not matter, as long as they are metadata by name. */
	forge_repack(&packed, "other.json", "junk", 4);
	forge_repack(&packed, "rules.json", NULL, 0);
	forge_repack(&packed, "root.json", NULL, 0);
	assert_int_equal(forge_judge(forge, &packed, NULL), 0);
	text_release(&packed);
}

/* The release in force knows the root of today, and the packed file proves the one of tomorrow. */
static void trust_begins_with_the_release_in_force(void **state)
{
	struct forge *forge = *state;
	struct text in_force = forge_in_force(forge), packed;

	packed = forge_pack(forge, image);
	assert_int_equal(forge_judge(forge, &packed, &in_force), 0);
	text_release(&packed);
	forge_publish(forge, "root");
	forge_publish_all(forge);
	packed = forge_pack(forge, image);
	assert_int_equal(forge_judge(forge, &packed, &in_force), 0);
	assert_int_equal(forge_judge(forge, &packed, NULL), 0);
	text_release(&packed);
	text_release(&in_force);
}

static void damaged_trust_is_no_trust(void **state)
{
	static const char *const names[] = { "root.json", "timestamp.json", "snapshot.json",
					     "targets.json" };
	const struct forge *forge = *state;
	struct text packed = forge_pack(forge, image);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct text in_force = forge_in_force(forge);

		assert_int_equal(forge_judge(forge, &packed, &in_force), 0);
		forge_repack(&in_force, names[i], NULL, 0);
		assert_int_equal(forge_judge(forge, &packed, &in_force), -EBADMSG);
		assert_true(forge_says("release in force"));
		assert_true(forge_says(names[i]));
		text_release(&in_force);
	}
	text_release(&packed);
}

static void every_cut_is_called_one(void **state)
{
	const struct forge *forge = *state;
	struct text packed = forge_pack(forge, image);
	const size_t whole = packed.length;
	char sizes[64];

	for (packed.length = 0; packed.length < whole; packed.length++) {
		assert_int_equal(forge_judge(forge, &packed, NULL), -EBADMSG);
		assert_true(
			forge_says(packed.length ? "cut short: it has " : "not a packed image"));
		if (packed.length < whole - strlen(content))
			continue;
		snprintf(sizes, sizeof(sizes), "%zu of at least %zu bytes", packed.length, whole);
		assert_true(forge_says(sizes));
	}
	text_puts(&packed, "x");
	assert_int_equal(forge_judge(forge, &packed, NULL), -EBADMSG);
	assert_true(forge_says("damaged"));
	text_release(&packed);
}

static void no_other_byte_is_taken(void **state)
{
	const struct forge *forge = *state;
	struct text packed = forge_pack(forge, image);

	for (size_t at = 0; at < packed.length; at += at + 64 < packed.length ? 41 : 1) {
		char found[256];

		packed.data[at] ^= 1;
		if (forge_judge_at(forge, &packed, NULL, FORGE_NOW, found, sizeof(found)) == 0)
			assert_string_equal(found, "cordon-x86_64-0.2.0.bundle=the bytes of a "
					    "bundle");
		packed.data[at] ^= 1;
	}
	text_release(&packed);
}

static void what_is_no_packed_image(void **state)
{
	const struct forge *forge = *state;
	struct text packed = { .data = (char *)(uintptr_t)"MZ, a kernel", .length = 12 };

	assert_int_equal(forge_judge(forge, &packed, NULL), -EBADMSG);
	assert_true(forge_says("not a packed image: expected a file written by \"cordon repo image "
			       "DIR --pack"));
	packed = forge_pack(forge, "none");
	assert_int_equal(forge_judge(forge, &packed, NULL), -EBADMSG);
	assert_true(forge_says("expected one NAME.bundle with it"));
	forge_repack(&packed, "a.bundle", "a", 1);
	forge_repack(&packed, "b.bundle", "b", 1);
	assert_int_equal(forge_judge(forge, &packed, NULL), -EBADMSG);
	assert_true(forge_says("but it also contains \"b.bundle\""));
	forge_packed.count = 0;
	assert_int_equal(archive_add(&forge_packed, "manifest.json", "{}", 2), 0);
	assert_int_equal(archive_add(&forge_packed, "kernel.efi", "k", 1), 0);
	assert_int_equal(archive_add(&forge_packed, "root.img", "r", 1), 0);
	text_release(&packed);
	archive_print(&forge_packed, &packed);
	assert_int_equal(forge_judge(forge, &packed, NULL), -EBADMSG);
	assert_true(forge_says("the bare bundle"));
	text_release(&packed);
}

static void other_bytes_than_were_signed(void **state)
{
	const struct forge *forge = *state;
	struct text packed = forge_pack(forge, image);

	forge_repack(&packed, image, "the bytes of A bundle", strlen(content));
	assert_int_equal(forge_judge(forge, &packed, NULL), -EINVAL);
	assert_true(forge_says("content differs from what was signed"));
	forge_repack(&packed, image, "the bytes", 9);
	assert_int_equal(forge_judge(forge, &packed, NULL), -EINVAL);
	assert_true(forge_says("has 9 bytes: expected 21"));
	forge_repack(&packed, image, NULL, 0);
	forge_repack(&packed, "another.bundle", content, strlen(content));
	assert_int_equal(forge_judge(forge, &packed, NULL), -ENOENT);
	assert_true(forge_says("no signature vouches for this image"));
	text_release(&packed);
}

static void signed_by_too_few(void **state)
{
	struct forge *forge = *state;
	struct text packed;

	forge_role(forge, "images")->signers = 1;
	forge_publish_all(forge);
	packed = forge_pack(forge, image);
	assert_int_equal(forge_judge(forge, &packed, NULL), -EACCES);
	assert_true(forge_says("1 of 2 signatures"));
	text_release(&packed);
}

static void expired(void **state)
{
	struct forge *forge = *state;
	struct text packed = forge_pack(forge, image);
	char found[256];

	assert_int_equal(forge_judge_at(forge, &packed, NULL, FORGE_NOW + 30 * FORGE_DAY, found,
					sizeof(found)), -ESTALE);
	assert_true(forge_says("the time of this appliance (2027-02-14"));
	text_release(&packed);
}

/* A newer timestamp alone says nothing against it; a newer version of the role does. */
static void older_than_what_is_known(void **state)
{
	struct forge *forge = *state;
	struct text packed = forge_pack(forge, image), in_force;
	char found[256];

	forge_publish(forge, "timestamp");
	in_force = forge_in_force(forge);
	assert_int_equal(forge_judge_at(forge, &packed, &in_force, FORGE_NOW, found, sizeof(found)),
			 0);
	assert_string_equal(found, "cordon-x86_64-0.2.0.bundle=the bytes of a bundle");
	forge_repack(&packed, image, "the bytes of A bundle", strlen(content));
	assert_int_equal(forge_judge(forge, &packed, &in_force), -EINVAL);
	text_release(&packed);
	text_release(&in_force);

	packed = forge_pack(forge, image);
	forge_publish_all(forge);
	in_force = forge_in_force(forge);
	assert_int_equal(forge_judge(forge, &packed, &in_force), -EEXIST);
	assert_true(forge_says("pack it again with \"cordon repo image DIR --pack"));
	text_release(&packed);
	packed = forge_pack(forge, image);
	assert_int_equal(forge_judge(forge, &packed, &in_force), 0);
	text_release(&packed);
	text_release(&in_force);
}

static void names_of_targets(void **state)
{
	static const char *const wrong[] = {
		"",	      ".bundle",     ".hidden.bundle", "a/b.bundle", "root.json",
		"a b.bundle", "../x.bundle", "a.bundles",      "bundle",     "a.bundle.json"
	};
	char longest[ARCHIVE_NAME + 1];

	(void)state;
	assert_true(packed_check_name(image));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(packed_check_name(wrong[i]));
	memset(longest, 'a', ARCHIVE_NAME);
	snprintf(longest + ARCHIVE_NAME - strlen(PACKED_ENDING), strlen(PACKED_ENDING) + 1,
		 PACKED_ENDING);
	assert_false(packed_check_name(longest));
	assert_true(packed_check_name(longest + 1));
}

#define PACKED_TEST(function) cmocka_unit_test_setup_teardown(function, prepare, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACKED_TEST(one_image_is_found_in_place),
		PACKED_TEST(trust_begins_with_the_release_in_force),
		PACKED_TEST(damaged_trust_is_no_trust),
		PACKED_TEST(every_cut_is_called_one),
		PACKED_TEST(no_other_byte_is_taken),
		PACKED_TEST(what_is_no_packed_image),
		PACKED_TEST(other_bytes_than_were_signed),
		PACKED_TEST(signed_by_too_few),
		PACKED_TEST(expired),
		PACKED_TEST(older_than_what_is_known),
		cmocka_unit_test(names_of_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
