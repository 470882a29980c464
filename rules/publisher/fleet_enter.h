/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/fleet.h"

/* Entries of a fleet by id: for receipts and for lists. */

/* Letters, digits and ". _ -", at most 63, not beginning with a dot. */
bool fleet_id_valid(const char *id);
/* The entry of this id, new when there is none. -ENOSPC, -ENOMEM. */
int fleet_enter(struct fleet *fleet, const char *id, struct fleet_entry **entry)
	__attribute__((warn_unused_result));
