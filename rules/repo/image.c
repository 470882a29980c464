/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/box/image/bundle.h"
#include "appliance/box/image/manifest.h"
#include "appliance/command/command.h"
#include "rules/publisher/content.h"
#include "rules/publisher/images.h"
#include "rules/publisher/plan.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"
#include "rules/signed/packed.h"

enum { PACK_OPTION, EXPIRES_OPTION };

static const struct repo_option table[] = {
	[PACK_OPTION] = { "pack", REPO_ONE },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	{ 0 },
};

static void print_manifest(const char *name, const struct manifest *manifest, const void *data,
			   size_t size, struct text *out)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1] = "?", built[32], clean[METADATA_NAME];

	if (digest_sha256(data, size, digest) == 0)
		hex_print(digest, sizeof(digest), hex);
	metadata_time_print(manifest->build, built);
	text_printf(out, "image %s: version %s for %s, built %s, %zu bytes\n  sha256 %s\n",
		    text_name(clean, sizeof(clean), name), manifest->version, manifest->arch, built,
		    size, hex);
}

/* ---- what is about to be signed ---- */

/* What the metadata says beside the digest is what the bundle itself says. */
static int check_custom(const struct metadata_file *target, const struct manifest *manifest,
			struct diag *diag)
{
	const char *arch = json_string_value(json_object_get(target->custom, "arch"));
	const char *version = json_string_value(json_object_get(target->custom, "version"));

	if (arch && version && strcmp(arch, manifest->arch) == 0 &&
	    strcmp(version, manifest->version) == 0 &&
	    json_integer_value(json_object_get(target->custom, "build")) == manifest->build)
		return 0;
	diag_error(diag, target->name, 0, 0,
		   "the metadata says another arch, version or build than the "
		   "bundle's manifest");
	return -EINVAL;
}

static int show_one(const struct repository *repository, const struct metadata_file *target,
		    const struct metadata *old, struct text *out, struct diag *diag)
{
	static struct image_bundle bundle;
	const struct metadata_file *before = old ? metadata_file_lookup(old, target->name) : NULL;
	char *data;
	size_t size;
	int error = content_read(repository, target, ARCHIVE_MAX, &data, &size, diag);

	if (error)
		return error == -ENOENT ? -EINVAL : error;
	error = image_bundle_open(&bundle, data, size, target->name, diag);
	if (!error)
		error = check_custom(target, &bundle.manifest, diag);
	if (!error) {
		print_manifest(target->name, &bundle.manifest, data, size, out);
		text_puts(out, !before ? "  new\n" :
			  memcmp(before->sha256, target->sha256, DIGEST_SIZE) == 0 ?
			  "  published already\n" :
			  "  REPLACES another content that is published under this name\n");
	}
	free(data);
	return error;
}

static void show_gone(const struct metadata *old, const struct metadata *new, struct text *out)
{
	char name[METADATA_NAME];

	for (size_t i = 0; old && i < old->files; i++) {
		if (!metadata_file_lookup(new, old->file[i].name))
			text_printf(out, "image %s: goes\n",
				    text_name(name, sizeof(name), old->file[i].name));
	}
}

int repo_show_images(const struct repository *repository, const struct metadata *images,
		     struct text *out, struct diag *diag)
{
	struct metadata *old;
	int error = repository_published(repository, PACKED_ROLE, &old, diag);

	if (error && error != -ENOENT)
		return error;
	error = 0;
	if (images->roles) {
		diag_error(diag, PACKED_ROLE, 0, 0,
			   "expected images alone, and it delegates to others");
		error = -EINVAL;
	}
	for (size_t i = 0; !error && i < images->files; i++)
		error = show_one(repository, &images->file[i], old, out, diag);
	if (!error)
		show_gone(old, images, out);
	if (!error && images->files == 0)
		text_puts(out, "no images\n");
	metadata_free(old);
	return error;
}

/* ---- stage ---- */

