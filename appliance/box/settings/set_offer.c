/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_offer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/diag.h"
#include "appliance/base/file.h"
#include "appliance/box/settings/provision.h"
#include "rules/signed/approval.h"

enum { NAMES_MAX = 1000 };

/* How the known names begin; what an editor keeps of them is nobody's mistake. */
static const char *meant(const char *name)
{
	static const char *const begins[PROVISION_FILES] = {
		[PROVISION_CORDON] = "cordon.c", [PROVISION_NETWORK] = "network",
		[PROVISION_KEYS] = "authorized", [PROVISION_READER_KEYS] = "reader",
		[PROVISION_ROOT] = "root", [PROVISION_CA] = "mirror",
		[PROVISION_SECRET] = "admin",
	};
	static const char *const copies[] = { "~", ".bak", ".old" };
	const size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
		const size_t end = strlen(copies[i]);

		if (length > end && strcasecmp(name + length - end, copies[i]) == 0)
			return NULL;
	}
	for (int file = 0; file < PROVISION_FILES; file++) {
		if (strncasecmp(name, begins[file], strlen(begins[file])) == 0)
			return provision_name((enum provision_file)file);
	}
	return NULL;
}

/* An ending that the system where it was written did not show, a name from memory: silently
 * the rest of the set would be taken, and its author would have no key. */
static int check_names(int folder, struct diag *diag)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	for (int i = 0; entries && i < NAMES_MAX && (entry = readdir(entries)); i++) {
		const char *name = meant(entry->d_name);

		/* FAT does not tell NETWORK.CONF from network.conf. */
		if (!name || (strcasecmp(entry->d_name, name) == 0 &&
			      faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0))
			continue;
		diag_error(diag, entry->d_name, 0, 0, "expected the name %s; or leave it away",
			   name);
		error = -EINVAL;
	}
	if (entries)
		closedir(entries);
	else if (copy >= 0)
		close(copy);
	return error;
}

/* No link is followed, no pipe waited for, nothing larger than its limit read. */
static int read_file(int folder, const char *name, size_t limit, char **data, size_t *size,
		     struct diag *diag)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int error;

	if (fd < 0 && errno == ENOENT)
		return 1;
	error = fd < 0 ? -errno : file_read_fd(fd, limit, data, size);
	if (fd >= 0)
		close(fd);
	if (error)
		diag_error(diag, name, 0, 0,
			   "cannot read: %s; expected a regular file of at most %zu bytes",
			   strerror(-error), limit);
	return error;
}

int set_offer_read(int folder, struct set_offer *offer, struct diag *diag)
{
	int found = 0, error = 0;

	for (int file = 0; file < PROVISION_FILES && error >= 0; file++) {
		struct provision_part *part = &offer->set.file[file];

		error = read_file(folder, provision_name((enum provision_file)file),
				  provision_limit((enum provision_file)file), &part->data,
				  &part->size, diag);
		found += error == 0;
	}
	if (error >= 0 && check_names(folder, diag) < 0)
		error = -EINVAL;
	if (error >= 0)
		error = read_file(folder, APPROVAL_NAME, APPROVAL_MAX, &offer->approval,
				  &offer->approval_size, diag);
	if (error == 0 && !found) {
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "vouches for files that are not there: expected them beside it");
		error = -ENOENT;
	}
	offer->has_errors = faccessat(folder, SET_OFFER_ERRORS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return error < 0 ? error : found ? 0 : 1;
}

int set_offer_digest(const struct set_offer *offer, uint8_t digest[DIGEST_SIZE])
{
	uint8_t both[2 * DIGEST_SIZE];

	if (!offer->approval)
		return provision_digest(&offer->set, digest);
	if (provision_digest(&offer->set, both) < 0 ||
	    digest_sha256(offer->approval, offer->approval_size, both + DIGEST_SIZE) < 0)
		return -EIO;
	return digest_sha256(both, sizeof(both), digest);
}

void set_offer_note(int folder, const char *errors)
{
	if (!errors)
		unlinkat(folder, SET_OFFER_ERRORS, 0);
	else if (file_replace(folder, SET_OFFER_ERRORS, errors, strlen(errors), 0600) < 0)
		fputs("the errors cannot be written beside the files\n", stderr);
	fsync(folder);
}

void set_offer_release(struct set_offer *offer)
{
	provision_release(&offer->set);
	free(offer->approval);
	free(offer->unreadable);
	*offer = (struct set_offer){ .approval = NULL };
}
