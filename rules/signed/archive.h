/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * The files of a bundle as one file: the update role offers it, a verifying child reads it, and the
 * state folder keeps it. So one rename replaces metadata and lists together. "CORDON1\n", u16
 * count, then for each file: u8 length of the name, the name, u32 size, the bytes. Big endian.
 *
 *	root.json 2.root.json ... timestamp.json snapshot.json targets.json rules.json	metadata
 *	release.json kaspersky.rules ...						targets
 */
enum { ARCHIVE_FILES = 512, ARCHIVE_NAME = 200, ARCHIVE_MAX = 128 << 20 };

struct archive {
	struct archive_file {
		char name[ARCHIVE_NAME];
		const void *data;	/* the caller's memory */
		size_t size;
	} file[ARCHIVE_FILES];
	size_t count;
};

/* The files point into data. 0, or -EBADMSG: not an archive, a name twice, or one with characters
 * other than letters, digits and ". _ - %". */
int archive_parse(struct archive *archive, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* The least number of bytes of an archive that begins like this; more than size if it was cut
 * short. 0: this is not the beginning of an archive. */
uint64_t archive_extent(const void *data, size_t size);
/* Is this a valid name in an archive? 0, -ENAMETOOLONG or -EINVAL. */
int archive_check_name(const char *name) __attribute__((warn_unused_result));
/*
 * Adds a file; data must outlive the archive. 0, or -ENAMETOOLONG, -ENOSPC, -EEXIST, -EINVAL for
 * what archive_parse would refuse.
 */
int archive_add(struct archive *archive, const char *name, const void *data, size_t size)
	__attribute__((warn_unused_result));
void archive_print(const struct archive *archive, struct text *out);
/* NULL: not there. */
const struct archive_file *archive_lookup(const struct archive *archive, const char *name);
