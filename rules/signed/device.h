/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "rules/signed/metadata.h"

/* An appliance's own key, as its receipts have it. */

/* {"keytype", "scheme", "keyval"}; NULL when out of memory. */
json_t *device_key_json(const struct secret *secret);
/* SHA-256 of the canonical form of that, 64 digits: by this the publisher knows the appliance. */
int device_keyid(const struct secret *secret, char id[METADATA_KEYID])
	__attribute__((warn_unused_result));
