/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/name.h"

/*
 * What a host calls itself when it asks any DHCP server of its link for an address (RFC 2131): such
 * messages are broadcast, so the gateway sees them, whichever server answers. The host chooses the
 * text.
 */
struct dhcp {
	uint8_t mac[6];		/* chaddr */
	struct name name;	/* one label, of option 12 or 81, in lower case */
};

/*
 * Reads an IPv4 packet (RFC 791) from a client's port to the server's. False: it is none, came by a
 * relay, or names nothing. Pure.
 */
bool dhcp_read(struct dhcp *dhcp, const void *packet, size_t size);
