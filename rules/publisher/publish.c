/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "rules/publisher/content.h"
#include "rules/publisher/edition.h"
#include "rules/publisher/overlay.h"
#include "rules/publisher/plan.h"
#include "rules/publisher/signing.h"
#include "rules/signed/field.h"

enum { STAGED_MOST = AUDIT_ROLES };

struct publication {
	struct repository *repository;
	const struct publish_options *options;
	struct overlay *overlay;
	struct metadata *root;		/* whose keys count from now on */
	json_t *files;			/* the snapshot's "meta" */
	/*
	 * When a new root is published: it is written just before the timestamp, because clients
	 * see it at once.
	 */
	json_t *root_document;
	/* Everything staged, read once: these bytes are judged, audited and written. */
	struct {
		char role[METADATA_NAME];
		struct metadata *metadata;
	} staged[STAGED_MOST];
	size_t count;
	struct diag *diag;
};

/* ---- what is staged ---- */

static int check_signed(const struct publication *publication, const char *role,
			const struct metadata *metadata)
{
	struct signing signing;
	struct text who = TEXT_EMPTY;
	int error = signing_judge(&signing, publication->repository, role, metadata,
				  publication->diag);

	if (error || signing_complete(&signing))
		return error;
	signing_print(&signing, &who);
	diag_error(publication->diag, role, 0, 0, "version %" PRId64 " is half signed: %s",
		   signing.version, who.data ? who.data : "");
	text_release(&who);
	return -EACCES;
}

static json_t *describe(const struct publication *publication, const char *name, int64_t version)
{
	const struct text *text = overlay_lookup(publication->overlay, name);
	json_t *entry = text ? document_describe(text->data, text->length) : NULL;

	if (entry && json_object_set_new(entry, "version", json_integer(version)) == 0)
		return entry;
	json_decref(entry);
	return NULL;
}

static int take_targets(struct publication *publication, const char *role,
			const struct metadata *metadata)
{
	char name[METADATA_NAME], entry[METADATA_NAME + 8];
	int error = repository_name(role, metadata->version, name);

	if (!error)
		error = overlay_put(publication->overlay, name, metadata->document);
	snprintf(entry, sizeof(entry), "%s.json", role);
	if (!error && json_object_set_new(publication->files, entry,
					  describe(publication, name, metadata->version)))
		error = -ENOMEM;
	return error;
}

static int check_release(const struct publication *publication, const char *role,
			 const struct metadata *metadata)
{
	struct bundle *bundle;
	int error;

	if (strcmp(role, "rules") != 0 || metadata->files == 0)
		return 0;
	bundle = malloc(sizeof(*bundle));
	error = bundle ? edition_load(bundle, publication->repository, metadata,
				      publication->diag) : -ENOMEM;
	if (!error) {
		error = edition_check_next(bundle, publication->repository, publication->diag);
		bundle_release(bundle);
	}
	free(bundle);
	return error == -ENOENT ? -EINVAL : error;
}

/* Takes the metadata. */
static int take_staged(struct publication *publication, const char *role,
		       struct metadata *metadata)
{
	int error;

	if (publication->count == STAGED_MOST) {
		metadata_free(metadata);
		diag_error(publication->diag, role, 0, 0, "more than %d roles are staged",
			   STAGED_MOST);
		return -E2BIG;
	}
	snprintf(publication->staged[publication->count].role, METADATA_NAME, "%s", role);
	publication->staged[publication->count++].metadata = metadata;
	error = check_signed(publication, role, metadata);
	if (!error)
		error = check_release(publication, role, metadata);
	if (error)
		return error;
	if (metadata->type != METADATA_ROOT)
		return take_targets(publication, role, metadata);
	publication->root_document = json_incref(metadata->document);
	return 0;
}

/* Every role has to be complete, either staged now or published before. */
static int take_role(void *context, const char *role)
{
	struct publication *publication = context;
	const struct repository *repository = publication->repository;
	struct metadata *metadata;
	int error = repository_staged(repository, role, &metadata, publication->diag);

	if (!error)
		return take_staged(publication, role, metadata);
	if (error == -ENOENT && repository_version(repository, role) > 0)
		return 0;
	if (error == -ENOENT)
		diag_error(publication->diag, role, 0, 0, "neither published nor staged");
	return error;
}

