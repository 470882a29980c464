/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* A repository on a stick or in any folder. An exit code. */
int update_from(const struct cli *cli, const char *folder);
/* The same tree over the administrator's ssh; the other end is update_receive. An exit code. */
int update_push(const char *host, const char *folder);
