/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/packed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "signed/archive_source.h"

static const char source_name[] = "packed image";

static const struct archive_file *find_target(const struct archive *archive, struct diag *diag)
{
	const size_t ending = sizeof(PACKED_ENDING) - 1;
	const struct archive_file *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < archive->count; i++) {
		const size_t length = strlen(archive->file[i].name);

		if (length <= ending ||
		    strcmp(archive->file[i].name + length - ending, PACKED_ENDING) != 0)
			continue;
		found = &archive->file[i];
		count++;
	}
	if (count == 1)
		return found;
	diag_error(diag, source_name, 0, 0, "%zu files NAME" PACKED_ENDING ", expected one and the metadata "
		   "that signs it, as \"cordon repo image DIR --pack\" writes it", count);
	return NULL;
}

static int check_target(struct packed *packed, struct client *client, struct diag *diag)
{
	const struct metadata_file *target;
	const char *role;
	char path[METADATA_NAME];
	int error;

	snprintf(path, sizeof(path), PACKED_FOLDER "%s", packed->file->name);
	error = client_lookup(client, path, &target, &role, diag);
	if (error == -ENOENT)
		diag_error(diag, source_name, 0, 0, "nobody has signed %s", path);
	if (!error && strcmp(role, PACKED_ROLE) != 0) {
		diag_error(diag, source_name, 0, 0, "%s is signed by the role %s, expected " PACKED_ROLE, path,
			   role);
		error = -EACCES;
	}
	if (!error)
		error = metadata_file_check(target, packed->file->data, packed->file->size, path, diag);
	if (!error)
		packed->signers = client_signers(client, PACKED_ROLE, packed->signer, RELEASE_SIGNERS);
	return error;
}

static int verify(struct packed *packed, const struct archive_source *archives,
		  const struct offer_trust *trust, struct diag *diag)
{
	struct client_options options = client_options_default;
	struct client *client = NULL;
	struct store *store = NULL;
	struct source source;
	int error = offer_store(&store, trust);

	archive_source_init(&source, archives, source_name);
	options.now = trust->now;
	if (!error)
		error = client_new(&client, store, &source, &options, diag);
	if (!error)
		error = client_refresh(client, diag);
	if (!error)
		error = check_target(packed, client, diag);
	client_free(client);
	store_free(store);
	return error;
}

int packed_verify(struct packed *packed, const struct archive *archive, const struct offer_trust *trust,
		  struct diag *diag)
{
	const struct archive_source alone = { .archive = { archive } };
	const struct archive_source behind = { .archive = { trust->bundle, archive } };
	struct diag first;
	int error;

	*packed = (struct packed){ .file = find_target(archive, diag) };
	if (!packed->file)
		return -EINVAL;
	diag_init(&first);
	error = verify(packed, &alone, trust, &first);
	/* It was packed before the newest timestamp that came here: what is newest here is what counts. */
	if (error == -EEXIST && trust->bundle) {
		error = verify(packed, &behind, trust, diag);
		if (error)
			diag_error(diag, source_name, 0, 0, "it was packed before the newest release that came "
				   "here, and does not fit it: expected it packed anew from what is published now");
		return error;
	}
	for (size_t i = 0; i < first.count && i < DIAG_KEEP; i++)
		diag_error(diag, first.entry[i].source, first.entry[i].line, first.entry[i].column, "%s",
			   first.entry[i].message);
	return error;
}
