/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "appliance/box/image/install.h"

/*
 * A box in memory: a disk, the files beside the block, and a power supply. A start does what GRUB
 * and the kernel do: names from the block, artefacts that are whole, the partition with the id of
 * the root, the root's digest.
 */
enum {
	DISK = 6 << 20,
	SECTOR = 512,
	ROOT = 96 * 1024,
	KERNEL = 5000,
	FILES = 6,
	FILE_PIECE = 2048
};

struct image {
	struct manifest manifest;
	uint8_t root[ROOT], kernel[KERNEL];
};

static struct image old, new, next;

static struct box {
	uint8_t disk[DISK];
	char block[SLOTS_BLOCK];
	struct file {
		char name[SLOTS_NAME];
		uint8_t data[KERNEL];
		size_t size;
	} file[FILES];
	unsigned int units;	/* that reached the disk */
	unsigned int cut;	/* the power goes before this one */
	unsigned int fails;	/* the call in which this one is fails, once */
} box, saved;

static struct diag diag;

/* ---- writing ---- */

static bool reaches(void)
{
	return box.units++ < box.cut;
}

/* Was the unit that fails among those since? */
static int result(unsigned int since)
{
	return since <= box.fails && box.fails < box.units ? -EIO : 0;
}

static int write_disk(void *context, uint64_t offset, const void *data, size_t size)
{
	const unsigned int since = box.units;

	(void)context;
	assert_true(offset % SECTOR == 0 && size % SECTOR == 0 && offset + size <= DISK);
	for (size_t done = 0; done < size; done += SECTOR) {
		if (reaches())
			memcpy(box.disk + offset + done, (const uint8_t *)data + done, SECTOR);
	}
	return result(since);
}

static int write_block(void *context, const struct slots *slots)
{
	const unsigned int since = box.units;

	(void)context;
	if (reaches())
		slots_print(slots, box.block);
	return result(since);
}

static int remove_others(void *context, const char *keep)
{
	const unsigned int since = box.units;

	(void)context;
	for (struct file *file = box.file; file < box.file + FILES; file++) {
		if (file->name[0] && strcmp(file->name, keep) != 0 && reaches())
			file->name[0] = '\0';
	}
	return result(since);
}

static int add_file(void *context, const char *name, const void *data, size_t size)
{
	const unsigned int since = box.units;
	struct file *file = box.file;

	(void)context;
	while (file->name[0])
		file++;
	if (reaches()) {
		snprintf(file->name, sizeof(file->name), "%s", name);
		file->size = 0;
	}
	for (size_t done = 0; done < size; done += FILE_PIECE) {
		const size_t piece = size - done < FILE_PIECE ? size - done : FILE_PIECE;

		if (reaches()) {
			memcpy(file->data + done, (const uint8_t *)data + done, piece);
			file->size = done + piece;
		}
	}
	if (result(since))
		file->name[0] = '\0';
	return result(since);
}

static const struct install_media media = { .write_disk = write_disk, .write_block = write_block,
					    .remove_others = remove_others, .add_file = add_file };

/* ---- reading ---- */

static int read_table(struct gpt *gpt)
{
	const struct gpt_bytes bytes = { box.disk, box.disk + DISK - GPT_AREA,
					 GPT_AREA, GPT_AREA,
					 SECTOR,   DISK / SECTOR };

	return gpt_parse(gpt, &bytes, "disk", NULL);
}

static const struct image *image_of(const char *name)
{
	const struct image *const images[] = { &old, &new, &next };

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(images[i]->manifest.name, name) == 0)
			return images[i];
	}
	return NULL;
}

/* chainloader: is the artefact there and whole? */
static bool loads(const char *name)
{
	const struct image *image = image_of(name);

	for (const struct file *file = box.file; image && file < box.file + FILES; file++) {
		if (strcmp(file->name, name) == 0)
			return file->size == KERNEL &&
			       memcmp(file->data, image->kernel, KERNEL) == 0;
	}
	return false;
}

/* The kernel: the partition that has the id, and in it the root as it should be. */
static bool mounts(const struct image *image)
{
	static struct gpt gpt;
	struct gpt_part part = { .number = 0 };
	uint8_t id[GPT_ID];

	assert_int_equal(read_table(&gpt), 0);
	gpt_id_of_hash(id, image->manifest.root_hash);
	while (gpt_next(&gpt, part.number, &part)) {
		if (memcmp(part.id, id, GPT_ID) == 0)
			return memcmp(box.disk + part.first * SECTOR, image->root, ROOT) == 0;
	}
	return false;
}

