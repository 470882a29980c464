/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/appliance.h"
#include "system/boot.h"

/* `cordon status` in parts: status.c has what cordond says. */

/* ---- status_boot.c ---- */

/* Silent: does cordond answer, and is its policy in force, at the latest in wait_ms? */
int status_in_force(const struct cli *cli, int64_t wait_ms);
/* The report of this start; the first time it goes to the kernel's log, too. */
int status_boot(void);
void status_boot_load(struct boot *boot);

/* ---- status_box.c: of an appliance that runs the image ---- */

/* Model, image, slot, settings, start; for "box" of the JSON. */
json_t *status_box(void);
/* status may be NULL: cordond does not answer. */
void status_print_health(const json_t *status, const json_t *box);
void status_print_box(const json_t *status, const json_t *box);
