/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* The messages of one netlink datagram, aligned to four bytes, in the caller's memory. */
struct netlink_messages {
	const uint8_t *data;
	size_t size;	/* left */
};

/*
 * The next whole message, which is then consumed; NULL at the end, with size above 0 if the rest is
 * not a message. Replaces mnl_nlmsg_ok, which reads a length above 2 GiB as negative.
 */
const struct nlmsghdr *netlink_next(struct netlink_messages *netlink);
