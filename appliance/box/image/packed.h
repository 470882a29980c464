/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"
#include "rules/signed/packed.h"

/*
 * A packed image that was verified: in memory of its own, because what a stick gives at the second
 * reading need not be what was verified at the first. A sealed child (base/sealed.h) parses and
 * verifies it; what it says is where in those bytes the target lies, and who signed it.
 */
struct image_packed {
	void *data;
	size_t size;
	struct archive_file target;	/* within data */
	char signer[RELEASE_SIGNERS][METADATA_KEYID];
	size_t signers;
};

/* file: "-" is standard input. From the trust that this appliance keeps: the bundle in force, else
 * the trusted root. More than the disk's slot could take, or than the box has memory for, is not
 * read in. 0 or an exit code, said; image_packed_close in either case. */
int image_packed_open(struct image_packed *packed, const struct cli *cli, const char *file,
		      struct diag *diag);
void image_packed_close(struct image_packed *packed);
