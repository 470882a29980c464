/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/repository.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "rules/signed/store.h"

enum { PAUSE_MS = 50, PATIENCE_MS = 10000 };

/* In a copy that is not writable, an empty folder may be missing: -1. */
static int open_folder(int parent, const char *name, bool create)
{
	int fd;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST && (create || errno == ENOENT))
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -1;
	return fd < 0 ? -errno : fd;
}

enum metadata_type repository_type(const char *role)
{
	if (strcmp(role, "root") == 0)
		return METADATA_ROOT;
	if (strcmp(role, "timestamp") == 0)
		return METADATA_TIMESTAMP;
	return strcmp(role, "snapshot") == 0 ? METADATA_SNAPSHOT : METADATA_TARGETS;
}

int repository_name(const char *role, int64_t version, char name[METADATA_NAME])
{
	char encoded[METADATA_NAME];
	int length;

	if (store_encode(role, encoded, sizeof(encoded)))
		return -ENAMETOOLONG;
	if (repository_type(role) == METADATA_TIMESTAMP)
		length = snprintf(name, METADATA_NAME, "timestamp.json");
	else
		length = snprintf(name, METADATA_NAME, "%" PRId64 ".%s.json", version, encoded);
	return length < METADATA_NAME ? 0 : -ENAMETOOLONG;
}

int repository_read(int folder, const char *path, size_t limit, char **data, size_t *size)
{
	int fd = folder < 0 ? -ENOENT : file_open_beneath(folder, path, O_RDONLY, 0);
	int error;

	if (fd < 0)
		return fd;
	error = file_read_fd(fd, limit, data, size);
	close(fd);
	return error;
}

/* A missing file is -ENOENT without diag. */
static int load(const struct repository *repository, int folder, const char *name,
		enum metadata_type type, struct metadata **metadata, struct diag *diag)
{
	char *data;
	size_t size;
	int error = repository_read(folder, name, REPOSITORY_FILE_MAX, &data, &size);

	if (error == -ENOENT)
		return error;
	if (error) {
		diag_error(diag, repository->path, 0, 0, "cannot read %s: %s", name,
			   error == -ELOOP ? "there is a symbolic link in its place" :
			   strerror(-error));
		return error;
	}
	error = metadata_parse(metadata, type, data, size, name, diag);
	free(data);
	return error;
}

static int load_version(const struct repository *repository, int folder, const char *role,
			int64_t version, struct metadata **metadata, struct diag *diag)
{
	char name[METADATA_NAME];
	int error = repository_name(role, version, name);

	if (!error)
		error = load(repository, folder, name, repository_type(role), metadata, diag);
	if (!error && (*metadata)->version != version &&
	    repository_type(role) != METADATA_TIMESTAMP) {
		diag_error(diag, repository->path, 0, 0, "%s claims to be version %" PRId64,
			   name, (*metadata)->version);
		metadata_free(*metadata);
		*metadata = NULL;
		error = -EINVAL;
	}
	return error;
}

/* git does not keep empty folders. */
static int open_parts(struct repository *repository, bool create)
{
	const struct {
		const char *name;
		int *fd;
	} part[] = {
		{ "metadata", &repository->metadata },
		{ "targets", &repository->targets },
		{ "staging", &repository->staging },
	};

	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++) {
		*part[i].fd = open_folder(repository->folder, part[i].name, create);
		if (*part[i].fd < -1)
			return *part[i].fd;
	}
	return 0;
}

static bool is_repository(int folder)
{
	return faccessat(folder, "metadata", F_OK, 0) == 0 ||
	       faccessat(folder, "staging", F_OK, 0) == 0;
}

static int open_folders(struct repository *repository, const char *path, bool create,
			struct diag *diag)
{
	int error = 0;

	*repository = (struct repository){ .folder = -1, .metadata = -1, .targets = -1,
					   .staging = -1, .path = path };
	if (create && mkdir(path, 0755) < 0 && errno != EEXIST)
		error = -errno;
	if (!error) {
		repository->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		error = repository->folder < 0 ? -errno : 0;
	}
	if (!error && !create && !is_repository(repository->folder)) {
		diag_error(diag, path, 0, 0, "no repository: expected the folders metadata and "
			   "staging, as \"cordon repo init\" makes them");
		return -ENOENT;
	}
	if (!error)
		error = open_parts(repository, create);
	if (error)
		diag_error(diag, path, 0, 0, "cannot open the repository: %s", strerror(-error));
	return error;
}

/* ---- the audit ---- */

