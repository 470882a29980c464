/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/nft/netlink.h"

/* Policy rules or routes of one family as the kernel reported them, to compare and to send back. */
enum { KEPT = 256 };	/* messages; those beyond are ignored */
struct kept {
	struct nlmsghdr *message[KEPT];
	size_t count;
	bool (*wanted)(const struct nlmsghdr *message);	/* which of them are kept */
};

/*
 * type: RTM_GETRULE or RTM_GETROUTE. Call kept_release afterwards, even after an error. 0 or
 * -errno.
 */
int kept_read(struct netlink *netlink, uint8_t family, uint16_t type, struct kept *kept)
	__attribute__((warn_unused_result));
void kept_release(struct kept *kept);

/* Sends a message back as RTM_DEL*, which makes the kernel delete what it describes; 0 also if it
 * is already gone. Changes the message. */
int kept_delete(struct netlink *netlink, struct nlmsghdr *message, uint16_t type)
	__attribute__((warn_unused_result));
