/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/cursor.h"

/*
 * The part of DER (X.690) that keys and signatures need. Lengths must be in their shortest form, up
 * to 65,535 bytes, so no value has two encodings.
 */
enum {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1
};

/* The next value, which must have this tag, as a reader over its content. A mismatch fails both. */
struct cursor der_get(struct cursor *in, uint8_t tag);

/* Tag of the next value; 0 at the end. */
uint8_t der_peek(const struct cursor *in);

/* A non-negative integer in its shortest form, right-aligned in size bytes; a larger one fails. */
void der_get_integer(struct cursor *in, uint8_t *out, size_t size);
uint32_t der_get_number(struct cursor *in);

/* Sets failed unless everything was read. 0 or -EINVAL. */
int der_end(const struct cursor *in) __attribute__((warn_unused_result));

/* Writes from the end towards the beginning, because a length is known only after its value. */
struct der_writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool failed;
};

/* Writes into the last bytes of buffer; der_put puts bytes in front of what is there. */
struct der_writer der_writer(uint8_t *buffer, size_t size);
void der_put(struct der_writer *out, const void *bytes, size_t size);
/* Puts tag and length in front of everything from out->at to end. */
void der_wrap(struct der_writer *out, uint8_t tag, const uint8_t *end);
/* A whole value. */
void der_put_value(struct der_writer *out, uint8_t tag, const void *bytes, size_t size);
/* size bytes, most significant first, as a non-negative integer in its shortest form. */
void der_put_integer(struct der_writer *out, const uint8_t *bytes, size_t size);
void der_put_number(struct der_writer *out, uint32_t value);