/* What opening goes by. */
struct repository_opening {
	struct repository *repository;
	const struct repository_how *how;
	struct metadata *first;		/* the first root */
	char *text;			/* its bytes */
	size_t size;
	char hidden[METADATA_NAME];	/* a root whose publication was interrupted; "": none */
	struct diag *diag;
};

static int get_metadata(const struct repository_opening *opening, const char *path, size_t limit,
			char **data, size_t *size)
{
	if (strcmp(path, opening->hidden) == 0)
		return -ENOENT;
	return repository_read(opening->repository->metadata, path, limit, data, size);
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const struct repository_opening *opening = source->context;
	char *text;
	int error = source_check_path(source, path, diag);

	if (error)
		return error;
	error = kind == SOURCE_METADATA ? get_metadata(opening, path, limit, &text, size) :
		repository_read(opening->repository->targets, path, limit, &text, size);
	if (error)
		diag_error(diag, source->name, 0, 0, "%s/%s: %s", source_kind_print(kind), path,
			   error == -EFBIG ? "larger than allowed" : strerror(-error));
	else
		*data = text;
	return error;
}

static int audit(struct repository_opening *opening, struct diag *diag)
{
	struct repository *repository = opening->repository;
	struct source source = { .get = get, .context = opening };
	struct store *store;
	int error = store_memory(&store);

	if (error)
		return error;
	snprintf(source.name, sizeof(source.name), "%s", repository->path);
	error = store->save(store, "root.json", opening->text, opening->size);
	audit_release(&repository->audit);
	if (!error)
		error = audit_run(&repository->audit, store, &source, opening->how->now,
				  AUDIT_REPORT, diag);
	store_free(store);
	return error;
}

/* Do two files hold the same? */
static bool same(int folder, const char *name, int other_folder, const char *other)
{
	char *data = NULL, *other_data = NULL;
	size_t size, other_size;
	bool equal = !repository_read(folder, name, REPOSITORY_FILE_MAX, &data, &size) &&
		     !repository_read(other_folder, other, REPOSITORY_FILE_MAX, &other_data,
				&other_size) &&
		     size == other_size && memcmp(data, other_data, size) == 0;

	free(data);
	free(other_data);
	return equal;
}

/* Mirrors serve root.json beside the numbered ones. */
static int check_copy(const struct repository_opening *opening, struct diag *diag)
{
	const struct repository *repository = opening->repository;
	const int64_t version = trust_get(repository->audit.trust, METADATA_ROOT)->version;
	char name[METADATA_NAME];
	int error = repository_name("root", version, name);

	if (error || same(repository->metadata, name, repository->metadata, "root.json") ||
	    (*opening->hidden && same(repository->metadata, opening->hidden, repository->metadata,
				      "root.json")))
		return error;
	diag_error(diag, repository->path, 0, 0, "metadata/root.json is not the newest root: "
		   "expected the bytes of metadata/%s", name);
	return -EINVAL;
}

/*
 * A power cut came after a root was published and before the timestamp followed; the root is still
 * in staging. The base is what was published before, and publishing completes it.
 */
