/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Text that grows. After the first failure (no memory) every call is a no-op and text_failed is
 * true, so a printer checks once at its end. data is NUL-terminated, or NULL when empty.
 */
struct text {
	char *data;
	size_t length;	/* bytes, without the NUL */
	size_t capacity;
	bool failed;
};

#define TEXT_EMPTY ((struct text){ .data = NULL })

/* Frees data and leaves TEXT_EMPTY, which may be filled again. */
void text_release(struct text *text);
/* These append a copy: length bytes, a string up to its NUL, or what the format prints. */
void text_put(struct text *text, const void *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Untrusted text must not control the terminal that shows it, nor reverse the reading order of what
 * follows. What could: C0 (tabs too) and DEL; C1, as U+0080 to U+009F or as single bytes; direction
 * marks.
 */
/* True if none of these is in the length bytes. but: C0 characters that may be there, a string. */
bool text_is_plain(const char *text, size_t length, const char *but);
/* Replaces each of them by '?', in place, and by a blank for characters that begin a line or a
 * column. If the text gets shorter it moves up; newlines at the end are removed. */
void text_mask(char *text);
/* Appends length bytes, masked as by text_mask. The characters of but and newlines at the end
 * stay. */
void text_put_masked(struct text *text, const char *bytes, size_t length, const char *but);
/*
 * One line for people of at most size bytes (8 or more) including the NUL. The text is masked and,
 * if it does not fit, cut after a word with "...".
 */
void text_fit(char *out, size_t size, const char *text, size_t length);

/*
 * A name from an untrusted source (a role, a header, a certificate) is stricter: it stands in a
 * column, or beside what is signed, and no letter may pass for another one. Visible ASCII stays,
 * any other byte becomes '?'.
 */
static inline char text_visible(char c)
{
	return c > ' ' && c <= '~' ? c : '?';
}
/* Copies name, cut to size bytes (1 or more) including the NUL. Returns out. */
const char *text_name(char *out, size_t size, const char *name);
/* Appends the whole name. */
void text_put_name(struct text *text, const char *name);

/* True if an append failed for want of memory: the text is incomplete. */
static inline bool text_failed(const struct text *text)
{
	return text->failed;
}
