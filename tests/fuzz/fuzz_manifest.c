/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/manifest.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct diag diag;
	struct manifest manifest;
	int error;

	diag_init(&diag);
	error = manifest_parse(&manifest, data, size, "fuzz", &diag);
	require(error ? diag.count > 0 : diag.count == 0);
	if (error)
		return 0;
	require(slots_check_name(manifest.name) && manifest.root_size % 4096 == 0);
	require(manifest.root_size <= MANIFEST_ROOT_MAX &&
		manifest.kernel_size <= MANIFEST_KERNEL_MAX);
	require(manifest.arch[0] && manifest.version[0] && manifest.build > 0);
	return 0;
}
