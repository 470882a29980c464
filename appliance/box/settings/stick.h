/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/box/settings/set_offer.h"

/* Reads the set of every stick, ordered by device name. Returns how many of offer are filled, at
 * most "most"; the caller releases each. One with "unreadable" has no set. */
size_t stick_find(struct set_offer *offer, size_t most);
/* set_offer_note on a stick. where: of its offer. */
void stick_note(const char *where, const char *errors);
