/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* What the parent opens, and opens again (enum part). */

/* Short words: "control socket". */
const char *part_print(enum part part);

/* Before anything else: nothing is open. */
void parts_init(struct parent *parent);
/* RUN and its lock alone. -EBUSY: another cordond has the lock, and this one has to end. */
int parts_lock(struct parent *parent) __attribute__((warn_unused_result));
/* Once a round: opens what is due, and starts the roles that waited for it. */
void parts_tick(struct parent *parent);
/* Has the role all that it cannot start without? */
bool parts_allow(const struct parent *parent, enum role role);
/* Puts right who owns the files of the log folder, at the next tick. Logs what it cannot change. */
void parts_mend_log(struct parent *parent);
/* What time it is for modes. */
struct mode_clock parts_clock(const struct parent *parent);
