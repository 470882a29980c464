/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* The messages of one netlink datagram, aligned to four bytes, the caller's. */
struct netlink {
	const uint8_t *data;
	size_t size;	/* left */
};

/*
 * The next whole message, which is then behind us; NULL at the end, with size above 0 when the rest
 * is no message. In place of mnl_nlmsg_ok, which takes a length above 2 GiB for a negative one.
 */
const struct nlmsghdr *netlink_next(struct netlink *netlink);
