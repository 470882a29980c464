/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/settings.h"

#define LEDGER "ledger"
#define GONE PATH_DATA "/settings.gone"
#define TRIAL "trial"
#define WHY "why"
enum { LEDGER_MAX = 4096, LOG_DIGITS = 16 };

static int lock = -1;

void settings_lock(void)
{
	if (lock < 0)
		lock = box_lock(PATH_RUN "/settings.lock");
}

void settings_unlock(void)
{
	box_unlock(lock);
	lock = -1;
}

void settings_mark(bool provisioned)
{
	char path[BOX_PATH];

	if (provisioned && !box_has(SETTINGS_MARK))
		(void)box_write(SETTINGS_MARK, "", 0, 0600);
	if (!box_has(PATH_BOOT_IMAGES) || box_has(SETTINGS_BOOT_MARK) == provisioned)
		return;
	/* Of a box whose settings end with this start nobody would be the owner from the next one
	 * on. */
	if (provisioned && !box_keeps())
		return;
	(void)!box_boot_begin();
	if (provisioned)
		(void)box_write(SETTINGS_BOOT_MARK, "", 0, 0600);
	else
		unlink(box_path(path, SETTINGS_BOOT_MARK));
	box_boot_end();
}

bool settings_provisioned(void)
{
	char path[BOX_PATH];

	if (box_has(SETTINGS_MARK) || box_has(SETTINGS_BOOT_MARK))
		return true;
	for (int file = 0; file < PROVISION_FILES; file++) {
		snprintf(path, sizeof(path), PATH_SETTINGS "/%s",
			 provision_name((enum provision_file)file));
		if (box_has(path))
			return true;
	}
	return false;
}

int settings_load(const char *folder, struct provision *set, struct diag *diag)
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

int settings_load_in_force(struct provision *set)
{
	static struct diag diag;
	int error;

	diag_init(&diag);
	error = settings_load(PATH_SETTINGS, set, &diag);
	command_print_diag(&diag);
	return error ? EXIT_NO : EXIT_YES;
}

bool settings_unchanged(const char *folder, const struct provision *before)
{
	static struct diag diag;
	struct provision now;
	bool same;

	diag_init(&diag);
	same = settings_load(folder, &now, &diag) == 0;
	for (int file = 0; file < PROVISION_FILES; file++) {
		const struct provision_part *a = &before->file[file], *b = &now.file[file];

		same &= !a->data == !b->data && a->size == b->size &&
			(!a->data || memcmp(a->data, b->data, a->size) == 0);
	}
	provision_release(&now);
	return same;
}

/* ---- the ledger ---- */

/* "7", or "7 DIGEST". */
static void read_version(struct settings_ledger *ledger, const char *text)
{
	char *end;

	ledger->version = strtoll(text, &end, 10);
	if (*end != ' ' || !hex_parse(ledger->approved, DIGEST_SIZE, end + 1))
		memset(ledger->approved, 0, DIGEST_SIZE);
}

void settings_ledger_load_from(const char *folder, struct settings_ledger *ledger)
{
	char path[BOX_PATH], *text, *rest, *line;
	size_t size;

	snprintf(path, sizeof(path), "%s/" LEDGER, folder);
	text = rest = box_read(path, LEDGER_MAX, &size);
	*ledger = (struct settings_ledger){ .version = 0 };
	while (rest && (line = strsep(&rest, "\n"))) {
		if (strncmp(line, "version ", 8) == 0)
			read_version(ledger, line + 8);
		else if (strncmp(line, "taken ", 6) == 0 && ledger->takens < SETTINGS_TAKEN &&
			 hex_parse(ledger->taken[ledger->takens], DIGEST_SIZE, line + 6))
			ledger->takens++;
	}
	free(text);
}

void settings_ledger_load(struct settings_ledger *ledger)
{
	settings_ledger_load_from(PATH_SETTINGS, ledger);
}

bool settings_ledger_knows(const struct settings_ledger *ledger, const uint8_t digest[DIGEST_SIZE])
{
	for (size_t i = 0; i < ledger->takens; i++) {
		if (memcmp(ledger->taken[i], digest, DIGEST_SIZE) == 0)
			return true;
	}
	return false;
}

void settings_ledger_add(struct settings_ledger *ledger, const uint8_t digest[DIGEST_SIZE])
{
	if (settings_ledger_knows(ledger, digest))
		return;
	if (ledger->takens == SETTINGS_TAKEN)
		memmove(ledger->taken[0], ledger->taken[1], (SETTINGS_TAKEN - 1) * DIGEST_SIZE);
	else
		ledger->takens++;
	memcpy(ledger->taken[ledger->takens - 1], digest, DIGEST_SIZE);
}

