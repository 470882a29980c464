/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/tree.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/cursor.h"

enum { LEAF = 0, NODE = 1, LEAF_VERSION = 1 };

/* ---- hashes ---- */

int tree_data(const void *data, size_t size, uint8_t hash[DIGEST_SIZE])
{
	uint8_t bytes[1 + TREE_LEAF] = { LEAF };

	if (size > TREE_LEAF)
		return -EMSGSIZE;
	memcpy(bytes + 1, data, size);
	return digest_sha256(bytes, 1 + size, hash);
}

int tree_node(const uint8_t left[DIGEST_SIZE], const uint8_t right[DIGEST_SIZE],
	      uint8_t hash[DIGEST_SIZE])
{
	uint8_t bytes[1 + 2 * DIGEST_SIZE] = { NODE };

	memcpy(bytes + 1, left, DIGEST_SIZE);
	memcpy(bytes + 1 + DIGEST_SIZE, right, DIGEST_SIZE);
	return digest_sha256(bytes, sizeof(bytes), hash);
}

int tree_leaf(const struct tree_leaf *leaf, uint8_t hash[DIGEST_SIZE])
{
	uint8_t data[TREE_LEAF];
	struct cursor cursor = cursor_writer(data, sizeof(data));
	size_t length = strlen(leaf->boot_id);

	if (length >= TREE_BOOT_ID)
		return -EMSGSIZE;
	cursor_put8(&cursor, LEAF_VERSION);
	cursor_put64(&cursor, leaf->first);
	cursor_put64(&cursor, leaf->last);
	cursor_put64(&cursor, leaf->entries);
	cursor_put64(&cursor, leaf->events);
	cursor_put64(&cursor, (uint64_t)leaf->wall_ms);
	cursor_put8(&cursor, (uint8_t)length);
	cursor_put(&cursor, leaf->boot_id, length);
	cursor_put(&cursor, leaf->hash, DIGEST_SIZE);
	return cursor.failed ? -EMSGSIZE : tree_data(data, cursor.at, hash);
}

/* ---- ranges ---- */

void tree_init(struct tree *tree, uint64_t begin)
{
	*tree = (struct tree){ .begin = begin, .end = begin };
}

/* The last two are the halves of a subtree: the left one begins at an even place of its level. */
static bool are_halves(const struct tree *tree)
{
	uint8_t level = tree->count < 2 ? 0 : tree->level[tree->count - 1];

	return tree->count >= 2 && tree->level[tree->count - 2] == level &&
	       ((tree->end >> level) - 2) % 2 == 0;
}

static int append(struct tree *tree, uint8_t level, const uint8_t hash[DIGEST_SIZE])
{
	if (tree->end + ((uint64_t)1 << level) > TREE_MAX || tree->count == TREE_HASHES)
		return -EFBIG;
	memcpy(tree->hash[tree->count], hash, DIGEST_SIZE);
	tree->level[tree->count++] = level;
	tree->end += (uint64_t)1 << level;
	while (are_halves(tree)) {
		uint8_t *left = tree->hash[tree->count - 2];
		int error = tree_node(left, tree->hash[tree->count - 1], left);

		if (error)
			return error;
		tree->count--;
		tree->level[tree->count - 1]++;
	}
	return 0;
}

int tree_append(struct tree *tree, const uint8_t leaf[DIGEST_SIZE])
{
	struct tree result = *tree;
	int error = append(&result, 0, leaf);

	if (!error)
		*tree = result;
	return error;
}

int tree_merge(struct tree *tree, const struct tree *next)
{
	struct tree result = *tree;
	int error = next->begin == tree->end ? 0 : -EINVAL;

	for (uint32_t i = 0; !error && i < next->count; i++)
		error = append(&result, next->level[i], next->hash[i]);
	if (!error)
		*tree = result;
	return error;
}

int tree_root(const struct tree *tree, uint8_t root[DIGEST_SIZE])
{
	int error = 0;

	if (tree->begin != 0)
		return -EINVAL;
	if (tree->count == 0)
		return digest_sha256("", 0, root);
	memcpy(root, tree->hash[tree->count - 1], DIGEST_SIZE);
	for (uint32_t i = tree->count - 1; !error && i-- > 0;)
		error = tree_node(tree->hash[i], root, root);
	return error;
}

bool tree_equal(const struct tree *a, const struct tree *b)
{
	return a->begin == b->begin && a->end == b->end &&
	       memcmp(a->hash, b->hash, (size_t)a->count * DIGEST_SIZE) == 0;
}

