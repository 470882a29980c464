/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/net/http.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 4096 };

/* Feeds all of it in steps that seed chooses, 0: at once; true when the answer was taken. */
static bool feed(struct http_answer *answer, const uint8_t *data, size_t size, uint32_t seed)
{
	http_answer_init(answer, LIMIT);
	for (size_t at = 0; at < size && answer->state != HTTP_DONE;) {
		size_t step = size - at;
		long used;

		if (seed) {
			seed = seed * 1664525 + 1013904223;
			step = 1 + (seed >> 16) % step;
		}
		used = http_feed(answer, data + at, step);
		if (used < 0) {
			require(answer->state == HTTP_FAILED && answer->problem);
			return false;
		}
		require(used > 0 && (size_t)used <= step);
		at += (size_t)used;
	}
	return http_feed_end(answer) == 0;
}

/* An answer means the same however it is cut into pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_answer whole, pieces;
	uint32_t seed = (uint32_t)size * 2654435761U | 1;
	bool taken;

	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 16777619U;
	taken = feed(&whole, data, size, 0);
	require(feed(&pieces, data, size, seed | 1) == taken);
	require(whole.status == pieces.status && whole.size == pieces.size);
	require(whole.size <= LIMIT && strlen(whole.location) < HTTP_LOCATION);
	if (taken) {
		require(whole.status >= 200 && whole.keep_alive == pieces.keep_alive);
		require(whole.status != 200 || (whole.body && !whole.body[whole.size]));
		require(!whole.size || memcmp(whole.body, pieces.body, whole.size) == 0);
	}
	http_answer_release(&whole);
	http_answer_release(&pieces);
	return 0;
}
