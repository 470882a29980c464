/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "rules/publisher/edition.h"
#include "rules/publisher/fleet.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

enum { EXPECT_OPTION, LATE_OPTION, JSON_OPTION };
enum { DEFAULT_LATE = 2 * 24 * 3600, PINS_MOST = 32 << 20, EXPECT_MOST = 16 << 20 };

static const char pins_name[] = "fleet.json", notes_name[] = "checkpoints";

static const struct repo_option table[] = {
	[EXPECT_OPTION] = { "expect", REPO_ONE },
	[LATE_OPTION] = { "late", REPO_ONE },
	[JSON_OPTION] = { "json", REPO_FLAG },
	{ 0 },
};

/* ---- reading ---- */

static int read_expected(struct fleet *fleet, const char *path, struct diag *diag)
{
	char *text;
	size_t size;
	int error = file_read(AT_FDCWD, path, EXPECT_MOST, &text, &size);

	if (error) {
		diag_error(diag, path, 0, 0, "cannot read: %s", strerror(-error));
		return error;
	}
	error = fleet_expect(fleet, text, path, diag);
	free(text);
	return error;
}

static int read_pins(struct fleet *fleet, const struct repository *repository, struct diag *diag)
{
	char *text;
	size_t size;
	int error = file_read(repository->folder, pins_name, PINS_MOST, &text, &size);

	if (error == -ENOENT)
		return 0;
	if (error) {
		diag_error(diag, pins_name, 0, 0, "cannot read: %s", strerror(-error));
		return error;
	}
	error = fleet_pins_parse(fleet, text, size, pins_name, diag);
	free(text);
	return error;
}

static bool is_there(const struct repository *repository, const struct text *text)
{
	char *old;
	size_t size;
	bool same;

	if (file_read(repository->folder, pins_name, PINS_MOST, &old, &size))
		return false;
	same = size == text->length && memcmp(old, text->data, size) == 0;
	free(old);
	return same;
}

/* Only what is new, so that a copy that cannot be written is good for looking. */
static int write_pins(const struct fleet *fleet, const struct repository *repository,
		      struct diag *diag)
{
	struct text text = TEXT_EMPTY;
	int error = fleet_pins_print(fleet, &text);

	if (!error && !is_there(repository, &text))
		error = file_replace(repository->folder, pins_name, text.data, text.length, 0644);
	if (error)
		diag_error(diag, pins_name, 0, 0, "cannot write: %s", strerror(-error));
	text_release(&text);
	return error;
}

static int read_receipt(struct fleet *fleet, int folder, const char *name)
{
	char *text = NULL;
	size_t size = 0;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int error = fd < 0 ? -errno : file_read_fd(fd, RECEIPT_MAX, &text, &size);

	if (fd >= 0)
		close(fd);
	/* What cannot be read is no receipt either. */
	error = fleet_add(fleet, name, error ? "" : text, error ? 0 : size);
	free(text);
	return error;
}

