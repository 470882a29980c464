/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* What the block log and the messages lack, by place (journal/losses.h). */
void lost_count(const struct parent *parent, struct seen_losses *losses);
/* Events that were lost since then. */
uint64_t lost_since(const struct seen_losses *losses, const struct seen_losses *seen);
