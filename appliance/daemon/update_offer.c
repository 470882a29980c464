/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/update_role.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/ipc/update_message.h"
#include "rules/signed/archive.h"
#include "rules/signed/release.h"

/* An offer: the metadata that is trusted, every root, and the lists, as one archive. */
enum { ROOTS = 256 };

struct pieces {
	struct archive archive;
	void *data[ARCHIVE_FILES];	/* malloc'ed */
	size_t count;
};

static int add(struct pieces *pieces, const char *name, void *data, size_t size)
{
	int error = archive_add(&pieces->archive, name, data, size);

	if (error)
		free(data);
	else
		pieces->data[pieces->count++] = data;
	return error;
}

static int add_roots(struct update_role *role, struct pieces *pieces, int64_t newest)
{
	int error = 0;

	for (int64_t version = newest > ROOTS ? newest - ROOTS : 1; !error && version <= newest;
	     version++) {
		char name[64], path[80], *data;
		size_t size;

		snprintf(name, sizeof(name), "%lld.root.json", (long long)version);
		snprintf(path, sizeof(path), "roots/%s", name);
		error = file_read(role->folder, path, UPDATE_ROOT_MAX, &data, &size);
		if (!error)
			error = add(pieces, name, data, size);
		else if (error == -ENOENT)
			error = 0;
	}
	return error;
}

static int add_metadata(struct update_role *role, struct pieces *pieces)
{
	static const char *const names[] = { "root.json", "timestamp.json", "snapshot.json",
					     "targets.json", "rules.json" };
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(names) / sizeof(*names); i++) {
		void *data;
		size_t size;

		error = role->store->load(role->store, names[i], ARCHIVE_MAX, &data, &size);
		if (!error)
			error = add(pieces, names[i], data, size);
	}
	return error;
}

/* One target by its path; *target says which it was. */
static int add_target(struct pieces *pieces, struct client *client, const char *path,
		      const struct metadata_file **target, struct diag *diag)
{
	void *data;
	size_t size;
	int error = client_lookup_from(client, RELEASE_ROLE, path, target, diag);

	if (!error)
		error = client_download(client, *target, &data, &size, diag);
	return error ? error : add(pieces, strrchr(path, '/') + 1, data, size);
}

/* Older releases' targets need not be kept any longer. */
static int add_targets(struct pieces *pieces, struct client *client, const struct bundle *bundle,
		       struct diag *diag)
{
	const struct metadata_file *target[RELEASE_LISTS + 1];
	int error = add_target(pieces, client, RELEASE_TARGET, &target[0], diag);

	for (size_t i = 0; !error && i < bundle->release.lists; i++) {
		char path[LIST_FILE_NAME + 8];

		snprintf(path, sizeof(path), "rules/%s.rules", bundle->release.list[i].name);
		error = add_target(pieces, client, path, &target[i + 1], diag);
	}
	return error ? error : client_prune(client, target, bundle->release.lists + 1, diag);
}

static int send_offer(const struct update_role *role, const struct archive *archive)
{
	const uint32_t poll = htobe32(role->poll);
	struct text text = TEXT_EMPTY;
	int fd;

	archive_print(archive, &text);
	fd = text_failed(&text) || text.length > ARCHIVE_MAX
		     ? -ENOMEM : message_seal("offer", text.data, text.length);
	text_release(&text);
	if (fd < 0)
		return fd;
	role_tell(MESSAGE_OFFER, &poll, sizeof(poll), fd);
	close(fd);
	return 0;
}

int update_offer(struct update_role *role, struct client *client, struct diag *diag)
{
	static struct pieces pieces;
	struct bundle bundle = { .signers = 0 };
	int64_t newest = trust_get(client_trust(client), METADATA_ROOT)->version;
	int error = bundle_take(&bundle, client, false, diag);

	pieces.archive.count = pieces.count = 0;
	if (!error)
		error = add_roots(role, &pieces, newest);
	if (!error)
		error = add_metadata(role, &pieces);
	if (!error)
		error = add_targets(&pieces, client, &bundle, diag);
	if (!error)
		error = send_offer(role, &pieces.archive);
	for (size_t i = 0; i < pieces.count; i++)
		free(pieces.data[i]);
	bundle_release(&bundle);
	return error;
}
