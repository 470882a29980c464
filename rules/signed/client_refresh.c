/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/client_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENCODED = 240,	/* of a role name: ".json.new" still fits into a file name */
	NUMBER = 24
};

/*
 * Written before a root that withdraws a key is kept; it contains that root's version. Timestamp
 * and snapshot must then be removed (5.3.11). Whatever happens before that is done, the next run
 * still knows.
 */
static const char rotation[] = "rotation";

const struct client_options client_options_default = {
	.root_limit = 512 << 10,
	.timestamp_limit = 16 << 10,
	.snapshot_limit = 2 << 20,
	.targets_limit = 5 << 20,
	.target_limit = 64 << 20,
	.roots = 256,
	.delegations = 32,
};

/* ---- the store ---- */

int client_keep(struct client *client, const char *name, const void *data, size_t size,
		struct diag *diag)
{
	int error = client->store->save(client->store, name, data, size);

	if (error)
		diag_error(diag, name, 0, 0, "cannot keep it: %s", strerror(-error));
	return error;
}

static int forget(struct client *client, const char *name, struct diag *diag)
{
	int error = client->store->remove(client->store, name);

	if (error)
		diag_error(diag, name, 0, 0, "cannot remove it: %s", strerror(-error));
	return error;
}

/* A stored file that is not valid (any more) is fetched again. A file that could not be read, for
 * lack of memory or because of a failing disk, is different: it may be what prevents a rollback. */
static bool is_lost(int error)
{
	return error == -ENOENT || error == -EFBIG || error == -EINVAL || error == -EACCES ||
	       error == -EEXIST || error == -ESTALE;
}

static int load(struct client *client, const char *name, size_t limit, void **data, size_t *size,
		struct diag *diag)
{
	int error = client->store->load(client->store, name, limit, data, size);

	if (error && !is_lost(error))
		diag_error(diag, name, 0, 0, "cannot read what was kept: %s", strerror(-error));
	return error;
}

int client_new(struct client **out, struct store *store, struct source *source,
	       const struct client_options *options, struct diag *diag)
{
	struct client *client = malloc(sizeof(*client));
	void *data = NULL;
	size_t size;
	int error;

	if (!client)
		return -ENOMEM;
	*client = (struct client){ .store = store, .source = source, .options = *options,
				   .trust = trust_new(options->now) };
	error = client->trust ? store->load(store, "root.json", options->root_limit, &data, &size)
			      : -ENOMEM;
	if (client->trust && options->past_expiry)
		trust_pass_expiry(client->trust);
	if (error)
		diag_error(diag, "root.json", 0, 0, "no root to begin with: %s", strerror(-error));
	else
		error = trust_root(client->trust, data, size, diag);
	free(data);
	if (error)
		client_free(client);
	else
		*out = client;
	return error;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	trust_free(client->trust);
	free(client);
}

const struct trust *client_trust(const struct client *client)
{
	return client->trust;
}

size_t client_signers(const struct client *client, const char *role,
		      char (*signer)[METADATA_KEYID], size_t signers)
{
	return trust_signers(client->trust, role, signer, signers);
}

/* ---- root (5.3) ---- */

/* Fetches the next root; -ENOENT, without diag: there is none. */
static int fetch_root(struct client *client, int64_t version, void **data, size_t *size,
		      struct diag *diag)
{
	size_t before = diag ? diag->count : 0;
	char path[NUMBER + 16];
	int error;

	snprintf(path, sizeof(path), "%lld.root.json", (long long)version);
	error = client->source->get(client->source, SOURCE_METADATA, path,
				    client->options.root_limit, data, size, diag);
	if (error == -ENOENT && diag)
		diag->count = before;
	return error;
}

static bool rotated(const struct client *client)
{
	return trust_rotated(client->trust, METADATA_TIMESTAMP) ||
	       trust_rotated(client->trust, METADATA_SNAPSHOT);
}