size_t tree_encode(const struct tree *tree, uint8_t data[TREE_BYTES])
{
	struct cursor cursor = cursor_writer(data, TREE_BYTES);

	cursor_put64(&cursor, tree->begin);
	cursor_put64(&cursor, tree->end);
	cursor_put(&cursor, tree->hash, (size_t)tree->count * DIGEST_SIZE);
	return cursor.at;
}

/* The largest subtree that begins at this leaf and ends before end. */
static uint8_t level_at(uint64_t begin, uint64_t end)
{
	uint8_t level = 0;

	while (begin % ((uint64_t)2 << level) == 0 && begin + ((uint64_t)2 << level) <= end)
		level++;
	return level;
}

int tree_decode(struct tree *tree, const void *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	uint64_t at;

	*tree = (struct tree){ .begin = cursor_get64(&cursor) };
	at = tree->begin;
	tree->end = cursor_get64(&cursor);
	if (cursor.failed || at > tree->end || tree->end > TREE_MAX)
		return -EBADMSG;
	while (at < tree->end) {
		uint8_t level = level_at(at, tree->end);

		if (tree->count == TREE_HASHES)
			return -EBADMSG;
		tree->level[tree->count] = level;
		cursor_get(&cursor, tree->hash[tree->count++], DIGEST_SIZE);
		at += (uint64_t)1 << level;
	}
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}

/* ---- proofs ---- */

/* node and last are the paths' places in the trees, a bit a level (RFC 9162). */
struct proof_path {
	uint64_t node, last;
};

static void up(struct proof_path *path)
{
	path->node >>= 1;
	path->last >>= 1;
}

/* Is the next hash of the proof the left neighbour? If so, levels without one are passed. */
static bool has_left(struct proof_path *path)
{
	if (path->node % 2 == 0 && path->node != path->last)
		return false;
	while (path->node % 2 == 0 && path->node != 0)
		up(path);
	return true;
}

int tree_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[DIGEST_SIZE],
		   const uint8_t *proof, size_t count, const uint8_t root[DIGEST_SIZE])
{
	struct proof_path path = { index, size - 1 };
	uint8_t hash[DIGEST_SIZE];
	int error = 0;

	if (index >= size)
		return -EBADMSG;
	memcpy(hash, leaf, DIGEST_SIZE);
	for (size_t i = 0; !error && i < count; i++, proof += DIGEST_SIZE) {
		if (path.last == 0)
			return -EBADMSG;
		if (has_left(&path))
			error = tree_node(proof, hash, hash);
		else
			error = tree_node(hash, proof, hash);
		up(&path);
	}
	if (error)
		return error;
	return path.last == 0 && memcmp(hash, root, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
}

/* Both roots from the proof, which begins with the hash that they share. */
static int consistent(struct proof_path path, const uint8_t *proof, size_t count,
		      const uint8_t old_root[DIGEST_SIZE], const uint8_t root[DIGEST_SIZE])
{
	uint8_t old[DIGEST_SIZE], new[DIGEST_SIZE];
	int error = 0;

	while (path.node % 2 == 1)
		up(&path);
	memcpy(old, proof, DIGEST_SIZE);
	memcpy(new, proof, DIGEST_SIZE);
	for (size_t i = 1; !error && i < count; i++) {
		const uint8_t *next = proof + i * DIGEST_SIZE;

		if (path.last == 0)
			return -EBADMSG;
		if (has_left(&path)) {
			error = tree_node(next, old, old);
			if (!error)
				error = tree_node(next, new, new);
		} else {
			error = tree_node(new, next, new);
		}
		up(&path);
	}
	if (error)
		return error;
	return path.last == 0 && memcmp(old, old_root, DIGEST_SIZE) == 0 &&
	       memcmp(new, root, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
}

int tree_consistency(uint64_t old_size, const uint8_t old_root[DIGEST_SIZE], uint64_t size,
		     const uint8_t root[DIGEST_SIZE], const uint8_t *proof, size_t count)
{
	uint8_t first[(TREE_HASHES + 1) * DIGEST_SIZE];

	if (old_size > size || count > TREE_HASHES)
		return -EBADMSG;
	if (old_size == size)
		return count == 0 && memcmp(old_root, root, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
	if (old_size == 0 || count == 0)
		return old_size == 0 && count == 0 ? 0 : -EBADMSG;
	/* A perfect old tree is itself the hash that both share, and left out of the proof. */
	if ((old_size & (old_size - 1)) == 0) {
		memcpy(first, old_root, DIGEST_SIZE);
		memcpy(first + DIGEST_SIZE, proof, count * DIGEST_SIZE);
		proof = first;
		count++;
	}
	return consistent((struct proof_path){ old_size - 1, size - 1 }, proof, count, old_root,
			  root);
}
