/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/command.h"

/* `cordon update` in parts: update.c talks to the daemon, update_from.c carries a release there. */

/* Asks the daemon to look, at a folder below STATE/update or ("") at the mirrors; prints what came
 * of it. */
int update_look(const struct cli *cli, const char *folder);

/* A repository on a stick or in any folder. */
int update_from(const struct cli *cli, const char *folder);
/* The same tree over the administrator's ssh; the other end is update_receive. */
int update_push(const char *host, const char *folder);
int update_receive(const struct cli *cli);
