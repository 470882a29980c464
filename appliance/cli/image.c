/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/health/boot.h"
#include "appliance/box/health/status_boot.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/found.h"
#include "appliance/box/image/gpt.h"
#include "appliance/box/image/install_command.h"
#include "appliance/box/image/links.h"
#include "appliance/box/image/slots.h"
#include "appliance/box/image/told.h"
#include "appliance/cli/commands.h"
#include "appliance/command/command.h"

/* EXT4_IOC_RESIZE_FS, which no header of user space has: the new number of blocks. */
#define FILE_SYSTEM_RESIZE _IOW('f', 16, uint64_t)

static int write_slots(struct image_found *found, struct diag *diag)
{
	int error = image_boot_begin(diag);

	if (!error) {
		error = image_boot_write(&found->boot.slots);
		if (error)
			diag_error(diag, PATH_BOOT_IMAGES "/grubenv", 0, 0, "cannot write: %s",
				   strerror(-error));
		box_boot_end();
	}
	command_print_diag(diag);
	return error ? EXIT_NO : EXIT_YES;
}

/* ---- confirm, rollback, on-trial ---- */

/* In this start; it says so among the times of it. */
static bool selftest_passed(void)
{
	struct boot boot;

	status_boot_load(&boot);
	return boot.at[BOOT_SELFTEST] >= 0;
}

static int confirm(void)
{
	static struct image_found found;
	static struct diag diag;
	struct slots *slots = &found.boot.slots;
	int code = image_find(&found, true, &diag);
	bool trial, failed;

	/* Nothing to confirm, and nothing that failed. */
	if (code)
		return found.none ? EXIT_YES : code;
	if (slots_on_trial(slots, found.disk.slot) && !selftest_passed()) {
		fputs("cordon image: an image on trial stays when the self-test of its start has "
		      "passed, and it has "
		      "not (cordon selftest says why): restart, or cordon image rollback\n",
		      stderr);
		image_disk_close(&found.disk);
		return EXIT_NO;
	}
	if (found.boot.lost)
		fprintf(stderr, "cordon image: " PATH_BOOT_IMAGES
				"/grubenv was lost and is written anew\n");
	trial = slots_on_trial(slots, found.disk.slot);
	failed = slots_confirm(slots, found.boot.running, found.disk.slot);
	if (failed)
		fprintf(stderr,
			"cordon image: the image %s did not prove itself; this is the one before "
			"it, "
			"%s\n",
			slots->failed, found.boot.running);
	code = write_slots(&found, &diag);
	if (code == EXIT_YES)
		image_links_forget();
	if (code == EXIT_YES && failed)
		image_tell("failed", slots->failed, found.boot.running, NULL, NULL);
	else if (code == EXIT_YES && trial)
		image_tell("confirmed", found.boot.running, NULL, NULL, NULL);
	image_disk_close(&found.disk);
	return code;
}

static int rollback(bool reboot)
{
	static struct image_found found;
	static struct diag diag;
	struct slots *slots = &found.boot.slots;
	enum slot other;
	int code = image_find(&found, true, &diag);

	if (code)
		return code;
	other = slot_other(found.disk.slot);
	if (!image_boot_starts(&found.disk, other, slots->name[other]) ||
	    !slots_rollback(slots, found.disk.slot)) {
		fprintf(stderr, "cordon image: slot %s holds no image that starts; %s stays\n",
			slot_print(other), found.boot.running);
		code = EXIT_NO;
	}
	if (!code)
		code = write_slots(&found, &diag);
	image_disk_close(&found.disk);
	if (!code)
		image_tell("rollback", slots->name[other], found.boot.running, NULL, NULL);
	if (!code)
		printf("%s is started next%s\n", slots->name[other],
		       slots->trial == other ? ", on trial" : "");
	return !code && reboot && program_reboot() != 0 ? EXIT_NO : code;
}

static int on_trial(void)
{
	static struct image_found found;
	static struct diag diag;
	bool yes;

	diag_init(&diag);
	if (image_disk_open(&found.disk, false, &diag))
		return EXIT_NO;
	yes = image_boot_read(&found.boot, &found.disk, &diag) == 0 &&
	      slots_on_trial(&found.boot.slots, found.disk.slot);
	image_disk_close(&found.disk);
	return yes ? EXIT_YES : EXIT_NO;
}

