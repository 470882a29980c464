/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/* Is there a default route that leads to a router or a link? From the kernel's text, which may be
 * cut off. */
bool route_has_default_v4(const char *text);	/* /proc/net/route */
bool route_has_default_v6(const char *text);	/* /proc/net/ipv6_route */
