/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"

/* Sets that people name by a path, and the set in force for people. 0, or an exit code after a
 * message on stderr. */

/* Reads a copy (copy_export), one of the files by its name, or a folder of them. After 0 the caller
 * releases the offer. */
int copy_read(const char *path, struct set_offer *offer);
/* Writes the set in force as one file, {"_type", "files": {NAME: TEXT}}. */
int copy_export(const char *path);
/* Prints the set in force, without secrets. */
int copy_show(void);
/* Reads the set in force; the caller releases it. */
int copy_load_in_force(struct provision *set);
