/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/install.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/image/gpt.h"
#include "appliance/box/image/manifest.h"
#include "appliance/box/image/slots.h"

enum { PIECE = 1 << 20 };

const char *install_part(enum slot slot)
{
	return slot == SLOT_A ? "slot-a" : "slot-b";
}

/* ---- before ---- */

static int check_size(const struct install *install, const struct gpt *gpt, enum slot target,
		      struct diag *diag)
{
	struct gpt_part part;
	uint64_t room;

	if (!gpt_lookup(gpt, install_part(target), &part)) {
		diag_error(diag, "disk", 0, 0, "expected one partition with the name \"%s\"",
			   install_part(target));
		return -EINVAL;
	}
	room = (part.last - part.first + 1) * gpt->sector;
	if (install->manifest->root_size <= room)
		return 0;
	diag_error(diag, install_part(target), 0, 0,
		   "it has %" PRIu64 " bytes, and the root of the new image "
		   "%" PRIu64,
		   room, install->manifest->root_size);
	return -ENOSPC;
}

/* The same image in both slots would be two partitions with one id. */
static int check_other(const struct install *install, const struct gpt *gpt, enum slot target,
		       struct diag *diag)
{
	struct gpt_part part = { .number = 0 };
	uint8_t id[GPT_ID];

	gpt_id_of_hash(id, install->manifest->root_hash);
	while (gpt_next(gpt, part.number, &part)) {
		if (memcmp(part.id, id, GPT_ID) != 0 ||
		    strcmp(part.name, install_part(target)) == 0)
			continue;
		diag_error(diag, install->manifest->name, 0, 0,
			   strcmp(part.name, install_part(install->slot)) ?
				   "another partition (%s) has the id of this root" :
				   "this is the image that runs, in %s",
			   part.name);
		return -EEXIST;
	}
	if (strcmp(install->running, install->manifest->name) != 0)
		return 0;
	diag_error(diag, install->manifest->name, 0, 0,
		   "the image that runs has the same name and another "
		   "root");
	return -EEXIST;
}

int install_check(const struct install *install, const struct gpt *gpt, const struct slots *slots,
		  bool there, enum slot *target, struct diag *diag)
{
	int error;

	*target = slot_other(install->slot);
	if (slots_on_trial(slots, install->slot)) {
		diag_error(
			diag, install->running, 0, 0,
			"the image that runs is on trial: expected \"cordon "
			"image confirm\" first, since the other slot is what it would fall back "
			"to");
		return -EBUSY;
	}
	error = check_other(install, gpt, *target, diag);
	if (!error)
		error = check_size(install, gpt, *target, diag);
	if (!error && there && strcmp(slots->name[*target], install->manifest->name) == 0)
		error = -EALREADY;
	return error;
}

/* ---- the writes ---- */

static int write_root(const struct install *install, const struct gpt_part *part,
		      unsigned int sector, const struct install_media *media, struct diag *diag)
{
	const uint64_t size = install->manifest->root_size;
	int error = 0;

	for (uint64_t done = 0; !error && done < size; done += PIECE) {
		const size_t piece = (size_t)(size - done < PIECE ? size - done : PIECE);

		error = media->write_disk(media->context, part->first * sector + done,
					  (const char *)install->root + done, piece);
		if (error)
			diag_error(diag, part->name, 0, 0, "at byte %" PRIu64 ": %s", done,
				   error == -EIO ? "what was written does not read back" :
						   strerror(-error));
		else if (media->progress)
			media->progress(media->context, done + piece, size);
	}
	return error;
}

static int write_table(const struct install *install, struct gpt *gpt, const struct gpt_part *part,
		       const struct install_media *media, struct diag *diag)
{
	struct gpt_plan *plan = malloc(sizeof(*plan));
	uint8_t id[GPT_ID];
	int error = plan ? 0 : -ENOMEM;

	gpt_id_of_hash(id, install->manifest->root_hash);
	if (!error)
		error = gpt_set_id(gpt, part->number, id);
	if (!error)
		gpt_plan(plan, gpt);
	for (size_t i = 0; !error && i < plan->writes; i++)
		error = media->write_disk(media->context, plan->write[i].offset,
					  plan->write[i].data, plan->write[i].size);
	if (error)
		diag_error(diag, "partition table", 0, 0, "cannot write: %s", strerror(-error));
	free(plan);
	return error;
}

static int write_block(const struct slots *slots, const struct install_media *media,
		       struct diag *diag)
{
	int error = media->write_block(media->context, slots);

	if (error)
		diag_error(diag, "grubenv", 0, 0, "cannot write: %s", strerror(-error));
	return error;
}

static int write_artefact(const struct install *install, const struct install_media *media,
			  struct diag *diag)
{
	const struct manifest *manifest = install->manifest;
	int error = media->add_file(media->context, manifest->name, install->kernel,
				    (size_t)manifest->kernel_size);

	if (error)
		diag_error(diag, manifest->name, 0, 0, "cannot write: %s", strerror(-error));
	return error;
}

/* Nothing leads to the slot before it is written, so that half an image is never tried. */
static int take(const struct install *install, struct slots *slots, enum slot target,
		const struct install_media *media, struct diag *diag)
{
	int error;

	slots_clear(slots, target);
	error = write_block(slots, media, diag);
	if (error)
		return error;
	error = media->remove_others(media->context, install->running);
	if (error)
		diag_error(diag, slot_print(target), 0, 0, "the image before cannot be removed: %s",
			   strerror(-error));
	return error;
}

int install_run(const struct install *install, struct gpt *gpt, struct slots *slots,
		const struct install_media *media, struct diag *diag)
{
	const enum slot target = slot_other(install->slot);
	struct gpt_part part;
	int error = gpt_lookup(gpt, install_part(target), &part) ? 0 : -EINVAL;

	if (!error)
		error = take(install, slots, target, media, diag);
	if (!error)
		error = write_root(install, &part, gpt->sector, media, diag);
	if (!error)
		error = write_table(install, gpt, &part, media, diag);
	if (!error)
		error = write_artefact(install, media, diag);
	if (error)
		return error;
	slots_install(slots, target, install->manifest->name);
	return write_block(slots, media, diag);
}
