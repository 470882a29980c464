/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/offer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- an archive as a source: names without folder, version and hash ---- */

static const char *skip_version(const char *path)
{
	size_t digits = strspn(path, "0123456789");

	if (digits == 0 || path[digits] != '.' || strcmp(path + digits, ".root.json") == 0)
		return path;
	return path + digits + 1;
}

static const char *skip_hash(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t digits = strspn(name, "0123456789abcdef");

	return (digits == 64 || digits == 128) && name[digits] == '.' ? name + digits + 1 : name;
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const char *name = kind == SOURCE_METADATA ? skip_version(path) : skip_hash(path);
	const struct archive_file *file = archive_lookup(source->context, name);

	if (!file) {
		diag_error(diag, source->name, 0, 0, "%s: not there", name);
		return -ENOENT;
	}
	if (file->size > limit) {
		diag_error(diag, source->name, 0, 0, "%s: larger than %zu bytes", name, limit);
		return -EFBIG;
	}
	*data = malloc(file->size + 1);
	if (!*data)
		return -ENOMEM;
	memcpy(*data, file->data, file->size);
	((char *)*data)[file->size] = '\0';
	*size = file->size;
	return 0;
}

/* ---- the trusted state in memory ---- */

static int save(struct store *store, const struct archive *archive, const char *name)
{
	const struct archive_file *file = archive_lookup(archive, name);

	return file ? store->save(store, name, file->data, file->size) : 0;
}

static int fill(struct store *store, const struct offer_trust *trust)
{
	static const char *const names[] = { "root.json", "timestamp.json", "snapshot.json",
					     "targets.json", "rules.json" };
	int error = 0;

	if (!trust->bundle)
		return store->save(store, names[0], trust->root, trust->root_size);
	for (size_t i = 0; !error && i < sizeof(names) / sizeof(*names); i++)
		error = save(store, trust->bundle, names[i]);
	return error;
}

/* The next verification begins with the archive's root.json: it has to be the one that was proven. */
static int check_root(struct store *store, const struct archive *offered, struct diag *diag)
{
	const struct archive_file *file = archive_lookup(offered, "root.json");
	void *data;
	size_t size;
	int error = store->load(store, "root.json", ARCHIVE_MAX, &data, &size);

	if (error)
		return error;
	if (!file || file->size != size || memcmp(file->data, data, size) != 0) {
		diag_error(diag, "root.json", 0, 0, "not the newest root that the offer proves");
		error = -EINVAL;
	}
	free(data);
	return error;
}

static int verify(struct bundle *bundle, const struct archive *offered, struct store *store,
		  int64_t now, int64_t *root_version, struct diag *diag)
{
	struct source source = { .get = get, .context = (void *)(uintptr_t)offered,
				 .name = "offer" };
	struct client_options options = client_options_default;
	struct client *client = NULL;
	int error;

	options.now = now;
	options.target_limit = RELEASE_LIST_MAX;
	error = client_new(&client, store, &source, &options, diag);
	if (!error)
		error = client_refresh(client, diag);
	if (!error)
		error = check_root(store, offered, diag);
	if (!error)
		error = bundle_take(bundle, client, true, diag);
	if (!error)
		*root_version = trust_get(client_trust(client), METADATA_ROOT)->version;
	client_free(client);
	return error;
}

int offer_verify(struct bundle *bundle, const struct archive *offered,
		 const struct offer_trust *trust, int64_t *root_version, struct diag *diag)
{
	struct store *store = NULL;
	int error = store_memory(&store);

	if (!error)
		error = fill(store, trust);
	if (!error)
		error = verify(bundle, offered, store, trust->now, root_version, diag);
	store_free(store);
	return error;
}

int offer_reopen(struct bundle *bundle, const struct archive *kept, int64_t *root_version,
		 struct diag *diag)
{
	const struct archive_file *root = archive_lookup(kept, "root.json");
	struct offer_trust trust = { .now = 0 };

	if (!root) {
		diag_error(diag, "bundle", 0, 0, "root.json: not there");
		return -EINVAL;
	}
	trust.root = root->data;
	trust.root_size = root->size;
	return offer_verify(bundle, kept, &trust, root_version, diag);
}

int64_t offer_due(const struct bundle *bundle, const char *ring)
{
	const struct release *release = &bundle->release;
	uint64_t delay = release_delay(release, ring);

	if (bundle->hold == release->version)
		return INT64_MAX;
	return delay ? release->published + (int64_t)delay : 0;
}
