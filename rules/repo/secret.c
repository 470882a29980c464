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

static void wipe_and_free(char *text, size_t size)
{
	if (text)
		explicit_bzero(text, size);
	free(text);
}

/* Without the end of the line. */
static int take_line(const char *line, char passphrase[KEY_PASSPHRASE_MAX + 1])
{
	size_t length = strcspn(line, "\r\n");

	if (length > KEY_PASSPHRASE_MAX)
		return -E2BIG;
	memcpy(passphrase, line, length);
	passphrase[length] = '\0';
	return 0;
}

bool repo_is_token(const char *key)
{
	return strncmp(key, "pkcs11:", strlen("pkcs11:")) == 0;
}

int repo_find_passphrase(const char *file, char passphrase[KEY_PASSPHRASE_MAX + 1])
{
	const char *variable = getenv("CORDON_PASSPHRASE");
	char *text = NULL;
	size_t size = 0;
	int error;

	if (!file && !variable)
		return 1;
	error = file ? file_read(AT_FDCWD, file, KEY_PEM_MAX, &text, &size) : 0;
	if (!error)
		error = take_line(file ? text : variable, passphrase);
	wipe_and_free(text, size);
	if (error)
		fprintf(stderr, "cordon repo: %s: cannot use the passphrase: %s\n",
			file ? file : "CORDON_PASSPHRASE", strerror(-error));
	return error;
}

int repo_private_line(const char *path, char line[KEY_PASSPHRASE_MAX + 1])
{
	char *text = NULL;
	size_t size = 0;
	int error = repo_private_read(path, &text, &size);

	if (!error && take_line(text, line)) {
		fprintf(stderr, "cordon repo: %s: expected a line of at most %d characters\n", path,
			KEY_PASSPHRASE_MAX);
		error = -E2BIG;
	}
	wipe_and_free(text, size);
	return error;
}

int repo_prompt(const char *question, const char *name, char passphrase[KEY_PASSPHRASE_MAX + 1])
{
	struct termios old, quiet;
	char line[KEY_PASSPHRASE_MAX + 8];
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	if (fd < 0 || tcgetattr(fd, &old) < 0) {
		if (fd >= 0)
			close(fd);
		fprintf(stderr,
			"cordon repo: the key of %s needs a passphrase or PIN, and there is no "
			"terminal to ask on; expected --passphrase-file or CORDON_PASSPHRASE\n",
			name);
		return -ENOTTY;
	}
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	dprintf(fd, "%s %s: ", question, name);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	got = read(fd, line, sizeof(line) - 1);
	tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	close(fd);
	if (got <= 0) {
		fprintf(stderr, "cordon repo: no passphrase or PIN was given for %s\n", name);
		return -EIO;
	}
	line[got] = '\0';
	got = take_line(line, passphrase);
	explicit_bzero(line, sizeof(line));
	return (int)got;
}

bool repo_new_passphrase(const char *name, const char *file,
			 char passphrase[KEY_PASSPHRASE_MAX + 1])
{
	char again[KEY_PASSPHRASE_MAX + 1];
	int found = repo_find_passphrase(file, passphrase);
	bool same = found == 0;

	if (found == 1 && (repo_prompt("new passphrase for", name, passphrase) ||
			   repo_prompt("the same again for", name, again)))
		return false;
	if (found == 1) {
		same = strcmp(passphrase, again) == 0;
		explicit_bzero(again, sizeof(again));
		if (!same)
			fprintf(stderr, "cordon repo: the two passphrases differ\n");
	}
	if (same && strlen(passphrase) < PASSPHRASE_LEAST) {
		fprintf(stderr, "cordon repo: expected a passphrase of at least %d characters\n",
			PASSPHRASE_LEAST);
		same = false;
	}
	return same;
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
	wipe_and_free(pem, size);
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

bool repo_ask(const char *question)
{
	char answer[16] = "";
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	if (fd < 0) {
		fprintf(stderr, "cordon repo: there is no terminal to ask on; expected --yes\n");
		return false;
	}
	fflush(stdout);
	dprintf(fd, "%s [y/N] ", question);
	got = read(fd, answer, sizeof(answer) - 1);
	close(fd);
	return got > 0 && (strncmp(answer, "y\n", 2) == 0 || strncmp(answer, "yes\n", 4) == 0);
}
