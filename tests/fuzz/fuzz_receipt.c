/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/fleet.h"
#include "tests/fuzz/fuzz.h"

/* Receipts, as anybody may put them to a collector; a list of the expected, and pins. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fleet_options options = { .now = 1795600000, .late = 1000 };
	struct text pins = TEXT_EMPTY;
	struct fleet fleet;
	struct diag diag;
	char *text = malloc(size + 1);

	require(text);
	memcpy(text, data, size);
	text[size] = '\0';
	diag_init(&diag);
	fleet_init(&fleet);
	(void)!fleet_expect(&fleet, text, "fuzz", &diag);
	(void)!fleet_pins_parse(&fleet, data, size, "fuzz", &diag);
	require(fleet_add(&fleet, "a.json", data, size) == 0);
	fleet_judge(&fleet, &options);
	require(fleet_pins_print(&fleet, &pins) == 0);
	text_release(&pins);
	fleet_release(&fleet);
	free(text);
	return 0;
}
