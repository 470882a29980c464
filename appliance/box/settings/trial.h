/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/*
 * A trial: a set is in force for a while and takes itself back unless a person keeps it. The new
 * set lies where settings lie, with a note of the trial's end (SET_STORE_TRIAL); the old set waits
 * whole in SET_STORE_OLD. A restart ends a trial, too (recover.h): whatever went wrong, what was in
 * force before comes back. All return exit codes.
 */

/* Takes the set at path for so many seconds ("10" to "3600"). */
int trial_apply(const struct cli *cli, const char *path, const char *seconds);
/* Keeps the set on trial for good. */
int trial_keep(void);
/* Goes back to the old set at once. */
int trial_revert(const struct cli *cli);
/* Goes back to the old set if the trial's end has come. */
int trial_expire(const struct cli *cli);
