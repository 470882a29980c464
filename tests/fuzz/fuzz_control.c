/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/control.h"
#include "tests/fuzz/fuzz.h"

/* What is taken is printable, and encodes to the bytes that it came from. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request request;
	uint8_t again[CONTROL_REQUEST_MAX];

	if (control_decode(&request, data, size) < 0)
		return 0;
	require(strlen(request.reason) < CONTROL_REASON && strlen(request.by) < CONTROL_BY);
	require(control_encode(&request, again, sizeof(again)) == (int)size &&
		memcmp(again, data, size) == 0);
	return 0;
}
