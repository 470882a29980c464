/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/diag.h"
#include "appliance/base/file.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"

#define GONE PATH_DATA "/settings.gone"
#define WHY "why"

static int lock = -1;

void set_store_lock(void)
{
	if (lock < 0)
		lock = box_lock(PATH_RUN "/settings.lock");
}

void set_store_unlock(void)
{
	box_unlock(lock);
	lock = -1;
}

int set_store_load(const char *folder, struct provision *set, struct diag *diag)
{
	*set = (struct provision){ .file = { { .data = NULL } } };
	for (int file = 0; file < PROVISION_FILES; file++) {
		const char *name = provision_name((enum provision_file)file);
		char path[BOX_PATH], full[BOX_PATH];
		struct provision_part *part = &set->file[file];
		int error;

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		error = file_read(AT_FDCWD, box_path(full, path),
				  provision_limit((enum provision_file)file), &part->data,
				  &part->size);
		if (error && error != -ENOENT) {
			diag_error(diag, path, 0, 0, "cannot read: %s", strerror(-error));
			return error;
		}
	}
	return 0;
}

bool set_store_unchanged(const char *folder, const struct provision *before)
{
	static struct diag diag;
	struct provision now;
	bool same;

	diag_init(&diag);
	same = set_store_load(folder, &now, &diag) == 0;
	for (int file = 0; file < PROVISION_FILES; file++) {
		const struct provision_part *a = &before->file[file], *b = &now.file[file];

		same &= !a->data == !b->data && a->size == b->size &&
			(!a->data || memcmp(a->data, b->data, a->size) == 0);
	}
	provision_release(&now);
	return same;
}

/* ---- folders ---- */

static void empty(const char *folder)
{
	char full[BOX_PATH];
	DIR *entries = opendir(box_path(full, folder));
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		unlinkat(dirfd(entries), entry->d_name, 0);
	if (entries)
		closedir(entries);
	rmdir(full);
}

/* Half of a set under its own name would be another set. */
void set_store_remove(const char *folder)
{
	char first[BOX_PATH], second[BOX_PATH];

	empty(GONE);
	if (rename(box_path(first, folder), box_path(second, GONE)) == 0)
		empty(GONE);
}

static int write_in(const char *folder, const char *name, const void *data, size_t size)
{
	char path[2 * BOX_PATH], full[BOX_PATH];

	snprintf(path, sizeof(path), "%s/%s", box_path(full, folder), name);
	return file_replace(AT_FDCWD, path, data, size, 0600);
}

int set_store_sync(void)
{
	char full[BOX_PATH];
	int fd = open(box_path(full, PATH_DATA), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

static int fill(const char *folder, const struct provision *set,
		const struct ledger *ledger)
{
	struct text out = TEXT_EMPTY;
	char full[BOX_PATH];
	int error;

	set_store_remove(folder);
	if (mkdir(box_path(full, folder), 0700) < 0)
		return -errno;
	ledger_print(ledger, &out);
	error = text_failed(&out) ? -ENOMEM : write_in(folder, LEDGER_NAME, out.data, out.length);
	text_release(&out);
	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		if (set->file[file].data)
			error = write_in(folder, provision_name((enum provision_file)file),
					 set->file[file].data, set->file[file].size);
	}
	return error;
}

int set_store_exchange(const char *a, const char *b)
{
	char first[BOX_PATH], second[BOX_PATH];
	int error;

	mkdir(box_path(second, b), 0700);
	if (renameat2(AT_FDCWD, box_path(first, a), AT_FDCWD, second, RENAME_EXCHANGE) < 0)
		return -errno;
	error = set_store_sync();
	/* Not taken is what the next start would not find. */
	if (error)
		(void)!renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
	return error;
}

/* Whole or not at all; one more file beside the set unless text is NULL. */
static int put(const char *folder, const struct provision *set, const struct ledger *ledger,
	       const char *name, const char *text)
{
	int error = fill(SET_STORE_NEW, set, ledger);

	if (!error && text)
		error = write_in(SET_STORE_NEW, name, text, strlen(text));
	if (!error)
		error = set_store_exchange(SET_STORE_NEW, folder);
	set_store_remove(SET_STORE_NEW);
	return error;
}

int set_store_replace(const struct provision *set, const struct ledger *ledger, const char *trial)
{
	return put(PATH_SETTINGS, set, ledger, SET_STORE_TRIAL_NAME, trial);
}

int set_store_copy(const char *folder, const struct provision *set, const struct ledger *ledger,
		   const char *why)
{
	return put(folder, set, ledger, WHY, why);
}

bool set_store_on_trial(void)
{
	return box_has(SET_STORE_TRIAL);
}
