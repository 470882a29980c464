/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/ipc/event.h"
#include "appliance/journal/netlink.h"

/*
 * What the kernel reports on an NFLOG socket (linux/netfilter/nfnetlink_log.h): one datagram, one
 * or more messages, each with the first bytes of a packet that a client sent and a prefix, "cordon
 * STATE CATEGORY" with the state id in eight hexadecimal digits. Bytes in, events out; nothing in
 * them is trusted, since the packet is the client's.
 */

/*
 * The next event: channel packet, client, client_port, address, protocol, port, interface, state,
 * count 1, rule POLICY_NO_RULE; times and actions are left for whoever knows them. A fragment that
 * is not the first has no ports. *number: which of the socket's packets it is, from 0, also of one
 * that is not ours; -1: the kernel gave no number. 1; 0 at the end; -EBADMSG: a message that is not
 * one of ours was passed over, call again.
 */
int nflog_next(struct netlink *nflog, struct event *event, int64_t *number)
	__attribute__((warn_unused_result));
