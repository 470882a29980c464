/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/metadata.h"

/*
 * What new root or targets metadata changes in keys, thresholds, delegations and the lifetime of
 * signatures, for the person who is about to sign it. Keys are compared by value, not by the names
 * that they carry. old: NULL for none. Unprintable text in the metadata is printed as '?'.
 */
void change_print(const struct metadata *old, const struct metadata *new, struct text *out);
