/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "appliance/base/file.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/kept.h"
#include "appliance/evidence/query.h"
#include "appliance/evidence/verify_words.h"

enum { PATH_TEXT = 512, TRIES = 3 };

struct verify_words_given {
	const char *path;
	const char *note;	/* file */
	bool json;
	char folder[PATH_TEXT];	/* where keys and the newest checkpoint are looked for */
	bool exported;		/* that is the copy itself */
	struct key keys[KEPT_MOST];
	size_t keys_count;
};

/* NULL after a message. */
static char *read_file(const char *path)
{
	char *text;
	size_t size;
	int error = file_read(AT_FDCWD, path, KEPT_TEXT, &text, &size);

	if (!error)
		return text;
	fprintf(stderr, "cordon log verify: %s: %s\n", path, strerror(-error));
	return NULL;
}

/* 0 or an exit code. */
static int add_keys(struct verify_words_given *given, const char *path)
{
	struct key keys[KEPT_MOST];
	char *text = read_file(path);
	int count = text ? kept_keys(keys, text) : -ENOENT;

	free(text);
	if (!text)
		return EXIT_NO;
	if (count < 0) {
		fprintf(stderr, "cordon log verify: %s: expected public keys in PEM\n", path);
		return EXIT_NO;
	}
	for (int i = 0; i < count; i++) {
		if (given->keys_count == KEPT_MOST)
			return command_usage("log", "verify: at most %d keys", KEPT_MOST);
		given->keys[given->keys_count++] = keys[i];
	}
	return EXIT_YES;
}

static int parse(struct verify_words_given *given, int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "checkpoint", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option, code = EXIT_YES;

	while (code == EXIT_YES && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'k')
			code = add_keys(given, optarg);
		else if (option == 'c')
			given->note = optarg;
		else if (option == 'j')
			given->json = true;
		else
			code = command_usage("log", "verify: expected options as in --help");
	}
	if (code == EXIT_YES && argc - optind > 1)
		code = command_usage("log", "verify: unexpected word \"%s\"", argv[optind + 1]);
	if (code == EXIT_YES && optind < argc)
		given->path = argv[optind];
	return code;
}

/* The state folder, or the folder of the copy: that of an export, or beside "log". */
static void find_folder(struct verify_words_given *given, const struct cli *cli)
{
	const char *slash = given->path ? strrchr(given->path, '/') : NULL;
	struct stat status;
	char *text;

	snprintf(given->folder, sizeof(given->folder), "%s", given->path ? given->path
									 : cli->state);
	if (!given->path)
		return;
	given->exported = true;
	if (stat(given->path, &status) == 0 && !S_ISDIR(status.st_mode))
		snprintf(given->folder, sizeof(given->folder), "%.*s",
			 slash ? (int)(slash - given->path + 1) : 1, slash ? given->path : ".");
	text = kept_keys_text(given->folder);
	if (!text)
		strncat(given->folder, "/..", sizeof(given->folder) - strlen(given->folder) - 1);
	free(text);
}

static int find_keys(struct verify_words_given *given)
{
	char *text;
	int count;

	if (given->keys_count) {
		given->exported = false;
		return EXIT_YES;
	}
	text = kept_keys_text(given->folder);
	count = text ? kept_keys(given->keys, text) : -ENOENT;
	free(text);
	if (count < 0) {
		fprintf(stderr, "cordon log verify: %s/" KEPT_KEYS ": no public key (%s); give one "
			"with --key\n", given->folder, strerror(-count));
		return EXIT_NO;
	}
	given->keys_count = (size_t)count;
	return EXIT_YES;
}

/* The checkpoints from outside: the newest that lies beside the log, and the given ones. NULL after
 * a message. */
static char *find_notes(const struct verify_words_given *given)
{
	char *beside = kept_note(given->folder);
	char *file = given->note ? read_file(given->note) : NULL;
	struct text all = TEXT_EMPTY;

	if (given->note && !file) {
		free(beside);
		return NULL;
	}
	text_printf(&all, "%s%s%s", beside ? beside : "", beside && file ? "\n" : "",
		    file ? file : "");
	free(beside);
	free(file);
	return all.data ? all.data : strdup("");
}

/* A day can be closed meanwhile, and has another name then. */
static int verify(struct verify_result *result, const struct verify_options *options, bool folder)
{
	int error = -ENOENT;

	if (!folder)
		return verify_file(result, options);
	for (int i = 0; error == -ENOENT && i < TRIES; i++)
		error = verify_folder(result, options);
	return error;
}

/* Confined to the folder (query.h); *name is the path in it. 0 or an exit code. */
static int enter(const char *path, char folder[PATH_TEXT], const char **name)
{
	const char *slash = strrchr(path, '/');
	struct stat status;

	*name = ".";
	if (stat(path, &status) < 0) {
		fprintf(stderr, "cordon log verify: %s: %s\n", path, strerror(errno));
		return EXIT_NO;
	}
	if (!S_ISDIR(status.st_mode))
		*name = slash ? slash + 1 : path;
	if (S_ISDIR(status.st_mode))
		snprintf(folder, PATH_TEXT, "%s", path);
	else
		snprintf(folder, PATH_TEXT, "%.*s", slash ? (int)(slash - path + 1) : 1,
			 slash ? path : ".");
	return query_begin("log verify", folder);
}

static int run(const struct verify_words_given *given, const char *path, const char *notes)
{
	struct verify_options options = { .keys = given->keys, .keys_count = given->keys_count,
					  .notes = notes };
	const struct verify_origin origin = { .path = path, .keys = given->keys,
					      .keys_count = given->keys_count,
					      .keys_inside = given->exported };
	static struct verify_result result;
	char folder[PATH_TEXT];
	int error = enter(path, folder, &options.path);

	if (error != EXIT_YES)
		return error;
	error = verify(&result, &options, strcmp(options.path, ".") == 0);
	if (error) {
		fprintf(stderr, "cordon log verify: %s: %s\n", path,
			error == -ENOENT ? "no log there" : strerror(-error));
		return EXIT_NO;
	}
	if (given->json)
		command_print_json(verify_json(&result, &origin));
	else
		verify_words(&result, &origin);
	return verify_is_whole(&result) ? EXIT_YES : EXIT_NO;
}

int command_log_verify(const struct cli *cli, int argc, char **argv)
{
	static struct verify_words_given given;
	char log[PATH_TEXT], *notes;
	int code = parse(&given, argc, argv);

	if (code == EXIT_YES)
		find_folder(&given, cli);
	if (code == EXIT_YES)
		code = find_keys(&given);
	if (code != EXIT_YES)
		return code;
	notes = find_notes(&given);
	if (!notes)
		return EXIT_NO;
	snprintf(log, sizeof(log), "%s/log", cli->state);
	code = run(&given, given.path ? given.path : log, notes);
	free(notes);
	return code;
}
