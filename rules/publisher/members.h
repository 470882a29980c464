/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/diag.h"
#include "rules/signed/metadata.h"

/*
 * The members that our metadata has, and values that a comparison would not show. Anything else in
 * a file would be signed unseen, so it is refused: -EINVAL with the member in diag.
 */
int members_check(const char *role, const struct metadata *metadata, struct diag *diag)
	__attribute__((warn_unused_result));
