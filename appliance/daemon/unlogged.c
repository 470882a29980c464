/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/unlogged.h"

#include <string.h>

#include "appliance/base/cursor.h"
#include "rules/nft/kernel.h"

static bool find(const uint8_t *counters, size_t size, uint64_t *packets)
{
	struct cursor cursor = cursor_reader(counters, size);
	char name[sizeof(((struct kernel_counter *)NULL)->name)];

	while (cursor_left(&cursor) > 0 && !cursor.failed) {
		cursor_get(&cursor, name, sizeof(name));
		*packets = cursor_get64(&cursor);
		cursor_get64(&cursor);
		if (!cursor.failed && strncmp(name, "unlogged", sizeof(name)) == 0)
			return true;
	}
	return false;
}

uint64_t unlogged_since(struct unlogged *unlogged, const uint8_t *counters, size_t size)
{
	uint64_t packets, last = unlogged->last;
	bool known = unlogged->known;

	if (!find(counters, size, &packets))
		return 0;
	unlogged->known = true;
	unlogged->last = packets;
	if (!known)
		return 0;
	return packets >= last ? packets - last : packets;
}
