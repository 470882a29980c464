/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdint.h>

enum { WOULD_BLOCK_CLIENTS = 1000 };

/*
 * From the block log in folder: how many events of each client would have been blocks outside
 * monitor mode, since a time (milliseconds since 1970). An object of client to count, of at most
 * WOULD_BLOCK_CLIENTS clients. NULL: the log cannot be read. A child reads it (query.h), so that
 * the caller keeps what it may.
 */
json_t *would_block(const char *folder, int64_t since_ms);
