/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "appliance/journal/tree.h"

/* The eight leaves that implementations of RFC 6962 share, and the roots of the first n. */
static const struct { const char *data, *root; } vector[] = {
	{ "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "5051525354555657",
	  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "606162636465666768696a6b6c6d6e6f",
	  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};
enum { LEAVES = sizeof(vector) / sizeof(*vector), PROOF = 4 };

/* Inclusion of leaf a in tree b, and consistency of tree a with tree b. */
static const struct proof {
	uint64_t a, b;
	const char *hash[PROOF];
} inclusion[] = {
	{ 0, 1, { NULL } },
	{ 0, 8, { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
	{ 5, 8, { "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
		  "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
	{ 2, 3, { "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" } },
	{ 1, 5, { "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
}, consistency[] = {
	{ 1, 1, { NULL } },
	{ 1, 8, { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
	{ 6, 8, { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		  "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
	{ 2, 5, { "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
	{ 6, 7, { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		  "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
		  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
};

static void leaf_hash(int number, uint8_t hash[DIGEST_SIZE])
{
	uint8_t data[16];
	size_t size = strlen(vector[number].data) / 2;

	assert_true(hex_parse(data, size, vector[number].data));
	assert_int_equal(tree_data(data, size, hash), 0);
}

static void add_leaves(struct tree *tree, int from, int to)
{
	uint8_t hash[DIGEST_SIZE];

	for (int i = from; i < to; i++) {
		leaf_hash(i, hash);
		assert_int_equal(tree_append(tree, hash), 0);
	}
}

static void root_is(const struct tree *tree, const char *expected)
{
	uint8_t root[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];

	assert_int_equal(tree_root(tree, root), 0);
	hex_print(root, sizeof(root), text);
	assert_string_equal(text, expected);
}

static void roots_of_the_shared_vectors(void **state)
{
	struct tree tree;

	(void)state;
	tree_init(&tree, 0);
	root_is(&tree, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (int i = 0; i < LEAVES; i++) {
		add_leaves(&tree, i, i + 1);
		assert_int_equal(tree.end, i + 1);
		root_is(&tree, vector[i].root);
	}
	assert_int_equal(tree.count, 1);
}

/* Wherever the leaves are cut into ranges, the tree is the same. */
static void ranges_take_the_place_of_leaves(void **state)
{
	struct tree tree, middle, end;
	uint8_t root[DIGEST_SIZE];

	(void)state;
	for (int a = 0; a <= LEAVES; a++) {
		for (int b = a; b <= LEAVES; b++) {
			tree_init(&tree, 0);
			tree_init(&middle, (uint64_t)a);
			tree_init(&end, (uint64_t)b);
			add_leaves(&tree, 0, a);
			add_leaves(&middle, a, b);
			add_leaves(&end, b, LEAVES);
			if (a > 0)
				assert_int_equal(tree_root(&middle, root), -EINVAL);
			if (b > a)
				assert_int_equal(tree_merge(&tree, &end), b == LEAVES && a == b ?
						 0 : -EINVAL);
			assert_int_equal(tree_merge(&middle, &end), 0);
			assert_int_equal(tree_merge(&tree, &middle), 0);
			root_is(&tree, vector[LEAVES - 1].root);
		}
	}
}

static void ranges_survive_as_bytes(void **state)
{
	uint8_t data[TREE_BYTES + 1];
	struct tree tree, read;

	(void)state;
	for (int a = 0; a <= LEAVES; a++) {
		for (int b = a; b <= LEAVES; b++) {
			size_t size;

			tree_init(&tree, (uint64_t)a);
			add_leaves(&tree, a, b);
			size = tree_encode(&tree, data);
			assert_int_equal(tree_decode(&read, data, size), 0);
			assert_true(tree_equal(&tree, &read));
			assert_memory_equal(tree.level, read.level, tree.count);
			assert_int_equal(tree_decode(&read, data, size + 1), -EBADMSG);
			assert_int_equal(tree_decode(&read, data, size - 1), -EBADMSG);
			if (b == a)
				continue;
			data[size - 1] ^= 1;
			assert_int_equal(tree_decode(&read, data, size), 0);
			assert_false(tree_equal(&tree, &read));
		}
	}
}

static void ranges_are_bounded(void **state)
{
	uint8_t data[TREE_BYTES] = { 0 }, hash[DIGEST_SIZE] = { 0 };
	struct tree tree, one;

	(void)state;
	/* 0 to 1 << 32: one subtree, and the tree is full. */
	data[11] = 1;
	assert_int_equal(tree_decode(&tree, data, 16 + DIGEST_SIZE), 0);
	assert_int_equal(tree.level[0], 32);
	assert_int_equal(tree_append(&tree, hash), -EFBIG);
	tree_init(&one, TREE_MAX);
	assert_int_equal(tree_merge(&tree, &one), 0);
	data[15] = 1;
	assert_int_equal(tree_decode(&tree, data, 16 + 2 * DIGEST_SIZE), -EBADMSG);
	/* 1 to (1 << 32) - 1 is the range with the most hashes. */
	memset(data, 0, sizeof(data));
	data[7] = 1;
	memset(data + 12, 0xff, 4);
	assert_int_equal(tree_decode(&tree, data, 16 + 62 * DIGEST_SIZE), 0);
	assert_int_equal(tree.count, 62);
	/* Its begin behind its end. */
	memset(data + 8, 0, 8);
	assert_int_equal(tree_decode(&tree, data, 16), -EBADMSG);
	memset(data, 0xff, 16);
	assert_int_equal(tree_decode(&tree, data, 16), -EBADMSG);
	assert_int_equal(tree_decode(&tree, data, 3), -EBADMSG);
}

static size_t read_proof(const struct proof *proof, uint8_t bytes[(PROOF + 1) * DIGEST_SIZE])
{
	size_t count = 0;

	while (count < PROOF && proof->hash[count]) {
		assert_true(hex_parse(bytes + count * DIGEST_SIZE, DIGEST_SIZE,
				      proof->hash[count]));
		count++;
	}
	return count;
}

static void root_of(uint64_t size, uint8_t root[DIGEST_SIZE])
{
	assert_true(hex_parse(root, DIGEST_SIZE, vector[size - 1].root));
}

static void inclusion_is_proven_and_nothing_else(void **state)
{
	uint8_t bytes[(PROOF + 1) * DIGEST_SIZE] = { 0 }, leaf[DIGEST_SIZE], root[DIGEST_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(inclusion) / sizeof(*inclusion); i++) {
		uint64_t a = inclusion[i].a, b = inclusion[i].b;
		size_t count = read_proof(&inclusion[i], bytes);

		leaf_hash((int)a, leaf);
		root_of(b, root);
		assert_int_equal(tree_inclusion(a, b, leaf, bytes, count, root), 0);
		assert_int_equal(tree_inclusion(a + 1, b, leaf, bytes, count, root), -EBADMSG);
		assert_int_equal(tree_inclusion(a - 1, b, leaf, bytes, count, root), -EBADMSG);
		assert_int_equal(tree_inclusion(a, 2 * b, leaf, bytes, count, root), -EBADMSG);
		assert_int_equal(tree_inclusion(a, b / 2, leaf, bytes, count, root), -EBADMSG);
		assert_int_equal(tree_inclusion(a, b, leaf, bytes, count + 1, root), -EBADMSG);
		if (count)
			assert_int_equal(tree_inclusion(a, b, leaf, bytes, count - 1, root),
					 -EBADMSG);
		for (size_t bit = 0; bit < 8 * DIGEST_SIZE * count; bit += 61) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(tree_inclusion(a, b, leaf, bytes, count, root),
					 -EBADMSG);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		leaf[0] ^= 1;
		assert_int_equal(tree_inclusion(a, b, leaf, bytes, count, root), -EBADMSG);
	}
}

static void consistency_is_proven_and_nothing_else(void **state)
{
	uint8_t bytes[(PROOF + 1) * DIGEST_SIZE] = { 0 }, old[DIGEST_SIZE], new[DIGEST_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(consistency) / sizeof(*consistency); i++) {
		uint64_t a = consistency[i].a, b = consistency[i].b;
		size_t count = read_proof(&consistency[i], bytes);

		root_of(a, old);
		root_of(b, new);
		assert_int_equal(tree_consistency(a, old, b, new, bytes, count), 0);
		assert_int_equal(tree_consistency(a, old, b, new, bytes, count + 1), -EBADMSG);
		assert_int_equal(tree_consistency(a + 1, old, b, new, bytes, count), -EBADMSG);
		assert_int_equal(tree_consistency(a, old, 2 * b, new, bytes, count), -EBADMSG);
		if (a == b)
			continue;
		assert_int_equal(tree_consistency(a, new, b, old, bytes, count), -EBADMSG);
		assert_int_equal(tree_consistency(a, old, b, new, bytes, count - 1), -EBADMSG);
		assert_int_equal(tree_consistency(b, new, a, old, bytes, count), -EBADMSG);
		assert_int_equal(tree_consistency(a, old, b, new, bytes, 0), -EBADMSG);
		for (size_t bit = 0; bit < 8 * DIGEST_SIZE * count; bit += 61) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(tree_consistency(a, old, b, new, bytes, count),
					 -EBADMSG);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	root_of(5, new);
	assert_int_equal(tree_consistency(0, old, 5, new, bytes, 0), 0);
	assert_int_equal(tree_consistency(0, old, 5, new, bytes, 1), -EBADMSG);
	assert_int_equal(tree_consistency(0, old, 0, new, bytes, 0), -EBADMSG);
	assert_int_equal(tree_consistency(4, old, 5, new, bytes, TREE_HASHES + 1), -EBADMSG);
}

static void leaf_has_these_bytes(void **state)
{
	struct tree_leaf leaf = { .first = 5, .last = 9, .entries = 4, .events = 70,
				  .wall_ms = 1764403200123, .boot_id = "boot" };
	char text[2 * DIGEST_SIZE + 1], longest[TREE_BOOT_ID + 1];
	uint8_t hash[DIGEST_SIZE];

	(void)state;
	for (int i = 0; i < DIGEST_SIZE; i++)
		leaf.hash[i] = (uint8_t)i;
	assert_int_equal(tree_leaf(&leaf, hash), 0);
	hex_print(hash, sizeof(hash), text);
	assert_string_equal(text,
			    "40b351dd9bf667845c581360d1c3a6231b1e0e4ba66926e0081decbbe99e559f");
	memset(longest, 'x', sizeof(longest));
	longest[TREE_BOOT_ID] = '\0';
	leaf.boot_id = longest;
	assert_int_equal(tree_leaf(&leaf, hash), -EMSGSIZE);
	longest[TREE_BOOT_ID - 1] = '\0';
	assert_int_equal(tree_leaf(&leaf, hash), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_of_the_shared_vectors),
		cmocka_unit_test(ranges_take_the_place_of_leaves),
		cmocka_unit_test(ranges_survive_as_bytes),
		cmocka_unit_test(ranges_are_bounded),
		cmocka_unit_test(inclusion_is_proven_and_nothing_else),
		cmocka_unit_test(consistency_is_proven_and_nothing_else),
		cmocka_unit_test(leaf_has_these_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
