/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "rules/signed/strict.h"

/* ---- words ---- */

static int find_option(const struct repo_option *table, const char *word, const char **attached)
{
	size_t length = strcspn(word, "=");

	*attached = word[length] ? word + length + 1 : NULL;
	for (int i = 0; table[i].name; i++) {
		if (strlen(table[i].name) == length && strncmp(table[i].name, word, length) == 0)
			return i;
	}
	return -1;
}

static int too_many(const struct repo_words *words)
{
	return command_usage(words->command, "too many words");
}

static int put_value(struct repo_words *words, int option, const char *text)
{
	if (words->values == REPO_VALUES)
		return too_many(words);
	words->value[words->values].option = (size_t)option;
	words->value[words->values++].text = text;
	return 0;
}

/* The commands that look at a repository. */
static bool looks(const char *command)
{
	return strcmp(command, "repo key") != 0 && strcmp(command, "repo init") != 0 &&
	       strcmp(command, "repo settings") != 0;
}

/* An option of every command that looks at a repository. */
static bool take_common(struct repo_words *words, int argc, char **argv, int *at)
{
	static const struct repo_option common[] = { { "key", REPO_ONE },
						     { "fingerprint", REPO_ONE },
						     { 0 } };
	const char *attached;
	const int option = find_option(common, argv[*at] + 2, &attached);

	if (option < 0 || !looks(words->command) || (!attached && *at + 1 >= argc))
		return false;
	if (!attached)
		attached = argv[++*at];
	if (option == 0)
		words->key = attached;
	else
		words->fingerprint = attached;
	return true;
}

/* The option at argv[*at] and the words that belong to it. */
static int take_option(struct repo_words *words, const struct repo_option *table, int argc,
		       char **argv, int *at)
{
	const char *attached;
	int option = find_option(table, argv[*at] + 2, &attached);
	int code = 0, taken = 0;

	if (option < 0 && take_common(words, argc, argv, at))
		return 0;
	if (option < 0)
		return command_usage(words->command, "no option %s", argv[*at]);
	if (table[option].kind == REPO_FLAG)
		return attached ? command_usage(words->command, "--%s takes no value",
						table[option].name) :
				  put_value(words, option, "");
	if (attached)
		return put_value(words, option, attached);
	while (!code && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0 &&
	       (table[option].kind == REPO_MANY || taken == 0)) {
		code = put_value(words, option, argv[++*at]);
		taken++;
	}
	if (!code && !taken)
		return command_usage(words->command, "--%s expects a value", table[option].name);
	return code;
}

int repo_words(struct repo_words *words, const char *command, const struct repo_option *table,
	       int argc, char **argv)
{
	int code = 0;

	memset(words, 0, sizeof(*words));
	words->command = command;
	for (int i = 1; !code && i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0)
			code = take_option(words, table, argc, argv, &i);
		else if (words->words == REPO_WORDS)
			code = too_many(words);
		else
			words->word[words->words++] = argv[i];
	}
	return code;
}

const char *repo_value(const struct repo_words *words, size_t option)
{
	for (size_t i = words->values; i-- > 0;) {
		if (words->value[i].option == option)
			return words->value[i].text;
	}
	return NULL;
}

int repo_period(const struct repo_words *words, const char *text, int64_t *seconds)
{
	uint64_t value;

	*seconds = 0;
	if (!text)
		return 0;
	if (duration_parse(&value, text, strlen(text)) < 0 || value == 0)
		return command_usage(words->command,
				     "\"%s\": expected a time as 12h or 30d, at most ten years",
				     text);
	*seconds = (int64_t)value;
	return 0;
}

bool repo_pair(const char *text, char *name, size_t size, const char **value)
{
	size_t length = strcspn(text, "=");

	if (text[length] != '=' || length == 0 || length >= size)
		return false;
	memcpy(name, text, length);
	name[length] = '\0';
	*value = text + length + 1;
	return true;
}

int repo_number(const struct repo_words *words, const char *text, int64_t low, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno || end == text || *end || *number < low || *number > INT64_C(1) << 53)
		return command_usage(words->command, "\"%s\": expected a number of at least "
				     "%" PRId64, text, low);
	return 0;
}

/* ---- work ---- */

int repo_report(const char *path, const struct diag *diag, int error)
{
	command_print_diag(diag);
	if (error && diag->count == 0)
		fprintf(stderr, "cordon repo: %s: %s\n", path, strerror(-error));
	if (error == -EKEYREJECTED)
		fprintf(stderr, "the signature that the token gave does not verify with the public "
			"key or certificate that\n  lies beside the private key on it: they are of "
			"two keys, or the token is faulty; nothing was signed\n");
	if (error == -ESTALE)
		fprintf(stderr, "to renew: \"cordon repo timestamp\" for timestamp and snapshot; "
			"\"cordon repo rotate %s ROLE\",\n  sign and publish for each other role\n",
			path);
	return error ? EXIT_NO : EXIT_YES;
}

void repo_warn_of_signatures(const struct signing *before)
{
	const struct signing_demand *demand = &before->demand[0];

	if (before->demands == 0 || demand->have == 0)
		return;
	fputs("cordon repo: warning: what these have signed is replaced, and they have to sign "
	      "again:", stderr);
	for (size_t i = 0; i < demand->keys; i++) {
		if (demand->key[i].has_signed)
			fprintf(stderr, " %s", demand->key[i].name);
	}
	fputs("\n", stderr);
}

int repo_public(struct keyring_key *key, const char *path, struct diag *diag)
{
	char *text;
	size_t size;
	int error = file_read(AT_FDCWD, path, KEY_PEM_MAX, &text, &size);

	if (error) {
		diag_error(diag, path, 0, 0, "cannot read the public key: %s", strerror(-error));
		return error;
	}
	error = keyring_parse(key, path, text, diag);
	free(text);
	return error;
}

void repo_print_expiry(int64_t expires, int64_t now, char *out, size_t size)
{
	int64_t left = expires - now;
	char date[32];

	metadata_time_print(expires, date);
	if (left <= 0)
		snprintf(out, size, "%.10s (expired)", date);
	else if (left < 2 * 24 * 3600)
		snprintf(out, size, "%.10s (in %" PRId64 " hours)", date, left / 3600);
	else
		snprintf(out, size, "%.10s (in %" PRId64 " days)", date,
			 (left + 12 * 3600) / (24 * 3600));
}
