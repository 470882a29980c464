/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"

/*
 * The Merkle tree of RFC 6962, section 2.1 (RFC 9162, section 2.1) over all batches that the
 * appliance ever stored, in their order: leaf hash SHA-256(0x00 || data), node hash
 * SHA-256(0x01 || left || right). Its root (checkpoint.h) fixes every entry of the log.
 *
 * A struct tree is a compact range: the hashes of the fewest perfect subtrees that cover the leaves
 * from begin to end. With begin 0 it is all that is needed to go on and to know the root. The range
 * of a day that was deleted takes the place of its leaves.
 */
enum {
	TREE_HASHES = 64,
	TREE_BYTES = 16 + TREE_HASHES * DIGEST_SIZE	/* most bytes of an encoded range */
};
/* Leaves, at most: a batch every second for 136 years. Bounds a range to TREE_HASHES. */
#define TREE_MAX ((uint64_t)1 << 32)

struct tree {
	uint64_t begin, end;	/* leaves; begin 0: a tree of end leaves */
	uint32_t count;		/* of hash, from left to right */
	uint8_t level[TREE_HASHES];	/* hash[i] covers 1 << level[i] leaves */
	uint8_t hash[TREE_HASHES][DIGEST_SIZE];
};

/*
 * A leaf is a batch. Its data, numbers in network byte order:
 *
 *	1	1, the version of this form
 *	8	sequence number of the first entry
 *	8	... and of the last
 *	8	how many entries
 *	8	events: the sum of their counts
 *	8	wall time when it was written, milliseconds since 1970 (two's complement)
 *	1	length of the boot id
 *	n	the boot id
 *	32	batch_hash: SHA-256 chained over the canonical bytes of the entries (batch.h)
 */
enum { TREE_BOOT_ID = 64 };	/* buffer of a boot id, NUL included */

struct tree_leaf {
	uint64_t first, last, entries, events;
	int64_t wall_ms;
	const char *boot_id;
	uint8_t hash[DIGEST_SIZE];
};

/* Hashes of a leaf, of any leaf's data, and of a node. 0; -EMSGSIZE: the boot id or the data (more
 * than TREE_LEAF bytes) is too long; -EIO. */
enum { TREE_LEAF = 160 };
int tree_leaf(const struct tree_leaf *leaf, uint8_t hash[DIGEST_SIZE])
	__attribute__((warn_unused_result));
int tree_data(const void *data, size_t size, uint8_t hash[DIGEST_SIZE])
	__attribute__((warn_unused_result));
int tree_node(const uint8_t left[DIGEST_SIZE], const uint8_t right[DIGEST_SIZE],
	      uint8_t hash[DIGEST_SIZE]) __attribute__((warn_unused_result));

/* An empty range that begins at this leaf. */
void tree_init(struct tree *tree, uint64_t begin);

/* Appends the hash of the next leaf. 0; -EFBIG beyond TREE_MAX; -EIO. After an error the tree is as
 * it was. */
int tree_append(struct tree *tree, const uint8_t leaf[DIGEST_SIZE])
	__attribute__((warn_unused_result));

/* Appends the range that begins where tree ends; -EINVAL if it does not. Else as tree_append. */
int tree_merge(struct tree *tree, const struct tree *next) __attribute__((warn_unused_result));

/* The root of a tree that begins at 0, else -EINVAL; that of no leaves is SHA-256 of nothing. */
int tree_root(const struct tree *tree, uint8_t root[DIGEST_SIZE])
	__attribute__((warn_unused_result));

/* The same leaves with the same hashes? */
bool tree_equal(const struct tree *a, const struct tree *b);

/*
 * begin and end with 8 bytes each, and the hashes; the subtrees follow from begin and end. Returns
 * the size. tree_decode: 0, or -EBADMSG: it is not exactly one range.
 */
size_t tree_encode(const struct tree *tree, uint8_t data[TREE_BYTES]);
int tree_decode(struct tree *tree, const void *data, size_t size)
	__attribute__((warn_unused_result));

/*
 * Proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2), count hashes of DIGEST_SIZE bytes one after the
 * other. 0: proven; -EBADMSG: not proven; -EIO.
 *
 * Inclusion: the leaf with this hash is number index (from 0) in the tree of size leaves.
 * Consistency: the tree of size leaves continues the one of old_size leaves without a change. An
 * empty old tree is continued by every other one.
 */
int tree_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[DIGEST_SIZE],
		   const uint8_t *proof, size_t count, const uint8_t root[DIGEST_SIZE])
	__attribute__((warn_unused_result));
int tree_consistency(uint64_t old_size, const uint8_t old_root[DIGEST_SIZE], uint64_t size,
		     const uint8_t root[DIGEST_SIZE], const uint8_t *proof, size_t count)
	__attribute__((warn_unused_result));
