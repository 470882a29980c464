/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/route.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { RTF_UP_BIT = 1, RTF_REJECT_BIT = 0x200 };

static const char *next_line(const char *at)
{
	at = strchr(at, '\n');
	return at ? at + 1 : NULL;
}

/* Interface, destination, gateway, flags, three counts, mask; numbers are hexadecimal but for the
 * counts. */
bool route_has_default_v4(const char *text)
{
	unsigned int to, flags, mask;

	for (const char *line = text; line && *line; line = next_line(line)) {
		if (sscanf(line, "%*15s %8x %*8x %8x %*d %*d %*d %8x", &to, &flags, &mask) == 3 &&
		    to == 0 && mask == 0 && flags & RTF_UP_BIT && !(flags & RTF_REJECT_BIT))
			return true;
	}
	return false;
}

/* Destination and its length, source and its length, next hop, metric, two counts, flags,
 * interface. */
bool route_has_default_v6(const char *text)
{
	unsigned int length, flags;
	char to[33], interface[16];

	for (const char *line = text; line && *line; line = next_line(line)) {
		if (sscanf(line,
			   "%32[0-9a-f] %2x %*32[0-9a-f] %*2x %*32[0-9a-f] %*8x %*8x %*8x %8x %15s",
			   to, &length, &flags, interface) == 4 &&
		    length == 0 && to[strspn(to, "0")] == '\0' && flags & RTF_UP_BIT &&
		    !(flags & RTF_REJECT_BIT) && strcmp(interface, "lo") != 0)
			return true;
	}
	return false;
}
