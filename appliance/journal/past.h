/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/journal/days.h"
#include "appliance/journal/tree.h"

/*
 * *since becomes the range of all batches behind a tree that was signed, by the days' files in the
 * working folder. Days whose tree is another (takein.h) are passed over. 0; -EBADMSG: the days do
 * not continue that tree; other -errno.
 */
int past_since(const struct days *days, const struct tree *before, struct tree *since)
	__attribute__((warn_unused_result));