/* What one start ends with; NULL: a panic. */
static const struct image *start(void)
{
	struct slots slots;
	const char *names[2 + FILES];
	int count = 2;

	(void)!slots_parse(&slots, box.block, sizeof(box.block));
	if (slots.left == 0) {
		if (*slots.name[slot_other(slots.primary)])
			slots.primary = slot_other(slots.primary);
		slots.left = SLOTS_TRIES;
	}
	slots.left--;
	slots_print(&slots, box.block);
	names[0] = slots.name[slots.primary];
	names[1] = slots.name[slot_other(slots.primary)];
	for (int i = 0; i < FILES; i++)
		names[count++] = box.file[i].name;
	for (int i = 0; i < count; i++) {
		if (loads(names[i]))
			return mounts(image_of(names[i])) ? image_of(names[i]) : NULL;
	}
	return NULL;
}

static void confirm(const struct image *runs, enum slot slot)
{
	struct slots slots;

	assert_int_equal(slots_parse(&slots, box.block, sizeof(box.block)), 0);
	(void)slots_confirm(&slots, runs->manifest.name, slot);
	slots_print(&slots, box.block);
}

/* ---- the box with its first image ---- */

static void make_image(struct image *image, uint8_t seed)
{
	char hash[65];

	memset(image->root, seed, ROOT);
	for (unsigned int i = 0; i < ROOT; i += SECTOR)
		image->root[i] = (uint8_t)(i / SECTOR);
	memset(image->kernel, seed + 1, KERNEL);
	memset(image->manifest.root_hash, seed, MANIFEST_HASH);
	image->manifest.root_size = ROOT;
	image->manifest.kernel_size = KERNEL;
	hex_print(image->manifest.root_hash, MANIFEST_HASH, hash);
	snprintf(image->manifest.name, SLOTS_NAME, "cordon-0.%u.0-%.8s.efi", seed, hash);
}

