/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void hex_print(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * size] = '\0';
}

static int digit(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

bool hex_parse(uint8_t *bytes, size_t size, const char *text)
{
	for (size_t i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * size] == '\0';
}

bool hex_check(const char *text)
{
	return text[strspn(text, digits)] == '\0';
}
