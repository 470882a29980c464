/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"

/*
 * Passphrases, from files and the terminal. What was read of them is overwritten before it is given
 * back.
 */

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
	char words[PATH_MAX + 64], line[KEY_PASSPHRASE_MAX + 8];
	int error;

	snprintf(words, sizeof(words), "%s %s: ", question, name);
	error = terminal_ask_user(words, true, line, sizeof(line));
	if (!error)
		error = take_line(line, passphrase);
	explicit_bzero(line, sizeof(line));
	if (error == -ENOTTY)
		fprintf(stderr,
			"cordon repo: the key of %s needs a passphrase or PIN, and there is no "
			"terminal to ask on; expected --passphrase-file or CORDON_PASSPHRASE\n",
			name);
	else if (error == -E2BIG)
		fprintf(stderr, "cordon repo: expected at most %d characters for %s\n",
			KEY_PASSPHRASE_MAX, name);
	else if (error)
		fprintf(stderr, "cordon repo: no passphrase or PIN was given for %s\n", name);
	return error;
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

bool repo_ask(const char *question)
{
	char words[128], answer[16];
	int error;

	snprintf(words, sizeof(words), "%s [y/N] ", question);
	error = terminal_ask_user(words, false, answer, sizeof(answer));
	if (error == -ENOTTY)
		fprintf(stderr, "cordon repo: there is no terminal to ask on; expected --yes\n");
	return !error && (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0);
}
