/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* What `cordon status` shows. */

/* A poll of the disk, unless the last is younger. */
void status_poll(struct parent *parent, int64_t age_ms);
/* One JSON object; malloc'ed, NULL when out of memory. */
char *status_print(const struct parent *parent);
