/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "rules/nft/netlink.h"

enum {
	DATAGRAM = 64 * 1024,
	ROUND = 64	/* datagrams */
};

static int join(struct netlink *netlink, unsigned int group)
{
	return mnl_socket_setsockopt(netlink->socket, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group)) < 0 ? -errno : 0;
}

/*
 * The kernel reports every element of a transaction. Of our own transactions only the end matters,
 * and a large policy would overflow the socket. A datagram belongs to one transaction.
 */
static int ignore_own(struct netlink *netlink, uint32_t port)
{
	enum { TYPE = offsetof(struct nlmsghdr, nlmsg_type),
	       PORT = offsetof(struct nlmsghdr, nlmsg_pid) };
	const uint16_t end = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	struct sock_filter filter[] = {
		/* Netlink uses the machine's byte order; filters read in network order. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PORT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 2),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(end), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter),
					    .filter = filter };

	return setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_ATTACH_FILTER,
			  &program, sizeof(program)) < 0 ? -errno : 0;
}

static int open_nftables(struct listen *listen)
{
	struct netlink *netlink = listen->socket[LISTEN_NFTABLES];
	int error = netlink_open(netlink, NETLINK_NETFILTER);

	if (!error)
		error = ignore_own(netlink, listen->watch.port);
	return error ? error : join(netlink, NFNLGRP_NFTABLES);
}

static int open_route(struct listen *listen)
{
	static const unsigned int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,
	};
	struct netlink *netlink = listen->socket[LISTEN_ROUTE];
	int error = netlink_open(netlink, NETLINK_ROUTE);

	for (size_t i = 0; !error && i < sizeof(groups) / sizeof(*groups); i++)
		error = join(netlink, groups[i]);
	return error;
}

int listen_open(struct listen *listen, const struct kernel *kernel)
{
	int error = 0;

	*listen = (struct listen){ .watch = {
		.table = "cordon",
		.port = mnl_socket_get_portid(kernel->netfilter.socket),
		.route_port = mnl_socket_get_portid(kernel->route.socket),
	} };
	for (int i = 0; i < LISTEN_SOCKETS; i++) {
		listen->socket[i] = calloc(1, sizeof(struct netlink));
		if (!listen->socket[i])
			error = -ENOMEM;
	}
	if (!error)
		error = open_nftables(listen);
	if (!error)
		error = open_route(listen);
	if (error)
		listen_close(listen);
	return error;
}

void listen_close(struct listen *listen)
{
	for (int i = 0; i < LISTEN_SOCKETS; i++) {
		if (listen->socket[i])
			netlink_close(listen->socket[i]);
		free(listen->socket[i]);
		listen->socket[i] = NULL;
	}
}

int listen_fd(const struct listen *listen, int which)
{
	return mnl_socket_get_fd(listen->socket[which]->socket);
}

/* The length of a datagram from the kernel; 0: none, or not from the kernel; -errno. */
static ssize_t take(const struct listen *listen, int which, void *data)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	socklen_t size = sizeof(from);
	ssize_t length = recvfrom(listen_fd(listen, which), data, DATAGRAM, MSG_DONTWAIT,
				  (struct sockaddr *)&from, &size);

	if (length < 0)
		return -errno;
	return from.nl_pid == 0 ? length : 0;
}

unsigned int listen_take(struct listen *listen, watch_callback *callback, void *context)
{
	static _Alignas(struct nlmsghdr) uint8_t data[DATAGRAM];
	unsigned int about = 0;
	struct watch_change change;
	ssize_t length = 0;

	for (int i = 0; i < ROUND && length != -EAGAIN; i++) {
		length = take(listen, LISTEN_NFTABLES, data);
		if (length == -ENOBUFS)
			about |= LISTEN_LOST;
		if (length > 0)
			watch_nftables(&listen->watch, data, (size_t)length, callback, context);
	}
	if (about & LISTEN_LOST)
		listen->watch.generation = 0;
	length = 0;
	for (int i = 0; i < ROUND && length != -EAGAIN; i++) {
		length = take(listen, LISTEN_ROUTE, data);
		if (length == -ENOBUFS)
			about |= LISTEN_ROUTE_LOST;
		if (length <= 0)
			continue;
		about |= watch_route(&listen->watch, data, (size_t)length, &change);
		if (change.objects)
			callback(&change, context);
	}
	return about;
}