static int stage_entry(const struct repository *repository, const struct images_entry *entry,
		       int64_t period, struct diag *diag)
{
	struct metadata *root = NULL;
	struct signing before;
	bool replaced = false;
	int error = repository_newest(repository, "root", &root, diag);

	if (signing_load(&before, repository, PACKED_ROLE, NULL) < 0)
		before.demands = 0;
	if (!error)
		error = images_stage(repository, entry, clock_wall(),
				     period ? period : plan_period(root, PACKED_ROLE), &replaced,
				     diag);
	metadata_free(root);
	if (!error)
		repo_warn_of_signatures(&before);
	if (!error && replaced)
		fprintf(stderr, "cordon repo: warning: another content had the name %s\n",
			entry->name);
	return error;
}

static int stage(const struct repository *repository, const struct repo_words *words,
		 const char *data, size_t size, int64_t period, struct diag *diag)
{
	static struct image_bundle bundle;
	const char *path = words->word[1], *slash = strrchr(path, '/');
	struct images_entry entry = { .name = slash ? slash + 1 : path,
				      .data = data,
				      .size = size };
	struct text text = TEXT_EMPTY;
	int error = image_bundle_open(&bundle, data, size, path, diag);

	entry.arch = bundle.manifest.arch;
	entry.version = bundle.manifest.version;
	entry.build = bundle.manifest.build;
	if (!error)
		error = stage_entry(repository, &entry, period, diag);
	if (error)
		return error;
	print_manifest(entry.name, &bundle.manifest, data, size, &text);
	fputs(text.data ? text.data : "", stdout);
	text_release(&text);
	printf("staged; next: cordon repo sign %s --key FILE, each on their own machine\n",
	       words->word[0]);
	return 0;
}

static int add(const struct repository *repository, const struct repo_words *words)
{
	struct diag diag;
	int64_t period;
	char *data;
	size_t size;
	int error, code = repo_period(words, repo_value(words, EXPIRES_OPTION), &period);

	if (code)
		return code;
	diag_init(&diag);
	error = file_read(AT_FDCWD, words->word[1], ARCHIVE_MAX, &data, &size);
	if (error) {
		diag_error(&diag, words->word[1], 0, 0, "cannot read: %s", strerror(-error));
	} else {
		error = stage(repository, words, data, size, period, &diag);
		free(data);
	}
	return repo_report(words->word[0], &diag, error);
}

/* ---- pack ---- */

static int write_packed(const struct repository *repository, const char *path,
			const struct text *text, struct diag *diag)
{
	const bool out = strcmp(path, "-") == 0;
	int error = file_write_named(path, text->data, text->length, 0644, false);
	char expiry[64];

	if (error) {
		diag_error(diag, path, 0, 0, "cannot write: %s", file_write_problem(error));
		return error;
	}
	repo_print_expiry(repository->timestamp->expires, clock_wall(), expiry, sizeof(expiry));
	fprintf(out ? stderr : stdout,
		"%s: %zu bytes, taken until %s; next, on the appliance: cordon image "
		"install %s\n",
		path, text->length, expiry, out ? "-" : "FILE");
	return 0;
}

static int pack(const struct repository *repository, const struct repo_words *words)
{
	struct text text = TEXT_EMPTY;
	struct diag diag;
	int error;

	diag_init(&diag);
	error = images_pack(repository, words->words > 1 ? words->word[1] : NULL, clock_wall(),
			    &text, &diag);
	if (!error)
		error = write_packed(repository, repo_value(words, PACK_OPTION), &text, &diag);
	text_release(&text);
	return repo_report(words->word[0], &diag, error);
}

int repo_image(int argc, char **argv)
{
	static struct repo_folder folder;
	struct repo_words words;
	int code = repo_words(&words, "repo image", table, argc, argv);
	bool packs;

	if (code)
		return code;
	packs = repo_value(&words, PACK_OPTION);
	if (words.words > 2 || (!packs && words.words != 2))
		return command_usage("repo image",
				     "expected DIR BUNDLE, or DIR --pack OUT and the name of an "
				     "image");
	code = repo_folder_open(&folder, &words, packs ? REPO_READ : REPO_ALONE);
	if (code)
		return code;
	code = packs ? pack(&folder.repository, &words) : add(&folder.repository, &words);
	repo_folder_close(&folder);
	return code;
}