static int read_receipts(struct fleet *fleet, const struct repository *repository,
			 struct diag *diag)
{
	int fd = openat(repository->folder, "receipts",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int error = 0;

	if (!folder) {
		error = errno == ENOENT ? 0 : -errno;
		if (fd >= 0)
			close(fd);
		if (error)
			diag_error(diag, repository->path, 0, 0,
				   "cannot open receipts: %s; expected a "
				   "folder, and no link",
				   strerror(-error));
		return error;
	}
	while (!error && (entry = readdir(folder)))
		error = read_receipt(fleet, fd, entry->d_name);
	closedir(folder);
	if (error)
		diag_error(diag, "receipts", 0, 0, "cannot take them all: %s", strerror(-error));
	return error;
}

/* ---- checkpoints of the appliances' logs ---- */

enum { NOTES_TAIL = 16 * 1024 };

/* A run that was cut off may have written it. */
static bool ends_with(int fd, const char *note)
{
	static char tail[NOTES_TAIL + 1];
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t got = pread(fd, tail, NOTES_TAIL, size > NOTES_TAIL ? size - NOTES_TAIL : 0);

	tail[got > 0 ? got : 0] = '\0';
	return strstr(tail, note) != NULL;
}

/* CHECKPOINTS/ID: all notes that were seen, for `cordon log verify --checkpoint`. */
static int keep_note(int folder, const struct fleet_entry *entry)
{
	int fd = openat(folder, entry->id, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
			0644), error = 0;

	if (fd < 0)
		return -errno;
	if (!ends_with(fd, entry->receipt.note))
		error = file_write_all(fd, entry->receipt.note, strlen(entry->receipt.note));
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int keep_notes(const struct fleet *fleet, const struct repository *repository,
		      struct diag *diag)
{
	int folder = -1, error = 0;

	for (size_t i = 0; !error && i < fleet->count; i++) {
		if (!fleet->entry[i]->news)
			continue;
		if (folder < 0 && mkdirat(repository->folder, notes_name, 0755) < 0 &&
		    errno != EEXIST)
			error = -errno;
		if (!error && folder < 0)
			folder = openat(repository->folder, notes_name,
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (!error)
			error = folder < 0 ? -errno : keep_note(folder, fleet->entry[i]);
	}
	if (folder >= 0)
		close(folder);
	if (error)
		diag_error(diag, notes_name, 0, 0, "cannot write: %s", strerror(-error));
	return error;
}

/* ---- showing ---- */

static void print_time(int64_t time, char out[32])
{
	metadata_time_print(time, out);
	out[16] = '\0';
}

static void print_entry(const struct fleet_entry *entry)
{
	const struct receipt *receipt = &entry->receipt;
	char contact[32] = "-", mode[RECEIPT_WORD], release[24] = "-";

	if (entry->has_receipt) {
		print_time(receipt->time, contact);
		snprintf(release, sizeof(release), "%" PRId64, receipt->release);
	}
	printf("%-24s %-9s %-8s %-17s %-8s %s", entry->id, fleet_state_print(entry->state),
	       release, contact, entry->has_receipt ?
	       text_name(mode, sizeof(mode), receipt->mode) : "-",
	       !entry->has_receipt ? "-" : receipt->clock_set ? "set" : "floor");
	/* On a line of its own: what is wrong has to be read, and the screen is narrow. */
	printf(*entry->why ? "\n    %s\n" : "%s\n", entry->why);
}

static json_t *entry_json(const struct fleet_entry *entry)
{
	const struct receipt *receipt = &entry->receipt;
	json_t *object = json_pack("{s:s, s:s, s:s, s:b}", "appliance", entry->id, "state",
				   fleet_state_print(entry->state), "why", entry->why, "expected",
				   entry->expected);
	char time[32], since[32] = "", logged[CLOCK_TEXT];

	if (!object || !entry->has_receipt)
		return object;
	metadata_time_print(receipt->time, time);
	if (receipt->since)
		metadata_time_print(receipt->since, since);
	json_object_update_new(object, json_pack(
		"{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}",
		"contact", time, "since", since, "clock", receipt->clock_set ? "set" : "floor",
		"keyid", receipt->keyid, "release", (json_int_t)receipt->release, "bundle",
		receipt->bundle, "mode", receipt->mode, "freshness", receipt->freshness, "result",
		receipt->result, "ring", receipt->ring, "image", receipt->image, "uptime",
		(json_int_t)receipt->uptime, "sequence", (json_int_t)receipt->sequence));
	if (*receipt->note)
		json_object_update_new(object, json_pack("{s:{s:I, s:I, s:s}}", "log", "batches",
			(json_int_t)receipt->log.size, "last", (json_int_t)receipt->log.last,
			"time", clock_print(receipt->log.wall_ms, logged)));
	return object;
}

static void print_fleet(const struct fleet *fleet, size_t bad, bool json)
{
	json_t *array = json ? json_array() : NULL;

	if (!json)
		printf("%-24s %-9s %-8s %-17s %-8s %s\n", "appliance", "state", "release",
		       "contact (UTC)", "mode", "clock");
	for (size_t i = 0; i < fleet->count; i++) {
		if (json)
			json_array_append_new(array, entry_json(fleet->entry[i]));
		else
			print_entry(fleet->entry[i]);
	}
	if (json)
		command_print_json(json_pack("{s:o, s:I}", "appliances", array, "bad",
					     (json_int_t)bad));
	else
		printf("%zu appliance%s, %zu not as they should be%s\n", fleet->count,
		       fleet->count == 1 ? "" : "s", bad,
		       fleet->count ? "" : ": there is no receipt in receipts/");
}

/* ---- the command ---- */

static int load(struct fleet *fleet, const struct repository *repository,
		const struct repo_words *words, struct diag *diag)
{
	const char *expected = repo_value(words, EXPECT_OPTION);
	int error = expected ? read_expected(fleet, expected, diag) : 0;

	if (!error)
		error = read_pins(fleet, repository, diag);
	if (!error)
		error = read_receipts(fleet, repository, diag);
	return error;
}

static int judge(struct fleet *fleet, const struct repository *repository, int64_t late,
		 size_t *bad, struct diag *diag)
{
	struct fleet_options options = { .now = clock_wall(), .late = late ? late : DEFAULT_LATE };
	struct bundle newest;
	int error = edition_published(&newest, repository, diag);

	if (error && error != -ENOENT)
		return error;
	if (!error) {
		options.newest = &newest.release;
		options.digest = newest.digest;
		options.held = repository->timestamp->hold == newest.release.version;
	}
	*bad = fleet_judge(fleet, &options);
	if (!error)
		bundle_release(&newest);
	return 0;
}

static int run(const struct repository *repository, const struct repo_words *words, int64_t late)
{
	struct fleet fleet;
	struct diag diag;
	size_t bad = 0;
	int error;

	diag_init(&diag);
	fleet_init(&fleet);
	error = load(&fleet, repository, words, &diag);
	if (!error)
		error = judge(&fleet, repository, late, &bad, &diag);
	if (!error)
		print_fleet(&fleet, bad, repo_value(words, JSON_OPTION) != NULL);
	/* Before the pins, by which they are news. */
	if (!error)
		error = keep_notes(&fleet, repository, &diag);
	if (!error)
		error = write_pins(&fleet, repository, &diag);
	fleet_release(&fleet);
	return repo_report(words->word[0], &diag, error) || bad ? EXIT_NO : EXIT_YES;
}

int repo_fleet(int argc, char **argv)
{
	static struct repo_folder folder;
	struct repo_words words;
	int64_t late;
	int code = repo_words(&words, "repo fleet", table, argc, argv);

	if (!code)
		code = repo_period(&words, repo_value(&words, LATE_OPTION), &late);
	if (code)
		return code;
	if (words.words != 1)
		return command_usage("repo fleet", "expected DIR");
	code = repo_folder_open(&folder, &words, REPO_READ);
	if (code)
		return code;
	code = run(&folder.repository, &words, late);
	repo_folder_close(&folder);
	return code;
}
