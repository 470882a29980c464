/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/offer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/signed/archive_source.h"

/* ---- the trusted state in memory ---- */

static const char *const metadata[] = { "root.json", "timestamp.json", "snapshot.json",
					"targets.json", "rules.json" };
enum { METADATA_COUNT = sizeof(metadata) / sizeof(*metadata) };

static int save(struct store *store, const struct archive *archive, const char *name)
{
	const struct archive_file *file = archive_lookup(archive, name);

	return file ? store->save(store, name, file->data, file->size) : 0;
}

/* Stores the root and the files that were accepted with it: versions cannot go back beyond them. */
static int fill(struct store *store, const struct offer_trust *trust)
{
	const struct archive_file *root = trust->bundle ? archive_lookup(trust->bundle, metadata[0])
						       : NULL;
	enum trust_succession given = TRUST_NONE;
	int error = 0;

	if (root && trust->root)
		given = trust_succeeds(root->data, root->size, trust->root, trust->root_size);
	if (!trust->bundle || given == TRUST_OTHER)
		return store->save(store, metadata[0], trust->root, trust->root_size);
	for (size_t i = 0; !error && i < METADATA_COUNT; i++) {
		/* Leave out timestamp and snapshot, which a withdrawn key may have pushed ahead. */
		if (given != TRUST_WITHDRAWS || i == 0 || i > 2)
			error = save(store, trust->bundle, metadata[i]);
	}
	return error || given == TRUST_NONE
		       ? error : store->save(store, metadata[0], trust->root, trust->root_size);
}

int offer_store(struct store **store, const struct offer_trust *trust)
{
	int error;

	*store = NULL;
	error = store_memory(store);
	if (!error)
		error = fill(*store, trust);
	if (error) {
		store_free(*store);
		*store = NULL;
	}
	return error;
}

/* ---- what was verified, and nothing else ---- */

/*
 * A file of the offer that the trusted state had already was not looked at, nor was one that was
 * not asked for. So what is kept comes from the store, where everything was verified. Lists come
 * from the bundle. release.json comes from the archive, because a bundle does not hold its bytes.
 */
struct keeping {
	struct archive archive;
	void *data[METADATA_COUNT];
};

static int keep_metadata(struct keeping *keeping, struct store *store)
{
	int error = 0;

	for (size_t i = 0; !error && i < METADATA_COUNT; i++) {
		size_t size;

		error = store->load(store, metadata[i], ARCHIVE_MAX, &keeping->data[i], &size);
		if (!error)
			error = archive_add(&keeping->archive, metadata[i], keeping->data[i], size);
	}
	return error;
}

static int keep_lists(struct keeping *keeping, const struct bundle *bundle,
		      const struct archive *offered)
{
	const struct archive_file *header = archive_lookup(offered, "release.json");
	int error = header ? archive_add(&keeping->archive, header->name, header->data,
					 header->size) : -ENOENT;

	for (size_t i = 0; !error && i < bundle->release.lists; i++) {
		char name[RELEASE_WORD + sizeof(".rules")];

		snprintf(name, sizeof(name), "%s.rules", bundle->release.list[i].name);
		error = archive_add(&keeping->archive, name, bundle->list[i], bundle->size[i]);
	}
	return error;
}

static int keep(struct text *kept, const struct bundle *bundle, const struct archive *offered,
		struct store *store, struct diag *diag)
{
	struct keeping *keeping = calloc(1, sizeof(*keeping));
	int error = keeping ? keep_metadata(keeping, store) : -ENOMEM;

	if (!error)
		error = keep_lists(keeping, bundle, offered);
	if (!error) {
		archive_print(&keeping->archive, kept);
		error = text_failed(kept) ? -ENOMEM : kept->length > ARCHIVE_MAX ? -EFBIG : 0;
	}
	if (error)
		diag_error(diag, "offer", 0, 0, "cannot be kept: %s", strerror(-error));
	for (size_t i = 0; keeping && i < METADATA_COUNT; i++)
		free(keeping->data[i]);
	free(keeping);
	return error;
}

static int verify(struct bundle *bundle, const struct archive *offered, struct store *store,
		  int64_t now, int64_t *root_version, struct diag *diag)
{
	const struct archive_source archives = { .archive = { offered } };
	struct source source;
	struct client_options options = client_options_default;
	struct client *client = NULL;
	int error;

	archive_source_init(&source, &archives, "offer");
	options.now = now;
	options.target_limit = RELEASE_LIST_MAX;
	error = client_new(&client, store, &source, &options, diag);
	if (!error)
		error = client_refresh(client, diag);
	if (!error)
		error = bundle_take(bundle, client, true, diag);
	if (!error)
		*root_version = trust_get(client_trust(client), METADATA_ROOT)->version;
	client_free(client);
	return error;
}

/* A release that depends on files other than the kept ones would be lost at the next start. */
static int check_kept(const struct text *kept, struct diag *diag)
{
	struct archive *archive = malloc(sizeof(*archive));
	struct bundle bundle = { .signers = 0 };
	int64_t root_version;
	int error = archive ? archive_parse(archive, kept->data, kept->length) : -ENOMEM;

	if (!error)
		error = offer_reopen(&bundle, archive, &root_version, diag);
	bundle_release(&bundle);
	free(archive);
	return error;
}

int offer_verify(struct bundle *bundle, const struct archive *offered,
		 const struct offer_trust *trust, int64_t *root_version, struct text *kept,
		 struct diag *diag)
{
	struct store *store = NULL;
	int error = offer_store(&store, trust);

	if (!error)
		error = verify(bundle, offered, store, trust->now, root_version, diag);
	if (!error && kept) {
		error = keep(kept, bundle, offered, store, diag);
		if (!error)
			error = check_kept(kept, diag);
		if (error)
			bundle_release(bundle);
	}
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
	return offer_verify(bundle, kept, &trust, root_version, NULL, diag);
}

int64_t offer_due(const struct bundle *bundle, const char *ring)
{
	const struct release *release = &bundle->release;
	uint64_t delay = release_delay(release, ring);

	if (bundle->hold == release->version)
		return INT64_MAX;
	return delay ? release->published + (int64_t)delay : 0;
}