static const struct metadata *find_staged(const struct publication *publication, const char *role)
{
	for (size_t i = 0; i < publication->count; i++) {
		if (strcmp(publication->staged[i].role, role) == 0)
			return publication->staged[i].metadata;
	}
	return NULL;
}

/* ---- versions ---- */

/*
 * The next version. A thief of an online key may have pushed the version to its maximum. Once the
 * key is withdrawn, every appliance forgets that version (TUF 5.3.11), and it starts over.
 */
static int next_version(const struct publication *publication, enum metadata_type type,
			int64_t *version)
{
	const struct metadata *old = publication->repository->root;
	const char *role = metadata_type_print(type);
	const bool rotated = old && metadata_role_lost_key(&old->role[type],
							   &publication->root->role[type]);
	const int64_t last = repository_version(publication->repository, role);

	*version = rotated && last >= PUBLISH_VERSION_FAR ? 1 : last + 1;
	if (*version <= FIELD_INTEGER_MAX)
		return 0;
	diag_error(publication->diag, role, 0, 0, "its version is %" PRId64 ", the last possible "
		   "one: a thief of its key pushed it there; use another key, with \"cordon repo "
		   "rotate\", to start over", last);
	return -ERANGE;
}

/* ---- signing online ---- */

static const struct metadata_key *find_key(const struct metadata *root,
					   const struct metadata_role *role, const struct key *key)
{
	for (size_t i = 0; i < role->keyids; i++) {
		const struct metadata_key *known = metadata_key_lookup(root->key, root->keys,
								       role->keyid[i]);

		if (known && key_equal(&known->key, key))
			return known;
	}
	return NULL;
}

static void explain_keys(const struct publication *publication, const struct metadata_role *role,
			 size_t have)
{
	struct text names = TEXT_EMPTY;
	char name[KEYRING_NAME];

	for (size_t i = 0; i < role->keyids; i++) {
		keyring_owner(publication->root, role->keyid[i], name);
		text_printf(&names, "%s%s", i ? ", " : "", name);
	}
	diag_error(publication->diag, role->name, 0, 0, "%zu of %" PRId64 " signatures: expected "
		   "the keys of: %s", have, role->threshold, names.data ? names.data : "");
	text_release(&names);
}

static int sign_online(struct publication *publication, enum metadata_type type, json_t *document)
{
	const struct publish_options *options = publication->options;
	const struct metadata_role *role = &publication->root->role[type];
	int64_t have = 0;

	for (size_t i = 0; i < options->secrets; i++) {
		const struct metadata_key *known;
		struct key key;
		int error;

		secret_public(options->secret[i], &key);
		known = find_key(publication->root, role, &key);
		if (!known)
			continue;
		error = document_sign(document, options->secret[i], known->id);
		if (error)
			return error;
		have++;
	}
	if (have >= role->threshold)
		return 0;
	explain_keys(publication, role, (size_t)have);
	return -EACCES;
}

static int put_online(struct publication *publication, enum metadata_type type, const char *name,
		      json_t *document)
{
	int error = repository_mark(publication->repository, document);

	if (!error)
		error = sign_online(publication, type, document);
	return error ? error : overlay_put(publication->overlay, name, document);
}

/* ---- snapshot ---- */

/* In the last third of its lifetime, or signed by keys that a new root has withdrawn. */
static bool snapshot_ages(const struct publication *publication)
{
	const struct metadata *snapshot = publication->repository->snapshot;
	const struct metadata *root = publication->root;
	size_t count;

	return !snapshot || snapshot->expires - publication->options->now <
				    plan_period(root, "snapshot") / 3 ||
	       metadata_verify(snapshot, &root->role[METADATA_SNAPSHOT], root->key, root->keys,
			       "snapshot", NULL, 0, &count, NULL) != 0;
}

static int add_snapshot(struct publication *publication, int64_t version)
{
	int64_t expires = publication->options->now + plan_period(publication->root, "snapshot");
	json_t *document = document_new("snapshot", version, expires);
	char name[METADATA_NAME];
	int error = document ? repository_name("snapshot", version, name) : -ENOMEM;

	if (!error && json_object_set(document_signed(document), "meta", publication->files))
		error = -ENOMEM;
	if (!error)
		error = put_online(publication, METADATA_SNAPSHOT, name, document);
	json_decref(document);
	return error;
}

/* ---- timestamp ---- */

