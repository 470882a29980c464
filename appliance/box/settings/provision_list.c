/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/x509_crt.h>

#include "appliance/base/hex.h"
#include "appliance/box/settings/provision.h"
#include "appliance/settings/lines.h"
#include "appliance/settings/network.h"

enum { BLOB = 2048, SUBJECT = 256 };

/* ---- cordon.conf, network.conf ---- */

struct listing {
	struct parser parser;	/* first, as the reader of lines wants it */
	struct text *out;
};

static int list_key(void *context, const char *section, const char *key, const char *value)
{
	struct listing *listing = context;

	listing->parser.unhandled = 0;
	text_printf(listing->out, "[%s] %s = %s\n", section, key, value);
	return 1;
}

static int list_conf(enum provision_file file, const struct provision_part *part, struct text *out,
		     struct diag *diag)
{
	static struct network network;
	const char *name = provision_name(file);
	const size_t errors = diag->count;
	struct listing listing = { .parser = { .source = name, .diag = diag, .text = part->data,
					       .length = part->size }, .out = out };

	lines_parse(&listing.parser, list_key);
	if (diag->count == errors && file == PROVISION_NETWORK)
		return network_parse(&network, name, part->data, part->size, diag);
	return diag->count == errors ? 0 : -EINVAL;
}

/* ---- authorized_keys, reader_keys ---- */

/* "ssh-ed25519 SHA256:BASE64 comment", as ssh-keygen -l has it, of a line that was checked. */
static int list_ssh_key(const char *line, size_t length, struct text *out)
{
	const char *type = memchr(line, ' ', length), *blob = type ? type + 1 : line + length;
	const size_t left = length - (size_t)(blob - line);
	const char *blank = memchr(blob, ' ', left);
	const size_t digits = blank ? (size_t)(blank - blob) : left;
	unsigned char bytes[BLOB], digest[DIGEST_SIZE], text[2 * DIGEST_SIZE];
	size_t size = 0, printed = 0;

	if (mbedtls_base64_decode(bytes, sizeof(bytes), &size, (const unsigned char *)blob,
				  digits) != 0 ||
	    digest_sha256(bytes, size, digest) < 0 ||
	    mbedtls_base64_encode(text, sizeof(text), &printed, digest, sizeof(digest)) != 0)
		return -EIO;
	while (printed && text[printed - 1] == '=')
		printed--;
	text_put(out, line, (size_t)(blob - line));
	text_printf(out, "SHA256:%.*s", (int)printed, (const char *)text);
	text_put(out, blob + digits, left - digits);
	text_puts(out, "\n");
	return 0;
}

static int list_ssh_keys(enum provision_file file, const struct provision_part *part,
			 struct text *out, struct diag *diag)
{
	int error = provision_check_keys(part, provision_name(file), diag);

	for (const char *at = part->data, *end = at + part->size; at < end && !error;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const size_t length = (size_t)((newline ? newline : end) - at);

		if (length && at[0] != '#')
			error = list_ssh_key(at, length, out);
		at = newline ? newline + 1 : end;
	}
	return error;
}

/* ---- mirror-ca.pem ---- */

static int list_certificate(const mbedtls_x509_crt *certificate, struct text *out)
{
	char subject[SUBJECT], hex[2 * DIGEST_SIZE + 1];
	uint8_t digest[DIGEST_SIZE];

	if (mbedtls_x509_dn_gets(subject, sizeof(subject), &certificate->subject) < 0 ||
	    digest_sha256(certificate->raw.p, certificate->raw.len, digest) < 0)
		return -EINVAL;
	hex_print(digest, sizeof(digest), hex);
	text_printf(out, "%s, SHA-256 %s, until %04d-%02d-%02d\n", subject, hex,
		    certificate->valid_to.year, certificate->valid_to.mon,
		    certificate->valid_to.day);
	return 0;
}

static int list_certificates(const struct provision_part *part, struct text *out, struct diag *diag)
{
	mbedtls_x509_crt chain;
	int error = -EINVAL;

	mbedtls_x509_crt_init(&chain);
	if (text_is_plain(part->data, part->size, "\t\r\n") &&
	    mbedtls_x509_crt_parse(&chain, (const unsigned char *)part->data, part->size + 1) == 0)
		error = 0;
	for (const mbedtls_x509_crt *at = &chain; at && !error; at = at->next)
		error = list_certificate(at, out);
	if (error)
		diag_error(diag, provision_name(PROVISION_CA), 0, 0,
			   "expected certificates in PEM and nothing that "
			   "cannot be shown");
	mbedtls_x509_crt_free(&chain);
	return error;
}

int provision_list(enum provision_file file, const struct provision_part *part, struct text *out,
		struct diag *diag)
{
	int error = 0;

	if (memchr(part->data, '\0', part->size)) {
		diag_error(diag, provision_name(file), 0, 0, "has a NUL byte: expected text");
		return -EINVAL;
	}
	if (file == PROVISION_CORDON || file == PROVISION_NETWORK)
		error = list_conf(file, part, out, diag);
	else if (file == PROVISION_KEYS || file == PROVISION_READER_KEYS)
		error = list_ssh_keys(file, part, out, diag);
	else if (file == PROVISION_CA)
		error = list_certificates(part, out, diag);
	return !error && text_failed(out) ? -ENOMEM : error;
}
