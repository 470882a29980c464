/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/watch.h"
#include "tests/fuzz/fuzz.h"

static void changed(const struct watch_change *change, void *data)
{
	char text[256];

	(void)data;
	require(change->objects && change->kind < WATCH_KINDS);
	watch_print(change, text, sizeof(text));
	for (const char *c = text; *c; c++)
		require(*c >= ' ' && *c <= '~');
}

/* Notifications: names in them are a stranger's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table_watch watch = { .table = "cordon", .port = 1, .route_port = 1,
				     .generation = 1 };
	struct watch_change change;
	/* As a receive buffer is. */
	uint8_t *copy = malloc(size ? size : 1);

	require(copy);
	memcpy(copy, data, size);
	watch_nftables(&watch, copy, size, changed, NULL);
	if (watch_route(&watch, copy, size, &change) && change.objects)
		changed(&change, NULL);
	free(copy);
	return 0;
}
