/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/base/sealed.h"
#include "appliance/box/settings/provision.h"

/* What the child that compares two sets says, and how far it is believed. */

enum { COUNT_MOST = 1 << 20 };

void provision_changes_encode(const struct provision_changes *changes, struct text *out)
{
	sealed_put32(out, (uint32_t)changes->count);
	sealed_put32(out, (uint32_t)changes->protected);
	for (int group = 0; group < PROVISION_GROUPS; group++)
		sealed_put32(out, changes->changed[group]);
	sealed_put32(out, (uint32_t)changes->items);
	for (size_t i = 0; i < changes->items; i++) {
		sealed_put32(out, changes->item[i].group);
		sealed_put_bytes(out, changes->item[i].what, strlen(changes->item[i].what));
	}
}

static void decode(struct provision_changes *changes, struct cursor *cursor)
{
	changes->count = cursor_get32(cursor);
	changes->protected = cursor_get32(cursor);
	for (int group = 0; group < PROVISION_GROUPS; group++)
		changes->changed[group] = cursor_get32(cursor) != 0;
	changes->items = cursor_get32(cursor);
	cursor->failed |= changes->items > PROVISION_ITEMS;
	for (size_t i = 0; !cursor->failed && i < changes->items; i++) {
		struct provision_item *item = &changes->item[i];
		const uint32_t group = cursor_get32(cursor);

		cursor->failed |= group >= PROVISION_GROUPS;
		item->group = cursor->failed ? PROVISION_FREE : (enum provision_group)group;
		sealed_take_text(cursor, item->what, sizeof(item->what));
		cursor->failed |= !item->what[0];
	}
	cursor->failed |= cursor_left(cursor) > 0;
}

/* One number follows from the others. */
static bool agrees(const struct provision_changes *changes)
{
	size_t protected = 0;
	bool any = false;

	for (size_t i = 0; i < changes->items; i++) {
		protected += changes->item[i].group != PROVISION_FREE;
		if (!changes->changed[changes->item[i].group])
			return false;
	}
	for (int group = PROVISION_FREE + 1; group < PROVISION_GROUPS; group++)
		any |= changes->changed[group];
	return changes->count <= COUNT_MOST && changes->protected <= changes->count &&
	       changes->items <= changes->count && protected <= changes->protected &&
	       changes->protected - protected <= changes->count - changes->items &&
	       (changes->items == changes->count || changes->items == PROVISION_ITEMS) &&
	       any == (changes->protected > 0) &&
	       changes->changed[PROVISION_FREE] == (changes->count > changes->protected);
}

/* Another key, root, CA or secret shows without a parser; and where nothing is another one, nothing
 * changed. */
static bool fits(const struct provision_changes *changes, const struct provision *old,
		 const struct provision *new)
{
	static const enum provision_group group[PROVISION_FILES] = {
		[PROVISION_KEYS] = PROVISION_AUTHORIZED,
		[PROVISION_READER_KEYS] = PROVISION_AUTHORIZED,
		[PROVISION_ROOT] = PROVISION_TRUST_ROOT, [PROVISION_CA] = PROVISION_MIRRORS,
		[PROVISION_SECRET] = PROVISION_ADMIN,
	};
	bool differs = false;

	for (int file = 0; file < PROVISION_FILES; file++) {
		const bool other = provision_differs(old, new, (enum provision_file)file);

		differs |= other;
		if (other && file > PROVISION_NETWORK && !changes->changed[group[file]])
			return false;
	}
	return differs == (changes->count > 0);
}

int provision_changes_decode(struct provision_changes *changes, const void *bytes, size_t size,
			  const struct provision *old, const struct provision *new)
{
	struct cursor cursor = cursor_reader(bytes, size);

	*changes = (struct provision_changes){ .items = 0 };
	decode(changes, &cursor);
	if (!cursor.failed && agrees(changes) && fits(changes, old, new))
		return 0;
	*changes = (struct provision_changes){ .items = 0 };
	return -EBADMSG;
}
