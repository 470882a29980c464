/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What a tar archive of a stranger says of its next member: POSIX ustar, GNU's long names, paths in
 * extended headers of pax. A member is its header of TAR_BLOCK bytes, then its content, filled up
 * to whole blocks.
 */
enum { TAR_BLOCK = 512, TAR_NAME = 512 };

enum tar_kind {
	TAR_END,	/* a block of zeros */
	TAR_FILE,
	TAR_FOLDER,
	TAR_LONG_NAME,	/* its content is the name of the next member */
	TAR_EXTENDED,	/* its content may be, see tar_extended_name */
	TAR_OTHER	/* links, devices, sparse files, and what nobody knows */
};

struct tar_header {
	enum tar_kind kind;
	uint64_t size;		/* of the content; 0 unless the kind has one */
	char name[TAR_NAME];	/* as it stands there: a path of whoever wrote it */
};

/* -EBADMSG: no header (its sum is wrong), or a number that is none. */
int tar_header_parse(struct tar_header *header, const uint8_t block[TAR_BLOCK])
	__attribute__((warn_unused_result));

/* "path" of an extended header's content; name becomes "" when it has none. -EBADMSG: no such
 * content, or a size of its own (of members beyond 8 GB); -ENAMETOOLONG. */
int tar_extended_name(const char *content, size_t size, char name[TAR_NAME])
	__attribute__((warn_unused_result));
