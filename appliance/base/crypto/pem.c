/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <mbedtls/base64.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/crypto/internal.h"

enum { PEM_LABEL = 40, PEM_LINE = 64 };

static const char *find(const char *text, const char *end, const char *what)
{
	return memmem(text, (size_t)(end - text), what, strlen(what));
}

int pem_decode(const char *text, size_t length, const char *label, uint8_t *der, size_t size,
	       size_t *der_size)
{
	char begin[PEM_LABEL + 20], finish[PEM_LABEL + 20];
	const char *end = text + length, *from, *to;

	snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
	snprintf(finish, sizeof(finish), "-----END %s-----", label);
	from = find(text, end, begin);
	if (!from)
		return -ENOENT;
	from += strlen(begin);
	to = find(from, end, finish);
	if (!to)
		return -EINVAL;
	for (const char *rest = to + strlen(finish); rest < end; rest++) {
		if (!strchr(" \t\r\n", *rest) || *rest == '\0')
			return -EINVAL;
	}
	while (from < to && (*from == '\r' || *from == '\n'))
		from++;
	if (mbedtls_base64_decode(der, size, der_size, (const unsigned char *)from,
				  (size_t)(to - from)))
		return -EINVAL;
	return 0;
}

int pem_encode(const uint8_t *der, size_t size, const char *label, struct text *out)
{
	char base64[SECRET_DER * 3 / 2];
	size_t length;

	if (mbedtls_base64_encode((unsigned char *)base64, sizeof(base64), &length, der, size))
		return -EINVAL;
	text_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < length; at += PEM_LINE)
		text_printf(out, "%.*s\n", (int)(length - at < PEM_LINE ? length - at : PEM_LINE),
			    base64 + at);
	text_printf(out, "-----END %s-----\n", label);
	mbedtls_platform_zeroize(base64, sizeof(base64));
	return text_failed(out) ? -ENOMEM : 0;
}
