/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/head.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/cursor.h"

size_t head_encode(const struct head *head, uint8_t data[HEAD_BYTES])
{
	struct cursor cursor = cursor_writer(data, 9);

	cursor_put8(&cursor, (uint8_t)head->reason);
	cursor_put64(&cursor, head->last);
	return cursor.at + tree_encode(&head->since, data + cursor.at);
}

int head_decode(struct head *head, const void *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	uint8_t reason = cursor_get8(&cursor);

	*head = (struct head){ .last = cursor_get64(&cursor) };
	if (cursor.failed || reason >= CHECKPOINT_REASONS)
		return -EBADMSG;
	head->reason = (enum checkpoint_reason)reason;
	return tree_decode(&head->since, (const uint8_t *)data + cursor.at, cursor_left(&cursor));
}

size_t head_signed_encode(const struct head_signed *before, uint8_t data[HEAD_BYTES])
{
	struct cursor cursor = cursor_writer(data, 8);

	cursor_put64(&cursor, before->last);
	return cursor.at + tree_encode(&before->tree, data + cursor.at);
}

int head_signed_decode(struct head_signed *before, const void *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);

	*before = (struct head_signed){ .last = cursor_get64(&cursor) };
	if (cursor.failed)
		return -EBADMSG;
	if (tree_decode(&before->tree, (const uint8_t *)data + cursor.at, cursor_left(&cursor)) < 0)
		return -EBADMSG;
	return before->tree.begin == 0 ? 0 : -EBADMSG;
}

int head_continue(const struct head_signed *before, const struct head *head,
		  struct head_signed *next)
{
	const uint64_t batches = head->since.end - head->since.begin;

	/* A batch has one entry at least. */
	if (head->since.begin != before->tree.end || head->last < before->last ||
	    head->last - before->last < batches || (batches == 0 && head->last != before->last))
		return -EBADMSG;
	*next = (struct head_signed){ .tree = before->tree, .last = head->last };
	return tree_merge(&next->tree, &head->since);
}
