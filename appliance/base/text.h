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

/*
 * Text of somebody else that is shown on a terminal must not steer it, nor turn around the order in which
 * what follows is read: C0 (a tab, too) and DEL, C1 as U+0080 to U+009F or as a byte of its own, marks of
 * direction.
 */
/* None of them; but: of C0, what is fine here. */
bool text_is_plain(const char *text, size_t length, const char *but);
/* '?' for each of them, in place, and a blank for what begins a line or a column; what then is shorter moves
 * up, and newlines at the end go. */
void text_mask(char *text);
/* The same while it is appended, without the last. */
void text_put_masked(struct text *text, const char *bytes, size_t length, const char *but);
/*
 * One line for people in size bytes (8 at least) with the NUL: text masked, and where it does not fit, cut
 * behind a word with "...".
 */
void text_fit(char *out, size_t size, const char *text, size_t length);

static inline bool text_failed(const struct text *text)
{
	return text->failed;
}
