/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"

static bool path_valid(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		size_t length;

		part += part != path;
		length = strcspn(part, "/");
		if (length == 0 || (length == 1 && part[0] == '.') ||
		    (length == 2 && strncmp(part, "..", 2) == 0))
			return false;
	}
	return true;
}

int content_name(const char *path, const uint8_t sha256[32], char name[CONTENT_NAME])
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
	char hex[2 * DIGEST_SIZE + 1];

	if (!path_valid(path) || strlen(path) >= METADATA_NAME)
		return -EINVAL;
	hex_print(sha256, DIGEST_SIZE, hex);
	snprintf(name, CONTENT_NAME, "%.*s%s.%s", (int)folder, path, hex, path + folder);
	return 0;
}

/* *staged: it is in staging and not yet in targets/. */
static int read_either(const struct repository *repository, const char *name, size_t limit,
		       char **data, size_t *size, bool *staged)
{
	char beneath[PATH_MAX];
	int error = repository_read(repository->targets, name, limit, data, size);

	*staged = error == -ENOENT;
	if (!*staged)
		return error;
	snprintf(beneath, sizeof(beneath), "targets/%s", name);
	return repository_read(repository->staging, beneath, limit, data, size);
}

static int take(const struct repository *repository, const struct metadata_file *target,
		size_t limit, char **data, size_t *size, bool *staged, struct diag *diag)
{
	char name[CONTENT_NAME];
	int error;

	if (!target->has_sha256 || content_name(target->name, target->sha256, name)) {
		diag_error(diag, target->name, 0, 0, "expected a relative path and a SHA-256");
		return -EINVAL;
	}
	error = read_either(repository, name, limit, data, size, staged);
	if (error) {
		diag_error(diag, repository->path, 0, 0, "cannot read the target %s: %s", name,
			   strerror(-error));
		return error;
	}
	error = metadata_file_check(target, *data, *size, name, diag);
	if (error) {
		free(*data);
		*data = NULL;
	}
	return error;
}

int content_read(const struct repository *repository, const struct metadata_file *target,
		 size_t limit, char **data, size_t *size, struct diag *diag)
{
	bool staged;

	return take(repository, target, limit, data, size, &staged, diag);
}

/* The folder of the last component of path; missing ones are created. Returns a descriptor. */
static int make_folder(int folder, const char *path)
{
	char part[PATH_MAX];
	int fd = dup(folder);

	fd = fd < 0 ? -errno : fd;
	for (const char *slash = strchr(path, '/'); fd >= 0 && slash; slash = strchr(path, '/')) {
		int next;

		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		path = slash + 1;
		next = mkdirat(fd, part, 0755) < 0 && errno != EEXIST ? -errno :
			file_open_beneath(fd, part, O_RDONLY | O_DIRECTORY, 0);
		close(fd);
		fd = next;
	}
	return fd;
}

static int write_target(const struct repository *repository, int folder, const char *name,
			const void *data, size_t size, struct diag *diag)
{
	const char *slash = strrchr(name, '/');
	int fd = make_folder(folder, name);
	int error = fd < 0 ? fd : file_replace(fd, slash ? slash + 1 : name, data, size, 0644);

	if (fd >= 0)
		close(fd);
	if (error)
		diag_error(diag, repository->path, 0, 0, "cannot write the target %s: %s", name,
			   error == -ELOOP || error == -ENOTDIR ? "there is a symbolic link in its "
								  "path" :
			   strerror(-error));
	return error;
}

/*
 * Is it there, undamaged? A damaged one is staged again, and publishing reports what is wrong with
 * it.
 */
static bool is_published(const struct repository *repository, const char *name, const void *data,
			 size_t size)
{
	char *there;
	size_t length;
	bool same;

	if (repository_read(repository->targets, name, size, &there, &length))
		return false;
	same = length == size && memcmp(there, data, size) == 0;
	free(there);
	return same;
}

int content_stage(const struct repository *repository, const char *path, const void *data,
		  size_t size, struct diag *diag)
{
	char name[CONTENT_NAME], beneath[PATH_MAX];
	uint8_t digest[DIGEST_SIZE];
	int error = digest_sha256(data, size, digest);

	if (!error)
		error = content_name(path, digest, name);
	if (error) {
		diag_error(diag, path, 0, 0, "cannot be a target");
		return error;
	}
	if (is_published(repository, name, data, size))
		return 0;
	snprintf(beneath, sizeof(beneath), "targets/%s", name);
	return write_target(repository, repository->staging, beneath, data, size, diag);
}

static int publish_one(const struct repository *repository, const struct metadata_file *target,
		       struct diag *diag)
{
	char *data, name[CONTENT_NAME];
	bool staged;
	size_t size;
	int error = take(repository, target, (size_t)target->length, &data, &size, &staged, diag);

	if (error)
		return error;
	if (staged)
		error = content_name(target->name, target->sha256, name);
	if (!error && staged)
		error = write_target(repository, repository->targets, name, data, size, diag);
	free(data);
	return error;
}

int content_publish(const struct repository *repository, const struct metadata *metadata,
		    struct diag *diag)
{
	int error = 0;

	for (size_t i = 0; !error && i < metadata->files; i++)
		error = publish_one(repository, &metadata->file[i], diag);
	return error;
}

/* "<64 digits>.NAME", as content_stage writes it. */
static bool is_ours(const char *name)
{
	return strspn(name, "0123456789abcdef") == 2 * DIGEST_SIZE && name[2 * DIGEST_SIZE] == '.';
}

/* Takes fd. A target path has at most METADATA_NAME / 2 folders, and so has any rest of it. */
static void unstage(int fd, unsigned int depth)
{
	DIR *folder = fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		close(fd);
		return;
	}
	while ((entry = readdir(folder))) {
		int below;

		if (is_ours(entry->d_name))
			unlinkat(fd, entry->d_name, 0);
		if (entry->d_name[0] == '.' || depth == METADATA_NAME / 2)
			continue;
		below = file_open_beneath(fd, entry->d_name, O_RDONLY | O_DIRECTORY, 0);
		if (below < 0)
			continue;
		unstage(below, depth + 1);
		/* Only an empty one goes. */
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(folder);
}

void content_unstage(const struct repository *repository, const char *folder)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "targets/%s", folder);
	fd = file_open_beneath(repository->staging, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0)
		unstage(fd, 0);
}
