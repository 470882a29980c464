/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

enum { DIR_OPTION, TYPE_OPTION, FILE_OPTION, BARE_OPTION, JSON_OPTION, OUT_OPTION };

static const struct repo_option table[] = {
	[DIR_OPTION] = { "dir", REPO_ONE },
	[TYPE_OPTION] = { "type", REPO_ONE },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	[BARE_OPTION] = { "no-passphrase", REPO_FLAG },
	[JSON_OPTION] = { "json", REPO_FLAG },
	[OUT_OPTION] = { "out", REPO_ONE },
	{ 0 },
};

static int parse_type(const struct repo_words *words, enum key_type *type)
{
	const char *text = repo_value(words, TYPE_OPTION);

	*type = KEY_P256;
	if (!text || strcmp(text, "p256") == 0)
		return 0;
	if (strcmp(text, "p384") == 0)
		*type = KEY_P384;
	else if (strcmp(text, "ed25519") == 0)
		*type = KEY_ED25519;
	else
		return command_usage(words->command, "--type %s: expected p256, p384 or ed25519",
				     text);
	return 0;
}

static int write_new(const char *path, const struct text *text, mode_t mode)
{
	int error = file_write_named(path, text->data, text->length, mode, true);

	if (error == -EEXIST)
		fprintf(stderr, "cordon repo key: %s is there already\n", path);
	else if (error)
		fprintf(stderr, "cordon repo key: cannot write %s: %s\n", path,
			file_write_problem(error));
	return error ? EXIT_NO : EXIT_YES;
}

static int write_pair(const char *base, const struct text *pem, const struct text *public)
{
	char path[PATH_MAX];
	int code;

	snprintf(path, sizeof(path), "%s.pem", base);
	code = write_new(path, pem, 0600);
	if (code)
		return code;
	snprintf(path, sizeof(path), "%s.pub", base);
	code = write_new(path, public, 0644);
	if (!code)
		printf("%s.pem keeps the private key, %s.pub is for everybody\n", base, base);
	return code;
}

/* Encrypted, unless --no-passphrase. */
static int write_keys(const struct repo_words *words, const char *name, const struct secret *secret)
{
	const char *folder = repo_value(words, DIR_OPTION);
	const bool bare = repo_value(words, BARE_OPTION) != NULL;
	char passphrase[KEY_PASSPHRASE_MAX + 1] = "", base[PATH_MAX - 8];
	struct text pem = TEXT_EMPTY, public = TEXT_EMPTY;
	struct key key;
	int error, code = EXIT_NO;

	if (!bare && !repo_new_passphrase(name, repo_value(words, FILE_OPTION), passphrase))
		return EXIT_NO;
	snprintf(base, sizeof(base), "%s/%s", folder ? folder : ".", name);
	secret_public(secret, &key);
	error = secret_print(secret, bare ? NULL : passphrase, &pem);
	if (!error)
		error = key_public_write(&key, &public);
	explicit_bzero(passphrase, sizeof(passphrase));
	if (error)
		fprintf(stderr, "cordon repo key: cannot write %s: %s\n", base, strerror(-error));
	else
		code = write_pair(base, &pem, &public);
	if (pem.data)
		explicit_bzero(pem.data, pem.length);
	text_release(&pem);
	text_release(&public);
	return code;
}

static bool check_name(const char *name)
{
	if (keyring_name_valid(name))
		return true;
	fprintf(stderr,
		"cordon repo key: \"%s\": expected a name of letters, digits and \". _ @ -\", at "
		"most %d\n",
		name, KEYRING_NAME - 1);
	return false;
}

static int new_keys(const struct repo_words *words)
{
	enum key_type type;
	int code = parse_type(words, &type);

	for (size_t i = 1; !code && i < words->words; i++) {
		struct secret *secret;
		int error;

		if (!check_name(words->word[i]))
			return EXIT_NO;
		error = secret_generate(&secret, type);
		if (error) {
			fprintf(stderr, "cordon repo key: cannot make a key: %s\n",
				error == -ENOTSUP ? "this build is without Ed25519 (Kconfig)" :
						    strerror(-error));
			return EXIT_NO;
		}
		code = write_keys(words, words->word[i], secret);
		secret_free(secret);
	}
	return code;
}

/* ---- import ---- */

static int import_public(const struct repo_words *words, const char *path)
{
	const char *folder = repo_value(words, DIR_OPTION);
	struct text text = TEXT_EMPTY;
	struct keyring_key key;
	struct diag diag;
	char out[PATH_MAX];
	int error, code;

	diag_init(&diag);
	error = repo_public(&key, path, &diag);
	if (!error)
		error = key_public_write(&key.key, &text);
	code = repo_report(path, &diag, error);
	if (!code) {
		snprintf(out, sizeof(out), "%s/%s.pub", folder ? folder : ".", key.name);
		code = write_new(out, &text, 0644);
	}
	text_release(&text);
	return code;
}

