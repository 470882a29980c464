/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/publisher/repository.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "signed/store.h"

static int open_folder(int parent, const char *name, bool create)
{
	int fd;

	if (create && mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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

/* A missing file is -ENOENT without a word. */
static int load(const struct repository *repository, int folder, const char *name,
		enum metadata_type type, struct metadata **metadata, struct diag *diag)
{
	char *data;
	size_t size;
	int error = file_read(folder, name, REPOSITORY_FILE_MAX, &data, &size);

	if (error == -ENOENT)
		return error;
	if (error) {
		diag_error(diag, repository->path, 0, 0, "cannot read %s: %s", name,
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
		diag_error(diag, repository->path, 0, 0, "%s says that it is version %" PRId64,
			   name, (*metadata)->version);
		metadata_free(*metadata);
		*metadata = NULL;
		error = -EINVAL;
	}
	return error;
}

static int load_published(struct repository *repository, struct diag *diag)
{
	int error = load(repository, repository->metadata, "root.json", METADATA_ROOT,
			 &repository->root, diag);

	if (!error || error == -ENOENT)
		error = load(repository, repository->metadata, "timestamp.json", METADATA_TIMESTAMP,
			     &repository->timestamp, diag);
	if (error == -ENOENT)
		return 0;
	if (!error)
		error = load_version(repository, repository->metadata, "snapshot",
				     repository->timestamp->file[0].version, &repository->snapshot,
				     diag);
	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0, "timestamp.json speaks of a snapshot that "
			   "is not there: is the copy complete?");
	return error;
}

/* Whoever keeps it in git finds empty folders gone. */
static int open_parts(struct repository *repository)
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
		*part[i].fd = open_folder(repository->folder, part[i].name, true);
		if (*part[i].fd < 0)
			return *part[i].fd;
	}
	return 0;
}

static bool is_repository(int folder)
{
	return faccessat(folder, "metadata", F_OK, 0) == 0 ||
	       faccessat(folder, "staging", F_OK, 0) == 0;
}

int repository_open(struct repository *repository, const char *path, bool create,
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
		error = open_parts(repository);
	if (error) {
		diag_error(diag, path, 0, 0, "cannot open the repository: %s", strerror(-error));
		return error;
	}
	return load_published(repository, diag);
}

static void close_folder(int fd)
{
	if (fd >= 0)
		close(fd);
}

void repository_close(struct repository *repository)
{
	metadata_free(repository->root);
	metadata_free(repository->timestamp);
	metadata_free(repository->snapshot);
	close_folder(repository->folder);
	close_folder(repository->metadata);
	close_folder(repository->targets);
	close_folder(repository->staging);
}

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

int repository_version_read(const struct repository *repository, const char *role, int64_t version,
			    struct metadata **metadata, struct diag *diag)
{
	*metadata = NULL;
	return load_version(repository, repository->metadata, role, version, metadata, diag);
}

int repository_published(const struct repository *repository, const char *role,
			 struct metadata **metadata, struct diag *diag)
{
	int64_t version = repository_version(repository, role);
	int error;

	*metadata = NULL;
	if (version == 0)
		return -ENOENT;
	error = repository_version_read(repository, role, version, metadata, diag);
	if (error == -ENOENT) {
		diag_error(diag, repository->path, 0, 0,
			   "version %" PRId64 " of \"%s\" is published, and its file is not there",
			   version, role);
		error = -EINVAL;
	}
	return error;
}

int repository_staged(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
{
	*metadata = NULL;
	return load_version(repository, repository->staging, role,
			    repository_version(repository, role) + 1, metadata, diag);
}

int repository_newest(const struct repository *repository, const char *role,
		      struct metadata **metadata, struct diag *diag)
{
	int error = repository_staged(repository, role, metadata, diag);

	return error == -ENOENT ? repository_published(repository, role, metadata, diag) : error;
}

int repository_stage(const struct repository *repository, const char *role, const json_t *document,
		     struct diag *diag)
{
	json_int_t version = json_integer_value(
		json_object_get(document_signed(document), "version"));
	struct text text = TEXT_EMPTY;
	char name[METADATA_NAME];
	int error = repository_name(role, version, name);

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

/* A delegation under the name of a top-level role would speak of somebody else's file. */
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
