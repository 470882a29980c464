/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "rules/signed/archive.h"
#include "rules/signed/offer.h"

/*
 * One target and the metadata that vouches for it in one file, for a stick or a copy over ssh. It
 * is an archive with every root, timestamp.json, snapshot.json, targets.json, the file of the role
 * that signs it, and the target under its name without folder.
 */
/* Prefix of the target paths, and of the role that speaks for them. */
#define PACKED_FOLDER "images/"
#define PACKED_ROLE "images"
#define PACKED_ENDING ".bundle"

/*
 * Bytes that an appliance accepts: kernel, root and metadata. The memory of a small box is a limit
 * too.
 */
enum { PACKED_MAX = 96 << 20 };

struct packed {
	/* The target, as the role signed it; in the archive's memory. */
	const struct archive_file *file;
	char signer[RELEASE_SIGNERS][METADATA_KEYID];
	size_t signers;
};

/* Is this a valid name for a target? As archive_check_name, with the ending. */
bool packed_check_name(const char *name);

/*
 * The files point into data. 0, or -EBADMSG with diag: not a packed image, cut short, or damaged.
 */
int packed_parse(struct archive *archive, const void *data, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Leads the archive through the whole client workflow, starting from what this appliance trusts. If
 * the trusted state is newer than the packed metadata, the packed files have to fit it: the same
 * version of the role, which lists the target. The target's bytes are checked in place, and nothing
 * is kept. 0, or with diag, which also says what to do:
 * - -EBADMSG: more or less than metadata and one target, or the bundle in force is damaged;
 * - -ENOENT: not signed;
 * - -EACCES: too few signatures, or not by the role that targets itself delegates to;
 * - -EINVAL: bytes differ from what was signed, or metadata is malformed;
 * - -ESTALE: expired;
 * - -EEXIST: older than what was accepted here;
 * - -EFBIG: metadata beyond the limits.
 */
int packed_verify(struct packed *packed, const struct archive *archive,
		  const struct offer_trust *trust,
		  struct diag *diag) __attribute__((warn_unused_result));
