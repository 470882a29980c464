/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/text.h"
#include "appliance/evidence/leases.h"
#include "tests/fuzz/fuzz.h"

struct seen {
	uint64_t count;
	uint64_t sum;
};

static void inert(const char *text, size_t size)
{
	const size_t length = strnlen(text, size);

	require(length < size && text_is_plain(text, length, ""));
}

static int check(void *context, const struct naming *naming)
{
	struct seen *seen = context;

	require(naming->has_address || naming->has_mac);
	require(naming->from_ms <= naming->until_ms && naming->source < NAMING_SOURCES);
	require(!naming->has_address || addr_is_host(&naming->address));
	inert(naming->name, sizeof(naming->name));
	inert(naming->user, sizeof(naming->user));
	inert(naming->site, sizeof(naming->site));
	seen->count++;
	seen->sum = seen->sum * 31 + (uint64_t)naming->from_ms + strlen(naming->name);
	return 0;
}

static int take(enum leases_format format, const uint8_t *data, size_t size, size_t step,
		struct seen *seen)
{
	static struct leases leases;
	static struct diag diag;
	const struct leases_options options = { .source = "fuzz", .diag = &diag, .sink = check,
						.context = seen };
	int error = 0;

	diag_init(&diag);
	leases_init(&leases, format, &options);
	for (size_t at = 0; at < size && !error; at += step)
		error = leases_feed(&leases, data + at, size - at < step ? size - at : step);
	if (!error)
		error = leases_end(&leases);
	require(!error || diag.count > 0);
	return error;
}

/* A file of each format; cut into other pieces it reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum leases_format format = 0; format < LEASES_FORMATS; format++) {
		struct seen whole = { .count = 0 }, pieces = { .count = 0 };

		require(take(format, data, size, size + 1, &whole) ==
			take(format, data, size, 7, &pieces));
		require(whole.count == pieces.count && whole.sum == pieces.sum);
	}
	return 0;
}
