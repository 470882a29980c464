/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_release(struct text *text)
{
	free(text->data);
	*text = TEXT_EMPTY;
}

/* Makes room for length more bytes and the NUL. */
static bool text_reserve(struct text *text, size_t length)
{
	size_t capacity = text->capacity ? text->capacity : 256;
	char *data;

	if (text->failed)
		return false;
	if (length >= SIZE_MAX / 4 - text->length) {
		text->failed = true;
		return false;
	}
	while (capacity <= text->length + length)
		capacity *= 2;
	if (capacity == text->capacity)
		return true;
	data = realloc(text->data, capacity);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void text_put(struct text *text, const void *bytes, size_t length)
{
	if (!text_reserve(text, length))
		return;
	if (length)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string)
{
	text_put(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if (!text_reserve(text, (size_t)length))
		return;
	va_start(arguments, format);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

/* ---- untrusted text ---- */

/* The length of the UTF-8 character at text; 1 if it is malformed. A continuation byte in the C1
 * range is only harmless within its character. */
static size_t character(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = at[0] < 0xc2 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 :
			1;

	if (length > left || (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90))
		return 1;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 1;
	}
	return length;
}

/* The length of a steering character at the beginning of text; 0: it is harmless. */
static size_t steering(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;

	switch (character(text, left)) {
	case 1:
		return at[0] < 0x20 || (at[0] >= 0x7f && at[0] < 0xa0);
	case 2:
		return at[0] == 0xc2 && at[1] < 0xa0 ? 2 : 0;
	case 3:
		return at[0] == 0xe2 && ((at[1] == 0x80 && ((at[2] >= 0x8b && at[2] <= 0x8f) ||
							    (at[2] >= 0xa8 && at[2] <= 0xae))) ||
					 (at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf)) ? 3 : 0;
	default:
		return 0;
	}
}

/* A C0 byte that is allowed here? */
static bool is_fine(char c, const char *but)
{
	return c && strchr(but, c);
}

/* The replacement for a steering byte. */
static char harmless(char c)
{
	return c == '\n' || c == '\r' || c == '\t' ? ' ' : '?';
}

bool text_is_plain(const char *text, size_t length, const char *but)
{
	for (size_t i = 0; i < length; i += character(text + i, length - i)) {
		if (steering(text + i, length - i) && !is_fine(text[i], but))
			return false;
	}
	return true;
}

void text_mask(char *text)
{
	size_t length = strlen(text), to = 0;

	while (length > 0 && text[length - 1] == '\n')
		length--;
	for (size_t i = 0, size; i < length; i += size) {
		const bool steers = steering(text + i, length - i) > 0;

		size = character(text + i, length - i);
		if (steers)
			text[to] = harmless(text[i]);
		else
			memmove(text + to, text + i, size);
		to += steers ? 1 : size;
	}
	text[to] = '\0';
}

void text_fit(char *out, size_t size, const char *text, size_t length)
{
	size_t at = 0, word = 0;

	while (length > 0 && text[length - 1] == '\n')
		length--;
	if (length < size) {
		memcpy(out, text, length);
		out[length] = '\0';
		text_mask(out);
		return;
	}
	for (size_t next; (next = at + character(text + at, length - at)) < size - 3; at = next) {
		if (text[at] == ' ' || text[at] == '\n')
			word = at;
	}
	/* A word that fills most of the room is cut anyway. */
	if (word > size / 2)
		at = word;
	memcpy(out, text, at);
	out[at] = '\0';
	text_mask(out);
	memcpy(out + strlen(out), "...", sizeof("..."));
}

void text_put_masked(struct text *text, const char *bytes, size_t length, const char *but)
{
	for (size_t i = 0, size; i < length; i += size) {
		size = character(bytes + i, length - i);
		if (steering(bytes + i, length - i) && !is_fine(bytes[i], but))
			text_put(text, (const char[]){ harmless(bytes[i]) }, 1);
		else
			text_put(text, bytes + i, size);
	}
}

const char *text_name(char *out, size_t size, const char *name)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < size; i++)
		out[i] = text_visible(name[i]);
	out[i] = '\0';
	return out;
}

void text_put_name(struct text *text, const char *name)
{
	for (; *name; name++)
		text_put(text, (const char[]){ text_visible(*name) }, 1);
}
