/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"

/* ---- the source ---- */

int forge_get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	      void **data, size_t *size, struct diag *diag)
{
	struct forge *forge = source->context;
	const struct forge_file *file;
	char name[2048];
	int result;

	text_printf(&forge->requests, "%s\n", path);
	result = forge->answer ? forge->answer(forge, path, limit, data, size) : 1;
	if (result <= 0) {
		if (result < 0)
			diag_error(diag, "forge", 0, 0, "%s: %s", path, strerror(-result));
		return result;
	}
	snprintf(name, sizeof(name), "%s/%s", source_kind_print(kind), path);
	file = forge_find(forge, name);
	if (!file || file->size > limit) {
		diag_error(diag, "forge", 0, 0, "%s is not there, or too large", path);
		return file ? -EFBIG : -ENOENT;
	}
	*data = malloc(file->size + 1);
	assert_non_null(*data);
	memcpy(*data, file->data, file->size);
	*size = file->size;
	return 0;
}

/* ---- the client ---- */

static int run(struct forge *forge, const char *path, char **content)
{
	const struct metadata_file *target;
	const char *role;
	struct store *store = NULL;
	struct client *client = NULL;
	void *data;
	size_t size;
	int error;

	diag_init(&forge->diag);
	text_release(&forge->requests);
	error = store_folder(&store, forge->fd, &forge->diag);
	if (!error)
		error = client_new(&client, store, &forge->source, &forge->options, &forge->diag);
	if (!error)
		error = client_refresh(client, &forge->diag);
	if (!error && path)
		error = client_lookup(client, path, &target, &role, &forge->diag);
	if (!error && path)
		error = client_download(client, target, &data, &size, &forge->diag);
	if (!error && path) {
		*content = strndup(data, size);
		free(data);
	}
	client_free(client);
	store_free(store);
	return error;
}

int forge_refresh(struct forge *forge)
{
	return run(forge, NULL, NULL);
}

int forge_download(struct forge *forge, const char *path, char **content)
{
	return run(forge, path, content);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_state(const struct forge *forge, const char *name, struct text *out)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1], *data;
	size_t size;

	if (file_read(forge->fd, name, 64 << 20, &data, &size) < 0) {
		text_printf(out, "%s is no file\n", name);
		return;
	}
	assert_int_equal(digest_sha256(data, size, digest), 0);
	hex_print(digest, sizeof(digest), hex);
	text_printf(out, "%s %s\n", name, hex);
	free(data);
}

char *forge_state(const struct forge *forge)
{
	DIR *directory = opendir(forge->folder);
	const struct dirent *entry;
	char *name[256];
	size_t count = 0;
	struct text out = TEXT_EMPTY;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		assert_true(count < sizeof(name) / sizeof(*name));
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "lock") != 0)
			name[count++] = strdup(entry->d_name);
	}
	closedir(directory);
	qsort(name, count, sizeof(*name), compare_text);
	text_puts(&out, "");
	for (size_t i = 0; i < count; i++) {
		put_state(forge, name[i], &out);
		free(name[i]);
	}
	return out.data;
}

int64_t forge_kept(const struct forge *forge, const char *name)
{
	char *data;
	size_t size;
	json_t *document;
	int64_t version;

	if (file_read(forge->fd, name, 64 << 20, &data, &size) < 0)
		return 0;
	document = json_loadb(data, size, 0, NULL);
	version = json_integer_value(json_object_get(json_object_get(document, "signed"),
						     "version"));
	json_decref(document);
	free(data);
	return version;
}

static void check_error(const struct forge *forge, int result, int error)
{
	struct text out = TEXT_EMPTY;

	if (result == error) {
		assert_true(error == 0 || forge->diag.count > 0);
		return;
	}
	diag_print(&forge->diag, &out);
	fail_msg("expected %s, not %s\n%s", strerror(-error), strerror(-result),
		 out.data ? out.data : "");
}

void forge_refuses_target(struct forge *forge, const char *path, int error)
{
	char *before = forge_state(forge), *after, *content = NULL;

	for (int i = 0; i < 2; i++) {
		check_error(forge, run(forge, path, &content), error);
		after = forge_state(forge);
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
}

void forge_refuses(struct forge *forge, int error)
{
	forge_refuses_target(forge, NULL, error);
}

void forge_accepts(struct forge *forge)
{
	check_error(forge, forge_refresh(forge), 0);
}