static void print_ledger(const struct settings_ledger *ledger, struct text *out)
{
	char hex[2 * DIGEST_SIZE + 1];

	hex_print(ledger->approved, DIGEST_SIZE, hex);
	text_printf(out, "version %lld %s\n", (long long)ledger->version, hex);
	for (size_t i = 0; i < ledger->takens; i++) {
		hex_print(ledger->taken[i], DIGEST_SIZE, hex);
		text_printf(out, "taken %s\n", hex);
	}
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
void settings_remove(const char *folder)
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

int settings_sync(void)
{
	char full[BOX_PATH];
	int fd = open(box_path(full, PATH_DATA), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

static int fill(const char *folder, const struct provision *set,
		const struct settings_ledger *ledger)
{
	struct text out = TEXT_EMPTY;
	char full[BOX_PATH];
	int error;

	settings_remove(folder);
	if (mkdir(box_path(full, folder), 0700) < 0)
		return -errno;
	print_ledger(ledger, &out);
	error = text_failed(&out) ? -ENOMEM : write_in(folder, LEDGER, out.data, out.length);
	text_release(&out);
	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		if (set->file[file].data)
			error = write_in(folder, provision_name((enum provision_file)file),
					 set->file[file].data, set->file[file].size);
	}
	return error;
}

int settings_exchange(const char *a, const char *b)
{
	char first[BOX_PATH], second[BOX_PATH];
	int error;

	mkdir(box_path(second, b), 0700);
	if (renameat2(AT_FDCWD, box_path(first, a), AT_FDCWD, second, RENAME_EXCHANGE) < 0)
		return -errno;
	error = settings_sync();
	/* Not taken is what the next start would not find. */
	if (error)
		(void)!renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
	return error;
}

int settings_store(const struct provision *set, const struct settings_ledger *ledger,
		   const char *trial)
{
	int error = fill(SETTINGS_NEW, set, ledger);

	if (!error && trial)
		error = write_in(SETTINGS_NEW, TRIAL, trial, strlen(trial));
	if (!error)
		error = settings_exchange(SETTINGS_NEW, PATH_SETTINGS);
	settings_remove(SETTINGS_NEW);
	return error;
}

int settings_copy(const char *folder, const struct provision *set,
		  const struct settings_ledger *ledger, const char *why)
{
	int error = fill(SETTINGS_NEW, set, ledger);

	if (!error && why)
		error = write_in(SETTINGS_NEW, WHY, why, strlen(why));
	if (!error)
		error = settings_exchange(SETTINGS_NEW, folder);
	settings_remove(SETTINGS_NEW);
	return error;
}

/* ---- after a power cut, a reset, a trial ---- */

static bool said_already(const char *log, const char *word, const char *digits)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), " %s %s ", word, digits);
	return strstr(log, wanted) != NULL;
}

void settings_note(const char *word, const uint8_t digest[DIGEST_SIZE], const char *text)
{
	char hex[2 * DIGEST_SIZE + 1] = "-", now[CLOCK_TEXT], *old;
	struct text out = TEXT_EMPTY;
	size_t size = 0, skip = 0;

	if (digest)
		hex_print(digest, DIGEST_SIZE, hex);
	hex[digest ? LOG_DIGITS : 1] = '\0';
	old = box_read(SETTINGS_LOG, SETTINGS_LOG_MAX, &size);
	if (!digest || !old || !said_already(old, word, hex)) {
		box_log("settings %s: %s", word, text);
		if (size > SETTINGS_LOG_MAX / 2)
			skip = (size_t)(strchrnul(old + size - SETTINGS_LOG_MAX / 4, '\n') - old) +
			       1;
		if (old && skip < size)
			text_put(&out, old + skip, size - skip);
		text_printf(&out, "%s %s %s ", clock_print(clock_wall_ms(), now), word, hex);
		for (; *text; text++)
			text_put(&out, *text == '\n' ? " " : text, 1);
		text_puts(&out, "\n");
		if (!text_failed(&out))
			(void)box_write(SETTINGS_LOG, out.data, out.length, 0600);
	}
	free(old);
	text_release(&out);
}

void settings_last_refusal(char *line, size_t size)
{
	size_t length;
	char *log = box_read(SETTINGS_LOG, SETTINGS_LOG_MAX, &length), *rest = log, *at;

	line[0] = '\0';
	while (rest && (at = strsep(&rest, "\n"))) {
		const char *word = strchr(at, ' ');

		if (word && strncmp(word, " refused ", 9) == 0)
			snprintf(line, size, "%.19sZ: %s", at,
				 word + 9 + strcspn(word + 9, " ") + 1);
	}
	free(log);
}

bool settings_on_trial(void)
{
	return box_has(PATH_SETTINGS "/" TRIAL);
}
