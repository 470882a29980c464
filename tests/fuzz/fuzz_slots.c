/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/slots.h"
#include "tests/fuzz/fuzz.h"

/* Whatever the block says, what is written reads back the same, and is what GRUB reads, too. */
static void block_of(const uint8_t *data, size_t size)
{
	struct slots slots, back;
	char block[SLOTS_BLOCK];

	(void)!slots_parse(&slots, (const char *)data, size);
	for (int i = 0; i < 2; i++)
		require(!*slots.name[i] || slots_check_name(slots.name[i]));
	if (slots_running(&slots, slots.name[SLOT_A]) == SLOT_A)
		(void)slots_confirm(&slots, slots.name[SLOT_A], SLOT_A);
	slots_print(&slots, block);
	require(slots_parse(&back, block, sizeof(block)) == 0 && back.primary == slots.primary &&
		back.left == slots.left && back.trial == slots.trial);
	require(strcmp(back.name[0], slots.name[0]) == 0 &&
		strcmp(back.name[1], slots.name[1]) == 0 && strcmp(back.failed, slots.failed) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), name[SLOTS_NAME];

	require(text);
	memcpy(text, data, size);
	text[size] = '\0';
	block_of(data, size);
	require(!slots_image(text, name) || slots_check_name(name));
	free(text);
	return 0;
}
