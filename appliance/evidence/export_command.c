/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/kept.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/days.h"

/*
 * `cordon log export`: a copy that can be verified on any machine: closed days as they are, the
 * open day closed as of now, the public keys, and the newest checkpoint.
 */
enum { PATH_TEXT = 512, CHUNK = 256 * 1024 };

struct log_export {
	const char *log;	/* folder of the log */
	const char *to;
	int source, target;	/* the same, open */
	uint64_t days, bytes;
};

/* ---- checkpoint ---- */

static int ask_checkpoint(const struct cli *cli, bool quiet, char **note)
{
	const struct control_request request = { .type = CONTROL_CHECKPOINT };

	return command_ask(cli, &request, quiet, note);
}

int command_log_checkpoint(const struct cli *cli, int argc, char **argv)
{
	char *note;
	int code;

	if (argc > 1)
		return command_usage("log", "checkpoint: unexpected word \"%s\"", argv[1]);
	code = ask_checkpoint(cli, false, &note);
	if (note)
		fputs(note, code == EXIT_YES ? stdout : stderr);
	free(note);
	return code;
}

/* ---- days ---- */

static int copy_bytes(int from, int to)
{
	static char bytes[CHUNK];
	ssize_t got;
	int error = 0;

	while (!error && (got = read(from, bytes, sizeof(bytes))) != 0)
		error = got < 0 ? -errno : file_write_all(to, bytes, (size_t)got);
	if (!error && fsync(to) < 0)
		error = -errno;
	return error;
}

static int copy_day(const struct log_export *export, const char *name)
{
	int from = openat(export->source, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to, error;

	if (from < 0)
		return -errno;
	to = openat(export->target, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	error = to < 0 ? -errno : copy_bytes(from, to);
	if (to >= 0)
		close(to);
	close(from);
	return error;
}

/* As a closed day, of one moment: the journal goes on writing. */
static int close_copy(const struct log_export *export, const char *name, const char *closed)
{
	char from[PATH_TEXT], to[PATH_TEXT];

	if (snprintf(from, sizeof(from), "%s/%s", export->log, name) >= (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/%s", export->to, closed) >= (int)sizeof(to))
		return -ENAMETOOLONG;
	return closing_write(from, to, DAYS_MINUTES);
}

/* An open day can be closed meanwhile. */
static int export_day(struct log_export *export, const struct days_file *file)
{
	struct days_file other = *file;
	char name[DAYS_NAME], closed[DAYS_NAME];
	struct stat status;
	int error = -ENOENT;

	days_print(file, name);
	other.kind = DAYS_CLOSED;
	days_print(&other, closed);
	if (file->kind == DAYS_OPEN)
		error = close_copy(export, name, closed);
	if (error == -ENOENT)
		error = copy_day(export, closed);
	if (error) {
		fprintf(stderr, "cordon log export: %s/%s: %s\n", export->log, name,
			strerror(-error));
		return error;
	}
	export->days++;
	if (fstatat(export->target, closed, &status, 0) == 0)
		export->bytes += (uint64_t)status.st_size;
	return 0;
}

static int export_days(struct log_export *export)
{
	struct days days;
	int error = days_list(export->source, &days);

	if (!error && days.count == 0)
		error = -ENOENT;
	if (error)
		fprintf(stderr, "cordon log export: no log in %s: %s\n", export->log,
			strerror(-error));
	for (size_t i = 0; !error && i < days.count; i++) {
		if (days_is_read(&days, i))
			error = export_day(export, &days.file[i]);
	}
	days_free(&days);
	return error;
}

/* ---- all ---- */

static int write_text(const struct log_export *export, const char *name, char *text)
{
	int error = text ? file_replace(export->target, name, text, strlen(text), 0644) : -ENOENT;

	free(text);
	if (error)
		fprintf(stderr, "cordon log export: %s: %s\n", name, strerror(-error));
	return error;
}

/* A new folder, so that nothing of another copy is in it. 0 or an exit code. */
static int open_folders(struct log_export *export)
{
	if (strpbrk(export->to, "?%#") || strpbrk(export->log, "?%#"))
		return command_usage("log", "export: a folder's name has none of ? %% #");
	export->source = open(export->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (export->source < 0) {
		fprintf(stderr, "cordon log export: %s: %s\n", export->log, strerror(errno));
		return EXIT_NO;
	}
	if (mkdir(export->to, 0700) < 0) {
		fprintf(stderr, "cordon log export: %s: %s; expected the name of a new folder\n",
			export->to, strerror(errno));
		return EXIT_NO;
	}
	export->target = open(export->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return export->target < 0 ? EXIT_NO : EXIT_YES;
}

int command_log_export(const struct cli *cli, int argc, char **argv)
{
	struct log_export export = { .source = -1, .target = -1 };
	char log[PATH_TEXT], *note;
	int code, error;

	if (argc != 2 || argv[1][0] == '-')
		return command_usage("log", "export: expected a FOLDER");
	snprintf(log, sizeof(log), "%s/log", cli->state);
	export.log = log;
	export.to = argv[1];
	code = open_folders(&export);
	if (code != EXIT_YES)
		return code;
	if (ask_checkpoint(cli, true, &note) != EXIT_YES)
		fputs("cordon log export: cordond signs no checkpoint now; the newest one goes "
		      "along\n", stderr);
	free(note);
	/* Before the days: they have what it covers. */
	error = write_text(&export, KEPT_NOTE, kept_note(cli->state));
	if (!error)
		error = write_text(&export, KEPT_KEYS, kept_keys_text(cli->state));
	if (!error)
		error = export_days(&export);
	if (!error)
		printf("%" PRIu64 " day%s, %" PRIu64 " bytes; to verify the copy on any machine: "
		       "cordon log verify %s\n", export.days, export.days == 1 ? "" : "s",
		       export.bytes, export.to);
	close(export.source);
	close(export.target);
	return error ? EXIT_NO : EXIT_YES;
}
