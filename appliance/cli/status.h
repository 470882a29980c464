/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/cli/appliance.h"
#include "appliance/system/boot.h"
#include "appliance/system/health.h"

/* `cordon status` in parts: status.c has what cordond says. */

/* ---- status_health.c ---- */

/* Is all well? status NULL: cordond does not answer; box NULL: no appliance that runs the image. The words
 * go to out, at most so many lines. */
enum health_level status_judge(const json_t *status, const json_t *box, size_t lines, struct text *out);
/* "health": {"level", "words"}, added to object. */
void status_add_health(json_t *object, enum health_level level, const struct text *words);

/* ---- status_boot.c ---- */

/* Silent: does cordond answer, and is its policy in force, at the latest in wait_ms? */
int status_in_force(const struct cli *cli, int64_t wait_ms);
/* The report of this start; the first time it goes to the kernel's log, too. */
int status_boot(void);
void status_boot_load(struct boot *boot);

/* ---- status_box.c: of an appliance that runs the image ---- */

/* Model, image, slot, settings, start; for "box" of the JSON. */
json_t *status_box(void);
/* Adds to health what the box knows. */
void status_judge_box(struct health *health, const json_t *box);
/* status may be NULL: cordond does not answer. */
void status_print_box(const json_t *status, const json_t *box);