static int newest_release(const struct publication *publication, int64_t *version)
{
	const struct metadata *rules = find_staged(publication, "rules");
	struct bundle *bundle;
	int error;

	*version = publication->repository->audit.release;
	if (!rules)
		return 0;
	bundle = malloc(sizeof(*bundle));
	error = bundle ? edition_load(bundle, publication->repository, rules, publication->diag) :
			 -ENOMEM;
	if (!error) {
		*version = bundle->release.version;
		bundle_release(bundle);
	}
	free(bundle);
	return error == -ENOENT ? 0 : error;
}

/* A hold applies to one release; a newer one is not held. */
static int choose_hold(const struct publication *publication, int64_t *hold)
{
	const struct metadata *timestamp = publication->repository->timestamp;
	int64_t version;
	int error = newest_release(publication, &version);

	*hold = 0;
	if (error || publication->options->hold == PUBLISH_HOLD_LIFT)
		return error;
	if (publication->options->hold == PUBLISH_HOLD_SET ||
	    (timestamp && timestamp->hold == version))
		*hold = version;
	return 0;
}

static json_t *print_snapshot_entry(const struct publication *publication, int64_t version,
				    const char *name)
{
	const struct metadata *timestamp = publication->repository->timestamp;

	if (overlay_lookup(publication->overlay, name))
		return describe(publication, name, version);
	return json_incref(json_object_get(
		json_object_get(document_signed(timestamp->document), "meta"), "snapshot.json"));
}

static int build_timestamp(const struct publication *publication, json_t *content,
			   int64_t snapshot)
{
	char name[METADATA_NAME];
	int64_t hold;
	int error = repository_name("snapshot", snapshot, name);

	if (!error)
		error = choose_hold(publication, &hold);
	if (error)
		return error;
	if (json_object_set_new(content, "meta",
				json_pack("{s:o}", "snapshot.json",
					  print_snapshot_entry(publication, snapshot, name))) ||
	    document_set_time(content, "x-cordon-signed-at", publication->options->now))
		return -ENOMEM;
	if (hold && json_object_set_new(content, "x-cordon-hold", json_integer(hold)))
		return -ENOMEM;
	return 0;
}

static int add_timestamp(struct publication *publication, int64_t snapshot)
{
	const struct publish_options *options = publication->options;
	int64_t period = options->period ? options->period :
					   plan_period(publication->root, "timestamp");
	json_t *document = NULL;
	int64_t version;
	int error = next_version(publication, METADATA_TIMESTAMP, &version);

	if (error)
		return error;
	document = document_new("timestamp", version, options->now + period);
	error = document ? build_timestamp(publication, document_signed(document), snapshot) :
			   -ENOMEM;
	if (!error)
		error = put_online(publication, METADATA_TIMESTAMP, "timestamp.json", document);
	json_decref(document);
	return error;
}

/* ---- looking at it ---- */

static int save_copy(struct store *store, const char *name, const json_t *document)
{
	struct text text = TEXT_EMPTY;
	int error = document_print(document, &text);

	if (!error)
		error = store->save(store, name, text.data, text.length);
	text_release(&text);
	return error;
}

static int look(const struct publication *publication, struct store *store, struct audit *audit)
{
	audit_release(audit);
	return audit_run(audit, store, overlay_source(publication->overlay),
			 publication->options->now, AUDIT_REFUSE, publication->diag);
}

/* Audits it as an appliance that accepted what is published now. */
static int look_again(struct publication *publication, struct audit *audit)
{
	const struct repository *repository = publication->repository;
	struct store *store;
	int error;

	if (!repository->timestamp)
		return 0;
	error = store_memory(&store);
	if (error)
		return error;
	error = save_copy(store, "root.json", repository->root->document);
	if (!error)
		error = save_copy(store, "timestamp.json", repository->timestamp->document);
	if (!error)
		error = save_copy(store, "snapshot.json", repository->snapshot->document);
	if (!error)
		error = look(publication, store, audit);
	store_free(store);
	return error;
}

/* The first root, published or about to be. */
static int save_first(const struct publication *publication, struct store *store)
{
	char *data;
	size_t size;
	int error = repository_read(publication->repository->metadata, "1.root.json",
				    REPOSITORY_FILE_MAX, &data, &size);

	if (error == -ENOENT && publication->root_document)
		return save_copy(store, "root.json", publication->root_document);
	if (error)
		return error;
	error = store->save(store, "root.json", data, size);
	free(data);
	return error;
}

