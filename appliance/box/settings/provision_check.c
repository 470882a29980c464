/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include <mbedtls/base64.h>

#include "appliance/base/crypto/password.h"
#include "appliance/base/cursor.h"
#include "appliance/box/settings/provision.h"

static const char *const key_type[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"ssh-rsa",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
};
enum { KEY_LINE = 2048, KEY_LINES = 64 };

static bool is_type(const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof(key_type) / sizeof(*key_type); i++) {
		if (strlen(key_type[i]) == length && memcmp(key_type[i], line, length) == 0)
			return true;
	}
	return false;
}

/* Texts and numbers, each behind its length (RFC 4253, 6.6), and the first one is the type. */
static bool is_blob(const char *text, size_t length, const char *type, size_t type_length)
{
	unsigned char blob[KEY_LINE];
	size_t size = 0, fields = 0;
	struct cursor cursor;
	const uint8_t *field;

	if (mbedtls_base64_decode(blob, sizeof(blob), &size, (const unsigned char *)text, length) !=
	    0)
		return false;
	for (cursor = cursor_reader(blob, size); cursor_left(&cursor) && !cursor.failed; fields++) {
		uint32_t bytes = cursor_get32(&cursor);

		field = cursor_take(&cursor, bytes);
		if (fields == 0 &&
		    (!field || bytes != type_length || memcmp(field, type, bytes) != 0))
			return false;
	}
	return !cursor.failed && fields >= 2;
}

static bool is_key(const char *line, size_t length)
{
	size_t type = 0, blob = 0;

	if (!text_is_plain(line, length, ""))
		return false;
	while (type < length && line[type] != ' ')
		type++;
	while (type + 1 + blob < length && line[type + 1 + blob] != ' ')
		blob++;
	return length <= KEY_LINE && is_type(line, type) &&
	       is_blob(line + type + 1, blob, line, type);
}

int provision_check_keys(const struct provision_part *keys, const char *source, struct diag *diag)
{
	size_t errors = diag->count;
	unsigned int line = 0, found = 0;

	for (const char *at = keys->data, *end = at + keys->size; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);

		line++;
		if (length && at[length - 1] == '\r')
			diag_error(diag, source, line, 0,
				   "expected lines that end with a newline alone");
		else if (length && at[0] != '#' && !is_key(at, length))
			diag_error(diag, source, line, 0,
				   "expected a whole public key of OpenSSH without "
				   "options: \"ssh-ed25519 AAAA... comment\"");
		else
			found += length && at[0] != '#';
		at = newline ? newline + 1 : end;
	}
	if (found > KEY_LINES)
		diag_error(diag, source, 0, 0, "has %u keys: expected at most %d", found,
			   KEY_LINES);
	return diag->count == errors ? 0 : -EINVAL;
}

int provision_check_secret(const struct provision_part *secret, const char *source,
			   struct diag *diag)
{
	size_t length = strcspn(secret->data, "\r\n");
	char line[PASSWORD_MOST + 1];
	bool plain = length >= PASSWORD_LEAST && length <= PASSWORD_MOST;

	if (strncmp(secret->data, "\xef\xbb\xbf", 3) == 0) {
		diag_error(diag, source, 1, 0,
			   "begins with a byte order mark, which nobody could type: expected "
			   "text that is saved without one (UTF-8, not UTF-8 with BOM)");
		return -EINVAL;
	}
	for (size_t i = 0; i < length && plain; i++)
		plain = (unsigned char)secret->data[i] >= 0x20 && secret->data[i] != 0x7f;
	if (strspn(secret->data + length, "\r\n") != secret->size - length || !plain) {
		diag_error(diag, source, 1, 0,
			   "expected one line: a secret of %d to %d characters, or " PASSWORD_SCHEME
			   "ITERATIONS$SALT$HASH",
			   PASSWORD_LEAST, PASSWORD_MOST);
		return -EINVAL;
	}
	memcpy(line, secret->data, length);
	line[length] = '\0';
	if (strncmp(line, PASSWORD_SCHEME, strlen(PASSWORD_SCHEME)) != 0 ||
	    password_check_line(line))
		return 0;
	diag_error(diag, source, 1, 0,
		   "expected " PASSWORD_SCHEME "ITERATIONS$SALT$HASH with %d to %d "
		   "iterations, 32 and 64 hexadecimal digits",
		   PASSWORD_ITERATIONS_LEAST, PASSWORD_ITERATIONS_MOST);
	return -EINVAL;
}
