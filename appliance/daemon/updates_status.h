/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/updates_keep.h"

/* What `cordon status` and `cordon update status` show of signed updates; the caller's. */
json_t *updates_status(const struct updates *updates);
