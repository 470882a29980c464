/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "rules/signed/store.h"

/* One targets role reached through one delegation. The newest comes first, so the first entry of a
 * name is the one accepted last. */
struct accepted {
	struct accepted *next;
	const struct accepted *parent;	/* NULL: the top role */
	char role[METADATA_NAME];
	uint8_t digest[DIGEST_SIZE];	/* of the bytes */
	struct metadata *metadata;
	bool owner;			/* the same bytes through two delegations are kept once */
};

struct trust {
	int64_t now;
	bool past_expiry;
	char repository[METADATA_KEYID];	/* "": not known */
	struct metadata *root, *timestamp, *snapshot;
	struct metadata *previous;	/* a stored snapshot, kept only to detect rollback */
	struct accepted *targets;
	bool rotated[METADATA_TARGETS + 1];
};

struct trust *trust_new(int64_t now)
{
	struct trust *trust = calloc(1, sizeof(*trust));

	if (trust)
		trust->now = now;
	return trust;
}

void trust_free(struct trust *trust)
{
	if (!trust)
		return;
	for (struct accepted *at = trust->targets, *next; at; at = next) {
		next = at->next;
		if (at->owner)
			metadata_free(at->metadata);
		free(at);
	}
	metadata_free(trust->root);
	metadata_free(trust->timestamp);
	metadata_free(trust->snapshot);
	metadata_free(trust->previous);
	free(trust);
}

void trust_pass_expiry(struct trust *trust)
{
	trust->past_expiry = true;
}

static int refuse(struct diag *diag, const char *source, int error, const char *what)
{
	diag_error(diag, source, 0, 0, "%s", what);
	return error;
}

static int check_expiry(const struct trust *trust, const struct metadata *metadata,
			const char *source, struct diag *diag)
{
	char expires[32], now[32];

	if (trust->past_expiry || !metadata_expired(metadata, trust->now))
		return 0;
	metadata_time_print(metadata->expires, expires);
	metadata_time_print(trust->now, now);
	diag_error(diag, source, 0, 0, "version %lld expired at %s; the time here is %s",
		   (long long)metadata->version, expires, now);
	return -ESTALE;
}

static int check_version(const struct metadata *metadata, int64_t expected, const char *source,
			 struct diag *diag)
{
	if (metadata->version == expected)
		return 0;
	diag_error(diag, source, 0, 0, "has version %lld: expected %lld",
		   (long long)metadata->version, (long long)expected);
	return -EEXIST;
}

/* The same keys may sign in two repositories: a signature for one does not count in the other. */
static int check_repository(const struct trust *trust, const struct metadata *metadata,
			    const char *source, struct diag *diag)
{
	const char *made_for = metadata_repository(metadata);

	if (!made_for || !trust->repository[0] || strcmp(made_for, trust->repository) == 0)
		return 0;
	diag_error(diag, source, 0, 0, "made for another repository: \"x-cordon-repository\" is "
		   "%s, expected %s", made_for, trust->repository);
	return -EACCES;
}

/* ---- root (5.3) ---- */

static int verify_top(const struct metadata *metadata, const struct metadata *root,
		      const char *source, struct diag *diag)
{
	return metadata_verify(metadata, &root->role[metadata->type], root->key, root->keys,
			       source, NULL, 0, NULL, diag);
}

static int verify_file(const struct trust *trust, const struct metadata *metadata,
		       const char *source, struct diag *diag)
{
	int error = verify_top(metadata, trust->root, source, diag);

	return error ? error : check_repository(trust, metadata, source, diag);
}

const char *trust_repository(const struct trust *trust)
{
	return trust->repository[0] ? trust->repository : NULL;
}

/* The first root is the repository's id itself; a later root can only name it. */
static int learn_repository(struct trust *trust, const struct metadata *root, const char *source,
			    struct diag *diag)
{
	const char before = trust->repository[0];
	int error = 0;

	if (!before && root->version == 1)
		error = metadata_fingerprint(root, trust->repository);
	if (!error)
		error = check_repository(trust, root, source, diag);
	if (error && !before)
		trust->repository[0] = '\0';
	if (!error && !trust->repository[0] && metadata_repository(root))
		snprintf(trust->repository, sizeof(trust->repository), "%s",
			 metadata_repository(root));
	return error;
}

static int check_root(const struct trust *trust, const struct metadata *root, const char *source,
		      struct diag *diag)
{
	int error = 0;

	if (trust->root)
		error = verify_top(root, trust->root, source, diag);
	if (!error)
		error = verify_top(root, root, source, diag);
	if (!error && trust->root)
		error = check_version(root, trust->root->version + 1, source, diag);
	return error;
}

