/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/packed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rules/signed/archive_source.h"

static const char source_name[] = "packed image";

/* ---- the file ---- */

static bool ends_in(const char *name, const char *ending)
{
	const size_t length = strlen(name), end = strlen(ending);

	return length > end && strcmp(name + length - end, ending) == 0;
}

bool packed_check_name(const char *name)
{
	return archive_check_name(name) == 0 && ends_in(name, PACKED_ENDING);
}

int packed_parse(struct archive *archive, const void *data, size_t size, struct diag *diag)
{
	const uint64_t extent = archive_extent(data, size);

	if (archive_parse(archive, data, size) == 0)
		return 0;
	if (extent == 0)
		diag_error(diag, source_name, 0, 0, "not a packed image: expected a file written "
			   "by \"cordon repo image DIR --pack OUT\"");
	else if (extent > size)
		diag_error(diag, source_name, 0, 0, "cut short: it has %zu of at least %" PRIu64 " "
			   "bytes; copy it again", size, extent);
	else
		diag_error(diag, source_name, 0, 0, "damaged: its parts do not fit together; copy "
			   "it again");
	return -EBADMSG;
}

/* The one file that is not metadata. */
static int find_file(const struct archive_file **found, const struct archive *archive,
		     struct diag *diag)
{
	*found = NULL;
	/*
	 * It comes from a bundle that has not been packed with its signatures (system/manifest.h).
	 */
	if (archive_lookup(archive, "manifest.json")) {
		diag_error(diag, source_name, 0, 0, "this is the bare bundle, without any "
			   "signature: sign and publish it, then pack it with \"cordon repo image "
			   "DIR --pack OUT\"");
		return -EBADMSG;
	}
	for (size_t i = 0; i < archive->count; i++) {
		const struct archive_file *file = &archive->file[i];

		if (ends_in(file->name, ".json"))
			continue;
		if (*found || !packed_check_name(file->name)) {
			diag_error(diag, source_name, 0, 0, "expected metadata and one NAME"
				   PACKED_ENDING ", but it also contains \"%s\"", file->name);
			return -EBADMSG;
		}
		*found = file;
	}
	if (*found)
		return 0;
	diag_error(diag, source_name, 0, 0, "metadata only: expected one NAME" PACKED_ENDING " "
		   "with it");
	return -EBADMSG;
}

/* ---- verification ---- */

/*
 * The trusted state is built from what is there; without one of these nothing would prevent a
 * rollback.
 */
static int check_trust(const struct offer_trust *trust, struct diag *diag)
{
	static const char *const names[] = { "root.json", "timestamp.json", "snapshot.json",
					     "targets.json" };

	for (size_t i = 0; trust->bundle && i < sizeof(names) / sizeof(*names); i++) {
		if (archive_lookup(trust->bundle, names[i]))
			continue;
		diag_error(diag, "release in force", 0, 0, "damaged: %s is missing", names[i]);
		return -EBADMSG;
	}
	return 0;
}

static int check_target(struct packed *packed, struct client *client, struct diag *diag)
{
	const struct metadata_file *target;
	char path[METADATA_NAME];
	int error;

	snprintf(path, sizeof(path), PACKED_FOLDER "%s", packed->file->name);
	error = client_lookup_from(client, PACKED_ROLE, path, &target, diag);
	/* In place: a copy would take all the memory that a small box has left. */
	if (!error)
		error = metadata_file_check(target, packed->file->data, packed->file->size, path,
					    diag);
	if (!error)
		packed->signers = client_signers(client, PACKED_ROLE, packed->signer,
						 RELEASE_SIGNERS);
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

/* After the client's message, what it means for the person who installs it. */
static void explain(int error, bool behind, int64_t now, struct diag *diag)
{
	char time[32];

	metadata_time_print(now, time);
	if (error == -EEXIST || (error && behind))
		diag_error(diag, source_name, 0, 0, "this appliance has seen newer metadata than "
			   "this file was packed with, and the file does not fit it: pack it again "
			   "with \"cordon repo image DIR --pack OUT\" from what is published now");
	else if (error == -ESTALE)
		diag_error(diag, source_name, 0, 0, "expired, by the time of this appliance (%s): "
			   "if that time is wrong, set it; else renew what has expired (\"cordon "
			   "repo timestamp\") and pack it again", time);
	else if (error == -EACCES)
		diag_error(diag, source_name, 0, 0, "not signed by enough of the keys that this "
			   "appliance trusts");
	else if (error == -ENOENT)
		diag_error(diag, source_name, 0, 0, "no signature vouches for this image: sign and "
			   "publish it, then pack it again");
}

int packed_verify(struct packed *packed, const struct archive *archive,
		  const struct offer_trust *trust, struct diag *diag)
{
	const struct archive_source alone = { .archive = { archive } };
	const struct archive_source merged = { .archive = { trust->bundle, archive } };
	const size_t before = diag ? diag->count : 0;
	bool behind = false;
	int error;

	*packed = (struct packed){ .file = NULL };
	error = find_file(&packed->file, archive, diag);
	if (!error)
		error = check_trust(trust, diag);
	if (error)
		return error;
	error = verify(packed, &alone, trust, diag);
	/*
	 * It was packed before the newest timestamp seen here, so verify it against the newest
	 * metadata here.
	 */
	if (error == -EEXIST && trust->bundle) {
		if (diag)
			diag->count = before;
		behind = true;
		error = verify(packed, &merged, trust, diag);
	}
	explain(error, behind, trust->now, diag);
	return error;
}
