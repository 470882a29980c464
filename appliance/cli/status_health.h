/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/base/text.h"
#include "appliance/box/health/box_facts.h"
#include "appliance/box/health/health.h"

/* Is all well? status NULL: cordond does not answer; box NULL: no appliance that runs the image.
 * The words go to out, at most so many lines. */
enum health_level status_judge(const json_t *status, const struct box_facts *box, size_t lines,
			       struct text *out);
/* Adds "health": {"level", "words"} to object. */
void status_add_health(json_t *object, enum health_level level, const struct text *words);
