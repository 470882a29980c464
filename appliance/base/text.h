/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Text that grows. After the first failure (no memory) every call is a no-op and text_failed says
 * so, so that a printer checks once at its end. data is NUL-terminated, or NULL when empty.
 */
struct text {
	char *data;
	size_t length;	/* bytes, without the NUL */
	size_t capacity;
	bool failed;
};

#define TEXT_EMPTY ((struct text){ .data = NULL })

void text_release(struct text *text);
void text_put(struct text *text, const void *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool text_failed(const struct text *text)
{
	return text->failed;
}
