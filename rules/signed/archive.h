/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * Files of a bundle as one file: what the update role offers, what a verifying child reads, and what
 * the state folder keeps, so that metadata and lists are replaced together by one rename. "CORDON1\n",
 * u16 count, then for each file u8 length of the name, the name, u32 size, the bytes; big endian.
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

/* The files point into data. -EBADMSG: not an archive, a name twice, or one with other characters
 * than letters, digits and ". _ - %". */
int archive_parse(struct archive *archive, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* How many bytes an archive that begins like this has at least, as far as that can be told: more than size
 * when it was cut short. 0: this is no archive's beginning. */
uint64_t archive_extent(const void *data, size_t size);
/* 0 for a name that a file of an archive may have; -ENAMETOOLONG, -EINVAL. */
int archive_check_name(const char *name) __attribute__((warn_unused_result));
/* -ENAMETOOLONG, -ENOSPC, -EEXIST, -EINVAL for a name that archive_parse would refuse. */
int archive_add(struct archive *archive, const char *name, const void *data, size_t size)
	__attribute__((warn_unused_result));
void archive_print(const struct archive *archive, struct text *out);
/* NULL: not there. */
const struct archive_file *archive_lookup(const struct archive *archive, const char *name);