static bool find_interrupted(struct repository_opening *opening)
{
	const struct repository *repository = opening->repository;

	for (int64_t version = opening->first->version + 1;; version++) {
		char name[METADATA_NAME];

		if (repository_name("root", version, name) ||
		    faccessat(repository->metadata, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return *opening->hidden;
		opening->hidden[0] = '\0';
		if (same(repository->metadata, name, repository->staging, name))
			snprintf(opening->hidden, sizeof(opening->hidden), "%s", name);
	}
}

static int look(struct repository_opening *opening, struct diag *diag)
{
	int error = audit(opening, diag);

	return error ? error : check_copy(opening, diag);
}

/* Checked by its own keys; the message names its file. */
static int check_first(const struct repository_opening *opening)
{
	const struct metadata *first = opening->first;

	return metadata_verify(first, &first->role[METADATA_ROOT], first->key, first->keys,
			       "1.root.json", NULL, 0, NULL, opening->diag);
}

static int look_at_published(struct repository_opening *opening)
{
	struct diag ignored;
	int error = check_first(opening);

	if (!error)
		error = look(opening, opening->diag);
	if (error && find_interrupted(opening)) {
		diag_init(&ignored);
		if (look(opening, &ignored) == 0) {
			diag_init(opening->diag);
			return 0;
		}
	}
	if (error)
		diag_error(opening->diag, opening->repository->path, 0, 0, "what is published does "
			   "not follow from the first root: the folder was changed, or its copy is "
			   "incomplete. Nothing was done; expected the folder as the last \"cordon "
			   "repo publish\" left it, from a backup or a mirror");
	return error;
}

/* ---- whose repository, and how old ---- */

/*
 * The first root: published or, as long as nothing is published, staged. -ENOENT, without diag:
 * neither.
 */
static int load_first(struct repository_opening *opening)
{
	const struct repository *repository = opening->repository;
	static const char name[] = "1.root.json";
	int error = repository_read(repository->metadata, name, REPOSITORY_FILE_MAX, &opening->text,
			      &opening->size);

	if (error == -ENOENT)
		error = repository_read(repository->staging, name, REPOSITORY_FILE_MAX,
					&opening->text,
				  &opening->size);
	if (error == -ENOENT)
		return error;
	if (!error)
		error = metadata_parse(&opening->first, METADATA_ROOT, opening->text,
				       opening->size, name, opening->diag);
	if (error)
		diag_error(opening->diag, repository->path, 0, 0, "the first root, %s, is "
			   "unusable: every appliance starts with it", name);
	return error;
}

static bool begins_with(const char *text, const char *beginning)
{
	const size_t length = strlen(beginning);

	return length >= REPOSITORY_FINGERPRINT_MIN && strncmp(text, beginning, length) == 0;
}

static int check_acquaintance(const struct repository_opening *opening)
{
	const struct repository_how *how = opening->how;
	const char *id = opening->repository->id;
	bool known = true;

	for (size_t i = 0; i < how->seens; i++)
		known = known && *id && seen_knows(&how->seen[i], id);
	if (how->fingerprint && !begins_with(id, how->fingerprint)) {
		/*
		 * Do not print its own fingerprint: a person who copies it from here trusts the
		 * folder.
		 */
		diag_error(opening->diag, opening->repository->path, 0, 0, "this is not the "
			   "repository with the given fingerprint, or fewer than %d digits were "
			   "given: get the digits from the person who made the repository",
			   REPOSITORY_FINGERPRINT_MIN);
		return -EACCES;
	}
	return known || how->fingerprint ? 0 : -ENOKEY;
}

/* The root that a key has seen, from the folder; NULL: none, or not that one. */
static struct metadata *seen_root(const struct repository *repository, const struct seen *seen)
{
	const char *digest;
	const int64_t version = seen_version(seen, repository->id, "root", &digest);
	char name[METADATA_NAME], found[METADATA_KEYID];
	struct metadata *root = NULL;

	if (version == 0 || repository_name("root", version, name) ||
	    load(repository, repository->metadata, name, METADATA_ROOT, &root, NULL))
		return NULL;
	if (metadata_fingerprint(root, found) == 0 && strcmp(found, digest) == 0)
		return root;
	metadata_free(root);
	return NULL;
}

static int fill_now(const struct repository *repository, const struct seen *seen,
		    struct seen_now *now, struct diag *diag)
{
	struct metadata *before = repository->root ? seen_root(repository, seen) : NULL;

	*now = (struct seen_now){ .repository = repository->id,
				  .audit = repository->timestamp ? &repository->audit : NULL };
	for (enum metadata_type type = METADATA_TIMESTAMP;
	     before && type <= METADATA_SNAPSHOT; type++)
		now->rotated[type] = metadata_role_lost_key(&before->role[type],
							    &repository->root->role[type]);
	if (!before && repository->root && seen_version(seen, repository->id, "root", NULL)) {
		diag_error(diag, repository->path, 0, 0, "the root that this key has seen is not "
			   "in the chain of roots of this folder: expected metadata/%" PRId64
			   ".root.json unchanged",
			   seen_version(seen, repository->id, "root", NULL));
		return -EEXIST;
	}
	metadata_free(before);
	return 0;
}

static int check_seen(const struct repository_opening *opening)
{
	const struct repository *repository = opening->repository;

	for (size_t i = 0; i < opening->how->seens; i++) {
		const struct seen *seen = &opening->how->seen[i];
		struct seen_now now;
		int error = fill_now(repository, seen, &now, opening->diag);

		if (!error)
			error = seen_check(seen, &now, repository->path, opening->diag);
		if (error)
			return error;
	}
	return 0;
}

int repository_learn(const struct repository *repository, struct seen *seen, struct diag *diag)
{
	struct seen_now now;
	int error = fill_now(repository, seen, &now, diag);

	if (error)
		return error;
	/*
	 * If another command with this key has seen newer files since this folder was read, keep
	 * those.
	 */
	return seen_check(seen, &now, repository->path, NULL) ? 0 : seen_learn(seen, &now);
}

/* Without a timestamp nothing is published. Then the first root is still staged, or an interrupted
 * publication put it there. */
static int check_unpublished(const struct repository_opening *opening)
{
	const struct repository *repository = opening->repository;
	static const char first[] = "1.root.json";

	if (faccessat(repository->metadata, first, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
	    same(repository->metadata, first, repository->staging, first))
		return 0;
	diag_error(opening->diag, repository->path, 0, 0, "there is a root and no "
		   "metadata/timestamp.json: is the copy complete? Expected the folder as the last "
		   "\"cordon repo publish\" left it");
	return -EINVAL;
}

static void take(struct repository *repository)
{
	const struct trust *trust = repository->audit.trust;

	repository->root = trust_get(trust, METADATA_ROOT);
	repository->timestamp = trust_get(trust, METADATA_TIMESTAMP);
	repository->snapshot = trust_get(trust, METADATA_SNAPSHOT);
}

static int judge(struct repository_opening *opening)
{
	struct repository *repository = opening->repository;
	const bool published = faccessat(repository->metadata, "timestamp.json", F_OK,
					 AT_SYMLINK_NOFOLLOW) == 0;
	int error = load_first(opening);

	if (error == -ENOENT && published)
		diag_error(opening->diag, repository->path, 0, 0, "metadata/1.root.json is "
			   "missing: every appliance starts with it");
	if (error == -ENOENT && !published)
		return check_acquaintance(opening) == -EACCES ? -EACCES : 0;
	if (!error)
		error = metadata_fingerprint(opening->first, repository->id);
	if (!error)
		error = check_acquaintance(opening);
	if (!error)
		error = published ? look_at_published(opening) : check_unpublished(opening);
	if (!error && published)
		take(repository);
	return error ? error : check_seen(opening);
}

int repository_open(struct repository *repository, const char *path,
		    const struct repository_how *how, struct diag *diag)
{
	struct repository_opening opening = { .repository = repository, .how = how, .diag = diag };
	int error = open_folders(repository, path, how->create, diag);

	if (!error && how->alone)
		error = repository_lock(repository, diag);
	if (!error)
		error = judge(&opening);
	metadata_free(opening.first);
	free(opening.text);
	return error;
}

static void close_folder(int fd)
{
	if (fd >= 0)
		close(fd);
}

void repository_close(struct repository *repository)
{
	audit_release(&repository->audit);
	close_folder(repository->folder);
	close_folder(repository->metadata);
	close_folder(repository->targets);
	close_folder(repository->staging);
}

int repository_lock(const struct repository *repository, struct diag *diag)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000 * 1000 };

	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (flock(repository->folder, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&pause, NULL);
	}
	diag_error(diag, repository->path, 0, 0, "another command is working in this folder (%s): "
		   "try again when it is done", strerror(errno));
	return -EWOULDBLOCK;
}

/* ---- what is in it ---- */

int64_t repository_version(const struct repository *repository, const char *role)
{
	const struct metadata *top[] = { [METADATA_ROOT] = repository->root,
					 [METADATA_TIMESTAMP] = repository->timestamp,
					 [METADATA_SNAPSHOT] = repository->snapshot };
	const struct metadata_file *file;
	char name[METADATA_NAME + 8];
	enum metadata_type type = repository_type(role);

	if (type != METADATA_TARGETS)
		return top[type] ? top[type]->version : 0;
	if (!repository->snapshot)
		return 0;
	snprintf(name, sizeof(name), "%s.json", role);
	file = metadata_file_lookup(repository->snapshot, name);
	return file ? file->version : 0;
}

/* A copy for a caller that continues from it. */
static int copy(const struct metadata *from, struct metadata **metadata)
{
	struct text text = TEXT_EMPTY;
	int error = document_print(from->document, &text);

	if (!error)
		error = metadata_parse(metadata, from->type, text.data, text.length,
				       metadata_type_print(from->type), NULL);
	text_release(&text);
	return error;
}

int repository_published(const struct repository *repository, const char *role,
			 struct metadata **metadata, struct diag *diag)
{
	const enum metadata_type type = repository_type(role);
	const struct trust *trust = repository->audit.trust;
	const struct metadata *found;
	int error;

	*metadata = NULL;
	if (!trust)
		return -ENOENT;
	found = type == METADATA_TARGETS ? trust_get_targets(trust, role) : trust_get(trust, type);
	if (!found)
		return -ENOENT;
	error = copy(found, metadata);
	if (error)
		diag_error(diag, role, 0, 0, "cannot be copied: %s", strerror(-error));
	return error;
}

static const struct metadata_role *find_role(const struct metadata *targets, const char *name)
{
	for (size_t i = 0; targets && i < targets->roles; i++) {
		if (strcmp(targets->role[i].name, name) == 0)
			return &targets->role[i];
	}
	return NULL;
}

int repository_past(const struct repository *repository, const char *role, int64_t version,
		    struct metadata **metadata, struct diag *diag)
{
	const struct metadata *targets = repository->audit.trust ?
		trust_get_targets(repository->audit.trust, "targets") : NULL;
	const struct metadata_role *delegation = find_role(targets, role);
	char name[METADATA_NAME];
	int error = repository_name(role, version, name);

	*metadata = NULL;
	if (!error && !delegation)
		return -ENOENT;
	if (!error)
		error = load_version(repository, repository->metadata, role, version, metadata,
				     diag);
	if (error)
		return error;
	error = metadata_verify(*metadata, delegation, targets->key, targets->keys, name, NULL, 0,
				NULL, diag);
	if (error) {
		metadata_free(*metadata);
		*metadata = NULL;
	}
	return error;
}

int repository_staged(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
{
	const int64_t version = repository_version(repository, role) + 1;
	char name[METADATA_NAME];
	int error;

	*metadata = NULL;
	error = load_version(repository, repository->staging, role, version, metadata, diag);
	if (error && error != -ENOENT && repository_name(role, version, name) == 0)
		diag_error(diag, repository->path, 0, 0, "staging/%s is unusable (after a merge: "
			   "take one side of it); removing it withdraws what is staged for \"%s\"",
			   name, role);
	return error;
}

int repository_newest(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
{
	int error = repository_staged(repository, role, metadata, diag);

	return error == -ENOENT ? repository_published(repository, role, metadata, diag) : error;
}

int repository_mark(const struct repository *repository, json_t *document)
{
	json_t *content = document_signed(document);
	struct metadata *first = NULL;
	char id[METADATA_KEYID];
	int error = 0;

	snprintf(id, sizeof(id), "%s", repository->id);
	/* As long as nothing is published, the first root may still change. */
	if (!repository->root)
		error = load_version(repository, repository->staging, "root", 1, &first, NULL);
	if (!error && first)
		error = metadata_fingerprint(first, id);
	metadata_free(first);
	if (!error && json_object_set_new(content, "x-cordon-repository", json_string(id)))
		error = -ENOMEM;
	return error;
}

static bool is_first_root(const char *role, json_int_t version)
{
	return repository_type(role) == METADATA_ROOT && version == 1;
}

int repository_stage(const struct repository *repository, const char *role, json_t *document,
		     struct diag *diag)
{
	json_int_t version = json_integer_value(
		json_object_get(document_signed(document), "version"));
	struct text text = TEXT_EMPTY;
	char name[METADATA_NAME];
	int error = repository_name(role, version, name);

	if (!error && !is_first_root(role, version))
		error = repository_mark(repository, document);
	if (!error)
		error = document_print(document, &text);
	if (!error)
		error = file_replace(repository->staging, name, text.data, text.length, 0644);
	if (error)
		diag_error(diag, repository->path, 0, 0, "cannot stage \"%s\": %s", role,
			   strerror(-error));
	text_release(&text);
	return error;
}

/* "12.rules.json" of role "rules". */
static bool is_version_of(const char *name, const char *role)
{
	size_t digits = strspn(name, "0123456789");
	char expected[METADATA_NAME], encoded[METADATA_NAME];

	if (digits == 0 || name[digits] != '.')
		return false;
	if (!role)
		return true;
	if (store_encode(role, encoded, sizeof(encoded)) ||
	    snprintf(expected, sizeof(expected), ".%s.json", encoded) >= METADATA_NAME)
		return false;
	return strcmp(name + digits, expected) == 0;
}

void repository_unstage(const struct repository *repository, const char *role)
{
	int fd = openat(repository->staging, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		close_folder(fd);
		return;
	}
	while ((entry = readdir(folder))) {
		if (is_version_of(entry->d_name, role))
			unlinkat(repository->staging, entry->d_name, 0);
	}
	closedir(folder);
}

/* A delegation with the name of a top-level role would refer to that role's file. */
static bool is_delegated(const char *role)
{
	return repository_type(role) == METADATA_TARGETS && strcmp(role, "targets") != 0;
}

int repository_each(const struct repository *repository,
		    int (*visit)(void *context, const char *role), void *context, struct diag *diag)
{
	struct metadata *targets;
	int error = visit(context, "root");

	if (!error)
		error = visit(context, "targets");
	if (error)
		return error;
	error = repository_newest(repository, "targets", &targets, diag);
	if (error)
		return error == -ENOENT ? 0 : error;
	for (size_t i = 0; !error && i < targets->roles; i++) {
		if (is_delegated(targets->role[i].name))
			error = visit(context, targets->role[i].name);
	}
	metadata_free(targets);
	return error;
}
