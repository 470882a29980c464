/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/settings/settings.h"
#include "rules/policy/addr.h"

/*
 * The addresses of a host name, for a process that sees neither /etc nor libc's resolver. It asks
 * one DNS server, the gateway's own listener. A and AAAA at once over UDP with EDNS, each from a
 * new port with a new id (RFC 5452). Only records that the answer's aliases lead to count.
 */
enum { LOOKUP_ADDRESSES = 8 };	/* taken from an answer of one type */

/*
 * Returns how many, at most count, alternating IPv4 and IPv6. -ENOENT: the name has none;
 * -ETIMEDOUT: after timeout_ms; -EINVAL: not a name; other -errno; with diag. If one family fails,
 * the other suffices.
 */
int lookup_addresses(const struct endpoint *server, const char *host, unsigned int timeout_ms,
		     struct addr *address, size_t count, struct diag *diag)
	__attribute__((warn_unused_result));