/* Audits it as an appliance that has nothing but the first root. */
static int look_anew(struct publication *publication, struct audit *audit)
{
	struct store *store;
	int error = store_memory(&store);

	if (error)
		return error;
	error = save_first(publication, store);
	if (error)
		diag_error(publication->diag, publication->repository->path, 0, 0,
			   "metadata/1.root.json: %s: every appliance starts with it",
			   strerror(-error));
	else
		error = look(publication, store, audit);
	store_free(store);
	return error;
}

/* ---- the whole ---- */

static int put_root(struct publication *publication)
{
	char name[METADATA_NAME];
	int error = repository_name("root", publication->root->version, name);

	if (!error)
		error = overlay_put(publication->overlay, name, publication->root_document);
	return error ? error : overlay_put(publication->overlay, "root.json",
					   publication->root_document);
}

static int begin(struct publication *publication)
{
	const struct repository *repository = publication->repository;
	const json_t *old = repository->snapshot ?
		json_object_get(document_signed(repository->snapshot->document), "meta") : NULL;

	publication->files = old ? json_deep_copy(old) : json_object();
	if (!publication->files)
		return -ENOMEM;
	return overlay_new(&publication->overlay, repository);
}

static int complete(struct publication *publication, struct audit *audit)
{
	bool renew = publication->count || snapshot_ages(publication);
	int64_t snapshot = repository_version(publication->repository, "snapshot");
	int error = renew ? next_version(publication, METADATA_SNAPSHOT, &snapshot) : 0;

	if (!error && renew)
		error = add_snapshot(publication, snapshot);

	if (!error && publication->root_document)
		error = put_root(publication);
	if (!error)
		error = add_timestamp(publication, snapshot);
	if (!error)
		error = look_again(publication, audit);
	if (!error)
		error = look_anew(publication, audit);
	return error;
}

static void finish(struct publication *publication)
{
	json_decref(publication->files);
	json_decref(publication->root_document);
	metadata_free(publication->root);
	overlay_free(publication->overlay);
	for (size_t i = 0; i < publication->count; i++)
		metadata_free(publication->staged[i].metadata);
}

static int write_staged(struct publication *publication)
{
	const struct repository *repository = publication->repository;
	int error = 0;

	for (size_t i = 0; !error && i < publication->count; i++) {
		if (publication->staged[i].metadata->type == METADATA_TARGETS)
			error = content_publish(repository, publication->staged[i].metadata,
						publication->diag);
	}
	if (!error)
		error = overlay_write(publication->overlay, publication->diag);
	if (error)
		return error;
	for (size_t i = 0; i < publication->count; i++) {
		if (publication->staged[i].metadata->type == METADATA_TARGETS)
			content_unstage(repository, publication->staged[i].role);
	}
	repository_unstage(repository, NULL);
	return 0;
}

int publish_staged(struct audit *audit, struct repository *repository,
		   const struct publish_options *options, struct diag *diag)
{
	struct publication publication = { .repository = repository, .options = options,
					   .diag = diag };
	int error = begin(&publication);

	if (!error)
		error = repository_each(repository, take_role, &publication, diag);
	if (!error && publication.count == 0) {
		diag_error(diag, repository->path, 0, 0,
			   "nothing is staged; \"cordon repo timestamp\" renews what is published");
		error = -ENOENT;
	}
	if (!error)
		error = repository_newest(repository, "root", &publication.root, diag);
	if (!error)
		error = complete(&publication, audit);
	if (!error)
		error = write_staged(&publication);
	finish(&publication);
	return error;
}

int publish_timestamp(struct audit *audit, struct repository *repository,
		      const struct publish_options *options, struct diag *diag)
{
	struct publication publication = { .repository = repository, .options = options,
					   .diag = diag };
	int error = begin(&publication);

	if (!error)
		error = repository_published(repository, "root", &publication.root, diag);
	if (!error && !repository->timestamp)
		error = -ENOENT;
	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0, "nothing is published yet: expected "
			   "\"cordon repo publish\" first");
	if (!error)
		error = complete(&publication, audit);
	if (!error)
		error = overlay_write(publication.overlay, diag);
	finish(&publication);
	return error;
}
