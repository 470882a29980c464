/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

/*
 * From the block log: how many events of each client would have been blocks outside monitor mode,
 * since a time (RFC 3339, UTC). An object of client to count, NULL when out of memory.
 */
json_t *hosts_would_block(const char *state, const char *since);
