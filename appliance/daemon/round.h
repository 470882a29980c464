/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/*
 * The parent's life: starts, waits, acts, stops. In a round, the parts are told what happened; they
 * change their state and call nothing above them. Then the round drives the change under way on,
 * until it waits for a role, a compiler or a time. Returns an exit code.
 */
int round_run(struct parent *parent);