static int import_secret(const struct repo_words *words, const char *path)
{
	const char *slash = strrchr(path, '/');
	char name[KEYRING_NAME];
	struct secret *secret;
	int code;

	if (repo_is_token(path))
		return command_usage(words->command, "import %s: a private key does not leave its "
				     "token; expected export for its public key", path);
	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	name[strcspn(name, ".")] = '\0';
	if (!check_name(name))
		return EXIT_NO;
	code = repo_secret(&secret, path, repo_value(words, FILE_OPTION));
	if (code)
		return code;
	code = write_keys(words, name, secret);
	secret_free(secret);
	return code;
}

static bool is_public(const char *path)
{
	char *text;
	size_t size;
	bool public;

	if (file_read(AT_FDCWD, path, KEY_PEM_MAX, &text, &size))
		return false;
	public = strstr(text, "BEGIN PUBLIC KEY") != NULL;
	explicit_bzero(text, size);
	free(text);
	return public;
}

static int import_keys(const struct repo_words *words)
{
	int code = EXIT_YES;

	for (size_t i = 1; !code && i < words->words; i++)
		code = is_public(words->word[i]) ? import_public(words, words->word[i]) :
						   import_secret(words, words->word[i]);
	return code;
}

/* ---- export ---- */

/* What everybody else needs of a key: of a token's before anything else. */
static int export_key(const struct repo_words *words)
{
	const char *out = repo_value(words, OUT_OPTION);
	struct text text = TEXT_EMPTY;
	struct keyring_key key;
	struct diag diag;
	int code, error;

	if (!out || words->words != 2)
		return command_usage(words->command, "export: expected a key and --out NAME.pub");
	diag_init(&diag);
	code = repo_public_of(&key.key, words->word[1]);
	if (code)
		return code;
	error = key_public_write(&key.key, &text);
	/* Read back, since the file's name is the key's and has rules. */
	if (!error)
		error = keyring_parse(&key, out, text.data, &diag);
	code = repo_report(out, &diag, error);
	if (!code)
		code = write_new(out, &text, 0644);
	if (!code)
		printf("%s is for everybody: %s, key id %s\n", out, key_scheme_print(key.key.type),
		       key.id);
	text_release(&text);
	return code;
}

/* ---- list ---- */

static int list_file(const char *path, json_t *array)
{
	struct keyring_key key;
	struct diag diag;
	int error;

	diag_init(&diag);
	error = repo_public(&key, path, &diag);
	if (error)
		return repo_report(path, &diag, error);
	if (array)
		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s}", "name", key.name,
						       "scheme", key_scheme_print(key.key.type),
						       "keyid", key.id, "file", path));
	else
		printf("%-20s %-20s %s\n", key.name, key_scheme_print(key.key.type), key.id);
	return EXIT_YES;
}

static int is_key_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && strcmp(entry->d_name + length - 4, ".pub") == 0;
}

static int list_folder(const char *path, json_t *array)
{
	struct dirent **entry;
	int count = scandir(path, &entry, is_key_file, alphasort);
	int code = EXIT_YES;

	if (count < 0) {
		fprintf(stderr, "cordon repo key: %s: %s\n", path, strerror(errno));
		return EXIT_NO;
	}
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		if (list_file(file, array))
			code = EXIT_NO;
		free(entry[i]);
	}
	free(entry);
	return code;
}

static int list_token(const char *uri, json_t *array)
{
	if (ENABLED(CONFIG_PKCS11))
		return repo_token_list(uri, array);
	fprintf(stderr, "cordon repo key: this build is without keys on tokens (Kconfig: "
		"PKCS11)\n");
	return EXIT_NO;
}

static int list_any(const char *path, json_t *array)
{
	struct stat status;

	if (repo_is_token(path))
		return list_token(path, array);
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? list_folder(path, array) :
								     list_file(path, array);
}

static int list_keys(const struct repo_words *words)
{
	json_t *array = repo_value(words, JSON_OPTION) ? json_array() : NULL;
	int code = EXIT_YES;

	for (size_t i = 1; i < words->words; i++) {
		if (list_any(words->word[i], array))
			code = EXIT_NO;
	}
	if (array)
		command_print_json(array);
	return code;
}

int repo_key(int argc, char **argv)
{
	struct repo_words words;
	int code = repo_words(&words, "repo key", table, argc, argv);
	const char *verb = words.words ? words.word[0] : "";

	if (code)
		return code;
	if (words.words >= 2 && strcmp(verb, "new") == 0)
		return new_keys(&words);
	if (words.words >= 2 && strcmp(verb, "import") == 0)
		return import_keys(&words);
	if (words.words >= 2 && strcmp(verb, "list") == 0)
		return list_keys(&words);
	if (strcmp(verb, "export") == 0)
		return export_key(&words);
	return command_usage("repo key",
			     "expected new NAME..., import FILE..., export KEY or list "
			     "DIR|FILE|URI...");
}
