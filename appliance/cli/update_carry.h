/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* What the ways of carrying a release to the daemon by hand share. */

/* What a release may have that is carried by hand; depth: of folders in metadata/ or targets/. */
enum { UPDATE_FILES = 8192, UPDATE_FILE_MAX = 64 << 20, UPDATE_TOTAL = 512 << 20,
       UPDATE_DEPTH = 3 };

/* Asks the daemon to look, at a folder below STATE/update or ("") at the mirrors; prints what came
 * of it. An exit code. */
int update_look(const struct cli *cli, const char *folder);
/* Removes what commands that were killed left in the folder: PREFIXpid. */
void update_remove_leftovers(int folder, const char *prefix);
