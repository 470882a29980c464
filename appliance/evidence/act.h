/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/command/command.h"

/*
 * Records in the block log that the caller changed how hosts are told apart or named. kind and
 * members: NOTICE_HOSTS or NOTICE_NAMES (journal/notice.h); the reference is taken. 0, or an exit
 * code after a message on stderr: the change is in force and not recorded.
 */
int act_record(const struct cli *cli, const char *kind, json_t *members);

/* Records that the caller looks at one host's story. Without cordond nobody else sees it, and it is
 * not recorded. Before the log is read (query.h). */
void act_looked(const struct cli *cli, const char *host);
