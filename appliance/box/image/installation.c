/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/installation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/bundle.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/found.h"
#include "appliance/box/image/gpt.h"
#include "appliance/box/image/install.h"
#include "appliance/box/image/links.h"
#include "appliance/box/image/manifest.h"
#include "appliance/box/image/packed.h"
#include "appliance/box/image/slots.h"
#include "appliance/command/command.h"

struct options {
	const char *file;
	bool allow_downgrade, reboot;
};

/* ---- may it be this one? ---- */

static bool typed(const char *version)
{
	char line[MANIFEST_WORD + 2] = "";

	printf("To go back, type the version of the older image (%s): ", version);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, version) == 0;
}

static bool may_go_back(const struct manifest *new, const struct manifest *running,
			const struct options *options)
{
	char built[2][32];

	metadata_time_print(new->build, built[0]);
	metadata_time_print(running->build, built[1]);
	printf("version %s was built %s, before the one that runs (%s, %s): what was mended since "
	       "comes back\n",
	       new->version, built[0], running->version, built[1]);
	/* A person beside the box, not one who came over the network. */
	if (options->allow_downgrade && box_at_console())
		return typed(new->version);
	fputs("cordon image: an older image is installed only with --allow-downgrade, and by "
	      "a person at the console\n",
	      stderr);
	return false;
}

static int check_manifest(const struct manifest *new, const struct options *options,
			  struct diag *diag)
{
	static struct manifest running;
	size_t size;
	char *text = box_read(PATH_IMAGE, MANIFEST_MAX, &size);
	int error = text ? manifest_parse_image(&running, text, size, PATH_IMAGE, diag) : -ENOENT;

	free(text);
	if (error) {
		diag_error(diag, PATH_IMAGE, 0, 0, "cannot tell which image runs");
		return error;
	}
	if (strcmp(new->arch, running.arch) != 0) {
		diag_error(diag, options->file, 0, 0, "it is for %s, this appliance is %s",
			   new->arch, running.arch);
		return -EINVAL;
	}
	return new->build >= running.build || may_go_back(new, &running, options) ? 0 : -EACCES;
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

static void progress(void *context, uint64_t done, uint64_t all)
{
	(void)context;
	printf("\r%3" PRIu64 " %% written%s", done * 100 / all, done == all ? "\n" : "");
	fflush(stdout);
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

static int write_image(const struct install *install, struct image_found *found, struct diag *diag)
{
	const struct install_media media = {
		.write_disk = write_disk,
		.write_block = write_block,
		.remove_others = remove_others,
		.add_file = add_file,
		.progress = isatty(STDOUT_FILENO) ? progress : NULL,
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

/* It lies in the other slot from an earlier time: only its turn is new. */
static int start_again(struct image_found *found, struct diag *diag)
{
	int error;

	(void)slots_rollback(&found->boot.slots, found->disk.slot);
	error = image_boot_begin(diag);
	if (!error) {
		error = image_boot_write(&found->boot.slots);
		box_boot_end();
	}
	if (!error)
		printf("%s is in slot %s already\n",
		       found->boot.slots.name[found->boot.slots.primary],
		       slot_print(found->boot.slots.primary));
	return error;
}

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

static int put_in_slot(const struct install *install, struct image_found *found, struct diag *diag)
{
	const bool there = is_in_slot(install, found, slot_other(install->slot));
	enum slot target;
	int error =
		install_check(install, &found->disk.gpt, &found->boot.slots, there, &target, diag);

	if (error == -EALREADY)
		return start_again(found, diag);
	if (error)
		return error;
	printf("version %s (%s) goes to slot %s\n", install->manifest->version,
	       install->manifest->name, slot_print(target));
	return write_image(install, found, diag);
}

/* ---- the whole ---- */

static int install(const struct options *options, const struct image_bundle *bundle,
		   struct diag *diag)
{
	static struct image_found found;
	struct install install = { .manifest = &bundle->manifest, .kernel = bundle->kernel,
				   .root = bundle->root, .running = found.boot.running };
	int code = image_find(&found, true, diag), error;

	if (code)
		return code;
	install.slot = found.disk.slot;
	if (is_running(&install, &found)) {
		printf("%s is the image that runs, in slot %s\n", install.running,
		       slot_print(install.slot));
		image_disk_close(&found.disk);
		return EXIT_YES;
	}
	error = check_manifest(&bundle->manifest, options, diag);
	if (!error)
		error = put_in_slot(&install, &found, diag);
	if (!error)
		image_links_keep(bundle->manifest.name);
	image_disk_close(&found.disk);
	command_print_diag(diag);
	if (error) {
		fprintf(stderr,
			"cordon image: not installed; the image that runs (%s) is untouched and "
			"starts again\n",
			install.running);
		return EXIT_NO;
	}
	printf("%s is started next, on trial: it stays when its self-test passes\n",
	       bundle->manifest.name);
	return options->reboot && program_reboot() != 0 ? EXIT_NO : EXIT_YES;
}

static int parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){ .file = NULL };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--allow-downgrade") == 0)
			options->allow_downgrade = true;
		else if (strcmp(argv[i], "--reboot") == 0)
			options->reboot = true;
		else if (options->file || strncmp(argv[i], "--", 2) == 0)
			return command_usage("image", "install: no option %s", argv[i]);
		else
			options->file = argv[i];
	}
	return options->file ?
		       0 :
		       command_usage("image", "install: expected FILE, or - for standard input");
}

/* Who installs over the network is not who looks at the console, or at status tomorrow. */
static void keep_refusal(int code, const struct diag *diag)
{
	struct text out = TEXT_EMPTY;
	char path[BOX_PATH];

	if (code == EXIT_YES)
		unlink(box_path(path, PATH_IMAGE_REFUSED));
	else
		diag_print(diag, &out);
	if (out.data) {
		(void)box_write(PATH_IMAGE_REFUSED, out.data, out.length, 0600);
		if (!box_at_console())
			box_say(out.data);
	}
	text_release(&out);
}

int image_install(const struct cli *cli, int argc, char **argv)
{
	static struct image_bundle bundle;
	static struct image_packed packed;
	static struct diag diag;
	struct options options;
	int code = parse(&options, argc, argv);

	if (code)
		return code;
	diag_init(&diag);
	code = image_packed_open(&packed, cli, options.file, &diag);
	if (!code) {
		code = image_bundle_open(&bundle, packed.target.data, packed.target.size,
					 packed.target.name, &diag) ? EXIT_NO : EXIT_YES;
		command_print_diag(&diag);
	}
	if (!code)
		code = install(&options, &bundle, &diag);
	image_packed_close(&packed);
	keep_refusal(code, &diag);
	return code;
}
