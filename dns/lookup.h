/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/settings/settings.h"
#include "rules/policy/addr.h"

/*
 * The addresses of a host name, for a process that sees neither /etc nor libc's resolver: it asks
 * one DNS server, which is the gateway's own listener. A and AAAA at once over UDP with EDNS, each
 * from a new port with a new id (RFC 5452); only what the aliases of the answer lead to counts.
 */
enum { LOOKUP_ADDRESSES = 8 };	/* taken from an answer of one type */

/*
 * How many of at most count, IPv4 and IPv6 in turn; -ENOENT when the name has none, -ETIMEDOUT
 * after timeout_ms, -EINVAL for what is no name, or -errno; diag says which. An answer for one
 * family is enough when the other one fails.
 */
int lookup_addresses(const struct endpoint *server, const char *host, unsigned int timeout_ms,
		     struct addr *address, size_t count, struct diag *diag)
	__attribute__((warn_unused_result));