int trust_root(struct trust *trust, const void *bytes, size_t size, struct diag *diag)
{
	char source[32] = "root.json";
	struct metadata *root;
	int error;

	if (trust->root)
		snprintf(source, sizeof(source), "%lld.root.json",
			 (long long)trust->root->version + 1);
	error = metadata_parse(&root, METADATA_ROOT, bytes, size, source, diag);
	if (error)
		return error;
	error = check_root(trust, root, source, diag);
	if (!error)
		error = learn_repository(trust, root, source, diag);
	if (error) {
		metadata_free(root);
		return error;
	}
	for (size_t i = 0; trust->root && i < root->roles; i++)
		trust->rotated[i] |= metadata_role_lost_key(&trust->root->role[i], &root->role[i]);
	metadata_free(trust->root);
	trust->root = root;
	return 0;
}

int trust_root_done(struct trust *trust, struct diag *diag)
{
	return check_expiry(trust, trust->root, "root.json", diag);
}

bool trust_rotated(const struct trust *trust, enum metadata_type type)
{
	return trust->rotated[type];
}

/* ---- timestamp (5.4) ---- */

static int check_timestamp(const struct trust *trust, const struct metadata *timestamp,
			   struct diag *diag)
{
	static const char source[] = "timestamp.json";
	const struct metadata *old = trust->timestamp;

	if (old && timestamp->version < old->version) {
		diag_error(diag, source, 0, 0, "version %lld is older than version %lld, which was "
			   "accepted before", (long long)timestamp->version,
			   (long long)old->version);
		return -EEXIST;
	}
	if (old && timestamp->version == old->version) {
		int error = check_expiry(trust, old, source, diag);

		return error ? error : -EALREADY;
	}
	if (old && timestamp->file[0].version < old->file[0].version) {
		diag_error(diag, source, 0, 0, "names snapshot version %lld, but version %lld was "
			   "named before", (long long)timestamp->file[0].version,
			   (long long)old->file[0].version);
		return -EEXIST;
	}
	return check_expiry(trust, timestamp, source, diag);
}

int trust_timestamp(struct trust *trust, const void *bytes, size_t size, bool stored,
		    struct diag *diag)
{
	static const char source[] = "timestamp.json";
	struct metadata *timestamp;
	int error = metadata_parse(&timestamp, METADATA_TIMESTAMP, bytes, size, source, diag);

	if (error)
		return error;
	error = verify_file(trust, timestamp, source, diag);
	if (!error && !stored)
		error = check_timestamp(trust, timestamp, diag);
	if (error) {
		metadata_free(timestamp);
		return error;
	}
	metadata_free(trust->timestamp);
	trust->timestamp = timestamp;
	return 0;
}

/* ---- snapshot (5.5) ---- */

/* No file of the old snapshot may be missing or older: 5.5.5. */
static int check_progress(const struct metadata *old, const struct metadata *snapshot,
			  const char *source, struct diag *diag)
{
	if (snapshot->version < old->version)
		return refuse(diag, source, -EEXIST, "older than the snapshot that was accepted "
			      "before");
	for (size_t i = 0; i < old->files; i++) {
		const struct metadata_file *now = metadata_file_lookup(snapshot, old->file[i].name);

		if (!now)
			return refuse(diag, source, -EEXIST, "a file of the previous snapshot is "
				      "missing");
		if (now->version < old->file[i].version)
			return refuse(diag, source, -EEXIST, "names an older version of a file "
				      "than the previous snapshot");
	}
	return 0;
}

static int check_snapshot(const struct trust *trust, const struct metadata *snapshot,
			  const char *source, struct diag *diag)
{
	int error = check_version(snapshot, trust->timestamp->file[0].version, source, diag);

	if (!error && trust->previous)
		error = check_progress(trust->previous, snapshot, source, diag);
	if (!error)
		error = check_expiry(trust, snapshot, source, diag);
	return error;
}

static int take_snapshot(struct trust *trust, const void *bytes, size_t size, bool stored,
			 struct diag *diag)
{
	static const char source[] = "snapshot.json";
	const struct metadata_file *file = &trust->timestamp->file[0];
	struct metadata *snapshot;
	/* Before the bytes are read in any other way. A stored snapshot of another version does not
	 * match, but is wanted all the same. */
	int differs = metadata_file_check(file, bytes, size, source, stored ? NULL : diag);
	int error = stored ? 0 : differs;

