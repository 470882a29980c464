/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/fleet_enter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool fleet_id_valid(const char *id)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t length = strspn(id, allowed);

	return length > 0 && length < RECEIPT_WORD && id[length] == '\0' && id[0] != '.';
}

/* ---- entries by id: ordered, so that they are found by halving ---- */

static size_t position(const struct fleet *fleet, const char *id)
{
	size_t low = 0, high = fleet->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(fleet->entry[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int grow(struct fleet *fleet)
{
	size_t room = fleet->room ? 2 * fleet->room : 64;
	struct fleet_entry **entry;

	if (fleet->count < fleet->room)
		return 0;
	if (fleet->count >= FLEET_MOST)
		return -ENOSPC;
	entry = reallocarray(fleet->entry, room, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	fleet->entry = entry;
	fleet->room = room;
	return 0;
}

int fleet_enter(struct fleet *fleet, const char *id, struct fleet_entry **out)
{
	size_t at = position(fleet, id);
	struct fleet_entry *entry;
	int error;

	if (at < fleet->count && strcmp(fleet->entry[at]->id, id) == 0) {
		*out = fleet->entry[at];
		return 0;
	}
	error = grow(fleet);
	entry = error ? NULL : calloc(1, sizeof(*entry));
	if (!entry)
		return error ? error : -ENOMEM;
	snprintf(entry->id, sizeof(entry->id), "%s", id);
	memmove(&fleet->entry[at + 1], &fleet->entry[at],
		(fleet->count - at) * sizeof(*fleet->entry));
	fleet->entry[at] = entry;
	fleet->count++;
	*out = entry;
	return 0;
}
