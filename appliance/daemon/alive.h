/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* Once a round: asks roles and listeners whether they answer; feeds the watchdog of the machine. */
void alive_tick(struct parent *parent);
