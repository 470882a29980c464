/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/text.h"

/*
 * Two texts line by line, as `diff -u` writes it, under one name; nothing for the same text. Where
 * two texts differ in more than a few thousand lines, the whole middle counts as replaced. NULL is
 * no file. Control characters are shown as '?'. true: they differ.
 */
bool linediff(const char *name, const char *old, const char *new, struct text *out);