/* Only once: a later root of the same run might not be kept, but the first was. */
static int mark_rotation(struct client *client, struct diag *diag)
{
	char version[NUMBER];
	int length, error;

	if (client->marked || !rotated(client))
		return 0;
	length = snprintf(version, sizeof(version), "%lld",
			  (long long)trust_get(client->trust, METADATA_ROOT)->version);
	error = client_keep(client, rotation, version, (size_t)length, diag);
	client->marked = !error;
	return error;
}

static int take_root(struct client *client, const void *data, size_t size, struct diag *diag)
{
	int error = trust_root(client->trust, data, size, diag);

	if (!error)
		error = mark_rotation(client, diag);
	return error ? error : client_keep(client, "root.json", data, size, diag);
}

static int refresh_root(struct client *client, struct diag *diag)
{
	for (unsigned int i = 0;; i++) {
		int64_t version = trust_get(client->trust, METADATA_ROOT)->version + 1;
		void *data = NULL;
		size_t size;
		int error = fetch_root(client, version, &data, &size, diag);

		if (error == -ENOENT)
			return trust_root_done(client->trust, diag);
		if (!error && i >= client->options.roots) {
			diag_error(diag, "root.json", 0, 0, "more than %u newer versions: the next "
				   "run continues from here", client->options.roots);
			error = -E2BIG;
		}
		if (!error)
			error = take_root(client, data, size, diag);
		free(data);
		if (error)
			return error;
	}
}

/* 5.3.11: does what the marker demands, now or after an earlier run that did not get to it. */
static int finish_rotation(struct client *client, struct diag *diag)
{
	const struct metadata *root = trust_get(client->trust, METADATA_ROOT);
	void *text;
	size_t size;
	int error = load(client, rotation, NUMBER, &text, &size, diag);

	if (error)
		return is_lost(error) ? 0 : error;
	/* The marked root was not kept in the end: no key was withdrawn. */
	if (strtoll(text, NULL, 10) <= root->version) {
		error = forget(client, "timestamp.json", diag);
		if (!error)
			error = forget(client, "snapshot.json", diag);
	}
	free(text);
	return error ? error : forget(client, rotation, diag);
}

/* ---- timestamp and snapshot (5.4, 5.5) ---- */

static int load_stored(struct client *client, const char *name, size_t limit,
		       int take(struct trust *, const void *, size_t, bool, struct diag *),
		       struct diag *diag)
{
	void *data;
	size_t size;
	int error = load(client, name, limit, &data, &size, diag);

	if (error)
		return error;
	error = take(client->trust, data, size, true, NULL);
	free(data);
	if (error && error != -EAGAIN && !is_lost(error))
		diag_error(diag, name, 0, 0, "cannot judge what was kept: %s", strerror(-error));
	return error;
}

static int refresh_timestamp(struct client *client, struct diag *diag)
{
	static const char name[] = "timestamp.json";
	void *data = NULL;
	size_t size;
	int error = load_stored(client, name, client->options.timestamp_limit, trust_timestamp,
				diag);

	if (error && !is_lost(error))
		return error;
	error = client->source->get(client->source, SOURCE_METADATA, name,
				    client->options.timestamp_limit, &data, &size, diag);
	if (error)
		return error;
	error = trust_timestamp(client->trust, data, size, false, diag);
	if (!error)
		error = client_keep(client, name, data, size, diag);
	free(data);
	return error == -EALREADY ? 0 : error;
}

/* Fetches a file that another one names; its signed length is the limit of the request. */
static int fetch_named(struct client *client, const struct metadata_file *file, const char *name,
		       size_t limit, void **data, size_t *size, struct diag *diag)
{
	char path[NUMBER + ENCODED + 8];

	if (file->length >= 0 && (uint64_t)file->length < limit)
		limit = (size_t)file->length;
	if (trust_get(client->trust, METADATA_ROOT)->consistent_snapshot)
		snprintf(path, sizeof(path), "%lld.%s", (long long)file->version, name);
	else
		snprintf(path, sizeof(path), "%s", name);
	return client->source->get(client->source, SOURCE_METADATA, path, limit, data, size, diag);
}