/* ---- grow, device ---- */

static int write_table(const struct image_disk *disk, struct diag *diag)
{
	struct gpt_plan *plan = malloc(sizeof(*plan));
	int error = plan ? 0 : -ENOMEM;

	if (!error)
		gpt_plan(plan, &disk->gpt);
	for (size_t i = 0; !error && i < plan->writes; i++)
		error = image_disk_put(disk, plan->write[i].offset, plan->write[i].data,
				       plan->write[i].size);
	if (error)
		diag_error(diag, disk->path, 0, 0, "cannot write the partition table: %s",
			   strerror(-error));
	else if (plan->writes)
		printf("%s: the partition table was written\n", disk->path);
	free(plan);
	return error;
}

/*
 * Mounted, the kernel grows it under its journal: a power cut leaves one size or the other. Before
 * the mount (the folder belongs to another file system then) there is nothing to do. resize2fs
 * would want to write to a mounted device, which our kernel allows nobody.
 */
static int grow_file_system(const struct image_disk *disk, const struct gpt_part *data,
			    struct diag *diag)
{
	char path[BOX_PATH];
	struct statfs status;
	uint64_t blocks;
	int fd = open(box_path(path, PATH_DATA), O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;

	if (fd < 0 || fstatfs(fd, &status) < 0 || status.f_type != EXT4_SUPER_MAGIC ||
	    status.f_bsize <= 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	blocks = (data->last - data->first + 1) * disk->gpt.sector / (uint64_t)status.f_bsize;
	if (ioctl(fd, FILE_SYSTEM_RESIZE, &blocks) < 0) {
		error = -errno;
		diag_error(diag, path, 0, 0, "cannot grow to %llu blocks and stays as it is: %s",
			   (unsigned long long)blocks, strerror(errno));
	}
	close(fd);
	return error;
}

static int grow_data(struct image_disk *disk, struct diag *diag)
{
	struct gpt_part data;
	int error;

	if (!gpt_lookup(&disk->gpt, "data", &data)) {
		diag_error(diag, disk->path, 0, 0, "expected one partition with the name \"data\"");
		return -EINVAL;
	}
	if (gpt_grow(&disk->gpt, data.number)) {
		diag_error(diag, disk->path, 0, 0,
			   "partition %u (data) cannot grow: another one lies "
			   "behind it",
			   data.number);
		return -EINVAL;
	}
	(void)gpt_lookup(&disk->gpt, "data", &data);
	error = write_table(disk, diag) ? -EIO : image_disk_resize(disk, &data, diag);
	return error ? error : grow_file_system(disk, &data, diag);
}

static int grow(void)
{
	static struct image_disk disk;
	static struct diag diag;
	int error;

	diag_init(&diag);
	error = image_disk_open(&disk, true, &diag);
	if (error == -ENOENT)
		return EXIT_YES;
	if (!error) {
		error = grow_data(&disk, &diag);
		image_disk_close(&disk);
	}
	command_print_diag(&diag);
	return error ? EXIT_NO : EXIT_YES;
}

/* A line each, an empty one for what is not there when others are. */
static int device(char *const names[], int count)
{
	static struct image_disk disk;
	static struct diag diag;
	char path[BOX_PATH];
	struct gpt_part part;
	int found = 0;
	bool there;

	diag_init(&diag);
	if (image_disk_open(&disk, false, &diag) == 0) {
		for (int i = 0; i < count; i++) {
			there = gpt_lookup(&disk.gpt, names[i], &part);
			found += there;
			if (there || count > 1)
				puts(there ? image_part_path(&disk, part.number, path) : "");
		}
		image_disk_close(&disk);
	}
	command_print_diag(&diag);
	return found == count ? EXIT_YES : EXIT_NO;
}

/* ---- status ---- */

static json_t *slot_json(const struct image_found *found, enum slot slot)
{
	const char *name = found->boot.slots.name[slot];

	return json_pack("{s:s, s:b}", "image", name, "starts",
			 image_boot_starts(&found->disk, slot, name));
}

static void print_json(const struct image_found *found)
{
	const struct slots *slots = &found->boot.slots;

	command_print_json(json_pack("{s:s, s:s, s:s, s:b, s:b, s:i, s:s, s:{s:o, s:o}}", "running",
				     slot_print(found->disk.slot), "image", found->boot.running,
				     "first", slot_print(slots->primary), "on-trial",
				     slots_on_trial(slots, found->disk.slot), "lost",
				     found->boot.lost, "left", slots->left, "failed", slots->failed,
				     "slots", "a", slot_json(found, SLOT_A), "b",
				     slot_json(found, SLOT_B)));
}

/* All tries are there only after the self-test. */
static const char *standing(const struct slots *slots, enum slot running)
{
	if (slots_on_trial(slots, running))
		return "on trial";
	return slots->left == SLOTS_TRIES ? "confirmed" : "not confirmed yet";
}

static void print_slot(const struct image_found *found, enum slot slot)
{
	const struct slots *slots = &found->boot.slots;
	const char *name = slots->name[slot];

	printf("slot %s    %s", slot_print(slot), *name ? name : "empty");
	if (*name && !image_boot_starts(&found->disk, slot, name))
		printf(", does not start: its artefact or its root is not there");
	if (slot == found->disk.slot)
		printf(", runs, %s", standing(slots, slot));
	if (slot == slots->primary)
		printf(", comes first, %u %s left", slots->left,
		       slots->left == 1 ? "try" : "tries");
	if (slot == slots->trial && slot != found->disk.slot)
		printf(", on trial");
	puts("");
}

static void print_status(const struct image_found *found)
{
	const struct slots *slots = &found->boot.slots;
	const enum slot other = slot_other(found->disk.slot);
	const char *failed = slots->trial == other && slots->primary == found->disk.slot ?
			     slots->name[other] : slots->failed;

	for (enum slot slot = SLOT_A; slot <= SLOT_B; slot++)
		print_slot(found, slot);
	if (*failed)
		printf("trial     %s did not prove itself; this is what it fell back to\n", failed);
	if (found->boot.lost)
		puts("block     " PATH_BOOT_IMAGES
		     "/grubenv was lost; this is what the disk shows");
}

static int status(bool json)
{
	static struct image_found found;
	static struct diag diag;
	int code = image_find(&found, false, &diag);

	if (code)
		return code;
	if (json)
		print_json(&found);
	else
		print_status(&found);
	image_disk_close(&found.disk);
	return EXIT_YES;
}

/* ---- words ---- */

static bool is(int argc, char **argv, int words, const char *command)
{
	return argc == words && strcmp(argv[1], command) == 0;
}

static bool has_option(int argc, char **argv, const char *command, const char *option)
{
	return is(argc, argv, 3, command) && strcmp(argv[2], option) == 0;
}

static bool is_part(const char *name)
{
	return strcmp(name, "esp") == 0 || strcmp(name, "slot-a") == 0 ||
	       strcmp(name, "slot-b") == 0 || strcmp(name, "data") == 0;
}

static bool are_parts(char *const names[], int count)
{
	bool all = true;

	for (int i = 0; i < count; i++)
		all &= is_part(names[i]);
	return all;
}

int command_image(const struct cli *cli, int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "install") == 0)
		return image_install(cli, argc - 1, argv + 1);
	if (argc == 1 || is(argc, argv, 2, "status"))
		return status(false);
	if (is(argc, argv, 2, "--json") || has_option(argc, argv, "status", "--json"))
		return status(true);
	if (is(argc, argv, 2, "confirm"))
		return confirm();
	if (is(argc, argv, 2, "rollback") || has_option(argc, argv, "rollback", "--reboot"))
		return rollback(argc == 3);
	if (is(argc, argv, 2, "grow"))
		return grow();
	if (is(argc, argv, 2, "on-trial"))
		return on_trial();
	if (argc >= 3 && strcmp(argv[1], "device") == 0 && are_parts(argv + 2, argc - 2))
		return device(argv + 2, argc - 2);
	return command_usage(
		"image", "expected status, install, confirm, rollback, grow, on-trial, or device "
			 "with esp, slot-a, slot-b or data");
}
