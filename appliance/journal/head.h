/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/checkpoint.h"
#include "appliance/journal/tree.h"

/*
 * What the journal asks the holder of the key to sign. It says which batches follow what was signed
 * last, not what the root is: the signer appends them to the tree that it signed itself. So it
 * cannot be made to sign two trees that do not continue one another, nor two of one size.
 */
struct head {
	enum checkpoint_reason reason;
	uint64_t last;		/* number of the last entry */
	struct tree since;	/* the range of the batches behind the tree that was signed last */
};

/* The newest tree that was signed. All zeros: none was. */
struct head_signed {
	struct tree tree;	/* begins at 0 */
	uint64_t last;
};

enum { HEAD_BYTES = 9 + TREE_BYTES };	/* most bytes of either, encoded */

/* The size; decode: 0, or -EBADMSG: it is not exactly one. */
size_t head_encode(const struct head *head, uint8_t data[HEAD_BYTES]);
int head_decode(struct head *head, const void *data, size_t size)
	__attribute__((warn_unused_result));
size_t head_signed_encode(const struct head_signed *before, uint8_t data[HEAD_BYTES]);
int head_signed_decode(struct head_signed *before, const void *data, size_t size)
	__attribute__((warn_unused_result));

/*
 * What is signed next. 0; -EBADMSG: the head does not continue what was signed before (another
 * begin, fewer entries, entries without a batch or batches without an entry), so no honest journal
 * sent it; -EFBIG, -EIO.
 */
int head_continue(const struct head_signed *before, const struct head *head,
		  struct head_signed *next) __attribute__((warn_unused_result));
