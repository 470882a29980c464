/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hexadecimal in lower case, the one form allowed in signed metadata: two forms of the same bytes
 * would be two names for the same thing. */

/* text: 2 * size + 1. */
void hex_print(const uint8_t *bytes, size_t size, char *text);
/* True for exactly 2 * size digits and nothing after them. */
bool hex_parse(uint8_t *bytes, size_t size, const char *text);
/* True if there are only digits; an empty text too. */
bool hex_check(const char *text);
