/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"
#include "rules/repo/settings_base.h"
#include "rules/signed/strict.h"

enum { SHORT = 16 };

/* ---- where ---- */

static int print_digest(const void *bytes, size_t size, char hex[METADATA_KEYID])
{
	uint8_t digest[DIGEST_SIZE];
	int error = digest_sha256(bytes, size, digest);

	if (!error)
		hex_print(digest, sizeof(digest), hex);
	return error;
}

static int digest_json(const json_t *value, char hex[METADATA_KEYID])
{
	struct text text = TEXT_EMPTY;
	int error = strict_canonical(value, &text);

	if (!error)
		error = print_digest(text.data, text.length, hex);
	text_release(&text);
	return error;
}

static const char *repository_of(const json_t *document)
{
	return json_string_value(json_object_get(document_signed(document), "x-cordon-repository"));
}

static void path_of(char path[PATH_MAX], const char *stem, const char *repository, const char *name)
{
	snprintf(path, PATH_MAX, "%s.settings/%.*s/%s", stem, SHORT, repository, name);
}

/* The folder of what was signed for the appliances of document. */
static int folder_of(char path[PATH_MAX], const char *stem, const json_t *document)
{
	char hex[METADATA_KEYID];
	int error = digest_json(json_object_get(document_signed(document), "appliances"), hex);

	hex[SHORT] = '\0';
	path_of(path, stem, repository_of(document), error ? "" : hex);
	return error;
}

/* ---- the files ---- */

static int take_base(struct repo_settings_base *base, const char *path,
		     struct set_offer *offer, struct diag *diag)
{
	const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = folder < 0 ? -errno : set_offer_read(folder, offer, diag);
	struct provision_part *secret = &offer->set.file[PROVISION_SECRET];

	if (folder >= 0)
		close(folder);
	base->known = !error;
	base->has_secret = !error && secret->data;
	if (base->has_secret)
		error = digest_sha256(secret->data, secret->size, base->secret);
	if (error)
		return error;
	base->set = offer->set;
	offer->set = (struct provision){ .file = { { .data = NULL } } };
	if (base->has_secret)
		explicit_bzero(base->set.file[PROVISION_SECRET].data,
			       base->set.file[PROVISION_SECRET].size);
	free(base->set.file[PROVISION_SECRET].data);
	base->set.file[PROVISION_SECRET] = (struct provision_part){ .data = NULL };
	return 0;
}

int repo_settings_read_base(struct repo_settings_base *base, const char *folder, struct diag *diag)
{
	struct set_offer offer = { .approval = NULL };
	int error;

	*base = (struct repo_settings_base){ .known = false };
	error = take_base(base, folder, &offer, diag);
	set_offer_release(&offer);
	if (error && diag->count == 0)
		diag_error(diag, folder, 0, 0, "expected a folder of settings (--against)");
	snprintf(base->where, sizeof(base->where), "the folder %s", folder);
	return error > 0 ? -ENOENT : error;
}

/* One file of what was signed; a secret is known by its digest alone. */
static int load_file(struct repo_settings_base *base, const char *path,
		     const struct approval *approval, const struct approval_file *file,
		     struct diag *diag)
{
	const enum provision_file which = provision_lookup(file->name);
	char full[PATH_MAX], *data;
	size_t size;
	int error;

	if (which == PROVISION_SECRET) {
		base->has_secret = true;
		memcpy(base->secret, file->sha256, sizeof(base->secret));
		return 0;
	}
	if (which == PROVISION_FILES ||
	    snprintf(full, PATH_MAX, "%s/%s", path, file->name) >= PATH_MAX)
		return -EINVAL;
	error = file_read(AT_FDCWD, full, provision_limit(which), &data, &size);
	if (error)
		return error;
	error = approval_check(approval, file->name, data, size, diag);
	if (!error)
		error = provision_put(&base->set, which, data, size);
	free(data);
	return error;
}

static int load_files(struct repo_settings_base *base, const char *path, const char *text,
		      size_t size, struct diag *diag)
{
	static struct approval approval;
	int error = approval_parse(&approval, text, size, diag);

	if (error)
		return error;
	for (size_t i = 0; i < approval.files && !error; i++)
		error = load_file(base, path, &approval, &approval.file[i], diag);
	snprintf(base->where, sizeof(base->where),
		 "version %lld, which this key signed last for them", (long long)approval.version);
	approval_release(&approval);
	return error;
}

int repo_settings_load_base(struct repo_settings_base *base, const char *stem,
			    const json_t *document, struct diag *diag)
{
	char path[PATH_MAX], full[PATH_MAX + sizeof(APPROVAL_NAME) + 1], *text;
	size_t size;
	int error = folder_of(path, stem, document);

	*base = (struct repo_settings_base){ .known = false };
	if (error)
		return error;
	snprintf(full, sizeof(full), "%s/" APPROVAL_NAME, path);
	error = file_read(AT_FDCWD, full, APPROVAL_MAX, &text, &size);
	if (error == -ENOENT)
		return 0;
	if (!error) {
		error = load_files(base, path, text, size, diag);
		free(text);
	}
	base->known = !error;
	if (error)
		diag_error(diag, path, 0, 0,
			   "is not what this key signed last: take it back from a copy, or "
			   "remove the folder, and all is shown as new");
	return error;
}

void repo_settings_base_release(struct repo_settings_base *base)
{
	provision_release(&base->set);
}

/* ---- keeping ---- */

static int make_folders(const char *stem, const json_t *document, char path[PATH_MAX])
{
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%s.settings", stem);
	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return -errno;
	path_of(parent, stem, repository_of(document), "");
	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return -errno;
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* settings.json goes first and comes last: what a power cut leaves is no set. */
static int write_files(int folder, const json_t *document, const struct provision *set)
{
	struct text text = TEXT_EMPTY;
	int error = document_print(document, &text);

	unlinkat(folder, APPROVAL_NAME, 0);
	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		const char *name = provision_name((enum provision_file)file);
		const struct provision_part *part = &set->file[file];

		if (part->data && file != PROVISION_SECRET)
			error = file_replace(folder, name, part->data, part->size, 0600);
		else
			unlinkat(folder, name, 0);
	}
	if (!error)
		error = file_replace(folder, APPROVAL_NAME, text.data, text.length, 0600);
	text_release(&text);
	return error;
}

int repo_settings_keep(const char *stem, const json_t *document, const struct provision *set,
		       struct diag *diag)
{
	char path[PATH_MAX];
	int error = folder_of(path, stem, document), folder = -1;

	if (!error)
		error = make_folders(stem, document, path);
	if (!error)
		folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!error)
		error = folder < 0 ? -errno : write_files(folder, document, set);
	if (folder >= 0)
		close(folder);
	if (error)
		diag_error(diag, path, 0, 0, "cannot keep what this key signs: %s",
			   strerror(-error));
	return error;
}
