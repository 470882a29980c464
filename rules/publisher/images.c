/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/images.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "rules/publisher/content.h"
#include "rules/signed/packed.h"

/* ---- staging ---- */

static int64_t build_of(const json_t *target)
{
	return json_integer_value(json_object_get(json_object_get(target, "custom"), "build"));
}

static bool has_arch(const json_t *target, const char *arch)
{
	const char *own =
		json_string_value(json_object_get(json_object_get(target, "custom"), "arch"));

	return own && strcmp(own, arch) == 0;
}

/* The oldest image of an arch; NULL if there are no more than we keep. The one just added is newer
 * than others of the same build. */
static const char *find_old(json_t *targets, const char *arch, const char *put)
{
	const char *name, *oldest = put;
	json_t *target;
	size_t count = 0;

	json_object_foreach(targets, name, target) {
		const int64_t least = build_of(json_object_get(targets, oldest));

		if (!has_arch(target, arch))
			continue;
		count++;
		if (build_of(target) < least || (build_of(target) == least && oldest == put))
			oldest = name;
	}
	return count > IMAGES_KEEP ? oldest : NULL;
}

static json_t *describe(const struct images_entry *entry)
{
	json_t *target = document_describe(entry->data, entry->size);

	if (target && json_object_set_new(target, "custom",
					  json_pack("{s:s, s:s, s:I}", "arch", entry->arch,
						    "version", entry->version, "build",
						    (json_int_t)entry->build)) == 0)
		return target;
	json_decref(target);
	return NULL;
}

/* Takes the reference of target. */
static int put(json_t *targets, const struct images_entry *entry, json_t *target, bool *replaced,
	       struct diag *diag)
{
	char path[METADATA_NAME];
	const json_t *old;
	const char *oldest;

	snprintf(path, sizeof(path), PACKED_FOLDER "%s", entry->name);
	old = json_object_get(targets, path);
	*replaced = old && !json_equal(old, target);
	if (old && !*replaced) {
		json_decref(target);
		diag_error(diag, path, 0, 0, "it is already there, with the same content");
		return -EEXIST;
	}
	if (json_object_set_new(targets, path, target))
		return -ENOMEM;
	while ((oldest = find_old(targets, entry->arch, path)))
		json_object_del(targets, oldest);
	if (json_object_get(targets, path))
		return 0;
	diag_error(diag, path, 0, 0, "%d newer images of %s are already there: expected a later "
		   "build", IMAGES_KEEP, entry->arch);
	return -EINVAL;
}

static int check_name(const struct images_entry *entry, struct diag *diag)
{
	if (packed_check_name(entry->name))
		return 0;
	diag_error(diag, entry->name, 0, 0, "expected a file name of letters, digits and \". _ - "
		   "%%\" with the ending " PACKED_ENDING);
	return -EINVAL;
}

static int stage(const struct repository *repository, const struct metadata *newest,
		 const struct images_entry *entry, int64_t expires, bool *replaced,
		 struct diag *diag)
{
	json_t *document = document_next(newest, repository_version(repository, PACKED_ROLE) + 1,
					 expires);
	json_t *targets = json_object_get(document_signed(document), "targets");
	json_t *target = describe(entry);
	char path[METADATA_NAME];
	int error = document && target ? 0 : -ENOMEM;

	if (error)
		json_decref(target);
	else
		error = put(targets, entry, target, replaced, diag);
	snprintf(path, sizeof(path), PACKED_FOLDER "%s", entry->name);
	if (!error)
		error = content_stage(repository, path, entry->data, entry->size, diag);
	if (!error)
		error = repository_stage(repository, PACKED_ROLE, document, diag);
	json_decref(document);
	return error;
}

int images_stage(const struct repository *repository, const struct images_entry *entry, int64_t now,
		 int64_t period, bool *replaced, struct diag *diag)
{
	struct metadata *newest = NULL;
	int error = check_name(entry, diag);

	if (!error)
		error = repository_newest(repository, PACKED_ROLE, &newest, diag);
	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0, "there is no role " PACKED_ROLE ": "
			   "expected \"cordon repo init\", or \"cordon repo delegate\" with the "
			   "paths " PACKED_FOLDER "*");
	if (!error)
		error = stage(repository, newest, entry, now + period, replaced, diag);
	metadata_free(newest);
	return error;
}

/* ---- packing ---- */

/* The files of the archive; names and bytes belong to the packing. */
struct packing {
	struct archive archive;
	char *data[ARCHIVE_FILES];
	const struct repository *repository;
	struct diag *diag;
};

/* Takes data. */
static int pack(struct packing *packing, const char *name, char *data, size_t size)
{
	int error = archive_add(&packing->archive, name, data, size);

	if (error) {
		diag_error(packing->diag, name, 0, 0, "cannot be packed: %s", strerror(-error));
		free(data);
		return error;
	}
	packing->data[packing->archive.count - 1] = data;
	return 0;
}

