/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/ipc/event.h"
#include "appliance/journal/netlink.h"

/*
 * What the kernel reports on an NFLOG socket (linux/netfilter/nfnetlink_log.h): a datagram holds
 * one or more messages. Each has the first bytes of a packet that a client sent and a prefix,
 * "cordon STATE CATEGORY" with the state id in eight hexadecimal digits. Bytes in, events out;
 * nothing in them is trusted, because the packet is the client's. The prefix NFLOG_DHCP is that of
 * messages to DHCP servers (rules/nft/gateway.c), which become presence (dhcp.h).
 */
#define NFLOG_DHCP "cordon dhcp"

/*
 * The next event: channel packet, client, client_port, address, protocol, port, interface, state,
 * count 1, rule POLICY_NO_RULE. The caller fills in times and actions. A fragment other than the
 * first has no ports. *number: the packet's number in the socket, from 0, counting foreign ones;
 * -1: the kernel gave none. 1; 2: nothing to tell, call again; 0 at the end; -EBADMSG: a foreign
 * message was skipped, call again. Of NFLOG_DHCP: channel seen-dhcp, client 0.0.0.0, MAC, name.
 */
int nflog_next(struct netlink_messages *nflog, struct event *event, int64_t *number)
	__attribute__((warn_unused_result));
