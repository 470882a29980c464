/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/installation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/gpt.h"
#include "appliance/command/command.h"

enum installation_kind installation_judge(const struct manifest *offered,
					  const struct manifest *running)
{
	if (strcmp(offered->arch, running->arch) != 0)
		return INSTALLATION_OTHER_ARCH;
	return offered->build < running->build ? INSTALLATION_OLDER : INSTALLATION_FITS;
}

bool installation_may_go_back(bool allowed, bool at_console)
{
	return allowed && at_console;
}

/* ---- writing ---- */

static int write_disk(void *context, uint64_t offset, const void *data, size_t size)
{
	const struct image_found *found = context;

	return image_disk_put(&found->disk, offset, data, size);
}

static int write_block(void *context, const struct slots *slots)
{
	(void)context;
	return image_boot_write(slots);
}

static int remove_others(void *context, const char *keep)
{
	(void)context;
	return image_boot_remove_others(keep);
}

static int add_file(void *context, const char *name, const void *data, size_t size)
{
	(void)context;
	return image_boot_add(name, data, size);
}

static int check_room(const struct install *install, struct diag *diag)
{
	const uint64_t room = image_boot_room(install->running);

	if (room >= install->manifest->kernel_size)
		return 0;
	diag_error(diag, PATH_BOOT, 0, 0, "%" PRIu64 " bytes free, and the new kernel has %" PRIu64,
		   room, install->manifest->kernel_size);
	return -ENOSPC;
}

int installation_write(struct installation *installation, install_progress *progress,
		       struct diag *diag)
{
	const struct install *install = &installation->install;
	struct image_found *found = &installation->found;
	const struct install_media media = {
		.write_disk = write_disk,
		.write_block = write_block,
		.remove_others = remove_others,
		.add_file = add_file,
		.progress = progress,
		.context = found,
	};
	int error = check_room(install, diag);

	if (!error)
		error = image_boot_begin(diag);
	if (error)
		return error;
	error = install_run(install, &found->disk.gpt, &found->boot.slots, &media, diag);
	box_boot_end();
	return error;
}

int installation_start_again(struct installation *installation, struct diag *diag)
{
	struct image_found *found = &installation->found;
	int error;

	(void)slots_rollback(&found->boot.slots, found->disk.slot);
	error = image_boot_begin(diag);
	if (!error) {
		error = image_boot_write(&found->boot.slots);
		box_boot_end();
	}
	return error;
}

/* ---- what is on the disk ---- */

static bool is_running(const struct install *install, const struct image_found *found)
{
	struct gpt_part part;
	uint8_t id[GPT_ID];

	gpt_id_of_hash(id, install->manifest->root_hash);
	return strcmp(install->manifest->name, install->running) == 0 &&
	       gpt_lookup(&found->disk.gpt, install_part(install->slot), &part) &&
	       memcmp(part.id, id, GPT_ID) == 0;
}

/* As it was written, too: a slot whose blocks rotted is written anew. */
static bool is_in_slot(const struct install *install, const struct image_found *found,
		       enum slot slot)
{
	const struct manifest *manifest = install->manifest;
	struct gpt_part part;

	return image_boot_starts(&found->disk, slot, found->boot.slots.name[slot]) &&
	       image_boot_holds(manifest->name, install->kernel, manifest->kernel_size) &&
	       gpt_lookup(&found->disk.gpt, install_part(slot), &part) &&
	       image_compare(found->disk.fd, part.first * found->disk.gpt.sector, install->root,
			     manifest->root_size) == 0;
}

int installation_plan(struct installation *installation, struct diag *diag)
{
	const struct install *install = &installation->install;
	const struct image_found *found = &installation->found;
	const bool there = is_in_slot(install, found, slot_other(install->slot));

	return install_check(install, &found->disk.gpt, &found->boot.slots, there,
			     &installation->target, diag);
}

/* ---- the whole ---- */

int installation_running(struct manifest *running, struct diag *diag)
{
	size_t size;
	char *text = box_read(PATH_IMAGE, MANIFEST_MAX, &size);
	int error = text ? manifest_parse_image(running, text, size, PATH_IMAGE, diag) : -ENOENT;

	free(text);
	if (error)
		diag_error(diag, PATH_IMAGE, 0, 0, "cannot tell which image runs");
	return error;
}

int installation_open(struct installation *installation, const struct image_bundle *bundle,
		      struct diag *diag)
{
	int code = image_find(&installation->found, true, diag);

	if (code)
		return code;
	installation->install = (struct install){
		.manifest = &bundle->manifest, .kernel = bundle->kernel, .root = bundle->root,
		.running = installation->found.boot.running,
		.slot = installation->found.disk.slot,
	};
	installation->runs = is_running(&installation->install, &installation->found);
	return EXIT_YES;
}

void installation_close(struct installation *installation)
{
	image_disk_close(&installation->found.disk);
}
