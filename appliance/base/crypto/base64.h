/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Base64 (RFC 4648, section 4) with padding, in one form only: the same bytes have one text. */

/* Buffer for the text of this many bytes, NUL included. */
#define BASE64_TEXT(size) (((size) + 2) / 3 * 4 + 1)

/* text: BASE64_TEXT(size) characters; returns it. */
char *base64_print(const void *bytes, size_t size, char *text);

/*
 * Reads length characters into at most size bytes; *written says how many. False if it is not
 * base64, has white space or bits behind its end, or is longer.
 */
bool base64_parse(uint8_t *bytes, size_t size, size_t *written, const char *text, size_t length);
