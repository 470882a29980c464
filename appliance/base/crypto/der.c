/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/der.h"

#include <errno.h>
#include <string.h>

/* Fails unless the length is in its shortest form (X.690, 10.1). */
static size_t get_length(struct cursor *in)
{
	size_t length = cursor_get8(in);

	if (length < 0x80)
		return length;
	if (length == 0x81) {
		length = cursor_get8(in);
		in->failed |= length < 0x80;
	} else if (length == 0x82) {
		length = cursor_get16(in);
		in->failed |= length < 0x100;
	} else {
		in->failed = true;
	}
	return length;
}

struct cursor der_get(struct cursor *in, uint8_t tag)
{
	struct cursor content;
	const uint8_t *bytes;
	size_t length;

	if (cursor_get8(in) != tag)
		in->failed = true;
	length = get_length(in);
	bytes = cursor_take(in, length);
	content = cursor_reader(bytes, bytes ? length : 0);
	content.failed = in->failed;
	return content;
}

uint8_t der_peek(const struct cursor *in)
{
	return cursor_left(in) ? in->data[in->at] : 0;
}

void der_get_integer(struct cursor *in, uint8_t *out, size_t size)
{
	struct cursor value = der_get(in, DER_INTEGER);
	size_t length = cursor_left(&value);

	memset(out, 0, size);
	/* Empty, negative, or longer than it need be. */
	if (length == 0 || value.data[0] & 0x80 ||
	    (length > 1 && value.data[0] == 0 && !(value.data[1] & 0x80))) {
		in->failed = true;
		return;
	}
	if (length > 1 && value.data[0] == 0) {
		value.at++;
		length--;
	}
	if (length > size) {
		in->failed = true;
		return;
	}
	cursor_get(&value, out + size - length, length);
}

uint32_t der_get_number(struct cursor *in)
{
	uint8_t bytes[4];

	der_get_integer(in, bytes, sizeof(bytes));
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

int der_end(const struct cursor *in)
{
	return in->failed || in->at != in->size ? -EINVAL : 0;
}

struct der_writer der_writer(uint8_t *buffer, size_t size)
{
	return (struct der_writer){ .start = buffer, .at = buffer + size, .end = buffer + size };
}

void der_put(struct der_writer *out, const void *bytes, size_t size)
{
	if (out->failed || (size_t)(out->at - out->start) < size) {
		out->failed = true;
		return;
	}
	out->at -= size;
	if (size)
		memcpy(out->at, bytes, size);
}

static void put_byte(struct der_writer *out, size_t byte)
{
	const uint8_t value = (uint8_t)byte;

	der_put(out, &value, 1);
}

void der_wrap(struct der_writer *out, uint8_t tag, const uint8_t *end)
{
	size_t length = (size_t)(end - out->at);

	if (length > 0xffff)
		out->failed = true;
	put_byte(out, length & 0xff);
	if (length > 0xff)
		put_byte(out, length >> 8);
	if (length >= 0x80)
		put_byte(out, length > 0xff ? 0x82 : 0x81);
	put_byte(out, tag);
}

void der_put_value(struct der_writer *out, uint8_t tag, const void *bytes, size_t size)
{
	const uint8_t *end = out->at;

	der_put(out, bytes, size);
	der_wrap(out, tag, end);
}

void der_put_integer(struct der_writer *out, const uint8_t *bytes, size_t size)
{
	const uint8_t *end = out->at;

	while (size > 1 && bytes[0] == 0) {
		bytes++;
		size--;
	}
	der_put(out, bytes, size);
	if (size && bytes[0] & 0x80)
		put_byte(out, 0);
	der_wrap(out, DER_INTEGER, end);
}

void der_put_number(struct der_writer *out, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 8), (uint8_t)value };

	der_put_integer(out, bytes, sizeof(bytes));
}
