/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "rules/signed/metadata.h"
#include "rules/signed/strict.h"
#include "tests/fuzz/fuzz.h"

/* What the metadata says of itself leads to no harm either. */
static void use(const struct metadata *metadata)
{
	require(metadata->version >= 1);
	require(metadata->canonical.data != NULL);
	for (size_t i = 0; i < metadata->files; i++)
		require(metadata_file_lookup(metadata, metadata->file[i].name) ==
			&metadata->file[i]);
	for (size_t i = 0; i < metadata->roles; i++) {
		const struct metadata_role *role = &metadata->role[i];
		char signer[2][METADATA_KEYID];
		size_t count;

		require(role->threshold >= 1 && role->keyids <= METADATA_ROLE_KEYS);
		if (metadata_verify(metadata, role, metadata->key, metadata->keys, "fuzz", signer,
				    2, &count, NULL) == 0)
			require(count > 0);
		(void)metadata_role_covers(role, "rules/kaspersky.rules");
	}
}

/* The first byte chooses the type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct diag diag;
	static bool begun;
	struct metadata *metadata;
	int error;

	if (!begun)
		strict_budget(40 << 20);
	begun = true;
	if (size == 0)
		return 0;
	diag_init(&diag);
	error = metadata_parse(&metadata, (enum metadata_type)(data[0] % 4), data + 1, size - 1,
			       "fuzz", &diag);
	require((error == 0) == (diag.count == 0));
	if (error)
		return 0;
	use(metadata);
	metadata_free(metadata);
	return 0;
}
