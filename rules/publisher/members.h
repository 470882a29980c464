/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/diag.h"
#include "rules/signed/metadata.h"

/*
 * The members that metadata of ours has, and the values that no difference would show. Whatever else
 * stands in a file that is about to be signed would be signed unseen, and is refused: -EINVAL with
 * the member in diag.
 */
int members_check(const char *role, const struct metadata *metadata, struct diag *diag)
	__attribute__((warn_unused_result));
