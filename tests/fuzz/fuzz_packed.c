/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/packed.h"
#include "rules/signed/strict.h"
#include "tests/fuzz/fuzz.h"

enum { NOW = 1800000000 };

static void verify(const struct archive *archive, const struct offer_trust *trust)
{
	static struct diag diag;
	struct packed packed;

	diag_init(&diag);
	if (packed_verify(&packed, archive, trust, &diag) < 0) {
		require(diag.count > 0);
		return;
	}
	require(diag.count == 0 && packed_check_name(packed.file->name));
	require(packed.file >= archive->file && packed.file < archive->file + archive->count);
	require(packed.signers > 0 && packed.signers <= RELEASE_SIGNERS);
}

/* A packed image of anybody, from the root that is in it, and again from all of what is in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct archive archive;
	static struct diag diag;
	struct offer_trust trust = { .root = "{}", .root_size = 2, .now = NOW };
	const struct archive_file *root;

	strict_budget(12 << 20);
	diag_init(&diag);
	if (packed_parse(&archive, data, size, &diag) < 0) {
		require(diag.count == 1);
		return 0;
	}
	require(diag.count == 0 && archive_extent(data, size) == size);
	root = archive_lookup(&archive, "root.json");
	if (root) {
		trust.root = root->data;
		trust.root_size = root->size;
	}
	verify(&archive, &trust);
	trust.bundle = &archive;
	verify(&archive, &trust);
	return 0;
}
