/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "rules/signed/metadata.h"

/* An appliance's own key, as its receipts contain it. */

/* {"keytype", "scheme", "keyval"}; a new reference, or NULL when out of memory. */
json_t *device_key_json(const struct secret *secret);
/*
 * SHA-256 of the canonical form of that, as 64 digits: the publisher knows the appliance by it. 0
 * or -errno.
 */
int device_keyid(const struct secret *secret, char id[METADATA_KEYID])
	__attribute__((warn_unused_result));
int device_public_keyid(const struct key *key, char id[METADATA_KEYID])
	__attribute__((warn_unused_result));
