/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/command.h"

/* `cordon status` in parts: status.c has what cordond says. */

/* ---- status_boot.c ---- */

/* Silent: does cordond answer, and is its policy in force? */
int status_in_force(const struct cli *cli);
/* The report of this start; the first time it goes to the kernel's log, too. */
int status_boot(void);
