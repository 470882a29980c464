/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/*
 * The parent's life: starts, waits, acts, stops. In a round, what happened is told to the parts,
 * which change their state and call nothing above them; then the change under way is driven on
 * until it waits for somebody. An exit code.
 */
int round_run(struct parent *parent);
