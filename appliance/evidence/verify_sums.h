/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/journal/sql.h"

/* Are the sums of a closed day, which reports add up, those of its events? Errors are the
 * connection's. */
bool verify_sums(struct sql *sql);
