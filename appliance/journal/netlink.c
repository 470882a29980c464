/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/netlink.h"

const struct nlmsghdr *netlink_next(struct netlink_messages *netlink)
{
	const struct nlmsghdr *message = (const void *)netlink->data;
	size_t step;

	if (netlink->size < sizeof(*message) || message->nlmsg_len < sizeof(*message))
		return NULL;
	/* Readers of attributes read up to the padding, which the kernel always sends. */
	step = ((size_t)message->nlmsg_len + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
	if (step > netlink->size)
		return NULL;
	netlink->data += step;
	netlink->size -= step;
	return message;
}
