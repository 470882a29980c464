/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings;
	static struct diag diag;
	int error;

	diag_init(&diag);
	error = settings_parse(&settings, "fuzz", (const char *)data, size, &diag);
	require((error == 0) == (diag.count == 0));
	require(error != 0 || (settings.lans <= SETTINGS_LANS && settings.zones <= SETTINGS_ZONES &&
			       settings.block_ttl <= 60 && settings.timeout_ms >= 50));
	return 0;
}
