/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_print(const void *bytes, size_t size, char *text)
{
	const uint8_t *from = bytes;
	char *to = text;

	for (size_t at = 0; at < size; at += 3) {
		size_t left = size - at;
		uint32_t group = (uint32_t)from[at] << 16 |
				 (left > 1 ? (uint32_t)from[at + 1] << 8 : 0) |
				 (left > 2 ? from[at + 2] : 0);

		*to++ = digits[group >> 18];
		*to++ = digits[group >> 12 & 63];
		*to++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[group & 63] : '=';
	}
	*to = '\0';
	return text;
}

/* Four characters, padding bytes of which are left out. */
static bool parse_group(const char *text, size_t padding, uint32_t *group)
{
	*group = 0;
	for (size_t i = 0; i < 4; i++) {
		const char *digit = "A";

		if (i < 4 - padding)
			digit = text[i] ? strchr(digits, text[i]) : NULL;
		if (!digit)
			return false;
		*group = *group << 6 | (i < 4 - padding ? (uint32_t)(digit - digits) : 0);
	}
	/* Bits behind the last byte would be a second form. */
	return (*group & ((1U << 8 * padding) - 1)) == 0;
}

bool base64_parse(uint8_t *bytes, size_t size, size_t *written, const char *text, size_t length)
{
	*written = 0;
	if (length % 4 != 0)
		return false;
	for (size_t at = 0; at < length; at += 4) {
		size_t padding = 0;
		uint32_t group;

		if (at + 4 == length)
			padding = text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
		if (!parse_group(text + at, padding, &group) || size - *written < 3 - padding)
			return false;
		for (size_t i = 0; i < 3 - padding; i++)
			bytes[(*written)++] = (uint8_t)(group >> (16 - 8 * i));
	}
	return true;
}
