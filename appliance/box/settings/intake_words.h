/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/text.h"
#include "appliance/box/settings/set_offer.h"

/* What an intake says, on stdout, and what it leaves for cordon status. */

/* The offer was taken before. */
void intake_words_known(const struct set_offer *offer);
/* errors: a line each. Returns the whole message, malloc'ed; NULL: memory is short. */
char *intake_words_unreadable(const char *where, const char *errors);
void intake_words_conflict(const struct set_offer *first, const struct set_offer *second);
/* "WHERE: FIRST ERROR", for cordon status; only the first call adds to note. errors NULL: memory
 * was short. */
void intake_words_note(struct text *note, const char *where, const char *errors);
