/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/settings/set_offer.h"

/* Prints what the offer would change of the settings in force, line by line. false: nothing. */
bool set_diff_print(const struct set_offer *offer);
/* The same for a set at path. Exit code 1: it differs, or cannot be read. */
int set_diff_run(const char *path);
