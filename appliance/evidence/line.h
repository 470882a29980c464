/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/journal/entry.h"

/* An event as one line for a person on stdout, with its newline; rule: NULL: none. */
void line_event(const struct entry_event *entry, const struct entry_rule *rule);
