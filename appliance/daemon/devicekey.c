/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/devicekey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "appliance/daemon/log.h"
#include "rules/signed/device.h"

#define KEY_FILE "device.pem"

static int read_key(struct devicekey *key)
{
	size_t length;
	char *text;
	int error = file_read(key->daemon->state, KEY_FILE, KEY_PEM_MAX, &text, &length);

	if (error)
		return error;
	error = secret_parse(&key->secret, text, length, NULL);
	explicit_bzero(text, length);
	free(text);
	return error;
}

static int write_key(const struct devicekey *key, const struct secret *secret)
{
	struct text pem = TEXT_EMPTY;
	int error = secret_print(secret, NULL, &pem);

	if (!error)
		error = file_replace(key->daemon->state, KEY_FILE, pem.data, pem.length, 0600);
	if (pem.data)
		explicit_bzero(pem.data, pem.length);
	text_release(&pem);
	return error;
}

int devicekey_replace(struct devicekey *key, struct secret *secret)
{
	char id[UPDATE_KEYID];
	int error = device_keyid(secret, id);

	if (!error)
		error = write_key(key, secret);
	if (error)
		return error;
	if (key->secret)
		secret_free(key->secret);
	key->secret = secret;
	memcpy(key->id, id, sizeof(id));
	return 0;
}

static int make_key(struct devicekey *key)
{
	struct secret *secret;
	int error = secret_generate(&secret, KEY_P256);

	if (error)
		return error;
	error = devicekey_replace(key, secret);
	if (error)
		secret_free(secret);
	return error;
}

int devicekey_open(struct devicekey *key)
{
	int error = key->secret ? 0 : read_key(key);

	if (error == -EINVAL || error == -EFBIG) {
		log_error("%s/" KEY_FILE " is damaged: a new key is made, and the publisher will "
			  "call its receipts forged", key->daemon->state_path);
		error = file_set_aside(key->daemon->state, KEY_FILE) == 0 ? -ENOENT : -EIO;
	}
	/* Whatever else is wrong may be gone at the next start: a key is not given up for it. */
	if (error == -ENOENT)
		error = make_key(key);
	return error ? error : device_keyid(key->secret, key->id);
}
