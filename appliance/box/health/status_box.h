/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/box/health/health.h"

/* What `cordon status` says of a box that runs the image: model, image, slot, settings, start. */

/* For "box" of the JSON. */
json_t *status_box(void);
/* Adds to health what the box knows. */
void status_judge_box(struct health *health, const json_t *box);
/* status may be NULL: cordond does not answer. */
void status_print_box(const json_t *status, const json_t *box);
