/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "appliance/ipc/actor.h"

/* What a program of the box tells the log (journal/notice.h). members: an object, taken over. What
 * cannot be told goes to the kernel's log. */
void box_notice(const char *kind, json_t *members);
/* The same, of someone whom this program authenticated. */
void box_notice_of(const struct actor *actor, const char *kind, json_t *members);

/* The administrator's secret was given, or not: for the notices that follow in this process. */
void box_notice_secret(bool given);
