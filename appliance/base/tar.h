/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What an untrusted tar archive says about its next member: POSIX ustar, GNU's long names, paths in
 * pax extended headers. A member is a header of TAR_BLOCK bytes, then its content, padded to whole
 * blocks.
 */
enum { TAR_BLOCK = 512, TAR_NAME = 512 };

enum tar_kind {
	TAR_END,	/* a block of zeros */
	TAR_FILE,
	TAR_FOLDER,
	TAR_LONG_NAME,	/* its content is the name of the next member */
	TAR_EXTENDED,	/* its content may be that; see tar_extended_name */
	TAR_OTHER	/* links, devices, sparse files, and unknown kinds */
};

struct tar_header {
	enum tar_kind kind;
	uint64_t size;		/* of the content; 0 unless the kind has one */
	char name[TAR_NAME];	/* as stored: a path chosen by the author */
};

/* 0, or -EBADMSG: not a header (its sum is wrong), or a malformed number. */
int tar_header_parse(struct tar_header *header, const uint8_t block[TAR_BLOCK])
	__attribute__((warn_unused_result));

/* The "path" in an extended header's content; name becomes "" if it has none. 0; -EBADMSG:
 * malformed, or with a size of its own (members beyond 8 GB); -ENAMETOOLONG. */
int tar_extended_name(const char *content, size_t size, char name[TAR_NAME])
	__attribute__((warn_unused_result));
