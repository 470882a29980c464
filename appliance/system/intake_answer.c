/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/base/sealed.h"
#include "appliance/system/intake.h"

/* What the child that compares two sets says, and how far it is believed. */

enum { COUNT_MOST = 1 << 20 };

void intake_changes_encode(const struct intake_changes *changes, struct text *out)
{
	sealed_put32(out, (uint32_t)changes->count);
	sealed_put32(out, (uint32_t)changes->protected);
	for (int group = 0; group < INTAKE_GROUPS; group++)
		sealed_put32(out, changes->changed[group]);
	sealed_put32(out, (uint32_t)changes->items);
	for (size_t i = 0; i < changes->items; i++) {
		sealed_put32(out, changes->item[i].group);
		sealed_put_bytes(out, changes->item[i].what, strlen(changes->item[i].what));
	}
}

static void decode(struct intake_changes *changes, struct cursor *cursor)
{
	changes->count = cursor_get32(cursor);
	changes->protected = cursor_get32(cursor);
	for (int group = 0; group < INTAKE_GROUPS; group++)
		changes->changed[group] = cursor_get32(cursor) != 0;
	changes->items = cursor_get32(cursor);
	cursor->failed |= changes->items > INTAKE_ITEMS;
	for (size_t i = 0; !cursor->failed && i < changes->items; i++) {
		struct intake_item *item = &changes->item[i];
		const uint32_t group = cursor_get32(cursor);

		cursor->failed |= group >= INTAKE_GROUPS;
		item->group = cursor->failed ? INTAKE_FREE : (enum intake_group)group;
		sealed_take_text(cursor, item->what, sizeof(item->what));
		cursor->failed |= !item->what[0];
	}
	cursor->failed |= cursor_left(cursor) > 0;
}

/* One number follows from the others. */
static bool agrees(const struct intake_changes *changes)
{
	size_t protected = 0;
	bool any = false;

	for (size_t i = 0; i < changes->items; i++) {
		protected += changes->item[i].group != INTAKE_FREE;
		if (!changes->changed[changes->item[i].group])
			return false;
	}
	for (int group = INTAKE_FREE + 1; group < INTAKE_GROUPS; group++)
		any |= changes->changed[group];
	return changes->count <= COUNT_MOST && changes->protected <= changes->count &&
	       changes->items <= changes->count && protected <= changes->protected &&
	       changes->protected - protected <= changes->count - changes->items &&
	       (changes->items == changes->count || changes->items == INTAKE_ITEMS) &&
	       any == (changes->protected > 0) &&
	       changes->changed[INTAKE_FREE] == (changes->count > changes->protected);
}

/* Another key, root, CA or secret shows without a parser; and where nothing is another one, nothing changed. */
static bool fits(const struct intake_changes *changes, const struct intake_set *old, const struct intake_set *new)
{
	static const enum intake_group group[INTAKE_FILES] = {
		[INTAKE_KEYS] = INTAKE_AUTHORIZED, [INTAKE_ROOT] = INTAKE_TRUST_ROOT,
		[INTAKE_CA] = INTAKE_MIRRORS, [INTAKE_SECRET] = INTAKE_ADMIN,
	};
	bool differs = false;

	for (int file = 0; file < INTAKE_FILES; file++) {
		const bool other = intake_differs(old, new, (enum intake_file)file);

		differs |= other;
		if (other && file > INTAKE_NETWORK && !changes->changed[group[file]])
			return false;
	}
	return differs == (changes->count > 0);
}

int intake_changes_decode(struct intake_changes *changes, const void *bytes, size_t size,
			  const struct intake_set *old, const struct intake_set *new)
{
	struct cursor cursor = cursor_reader(bytes, size);

	*changes = (struct intake_changes){ .items = 0 };
	decode(changes, &cursor);
	if (!cursor.failed && agrees(changes) && fits(changes, old, new))
		return 0;
	*changes = (struct intake_changes){ .items = 0 };
	return -EBADMSG;
}
