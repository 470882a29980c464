/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "rules/signed/client_state.h"

static const struct metadata_role *find_role(const struct metadata *delegator, const char *name)
{
	for (size_t i = 0; i < delegator->roles; i++) {
		if (strcmp(delegator->role[i].name, name) == 0)
			return &delegator->role[i];
	}
	return NULL;
}

static int describe(struct audit *audit, const char *name, const struct metadata *metadata,
		    const struct metadata *delegator, struct diag *diag)
{
	const struct metadata_role *role = find_role(delegator, name);
	struct audit_role *entry = &audit->role[audit->roles];
	char id[AUDIT_SIGNERS][METADATA_KEYID];
	size_t count = 0;
	int error;

	if (audit->roles == AUDIT_ROLES || !role) {
		diag_error(diag, name, 0, 0, "more than %d roles", AUDIT_ROLES);
		return -E2BIG;
	}
	error = metadata_verify(metadata, role, delegator->key, delegator->keys, name, id,
				AUDIT_SIGNERS, &count, diag);
	if (error)
		return error;
	error = metadata_fingerprint(metadata, entry->digest);
	if (error)
		return error;
	audit->roles++;
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->version = metadata->version;
	entry->expires = metadata->expires;
	entry->threshold = role->threshold;
	entry->targets = metadata->type == METADATA_TARGETS ? metadata->files : 0;
	entry->signers = count < AUDIT_SIGNERS ? count : AUDIT_SIGNERS;
	for (size_t i = 0; i < entry->signers; i++)
		keyring_owner(delegator, id[i], entry->signer[i]);
	return 0;
}

static int note_release(struct audit *audit, const char *target, const void *data, size_t size,
			struct diag *diag)
{
	struct release release;
	int error;

	if (strcmp(target, RELEASE_TARGET) != 0)
		return 0;
	error = release_parse(&release, data, size, diag);
	if (!error)
		audit->release = release.version;
	return error;
}

/* Clients must get the target from this role, not from another one that is searched first. */
static int check_target(struct audit *audit, struct client *client, const char *role,
			const struct metadata_file *file, struct diag *diag)
{
	const struct metadata_file *target;
	const char *found;
	void *data;
	size_t size;
	int error = client_lookup(client, file->name, &target, &found, diag);

	if (!error && strcmp(found, role) != 0)
		error = -ENOENT;
	if (error == -ENOENT)
		diag_error(diag, role, 0, 0, "lists %s, but no client takes that from this role",
			   file->name);
	if (!error)
		error = client_download(client, target, &data, &size, diag);
	if (error)
		return error;
	error = note_release(audit, file->name, data, size, diag);
	free(data);
	audit->bytes += size;
	if (error || audit->bytes <= AUDIT_BYTES)
		return error;
	diag_error(diag, role, 0, 0, "the targets have more than %llu MB in total",
		   (unsigned long long)(AUDIT_BYTES >> 20));
	return -EFBIG;
}

static int check_targets(struct audit *audit, struct client *client, const char *role,
			 struct diag *diag)
{
	const struct metadata *metadata = trust_get_targets(client_trust(client), role);
	int error = 0;

	for (size_t i = 0; i < metadata->files; i++) {
		int failed = check_target(audit, client, role, &metadata->file[i], diag);

		error = error ? error : failed;
	}
	return error;
}

static bool seen(const struct audit *audit, const char *role)
{
	for (size_t i = 0; i < audit->roles; i++) {
		if (strcmp(audit->role[i].name, role) == 0)
			return true;
	}
	return false;
}

/* Appends the roles that entry number at delegates to the end of the list. */
static int visit_delegations(struct audit *audit, size_t at, struct client *client,
			     struct diag *diag)
{
	const struct metadata *parent = trust_get_targets(client_trust(client),
							  audit->role[at].name);
	int error = 0;

	for (size_t i = 0; !error && i < parent->roles; i++) {
		const char *name = parent->role[i].name;

		if (seen(audit, name))
			continue;
		error = client_visit(client, name, audit->role[at].name, diag);
		if (!error)
			error = describe(audit, name, trust_get_targets(client_trust(client), name),
					 parent, diag);
	}
	return error;
}

static int audit_client(struct audit *audit, struct client *client, struct diag *diag)
{
	static const enum metadata_type top[] = { METADATA_ROOT, METADATA_TIMESTAMP,
						  METADATA_SNAPSHOT, METADATA_TARGETS };
	const struct trust *trust = client_trust(client);
	const struct metadata *root;
	int error = client_refresh(client, diag);

	if (error)
		return error;
	root = trust_get(trust, METADATA_ROOT);
	audit->signed_at = trust_get(trust, METADATA_TIMESTAMP)->signed_at;
	audit->hold = trust_get(trust, METADATA_TIMESTAMP)->hold;
	for (size_t i = 0; !error && i < sizeof(top) / sizeof(*top); i++)
		error = describe(audit, metadata_type_print(top[i]),
				 top[i] == METADATA_TARGETS ? trust_get_targets(trust, "targets") :
							      trust_get(trust, top[i]), root, diag);
	for (size_t i = METADATA_TARGETS; !error && i < audit->roles; i++)
		error = visit_delegations(audit, i, client, diag);
	for (size_t i = METADATA_TARGETS; !error && i < audit->roles; i++)
		error = check_targets(audit, client, audit->role[i].name, diag);
	return error;
}

int audit_run(struct audit *audit, struct store *store, struct source *source, int64_t now,
	      enum audit_expiry expiry, struct diag *diag)
{
	struct client_options options = client_options_default;
	struct client *client;
	int error;

	memset(audit, 0, sizeof(*audit));
	options.now = now;
	options.past_expiry = expiry == AUDIT_REPORT;
	error = client_new(&client, store, source, &options, diag);
	if (error)
		return error;
	error = audit_client(audit, client, diag);
	if (!error) {
		audit->trust = client->trust;
		client->trust = NULL;
	}
	client_free(client);
	return error;
}

void audit_release(struct audit *audit)
{
	trust_free(audit->trust);
	audit->trust = NULL;
}

int audit_folder(struct audit *audit, const char *folder, const char *root, int64_t now,
		 struct diag *diag)
{
	const size_t limit = client_options_default.root_limit;
	struct source *source = NULL;
	struct store *store = NULL;
	char *data = NULL;
	size_t size;
	int error = file_read(AT_FDCWD, root, limit, &data, &size);

	memset(audit, 0, sizeof(*audit));
	if (error) {
		diag_error(diag, root, 0, 0, "cannot read the first root: %s", strerror(-error));
		return error;
	}
	error = store_memory(&store);
	if (!error)
		error = store->save(store, "root.json", data, size);
	if (!error)
		error = source_folder(&source, folder);
	if (!error)
		error = audit_run(audit, store, source, now, AUDIT_REFUSE, diag);
	if (store)
		store_free(store);
	source_free(source);
	free(data);
	return error;
}
