/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verify_folds.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/hex.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/sql.h"

enum { CACHE_KB = 64, PATH_TEXT = 512, STEP = 64 };

static int keep(struct verify_folds *folds, const struct verify_fold *fold)
{
	struct verify_fold *more;

	/* Each file is made coarser twice. */
	if (folds->count >= (size_t)DAYS_MAX * DAYS_GRAINS)
		return 0;
	if (folds->count % STEP == 0) {
		more = realloc(folds->fold, (folds->count + STEP) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		folds->fold = more;
	}
	folds->fold[folds->count++] = *fold;
	return 0;
}

/* body: the members of a notice (journal/notice.h). 1; 0: members of other forms say nothing; or
 * -ENOMEM. */
static int parse(struct verify_fold *fold, const char *body)
{
	const char *hex, *grain;
	json_t *members;
	bool valid;

	*fold = (struct verify_fold){ .grain = DAYS_MINUTES };
	if (notice_parse(body, &members) == -ENOMEM)
		return -ENOMEM;
	hex = json_string_value(json_object_get(members, "sha256"));
	grain = json_string_value(json_object_get(members, "grain"));
	fold->number = (uint32_t)json_integer_value(json_object_get(members, "number"));
	for (int i = DAYS_HOURS; grain && i < DAYS_GRAINS; i++) {
		if (strcmp(grain, days_grain_print((enum days_grain)i)) == 0)
			fold->grain = (enum days_grain)i;
	}
	valid = fold->grain != DAYS_MINUTES && hex && strlen(hex) == 2 * DIGEST_SIZE &&
		hex_parse(fold->digest, DIGEST_SIZE, hex);
	json_decref(members);
	return valid;
}

static int take_notice(struct verify_folds *folds, const char *body)
{
	struct verify_fold fold;
	int result = parse(&fold, body);

	return result == 1 ? keep(folds, &fold) : result;
}

static int read_day(struct verify_folds *folds, const char *path, enum sql_access access)
{
	struct sql sql;
	sqlite3_stmt *row = NULL;
	int error = 0;

	if (sql_open(&sql, path, access, CACHE_KB) == 0)
		row = sql_prepare(&sql, "SELECT body FROM notice WHERE kind = '" NOTICE_FOLDED "'");
	while (!error && row && sql_step(&sql, row)) {
		const char *body = (const char *)sqlite3_column_text(row, 0);

		error = body ? take_notice(folds, body) : 0;
	}
	(void)sqlite3_finalize(row);
	sql_close(&sql);
	return error;
}

static bool is_needed(const struct days *days)
{
	for (size_t i = 0; i < days->count; i++) {
		if (days->file[i].grain != DAYS_MINUTES)
			return true;
	}
	return false;
}

int verify_folds_read(struct verify_folds *folds, const char *folder, const struct days *days)
{
	char path[PATH_TEXT], name[DAYS_NAME];
	int error = 0;

	*folds = (struct verify_folds){ .count = 0 };
	if (!is_needed(days))
		return 0;
	for (size_t i = 0; !error && i < days->count; i++) {
		const struct days_file *file = &days->file[i];

		if (days_is_read(days, i) &&
		    snprintf(path, sizeof(path), "%s/%s", folder, days_print(file, name)) <
		    (int)sizeof(path))
			error = read_day(folds, path,
					 file->kind == DAYS_CLOSED ? SQL_FROZEN : SQL_READ);
	}
	return error;
}

void verify_folds_free(struct verify_folds *folds)
{
	free(folds->fold);
	*folds = (struct verify_folds){ .count = 0 };
}

int verify_folds_agree(struct verify_folds *folds, const struct days_file *file,
		       const char *path)
{
	uint8_t digest[DIGEST_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error;

	if (fd < 0)
		return -errno;
	error = digest_file(fd, digest);
	close(fd);
	for (size_t i = 0; !error && i < folds->count; i++) {
		struct verify_fold *fold = &folds->fold[i];

		if (fold->number == file->number && fold->grain == file->grain &&
		    memcmp(fold->digest, digest, DIGEST_SIZE) == 0) {
			fold->used = true;
			days_print(file, fold->name);
			return 1;
		}
	}
	return error;
}

void verify_folds_see(struct verify_folds *folds, const char *body)
{
	struct verify_fold seen;

	if (parse(&seen, body) != 1)
		return;
	for (size_t i = 0; i < folds->count; i++) {
		struct verify_fold *fold = &folds->fold[i];

		if (fold->number == seen.number && fold->grain == seen.grain &&
		    memcmp(fold->digest, seen.digest, DIGEST_SIZE) == 0)
			fold->seen = true;
	}
}

void verify_folds_sign(struct verify_folds *folds)
{
	for (size_t i = 0; i < folds->count; i++)
		folds->fold[i].is_signed = folds->fold[i].is_signed || folds->fold[i].seen;
}

void verify_folds_forget(struct verify_folds *folds)
{
	for (size_t i = 0; i < folds->count; i++)
		folds->fold[i].seen = folds->fold[i].is_signed;
}

const struct verify_fold *verify_folds_unsigned(const struct verify_folds *folds)
{
	for (size_t i = 0; i < folds->count; i++) {
		if (folds->fold[i].used && !folds->fold[i].is_signed)
			return &folds->fold[i];
	}
	return NULL;
}