/* By hand, as gpt_plan would not know how to begin: from a table that sfdisk made. */
static void make_disk(void)
{
	char folder[] = "/tmp/install-XXXXXX", command[512];
	FILE *file;

	assert_non_null(mkdtemp(folder));
	snprintf(
		command, sizeof(command),
		"cd %s && truncate -s %d d && printf 'label: gpt\\nfirst-lba: 2048\\n"
		"size=1MiB, name=esp\\nsize=1MiB, name=slot-a\\nsize=1MiB, "
		"name=slot-b\\nsize=1MiB, name=data\\n'"
		" | /sbin/sfdisk --quiet d",
		folder, DISK);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s/d", folder);
	file = fopen(command, "r");
	assert_non_null(file);
	assert_int_equal(fread(box.disk, 1, DISK, file), DISK);
	fclose(file);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void place(const struct image *image, enum slot slot)
{
	static struct gpt_plan plan;
	static struct gpt gpt;
	struct gpt_part part;
	uint8_t id[GPT_ID];

	assert_int_equal(read_table(&gpt), 0);
	assert_true(gpt_lookup(&gpt, install_part(slot), &part));
	gpt_id_of_hash(id, image->manifest.root_hash);
	assert_int_equal(gpt_set_id(&gpt, part.number, id), 0);
	gpt_plan(&plan, &gpt);
	for (size_t i = 0; i < plan.writes; i++)
		memcpy(box.disk + plan.write[i].offset, plan.write[i].data, plan.write[i].size);
	memcpy(box.disk + part.first * SECTOR, image->root, ROOT);
	for (struct file *file = box.file; ; file++) {
		if (file->name[0])
			continue;
		snprintf(file->name, sizeof(file->name), "%s", image->manifest.name);
		memcpy(file->data, image->kernel, KERNEL);
		file->size = KERNEL;
		return;
	}
}

static int make_box(void **state)
{
	struct slots slots;

	(void)state;
	make_image(&old, 1);
	make_image(&new, 2);
	make_image(&next, 3);
	memset(&box, 0, sizeof(box));
	make_disk();
	place(&old, SLOT_A);
	(void)!slots_parse(&slots, "", 0);
	(void)slots_confirm(&slots, old.manifest.name, SLOT_A);
	slots_print(&slots, box.block);
	saved = box;
	return 0;
}

/* The image into the slot that does not run; what runs is the other one. */
static int installed(const struct image *image, const struct image *running, enum slot slot,
		     unsigned int cut, unsigned int fails)
{
	const struct install install = { .manifest = &image->manifest, .kernel = image->kernel,
					 .root = image->root, .running = running->manifest.name,
					 .slot = slot };
	static struct gpt gpt;
	struct slots slots;
	enum slot target;

	diag_init(&diag);
	box.units = 0;
	box.cut = cut;
	box.fails = fails;
	assert_int_equal(read_table(&gpt), 0);
	assert_int_equal(slots_parse(&slots, box.block, sizeof(box.block)), 0);
	assert_int_equal(install_check(&install, &gpt, &slots, false, &target, &diag), 0);
	assert_int_equal(target, slot_other(slot));
	return install_run(&install, &gpt, &slots, &media, &diag);
}

/* ---- tests ---- */

static void installs(void **state)
{
	struct slots slots;

	(void)state;
	assert_ptr_equal(start(), &old);
	assert_int_equal(installed(&new, &old, SLOT_A, UINT32_MAX, UINT32_MAX), 0);
	assert_ptr_equal(start(), &new);
	assert_ptr_equal(start(), &new);
	assert_ptr_equal(start(), &new);
	/* It never said that it is well. */
	assert_ptr_equal(start(), &old);
	assert_int_equal(slots_parse(&slots, box.block, sizeof(box.block)), 0);
	assert_true(slots_confirm(&slots, old.manifest.name, SLOT_A));
	slots_print(&slots, box.block);
	/* The next one takes the same slot; its predecessor's artefact goes. */
	assert_int_equal(installed(&next, &old, SLOT_A, UINT32_MAX, UINT32_MAX), 0);
	assert_false(loads(new.manifest.name));
	assert_ptr_equal(start(), &next);
}

/* With an image in the other slot that goes. */
static void every_power_cut(void **state)
{
	unsigned int all, seen[2] = { 0, 0 };

	(void)state;
	assert_int_equal(installed(&new, &old, SLOT_A, UINT32_MAX, UINT32_MAX), 0);
	confirm(&new, SLOT_B);
	saved = box;
	assert_int_equal(installed(&next, &new, SLOT_B, UINT32_MAX, UINT32_MAX), 0);
	all = box.units;
	assert_true(all > ROOT / SECTOR + 2 * 32);
	for (unsigned int cut = 0; cut <= all; cut++) {
		box = saved;
		(void)!installed(&next, &new, SLOT_B, cut, UINT32_MAX);
		for (int i = 0; i < 8; i++) {
			const struct image *runs = start();

			if (!runs || runs == &old || (runs == &next && cut < all))
				fail_msg("cut before %u of %u, start %d: %s", cut, all, i,
					 runs ? runs->manifest.name : "a panic");
			confirm(runs, runs == &next ? SLOT_A : SLOT_B);
			seen[runs == &next]++;
		}
	}
	assert_true(seen[0] && seen[1]);
}

static void every_failure(void **state)
{
	unsigned int all;

	(void)state;
	assert_int_equal(installed(&new, &old, SLOT_A, UINT32_MAX, UINT32_MAX), 0);
	all = box.units;
	for (unsigned int fails = 0; fails < all; fails++) {
		struct slots slots;

		box = saved;
		assert_int_equal(installed(&new, &old, SLOT_A, UINT32_MAX, fails), -EIO);
		assert_true(diag.count > 0);
		assert_int_equal(slots_parse(&slots, box.block, sizeof(box.block)), 0);
		/* But for the last: the block itself. */
		if (fails + 1 < all)
			assert_int_equal(slots.primary, SLOT_A);
		for (int i = 0; i < 5 && fails + 1 < all; i++)
			assert_ptr_equal(start(), &old);
	}
}

static int checked(const struct image *image, struct slots *slots, bool starts)
{
	const struct install install = { .manifest = &image->manifest, .running = old.manifest.name,
					 .slot = SLOT_A };
	static struct gpt gpt;
	enum slot target;

	diag_init(&diag);
	assert_int_equal(read_table(&gpt), 0);
	return install_check(&install, &gpt, slots, starts, &target, &diag);
}

static void refuses(void **state)
{
	struct slots slots;

	(void)state;
	assert_int_equal(slots_parse(&slots, box.block, sizeof(box.block)), 0);
	assert_int_equal(checked(&new, &slots, false), 0);
	assert_int_equal(checked(&old, &slots, false), -EEXIST);
	assert_non_null(strstr(diag.entry[0].message, "this is the image that runs, in slot-a"));
	new.manifest.root_size = 1048576 + 4096;
	assert_int_equal(checked(&new, &slots, false), -ENOSPC);
	assert_non_null(strstr(diag.entry[0].message, "it has 1048576 bytes"));
	new.manifest.root_size = ROOT;
	memcpy(new.manifest.name, old.manifest.name, SLOTS_NAME);
	assert_int_equal(checked(&new, &slots, false), -EEXIST);
	assert_non_null(strstr(diag.entry[0].message, "the same name and another root"));
	make_image(&new, 2);
	slots.trial = SLOT_A;
	assert_int_equal(checked(&new, &slots, false), -EBUSY);
	assert_non_null(strstr(diag.entry[0].message, "on trial"));
	slots.trial = SLOT_NONE;
	assert_int_equal(installed(&new, &old, SLOT_A, UINT32_MAX, UINT32_MAX), 0);
	assert_int_equal(slots_parse(&slots, box.block, sizeof(box.block)), 0);
	assert_int_equal(checked(&new, &slots, true), -EALREADY);
	assert_int_equal(diag.count, 0);
	assert_int_equal(checked(&new, &slots, false), 0);
	assert_int_equal(checked(&next, &slots, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(installs, make_box),
		cmocka_unit_test_setup(every_power_cut, make_box),
		cmocka_unit_test_setup(every_failure, make_box),
		cmocka_unit_test_setup(refuses, make_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