static int pack_metadata(struct packing *packing, const char *file, const char *name)
{
	char *data;
	size_t size;
	int error = file_read(packing->repository->metadata, file, REPOSITORY_FILE_MAX, &data,
			      &size);

	if (error) {
		diag_error(packing->diag, packing->repository->path, 0, 0,
			   "metadata/%s: cannot read: %s", file, strerror(-error));
		return error;
	}
	return pack(packing, name, data, size);
}

/* Adds the newest published file of a role under its name in a client's store. */
static int pack_role(struct packing *packing, const char *role)
{
	char file[METADATA_NAME], name[METADATA_NAME + 8];
	int error = repository_name(role, repository_version(packing->repository, role), file);

	snprintf(name, sizeof(name), "%s.json", role);
	return error ? error : pack_metadata(packing, file, name);
}

/* An appliance may know any root, and follows the chain from there. */
static int pack_roots(struct packing *packing)
{
	const int64_t newest = repository_version(packing->repository, "root");
	int error = 0;

	for (int64_t version = 1; !error && version <= newest; version++) {
		char name[METADATA_NAME];

		error = repository_name("root", version, name);
		if (!error)
			error = pack_metadata(packing, name, name);
	}
	return error;
}

static const char *arch_of(const struct metadata_file *file)
{
	const char *arch = json_string_value(json_object_get(file->custom, "arch"));

	return arch ? arch : "";
}

/* The one of this name, or the newest. */
static const struct metadata_file *find(const struct metadata *images, const char *name)
{
	const struct metadata_file *best = NULL;
	int64_t newest = -1;

	for (size_t i = 0; i < images->files; i++) {
		const struct metadata_file *file = &images->file[i];
		const int64_t build = json_integer_value(json_object_get(file->custom, "build"));

		if (strncmp(file->name, PACKED_FOLDER, sizeof(PACKED_FOLDER) - 1) != 0 ||
		    (name && strcmp(file->name + sizeof(PACKED_FOLDER) - 1, name) != 0) ||
		    build <= newest)
			continue;
		best = file;
		newest = build;
	}
	return best;
}

static int choose(const struct metadata *images, const char *name,
		  const struct metadata_file **target, const char *path, struct diag *diag)
{
	*target = find(images, name);
	if (!*target) {
		diag_error(diag, path, 0, 0, name ? "no image %s is published" :
			   "no image%s is published", name ? name : "");
		return -ENOENT;
	}
	for (size_t i = 0; !name && i < images->files; i++) {
		if (strcmp(arch_of(&images->file[i]), arch_of(*target)) == 0)
			continue;
		diag_error(diag, path, 0, 0, "there are images of %s and of %s: give the name of "
			   "one", arch_of(*target), arch_of(&images->file[i]));
		return -EINVAL;
	}
	return 0;
}

static int pack_target(struct packing *packing, const char *name)
{
	const struct metadata_file *target;
	struct metadata *images;
	char *data;
	size_t size;
	int error = repository_published(packing->repository, PACKED_ROLE, &images, packing->diag);

	if (!error)
		error = choose(images, name, &target, packing->repository->path, packing->diag);
	if (!error)
		error = content_read(packing->repository, target, ARCHIVE_MAX, &data, &size,
				     packing->diag);
	if (!error)
		error = pack(packing, target->name + sizeof(PACKED_FOLDER) - 1, data, size);
	metadata_free(images);
	return error;
}

static int pack_all(struct packing *packing, const char *name)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets", PACKED_ROLE };
	int error = pack_roots(packing);

	for (size_t i = 0; !error && i < sizeof(roles) / sizeof(*roles); i++)
		error = pack_role(packing, roles[i]);
	return error ? error : pack_target(packing, name);
}

/* Verifies it as an appliance does that knows the first root only. */
static int prove(const struct packing *packing, size_t size, int64_t now)
{
	const struct archive_file *root = archive_lookup(&packing->archive, "1.root.json");
	struct offer_trust trust = { .now = now };
	struct packed packed;

	if (size > PACKED_MAX) {
		diag_error(packing->diag, packing->repository->path, 0, 0, "has %zu bytes packed: "
			   "appliances accept at most %d", size, PACKED_MAX);
		return -EFBIG;
	}
	if (!root)
		return -EINVAL;
	trust.root = root->data;
	trust.root_size = root->size;
	return packed_verify(&packed, &packing->archive, &trust, packing->diag);
}

int images_pack(const struct repository *repository, const char *name, int64_t now,
		struct text *out, struct diag *diag)
{
	struct packing *packing;
	int error;

	if (!repository->timestamp) {
		diag_error(diag, repository->path, 0, 0, "nothing is published yet");
		return -ENOENT;
	}
	packing = calloc(1, sizeof(*packing));
	if (!packing)
		return -ENOMEM;
	packing->repository = repository;
	packing->diag = diag;
	error = pack_all(packing, name);
	if (!error) {
		archive_print(&packing->archive, out);
		error = text_failed(out) ? -ENOMEM : prove(packing, out->length, now);
	}
	for (size_t i = 0; i < packing->archive.count; i++)
		free(packing->data[i]);
	free(packing);
	return error;
}