static int refresh_snapshot(struct client *client, struct diag *diag)
{
	static const char name[] = "snapshot.json";
	const struct metadata *timestamp = trust_get(client->trust, METADATA_TIMESTAMP);
	void *data = NULL;
	size_t size;
	int error = load_stored(client, name, client->options.snapshot_limit, trust_snapshot, diag);

	if (!error || (error != -EAGAIN && !is_lost(error)))
		return error;
	error = fetch_named(client, &timestamp->file[0], name, client->options.snapshot_limit,
			    &data, &size, diag);
	if (error)
		return error;
	error = trust_snapshot(client->trust, data, size, false, diag);
	if (!error)
		error = client_keep(client, name, data, size, diag);
	free(data);
	return error;
}

/* ---- targets (5.6) ---- */

/* 0: the stored file is the one that the snapshot names, and its parent's keys signed it. */
static int load_targets(struct client *client, const char *role, const char *parent,
			const char *name, struct diag *diag)
{
	void *data;
	size_t size;
	int error = load(client, name, client->options.targets_limit, &data, &size, diag);

	if (error)
		return error;
	error = trust_targets(client->trust, role, parent, data, size, NULL);
	free(data);
	if (error && !is_lost(error))
		diag_error(diag, name, 0, 0, "cannot judge what was kept: %s", strerror(-error));
	return error;
}

static int fetch_targets(struct client *client, const char *role, const char *parent,
			 const char *name, struct diag *diag)
{
	const struct metadata *snapshot = trust_get(client->trust, METADATA_SNAPSHOT);
	const struct metadata_file *file;
	char entry[METADATA_NAME + 8], request[ENCODED + 8];
	void *data = NULL;
	size_t size;
	int error;

	snprintf(entry, sizeof(entry), "%s.json", role);
	file = metadata_file_lookup(snapshot, entry);
	if (!file) {
		diag_error(diag, name, 0, 0, "the snapshot does not name this role");
		return -EINVAL;
	}
	/* A leading dot is encoded only where it would hide a file. */
	snprintf(request, sizeof(request), "%s%s", *role == '.' ? "." : "",
		 *role == '.' ? name + strlen("%2E") : name);
	error = fetch_named(client, file, request, client->options.targets_limit, &data, &size,
			    diag);
	if (error) {
		/* To the caller, -ENOENT means that no role lists the target. */
		return error == -ENOENT ? -EBADMSG : error;
	}
	error = trust_targets(client->trust, role, parent, data, size, diag);
	if (!error)
		error = client_keep(client, name, data, size, diag);
	free(data);
	return error;
}

int client_visit(struct client *client, const char *role, const char *parent, struct diag *diag)
{
	char name[ENCODED + 8];
	int error = store_encode(role, name, ENCODED);

	if (error) {
		diag_error(diag, "targets", 0, 0, "a role with a name too long for a file");
		return error;
	}
	snprintf(name + strlen(name), sizeof(name) - strlen(name), ".json");
	error = load_targets(client, role, parent, name, diag);
	if (!error || !is_lost(error))
		return error;
	return fetch_targets(client, role, parent, name, diag);
}

int client_refresh(struct client *client, struct diag *diag)
{
	int error;

	if (client->refreshed)
		return 0;
	error = finish_rotation(client, diag);
	if (!error)
		error = refresh_root(client, diag);
	if (!error)
		error = finish_rotation(client, diag);
	if (!error)
		error = refresh_timestamp(client, diag);
	if (!error)
		error = refresh_snapshot(client, diag);
	if (!error)
		error = client_visit(client, "targets", NULL, diag);
	client->refreshed = !error;
	return error;
}