	if (!error)
		error = metadata_parse(&snapshot, METADATA_SNAPSHOT, bytes, size, source, diag);
	if (error)
		return error;
	error = verify_file(trust, snapshot, source, diag);
	if (!error && stored && (differs || check_snapshot(trust, snapshot, source, NULL))) {
		metadata_free(trust->previous);
		trust->previous = snapshot;
		return -EAGAIN;
	}
	if (!error)
		error = check_snapshot(trust, snapshot, source, diag);
	if (error) {
		metadata_free(snapshot);
		return error;
	}
	metadata_free(trust->snapshot);
	metadata_free(trust->previous);
	trust->previous = NULL;
	trust->snapshot = snapshot;
	return 0;
}

int trust_snapshot(struct trust *trust, const void *bytes, size_t size, bool stored,
		   struct diag *diag)
{
	int error;

	if (!trust->timestamp)
		return refuse(diag, "snapshot.json", -EINVAL, "no timestamp was accepted");
	error = check_expiry(trust, trust->timestamp, "timestamp.json", diag);
	return error ? error : take_snapshot(trust, bytes, size, stored, diag);
}

/* ---- targets (5.6, 5.7) ---- */

static struct accepted *find(const struct trust *trust, const char *role)
{
	struct accepted *at = trust->targets;

	while (at && strcmp(at->role, role) != 0)
		at = at->next;
	return at;
}

static int verify_accepted(const struct trust *trust, const struct accepted *one,
			   const char *source, char (*signer)[METADATA_KEYID], size_t signers,
			   size_t *count, struct diag *diag)
{
	const struct metadata *by = one->parent ? one->parent->metadata : trust->root;
	const struct metadata_role *role = NULL;

	if (!one->parent)
		role = &by->role[METADATA_TARGETS];
	for (size_t i = 0; !role && i < by->roles; i++) {
		if (strcmp(by->role[i].name, one->role) == 0)
			role = &by->role[i];
	}
	if (!role)
		return refuse(diag, source, -EACCES, "no role delegates to this one");
	return metadata_verify(one->metadata, role, by->key, by->keys, source, signer, signers,
			       count, diag);
}

/*
 * Known bytes that are reached through another delegation must be verified by that delegation's
 * keys.
 */
static struct accepted *find_same(const struct trust *trust, const struct accepted *one,
				  bool any_parent)
{
	for (struct accepted *at = trust->targets; at; at = at->next) {
		if (strcmp(at->role, one->role) == 0 &&
		    memcmp(at->digest, one->digest, sizeof(one->digest)) == 0 &&
		    (any_parent || at->parent == one->parent))
			return at;
	}
	return NULL;
}

static void bring_forward(struct trust *trust, struct accepted *one)
{
	struct accepted **at = &trust->targets;

	while (*at && *at != one)
		at = &(*at)->next;
	if (*at)
		*at = one->next;
	one->next = trust->targets;
	trust->targets = one;
}

static int load_accepted(const struct trust *trust, struct accepted *one, const void *bytes,
			 size_t size, int64_t version, const char *source, struct diag *diag)
{
	const struct accepted *same = find_same(trust, one, true);
	int error = 0;

	if (same)
		one->metadata = same->metadata;
	else
		error = metadata_parse(&one->metadata, METADATA_TARGETS, bytes, size, source, diag);
	one->owner = !same && !error;
	if (!error)
		error = verify_accepted(trust, one, source, NULL, 0, NULL, diag);
	if (!error)
		error = check_repository(trust, one->metadata, source, diag);
	if (!error)
		error = check_version(one->metadata, version, source, diag);
	if (!error)
		error = check_expiry(trust, one->metadata, source, diag);
	return error;
}

static int accept(struct trust *trust, const char *role, const struct accepted *parent,
		  const void *bytes, size_t size, int64_t version, const char *source,
		  struct diag *diag)
{
	struct accepted *one = calloc(1, sizeof(*one)), *known;
	int error;

	if (!one)
		return -ENOMEM;
	one->parent = parent;
	snprintf(one->role, sizeof(one->role), "%s", role);
	error = digest_sha256(bytes, size, one->digest);
	known = error ? NULL : find_same(trust, one, false);
	if (!error && !known)
		error = load_accepted(trust, one, bytes, size, version, source, diag);
	if (error || known) {
		if (one->owner)
			metadata_free(one->metadata);
		free(one);
		one = known;
	}
	if (!error)
		bring_forward(trust, one);
	return error;
}

