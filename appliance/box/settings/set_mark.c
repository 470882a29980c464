/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_mark.h"

#include <stdio.h>
#include <unistd.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"

void set_mark_write(bool provisioned)
{
	char path[BOX_PATH];

	if (provisioned && !box_has(SET_MARK_PATH))
		(void)box_write(SET_MARK_PATH, "", 0, 0600);
	if (!box_has(PATH_BOOT_IMAGES) || box_has(SET_MARK_BOOT_PATH) == provisioned)
		return;
	/* Of a box whose settings end with this start nobody would be the owner from the next one
	 * on. */
	if (provisioned && !box_keeps())
		return;
	(void)!box_boot_begin();
	if (provisioned)
		(void)box_write(SET_MARK_BOOT_PATH, "", 0, 0600);
	else
		unlink(box_path(path, SET_MARK_BOOT_PATH));
	box_boot_end();
}

bool set_mark_provisioned(void)
{
	char path[BOX_PATH];

	if (box_has(SET_MARK_PATH) || box_has(SET_MARK_BOOT_PATH))
		return true;
	for (int file = 0; file < PROVISION_FILES; file++) {
		snprintf(path, sizeof(path), PATH_SETTINGS "/%s",
			 provision_name((enum provision_file)file));
		if (box_has(path))
			return true;
	}
	return false;
}
