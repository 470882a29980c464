/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/command/command.h"

/*
 * Records in the block log that the caller changed how hosts are told apart or named. members: a
 * flat object; the reference is taken. 0, or an exit code after a message on stderr: the change is
 * in force and not recorded.
 */
#define ACT_HOSTS "hosts"	/* action: "merge", "split"; a, b: selectors */
#define ACT_NAMES "names"	/* action: "load", "remove", "set"; label; names: how many */
int act_record(const struct cli *cli, const char *kind, json_t *members);
