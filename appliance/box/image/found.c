/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/found.h"

#include <errno.h>
#include <stdio.h>

#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"
#include "appliance/command/command.h"

int image_find(struct image_found *found, bool change, struct diag *diag)
{
	int error;

	diag_init(diag);
	error = image_disk_open(&found->disk, change, diag);
	found->none = error == -ENOENT;
	if (found->none)
		fputs("cordon image: this image does not run from a slot of a disk\n", stderr);
	if (!error && change)
		error = image_disk_lock(&found->disk, true);
	if (!error)
		error = image_boot_read(&found->boot, &found->disk, diag);
	if (error)
		image_disk_close(&found->disk);
	command_print_diag(diag);
	return error ? EXIT_NO : EXIT_YES;
}
