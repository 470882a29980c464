/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/evidence/verify.h"

/* What `cordon log verify` says of a result, on stdout. */

/* Is there a checkpoint at all? Without one nothing is proven. */
static inline bool verify_is_whole(const struct verify_result *result)
{
	return result->fault == VERIFY_FINE && result->checkpoints > 0;
}

/* For a person. keys: how many were given or found, and where ("" is: on the command line). */
struct verify_origin {
	const char *path;
	const struct key *keys;
	size_t keys_count;
	const char *keys_path;	/* the file that they came from */
	bool keys_inside;	/* it came with the copy that is verified */
};
void verify_words(const struct verify_result *result, const struct verify_origin *origin);

/* As JSON; the caller's reference. */
json_t *verify_json(const struct verify_result *result, const struct verify_origin *origin);
