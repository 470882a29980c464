/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/crypto/key.h"

/*
 * What lies beside a log and is needed to verify it: in the state folder of an appliance (daemon/
 * seal.h), and in a folder that `cordon log export` made.
 */
#define KEPT_KEYS "seal.keys"		/* public keys, PEM */
#define KEPT_SEAL "seal"		/* JSON; "note" is the newest checkpoint */
#define KEPT_NOTE "checkpoint"		/* of an export: that note */

enum { KEPT_MOST = 16, KEPT_TEXT = 32 * 1024 * 1024 };

/* Reads public keys from a text, PEM one after the other. How many, or -EINVAL: none, or something
 * else; -E2BIG: more than KEPT_MOST. */
int kept_keys(struct key keys[KEPT_MOST], const char *text);

/* The newest checkpoint of a state folder, or of an export, and its keys as text; the caller frees
 * them. NULL: there are none. */
char *kept_note(const char *folder);
char *kept_keys_text(const char *folder);
