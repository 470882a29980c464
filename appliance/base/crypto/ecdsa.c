/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"

/* ECDSA-Sig-Value (RFC 3279, 2.2.3) in DER, and r and s side by side as in PSA. */

static bool is_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= bytes[i];
	return any == 0;
}

int ecdsa_decode(uint8_t *raw, size_t half, const uint8_t *signature, size_t length)
{
	struct cursor in = cursor_reader(signature, length);
	struct cursor sequence = der_get(&in, DER_SEQUENCE);

	der_get_integer(&sequence, raw, half);
	der_get_integer(&sequence, raw + half, half);
	if (der_end(&sequence) || der_end(&in) || is_zero(raw, half) || is_zero(raw + half, half))
		return -EBADMSG;
	return 0;
}

int ecdsa_encode(const uint8_t *raw, size_t half, uint8_t signature[KEY_SIGNATURE], size_t *length)
{
	uint8_t buffer[2 * ECDSA_MOST + 16];
	struct der_writer out = der_writer(buffer, sizeof(buffer));

	der_put_integer(&out, raw + half, half);
	der_put_integer(&out, raw, half);
	der_wrap(&out, DER_SEQUENCE, out.end);
	if (out.failed)
		return -EINVAL;
	*length = (size_t)(out.end - out.at);
	memcpy(signature, out.at, *length);
	return 0;
}
