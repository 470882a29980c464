/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "rules/repo/repo.h"

/* Passphrases and private keys. What was read of them is overwritten before it is given back. */

enum { PASSPHRASE_LEAST = 8 };

bool repo_is_token(const char *key)
{
	return strncmp(key, "pkcs11:", strlen("pkcs11:")) == 0;
}

static void explain(const char *path, int error)
{
	const char *why = strerror(-error);

	if (error == -EACCES)
		why = "the passphrase is wrong";
	else if (error == -EINVAL)
		why = "expected a private key in PEM";
	else if (error == -ENOTSUP)
		why = "a kind of key or of encryption that this build cannot use";
	fprintf(stderr, "cordon repo: %s: %s\n", path, why);
}

static int parse_with_passphrase(struct secret **secret, const char *path, const char *file,
				 const char *pem, size_t size)
{
	char passphrase[KEY_PASSPHRASE_MAX + 1];
	int error = repo_find_passphrase(file, passphrase);

	if (error == 1)
		error = repo_prompt("passphrase of", path, passphrase);
	if (error)
		return EXIT_NO;
	error = secret_parse(secret, pem, size, passphrase);
	explicit_bzero(passphrase, sizeof(passphrase));
	if (error)
		explain(path, error);
	return error ? EXIT_NO : EXIT_YES;
}

static int secret_from_file(struct secret **secret, const char *path, const char *passphrase_file)
{
	char *pem = NULL;
	size_t size = 0;
	int code = EXIT_YES;
	int error = repo_private_read(path, &pem, &size);

	if (error)
		return EXIT_NO;
	error = secret_parse(secret, pem, size, NULL);
	if (error == -EACCES) {
		code = parse_with_passphrase(secret, path, passphrase_file, pem, size);
	} else if (error) {
		explain(path, error);
		code = EXIT_NO;
	}
	explicit_bzero(pem, size);
	free(pem);
	return code;
}

static int refuse_token(void)
{
	fprintf(stderr, "cordon repo: this build is without keys on tokens (Kconfig: PKCS11)\n");
	return EXIT_NO;
}

int repo_secret(struct secret **secret, const char *path, const char *passphrase_file)
{
	if (!repo_is_token(path))
		return secret_from_file(secret, path, passphrase_file);
	return ENABLED(CONFIG_PKCS11) ? repo_token_secret(secret, path, passphrase_file) :
					refuse_token();
}

int repo_public_of(struct key *key, const char *path)
{
	struct secret *secret;
	int code;

	if (repo_is_token(path))
		return ENABLED(CONFIG_PKCS11) ? repo_token_public(key, path) : refuse_token();
	code = repo_secret(&secret, path, NULL);
	if (code)
		return code;
	secret_public(secret, key);
	secret_free(secret);
	return EXIT_YES;
}
