/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/box/health/box_facts.h"

/* What `cordon status` prints of a box that runs the image: model, image, slot, settings, start. */

/* For "box" of the JSON; a new reference. What is not known is null. */
json_t *status_box_json(const struct box_facts *facts);
/* Lines on stdout. status: cordond's answer; NULL: it does not answer. */
void status_print_box(const json_t *status, const struct box_facts *facts);