int trust_targets(struct trust *trust, const char *role, const char *parent, const void *bytes,
		  size_t size, struct diag *diag)
{
	char name[METADATA_NAME + 8], source[DIAG_SOURCE];
	const struct accepted *by = parent ? find(trust, parent) : NULL;
	const struct metadata_file *file;
	int error;

	if (store_encode(role, source, sizeof(source)) < 0)
		snprintf(source, sizeof(source), "a role with a long name");
	if (!trust->snapshot || (parent && !by))
		return refuse(diag, source, -EINVAL, "no snapshot, or no parent, was accepted");
	snprintf(name, sizeof(name), "%s.json", role);
	file = metadata_file_lookup(trust->snapshot, name);
	if (!file)
		return refuse(diag, source, -EINVAL, "the snapshot does not name this role");
	/* The file name that a person would look for. */
	if (store_encode(role, name, sizeof(name)) == 0)
		snprintf(source, sizeof(source), "%lld.%.100s.json", (long long)file->version,
			 name);
	error = metadata_file_check(file, bytes, size, source, diag);
	return error ? error : accept(trust, role, by, bytes, size, file->version, source, diag);
}

/* ---- what is there ---- */

const struct metadata *trust_get(const struct trust *trust, enum metadata_type type)
{
	switch (type) {
	case METADATA_ROOT:
		return trust->root;
	case METADATA_TIMESTAMP:
		return trust->timestamp;
	case METADATA_SNAPSHOT:
		return trust->snapshot;
	case METADATA_TARGETS:
	default:
		return trust_get_targets(trust, "targets");
	}
}

const struct metadata *trust_get_targets(const struct trust *trust, const char *role)
{
	const struct accepted *one = find(trust, role);

	return one ? one->metadata : NULL;
}

int64_t trust_expires(const struct trust *trust, const char *role)
{
	const struct accepted *one = find(trust, role);
	int64_t first = INT64_MAX;

	if (!one)
		return 0;
	for (enum metadata_type type = METADATA_ROOT; type < METADATA_TARGETS; type++) {
		const struct metadata *metadata = trust_get(trust, type);

		first = metadata->expires < first ? metadata->expires : first;
	}
	for (; one; one = one->parent)
		first = one->metadata->expires < first ? one->metadata->expires : first;
	return first;
}

bool trust_expired(const struct trust *trust, size_t number, const char **role, int64_t *expires)
{
	for (enum metadata_type type = METADATA_ROOT; type < METADATA_TARGETS; type++) {
		const struct metadata *metadata = trust_get(trust, type);

		if (!metadata || !metadata_expired(metadata, trust->now) || number-- > 0)
			continue;
		*role = metadata_type_print(type);
		*expires = metadata->expires;
		return true;
	}
	for (const struct accepted *at = trust->targets; at; at = at->next) {
		if (find(trust, at->role) != at || !metadata_expired(at->metadata, trust->now) ||
		    number-- > 0)
			continue;
		*role = at->role;
		*expires = at->metadata->expires;
		return true;
	}
	return false;
}

size_t trust_signers(const struct trust *trust, const char *role, char (*signer)[METADATA_KEYID],
		     size_t signers)
{
	const struct accepted *one = find(trust, role);
	size_t count = 0;

	if (!one || verify_accepted(trust, one, role, signer, signers, &count, NULL) < 0)
		return 0;
	return count;
}

size_t trust_top_signers(const struct trust *trust, enum metadata_type type,
			 char (*signer)[METADATA_KEYID], size_t signers)
{
	const struct metadata *metadata = trust_get(trust, type);
	size_t count = 0;

	if (!metadata || metadata_verify(metadata, &trust->root->role[type], trust->root->key,
					 trust->root->keys, "", signer, signers, &count, NULL) < 0)
		return 0;
	return count;
}

/* ---- a second root beside the trusted one ---- */

static enum trust_succession compare_roots(const struct trust *reached, const struct trust *given)
{
	const struct metadata *before = reached->root, *after = given->root;
	const char *ours = trust_repository(reached), *theirs = trust_repository(given);

	if (!ours || !theirs)
		return TRUST_NONE;
	if (strcmp(ours, theirs) != 0)
		return TRUST_OTHER;
	if (after->version < before->version)
		return TRUST_NONE;
	for (enum metadata_type type = METADATA_TIMESTAMP; type <= METADATA_SNAPSHOT; type++) {
		if (metadata_role_lost_key(&before->role[type], &after->role[type]))
			return TRUST_WITHDRAWS;
	}
	return TRUST_LATER;
}

enum trust_succession trust_succeeds(const void *reached, size_t reached_size, const void *given,
				     size_t given_size)
{
	struct trust *before = trust_new(0), *after = trust_new(0);
	enum trust_succession result = TRUST_NONE;

	if (reached_size == given_size && memcmp(reached, given, given_size) == 0)
		goto end;
	if (before && after && trust_root(before, reached, reached_size, NULL) == 0 &&
	    trust_root(after, given, given_size, NULL) == 0)
		result = compare_roots(before, after);
end:
	trust_free(before);
	trust_free(after);
	return result;
}
