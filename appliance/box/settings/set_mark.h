/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/base/paths.h"

/*
 * The mark of a box that was set up. It lies on the data partition and once more on the EFI
 * partition, for a data partition that had to be made anew. From then on what is protected changes
 * only with a signature or the administrator's secret.
 */
#define SET_MARK_PATH PATH_DATA "/provisioned"
#define SET_MARK_BOOT_PATH PATH_BOOT_IMAGES "/provisioned"

/* true: writes both marks. false: removes the one on the EFI partition; the other goes with the
 * data partition's contents (recover.h). */
void set_mark_write(bool provisioned);
/* Was this box set up? A mark says so, and so does any file of a set in force. */
bool set_mark_provisioned(void);
