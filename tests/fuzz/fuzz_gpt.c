/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/gpt.h"
#include "tests/fuzz/fuzz.h"

/* What is written reads as what was meant, and then there is nothing more to do. */
static void written(const struct gpt *gpt, const struct gpt_bytes *bytes)
{
	static uint8_t disk[2 * GPT_AREA];
	const size_t size = bytes->sectors * bytes->sector;
	const struct gpt_bytes again = { disk, disk + size - bytes->tail_size, bytes->head_size,
					 bytes->tail_size, bytes->sector, bytes->sectors };
	static struct gpt_plan plan;
	static struct gpt back;

	memcpy(disk, bytes->head, size);
	gpt_plan(&plan, gpt);
	for (size_t i = 0; i < plan.writes; i++) {
		const struct gpt_write *write = &plan.write[i];

		require(write->offset <= size && write->size <= size - write->offset);
		memcpy(disk + write->offset, write->data, write->size);
	}
	require(gpt_parse(&back, &again, "fuzz", NULL) == 0);
	require(memcmp(back.table, gpt->table, sizeof(back.table)) == 0);
	gpt_plan(&plan, &back);
	require(plan.writes == 0);
}

/* A whole disk of 512-byte sectors, as somebody's stick may bring it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t id[GPT_ID] = { 1 };
	const size_t whole = size / 512 * 512;
	const struct gpt_bytes bytes = { data, data + (whole > 512 ? 512 : 0), whole,
					 whole > 512 ? whole - 512 : 0, 512, whole / 512 };
	struct gpt_part part = { .number = 0 };
	static struct gpt gpt;

	if (whole > 2 * GPT_AREA || gpt_parse(&gpt, &bytes, "fuzz", NULL) < 0)
		return 0;
	while (gpt_next(&gpt, part.number, &part)) {
		require(part.first <= part.last && part.last < bytes.sectors &&
			strlen(part.name) < GPT_NAME);
		(void)!gpt_set_id(&gpt, part.number, id);
		(void)!gpt_grow(&gpt, part.number);
	}
	written(&gpt, &bytes);
	return 0;
}
