/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hexadecimal in lower case, the one form that signed metadata may use: two forms of the same
 * bytes would be two names of the same thing. */

/* text: 2 * size + 1. */
void hex_print(const uint8_t *bytes, size_t size, char *text);
/* Exactly 2 * size digits, and then the end. */
bool hex_parse(uint8_t *bytes, size_t size, const char *text);
/* Only digits, to the end; an empty text too. */
bool hex_check(const char *text);
