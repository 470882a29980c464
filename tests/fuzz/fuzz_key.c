/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "appliance/base/crypto/key.h"
#include "tests/fuzz/fuzz.h"

/*
 * Keys and signatures. The bytes are a public key's PEM, a private key's PEM, and a signature: what
 * is a key comes out as the same key again, and no signature is anybody's.
 */
static const char known[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvXtkkA7NULl0dD2eRpBLn7mWL+sJ\n"
	"Q325oUXCo2roqwXsrIWv1l+O7xCtivZVlEG6apGmFJXGGIjtc+wiHFZAXA==\n"
	"-----END PUBLIC KEY-----\n";

static void check_public(const char *text)
{
	struct text again = TEXT_EMPTY;
	struct key key, other;

	if (key_public_read(&key, text))
		return;
	require(key_public_write(&key, &again) == 0);
	require(key_public_read(&other, again.data) == 0 && key_equal(&key, &other));
	text_release(&again);
}

static void check_secret(const char *text, size_t size)
{
	uint8_t signature[KEY_SIGNATURE];
	struct secret *secret;
	struct key key;
	size_t length;
	int error = secret_parse(&secret, text, size, NULL);

	require(error <= 0);
	if (error)
		return;
	secret_public(secret, &key);
	require(secret_sign(secret, "x", 1, signature, &length) == 0);
	require(key_verify(&key, "x", 1, signature, length) == 0);
	secret_free(secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key key;
	char *text = malloc(size + 1);

	require(text);
	memcpy(text, data, size);
	text[size] = '\0';
	key_use_ed25519();
	if (key.size == 0)
		require(key_public_parse(&key, KEY_P256, known) == 0);
	check_public(text);
	check_secret(text, size);
	require(key_verify(&key, "x", 1, data, size) == -EBADMSG);
	free(text);
	return 0;
}
