/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "signed/archive.h"
#include "signed/offer.h"

/*
 * One target and the metadata that vouches for it in one file, for a stick or a copy over ssh: an
 * archive with every root, timestamp.json, snapshot.json, targets.json, the file of the role that signs it, and the
 * target under its name without folder.
 */
#define PACKED_FOLDER "images/"	/* of the target paths, and of the role that speaks for them */
#define PACKED_ROLE "images"
#define PACKED_ENDING ".bundle"

struct packed {
	const struct archive_file *file;	/* the target, as the role signed it; the archive's memory */
	char signer[RELEASE_SIGNERS][METADATA_KEYID];
	size_t signers;
};

/*
 * The client's whole way over the archive, beginning with what this appliance trusts. Where that is newer
 * than what was packed, what was packed has to fit it: the same version of the role, and the target in it.
 * The target's bytes are looked at where they are. Errors as client.h, with diag; -EINVAL: it is no such
 * archive; -EACCES: another role signed it.
 */
int packed_verify(struct packed *packed, const struct archive *archive, const struct offer_trust *trust,
		  struct diag *diag) __attribute__((warn_unused_result));
