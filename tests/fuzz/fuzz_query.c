/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/sinkhole.h"
#include "tests/fuzz/fuzz.h"

/* A client's message, its first byte choosing how blocked names are answered. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[COOKIE_SECRET];
	const struct sinkhole_client client = { .secret = secret };
	struct settings settings;
	struct verdict verdict;
	struct query query;
	size_t reply_size = 0;
	uint8_t *buffer;

	if (size < 1 || size - 1 > WIRE_TCP_MAX)
		return 0;
	settings_init(&settings);
	settings.reply = (enum blocked_reply)(data[0] % (REPLY_SINKHOLE + 1));
	buffer = malloc(size - 1 + SINKHOLE_ROOM);
	require(buffer);
	memcpy(buffer, data + 1, size - 1);
	if (sinkhole_answer(&settings, fuzz_fixed_policy(), &client, buffer, size - 1, &query,
			    &verdict, buffer, &reply_size) == SINKHOLE_REPLY)
		require(reply_size >= WIRE_HEADER && reply_size <= size - 1 + SINKHOLE_ROOM &&
			buffer[2] & 0x80);
	free(buffer);
	return 0;
}
