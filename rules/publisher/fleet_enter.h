/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/fleet.h"

/* Entries of a fleet by id: for receipts and for lists. */

/* Letters, digits and ". _ -", at most 63, not starting with a dot. */
bool fleet_id_valid(const char *id);
/* Finds or makes the entry of this id, which the fleet owns. 0, -ENOSPC or -ENOMEM. */
int fleet_enter(struct fleet *fleet, const char *id, struct fleet_entry **entry)
	__attribute__((warn_unused_result));
