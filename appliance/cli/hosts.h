/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdint.h>

/*
 * From the block log: how many events of each client would have been blocks outside monitor mode,
 * since a time (milliseconds since 1970). An object of client to count, NULL when out of memory.
 */
json_t *hosts_would_block(const char *state, int64_t since_ms);
