/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/kept.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum {
	REQUEST = 256,	/* bytes */
	TRIES = 8	/* of a dump that others change */
};

void kept_release(struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		free(kept->message[i]);
	kept->count = 0;
}

static int keep(const struct nlmsghdr *message, void *data)
{
	struct kept *kept = data;
	struct nlmsghdr *copy;

	if (kept->count == KEPT || !kept->wanted(message))
		return MNL_CB_OK;
	copy = malloc(message->nlmsg_len);
	if (!copy)
		return MNL_CB_ERROR;
	memcpy(copy, message, message->nlmsg_len);
	kept->message[kept->count++] = copy;
	return MNL_CB_OK;
}

int kept_read(struct netlink *netlink, uint8_t family, uint16_t type, struct kept *kept)
{
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		char buffer[REQUEST];
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		struct rtmsg *header;	/* as large as a rule's; the family comes first */

		kept_release(kept);
		message->nlmsg_type = type;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		header->rtm_family = family;
		error = netlink_talk(netlink, message, keep, kept);
	}
	return error;
}

/* Sends a dumped message back, which makes the kernel delete what it describes. */
int kept_delete(struct netlink *netlink, struct nlmsghdr *message, uint16_t type)
{
	int error;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_pid = 0;
	error = netlink_talk(netlink, message, NULL, NULL);
	return error == -ENOENT || error == -ESRCH ? 0 : error;
}
