/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/settings/judgement.h"

/* Carries out JUDGEMENT_TAKE or JUDGEMENT_SAME: the set, its marks, its floor and its log line.
 * trial: as in set_store_replace. 0, or an exit code after a message on stderr. */
int set_take(struct judgement *judgement, const char *trial);
