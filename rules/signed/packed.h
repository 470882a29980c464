/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "rules/signed/archive.h"
#include "rules/signed/offer.h"

/*
 * One target and the metadata that vouches for it in one file, for a stick or a copy over ssh: an
 * archive with every root, timestamp.json, snapshot.json, targets.json, the file of the role that signs it, and the
 * target under its name without folder.
 */
#define PACKED_FOLDER "images/"	/* of the target paths, and of the role that speaks for them */
#define PACKED_ROLE "images"
#define PACKED_ENDING ".bundle"

/* Bytes that an appliance takes: kernel, root and metadata. The memory of a small box bounds it, too. */
enum { PACKED_MAX = 96 << 20 };

struct packed {
	const struct archive_file *file;	/* the target, as the role signed it; the archive's memory */
	char signer[RELEASE_SIGNERS][METADATA_KEYID];
	size_t signers;
};

/* May a target be named so? As archive.h has it, with the ending. */
bool packed_check_name(const char *name);

/* The files point into data. -EBADMSG with diag: it is none, cut short, or damaged. */
int packed_parse(struct archive *archive, const void *data, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * The client's whole way over the archive, beginning with what this appliance trusts. Where that is newer
 * than what was packed, what was packed has to fit it: the same version of the role, and the target in it.
 * The target's bytes are looked at where they are, and nothing is kept. Errors, with diag, which also says
 * what to do: -EBADMSG: metadata and one target were expected, or the bundle in force is damaged; -ENOENT:
 * nobody has signed it; -EACCES: not enough, or others than the role as targets itself delegates to it;
 * -EINVAL: other bytes than were signed, or metadata of a wrong shape; -ESTALE: expired; -EEXIST: older
 * than what was accepted here; -EFBIG: metadata beyond the limits.
 */
int packed_verify(struct packed *packed, const struct archive *archive, const struct offer_trust *trust,
		  struct diag *diag) __attribute__((warn_unused_result));
