/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/tar.h"
#include "tests/fuzz/fuzz.h"

/* Headers of an archive that anybody may have sent, and the extended ones before them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tar_header header;
	char name[TAR_NAME];

	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		if (tar_header_parse(&header, data + at))
			continue;
		require(memchr(header.name, '\0', sizeof(header.name)));
	}
	if (tar_extended_name((const char *)data, size, name) == 0)
		require(memchr(name, '\0', sizeof(name)));
	return 0;
}
