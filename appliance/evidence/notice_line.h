/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/journal/entry.h"

/* A notice as one line for a person on stdout, with its newline. Who it was stands in brackets at
 * the end; what a person wrote of themselves is a note before it. */
void notice_line(const struct entry_notice *notice);
