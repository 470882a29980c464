/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Domain names in wire form (RFC 1035, 3.1): labels preceded by their lengths, up to the root's
 * zero byte, ASCII letters in lower case (RFC 4343).
 */
enum {
	NAME_WIRE_MAX = 255,		/* bytes on the wire, root included */
	NAME_LABEL_MAX = 63,
	NAME_LABELS_MAX = 127,
	NAME_TEXT = 1024	/* buffer for name_print: every byte may become \DDD */
};

struct name {
	uint8_t length;		/* bytes used in wire */
	uint8_t labels;		/* without the root */
	uint8_t wire[NAME_WIRE_MAX];
};

/*
 * Parses text as people write it; the trailing dot is optional, "." is the root. Allowed are
 * letters, digits, hyphen, underscore, and the escapes \. \\ \DDD of master files (RFC 1035, 5.1).
 * -EINVAL: empty label, a character that no rule's name can contain, or a bad escape; -E2BIG: a
 * label over 63 or a name over 255 bytes. *column: where, from 1 (may be NULL).
 */
int name_parse(struct name *name, const char *text, size_t length, unsigned int *column);

/* Copies wire bytes that are known to end within size, in lower case. -EBADMSG when malformed. */
int name_from_wire(struct name *name, const uint8_t *wire, size_t size);

/* Presentation form without the trailing dot ("." for the root); returns buffer. */
char *name_print(const uint8_t *wire, char buffer[NAME_TEXT]);

/* How many bytes of name precede the suffix; -1 if name is neither the suffix nor below it. */
int name_prefix(const struct name *name, const struct name *suffix);

/* ASCII only, whatever the locale (RFC 4343). */
static inline uint8_t name_lower(uint8_t byte)
{
	return (uint8_t)(byte - 'A') < 26 ? byte | 0x20 : byte;
}
