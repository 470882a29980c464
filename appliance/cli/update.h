/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* `cordon update` in parts: update.c talks to the daemon, update_from.c carries a release there. */

/* What a release may have that is carried by hand; depth: of folders in metadata/ or targets/. */
enum { UPDATE_FILES = 8192, UPDATE_FILE_MAX = 64 << 20, UPDATE_TOTAL = 512 << 20,
       UPDATE_DEPTH = 3 };

/* Asks the daemon to look, at a folder below STATE/update or ("") at the mirrors; prints what came
 * of it. */
int update_look(const struct cli *cli, const char *folder);

/* A repository on a stick or in any folder. */
int update_from(const struct cli *cli, const char *folder);
/* The same tree over the administrator's ssh; the other end is update_receive. */
int update_push(const char *host, const char *folder);
/* A tar archive of one on standard input. */
int update_receive(const struct cli *cli);
/* Removes what commands left in the folder that were ended: PREFIXpid. */
void update_remove_leftovers(int folder, const char *prefix);
