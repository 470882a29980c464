/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/nft/netlink.h"

/* Policy rules or routes of one family as the kernel told them, to be compared and sent back. */
enum { KEPT = 256 };	/* messages; what comes behind them is not looked at */
struct kept {
	struct nlmsghdr *message[KEPT];
	size_t count;
	bool (*wanted)(const struct nlmsghdr *message);	/* which of them are kept */
};

/* type: RTM_GETRULE or RTM_GETROUTE. kept_release afterwards in any case. */
int kept_read(struct netlink *netlink, uint8_t family, uint16_t type, struct kept *kept)
	__attribute__((warn_unused_result));
void kept_release(struct kept *kept);

/* Sends a message back as RTM_DEL*, with which the kernel removes what it told; 0 also when it is
 * gone. Changes the message. */
int kept_delete(struct netlink *netlink, struct nlmsghdr *message, uint16_t type)
	__attribute__((warn_unused_result));
