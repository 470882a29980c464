/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rules/policy/name.h"

/*
 * The table that suffixes.sh generates: rules in the byte order of strcmp, each followed by a NUL.
 * A single string, so that a program needs no pointers into it and no relocations for them.
 */
extern const char public_suffixes[];
extern const size_t public_suffixes_size;

/* Do unrelated people register names below this one (com, co.uk)? */
bool suffix_is_public(const uint8_t *wire);
