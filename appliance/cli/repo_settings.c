/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "signed/publisher/approve.h"
#include "signed/publisher/document.h"
#include "signed/strict.h"
#include "system/intake.h"

/* Settings of appliances, signed by the keys of the root role. */

enum { KEY_OPTION, ROOT_OPTION, VERSION_OPTION, FILE_OPTION };

static const struct repo_option table[] = {
	[KEY_OPTION] = { "key", REPO_ONE },
	[ROOT_OPTION] = { "root", REPO_ONE },
	[VERSION_OPTION] = { "version", REPO_ONE },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	{ 0 },
};

static void name_in(const char *folder, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* Every file that an appliance would take from this folder; how many. */
static int load_files(const char *folder, struct intake_set *set, struct approve_file list[INTAKE_FILES],
		      struct diag *diag)
{
	int count = 0;

	for (int file = 0; file < INTAKE_FILES; file++) {
		const char *name = intake_name((enum intake_file)file);
		struct intake_part *part = &set->file[file];
		char path[PATH_MAX];
		int error;

		name_in(folder, name, path);
		error = file_read(AT_FDCWD, path, intake_limit((enum intake_file)file), &part->data,
				  &part->size);
		if (error == -ENOENT)
			continue;
		if (error) {
			diag_error(diag, path, 0, 0, "cannot read: %s", strerror(-error));
			return error;
		}
		list[count++] = (struct approve_file){ name, part->data, part->size };
	}
	if (count == 0)
		diag_error(diag, folder, 0, 0, "expected cordon.conf, network.conf or another file of settings");
	return count ? count : -ENOENT;
}

static int load_root(struct metadata **root, const char *path, struct diag *diag)
{
	char *text;
	size_t size;
	int error = file_read(AT_FDCWD, path, REPOSITORY_FILE_MAX, &text, &size);

	if (error) {
		diag_error(diag, path, 0, 0, "cannot read the root metadata that the appliances trust (--root): "
			   "%s", strerror(-error));
		return error;
	}
	error = metadata_parse(root, METADATA_ROOT, text, size, path, diag);
	free(text);
	return error;
}

/* What others have signed; NULL: nothing yet. */
static int load_document(json_t **document, const char *path, struct diag *diag)
{
	struct approval approval;
	char *text;
	size_t size;
	int error = file_read(AT_FDCWD, path, APPROVAL_MAX, &text, &size);

	*document = NULL;
	if (error)
		return error == -ENOENT ? 0 : error;
	error = approval_parse(&approval, text, size, diag);
	if (!error) {
		*document = json_incref(approval.metadata->document);
		approval_release(&approval);
	}
	free(text);
	return error;
}

static int write_document(const json_t *document, const char *path)
{
	struct text text = TEXT_EMPTY;
	int error = document_print(document, &text);

	if (!error)
		error = file_replace(AT_FDCWD, path, text.data, text.length, 0644);
	text_release(&text);
	return error;
}

static int sign(const char *folder, struct approve *approve, const struct secret *secret,
		struct diag *diag)
{
	struct approve_result result;
	char path[PATH_MAX];
	json_t *document;
	int error;

	name_in(folder, APPROVAL_NAME, path);
	error = load_document(&document, path, diag);
	if (!error)
		error = approve_sign(&result, approve, document, secret, diag);
	json_decref(document);
	if (error)
		return error;
	error = write_document(result.document, path);
	json_decref(result.document);
	if (error)
		return error;
	printf("%s: version %lld of", path, (long long)result.version);
	for (size_t i = 0; i < approve->files; i++)
		printf(" %s", approve->file[i].name);
	printf("\n%zu of %lld signatures%s\n", result.have, (long long)result.threshold,
	       (int64_t)result.have >= result.threshold ? ": complete" : "");
	return 0;
}

static int sign_folder(const struct repo_words *words, int64_t version, const struct secret *secret)
{
	const char *folder = words->word[0], *root = repo_value(words, ROOT_OPTION);
	struct intake_set set = { .file = { { .data = NULL } } };
	struct approve_file list[INTAKE_FILES];
	struct approve approve = { .file = list, .version = version };
	struct metadata *metadata = NULL;
	char path[PATH_MAX];
	struct diag diag;
	int error;

	diag_init(&diag);
	name_in(folder, "root.json", path);
	error = load_files(folder, &set, list, &diag);
	if (error > 0) {
		approve.files = (size_t)error;
		error = load_root(&metadata, root ? root : path, &diag);
		approve.root = metadata;
	}
	if (!error)
		error = sign(folder, &approve, secret, &diag);
	metadata_free(metadata);
	intake_release(&set);
	return repo_report(folder, &diag, error);
}

int repo_settings(int argc, char **argv)
{
	struct repo_words words;
	struct secret *secret;
	int64_t version = 0;
	int code = repo_words(&words, "repo settings", table, argc, argv);

	if (code)
		return code;
	if (words.words != 1 || !repo_value(&words, KEY_OPTION))
		return command_usage("repo settings", "expected FOLDER --key FILE");
	if (repo_value(&words, VERSION_OPTION))
		code = repo_number(&words, repo_value(&words, VERSION_OPTION), 1, &version);
	if (!code)
		code = repo_secret(&secret, repo_value(&words, KEY_OPTION), repo_value(&words, FILE_OPTION));
	if (code)
		return code;
	code = sign_folder(&words, version, secret);
	secret_free(secret);
	return code;
}
