/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/*
 * Acts on what the change decided (change.h): reads sources, starts compilers, sends policies,
 * commits, and says what came of it.
 */

/* Goes on with the change until it waits for a role, a compiler or a time. */
void drive(struct parent *parent);
/* A compiler ended. */
void drive_compiler_gone(struct parent *parent);
/* A role died, before what it owed is cleared: maybe of the policy that it had to take. */
void drive_died(struct parent *parent, const struct child *child);
/* Once a round: no change waits for anybody for ever, and what failed is tried again. */
void drive_tick(struct parent *parent);
