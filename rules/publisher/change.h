/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/metadata.h"

/*
 * What new root or targets metadata changes in keys, thresholds, delegations and how long
 * signatures last, for the person who is about to sign it. Keys are told apart by themselves, not by
 * the names that they carry. old: NULL for none. Text of the metadata that is not printable comes out
 * as '?'.
 */
void change_print(const struct metadata *old, const struct metadata *new, struct text *out);
