/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rules/policy/name.h"

/* The table that suffixes.sh generates, in the byte order of strcmp. */
extern const char *const public_suffixes[];
extern const size_t public_suffixes_count;

/* Is this name, as a whole, one under which unrelated people register (com, co.uk)? */
bool suffix_is_public(const uint8_t *wire);
