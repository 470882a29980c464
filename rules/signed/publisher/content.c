/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/publisher/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/file.h"
#include "base/hex.h"

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

/* *staged: it lies there and not yet in targets/. */
static int read_either(const struct repository *repository, const char *name, size_t limit,
		       char **data, size_t *size, bool *staged)
{
	char beneath[PATH_MAX];
	int error = file_read(repository->targets, name, limit, data, size);

	*staged = error == -ENOENT;
	if (!*staged)
		return error;
	snprintf(beneath, sizeof(beneath), "targets/%s", name);
	return file_read(repository->staging, beneath, limit, data, size);
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

/* The folders above the last part of path. */
static int make_folders(int folder, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(folder, part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_target(const struct repository *repository, int folder, const char *name,
			const void *data, size_t size, struct diag *diag)
{
	int error = make_folders(folder, name);

	if (!error)
		error = file_replace(folder, name, data, size, 0644);
	if (error)
		diag_error(diag, repository->path, 0, 0, "cannot write the target %s: %s", name,
			   strerror(-error));
	return error;
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
	if (faccessat(repository->targets, name, F_OK, 0) == 0)
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

void content_unstage(const struct repository *repository, const char *folder)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *open_folder;
	int fd;

	snprintf(path, sizeof(path), "targets/%s", folder);
	fd = openat(repository->staging, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	open_folder = fd < 0 ? NULL : fdopendir(fd);
	if (!open_folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(open_folder)))
		unlinkat(fd, entry->d_name, 0);
	closedir(open_folder);
}
