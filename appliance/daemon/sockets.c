/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/sockets.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "appliance/ipc/control.h"

enum { RECEIVE_BUFFER = 4 << 20, PACKET_BYTES = 640, BACKLOG = 256 };

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Options of a listening socket, before bind: reuse, transparency, "whom did the client ask". */
static int prepare(int fd, bool v4, uint8_t protocol)
{
	int error = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (!error)
		error = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!error)
		error = v4 ? set(fd, SOL_IP, IP_TRANSPARENT, 1)
			   : set(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
	if (!error && !v4)
		error = set(fd, SOL_IPV6, IPV6_V6ONLY, 1);
	if (!error)
		error = v4 ? set(fd, SOL_IP, IP_PKTINFO, 1)
			   : set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
	if (!error && protocol == IPPROTO_UDP) {
		/* A burst waits here while the role starts again. */
		if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER) < 0)
			(void)set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
		/* Answers are small; one that a path cannot carry must not poison its MTU. */
		error = v4 ? set(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT)
			   : set(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	}
	return error;
}

int socket_listen(const struct endpoint *endpoint, uint8_t protocol, struct diag *diag)
{
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&endpoint->addr, endpoint->port, &address);
	bool v4 = address.ss_family == AF_INET;
	int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = fd < 0 ? -errno : prepare(fd, v4, protocol);
	char text[ADDR_TEXT];

	if (!error && bind(fd, (struct sockaddr *)&address, size) < 0)
		error = -errno;
	if (!error && protocol == IPPROTO_TCP && listen(fd, BACKLOG) < 0)
		error = -errno;
	if (!error)
		return fd;
	diag_error(diag, "listen", 0, 0, "%s port %u/%s: %s%s", addr_print(&endpoint->addr, text),
		   endpoint->port, protocol == IPPROTO_TCP ? "tcp" : "udp", strerror(-error),
		   error == -EADDRINUSE ? " (is another DNS server running?)" :
		   error == -EPERM ? " (needs root)" : "");
	if (fd >= 0)
		close(fd);
	return error;
}

/* One configuration command to the log subsystem, acknowledged. */
static int nflog_command(struct mnl_socket *socket, uint16_t group, uint16_t type,
			 const void *data, size_t size)
{
	char buffer[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *generic;
	ssize_t got;

	header->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));
	generic->nfgen_family = AF_UNSPEC;
	generic->version = NFNETLINK_V0;
	generic->res_id = htons(group);
	mnl_attr_put(header, type, size, data);
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (got < 0 || mnl_cb_run(buffer, (size_t)got, 0, mnl_socket_get_portid(socket), NULL,
				  NULL) < 0)
		return -errno;
	return 0;
}

static int nflog_bind(struct mnl_socket *socket, uint16_t group)
{
	const struct nfulnl_msg_config_cmd bind_command = { .command = NFULNL_CFG_CMD_BIND };
	const struct nfulnl_msg_config_mode copy = { .copy_range = htonl(PACKET_BYTES),
						     .copy_mode = NFULNL_COPY_PACKET };
	const uint32_t at_once = htonl(1);
	const uint16_t numbered = htons(NFULNL_CFG_F_SEQ);	/* what is lost leaves a gap */
	int error = nflog_command(socket, group, NFULA_CFG_CMD, &bind_command,
				  sizeof(bind_command));

	if (!error)
		error = nflog_command(socket, group, NFULA_CFG_MODE, &copy, sizeof(copy));
	if (!error)
		error = nflog_command(socket, group, NFULA_CFG_QTHRESH, &at_once, sizeof(at_once));
	if (!error)
		error = nflog_command(socket, group, NFULA_CFG_FLAGS, &numbered, sizeof(numbered));
	return error;
}

int socket_nflog(uint16_t group, struct diag *diag)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int error = socket ? 0 : -errno, fd = -1;

	if (!error && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		error = -errno;
	if (!error)
		error = nflog_bind(socket, group);
	if (!error) {
		(void)set(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
		fd = dup(mnl_socket_get_fd(socket));
		error = fd < 0 ? -errno : 0;
	}
	if (socket)
		mnl_socket_close(socket);
	if (error)
		diag_error(diag, "nflog-group", 0, 0, "%u: %s%s", group, strerror(-error),
			   error == -EBUSY || error == -EPERM ? " (does another program read it?)" :
			   "");
	return error ? error : fd;
}

int socket_route(struct diag *diag)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	diag_error(diag, "rtnetlink", 0, 0, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

int socket_control(const char *folder, const char *name, gid_t group, struct diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder,
			      name);

	if (fd >= 0 && length < (int)sizeof(address.sun_path)) {
		mode_t old = umask(0077);
		int bound;

		unlink(address.sun_path);
		bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
		umask(old);
		if (bound == 0 && group)
			bound = chown(address.sun_path, 0, group) < 0 ?
				-1 : chmod(address.sun_path, 0660);
		if (bound == 0 && listen(fd, 16) == 0)
			return fd;
	}
	diag_error(diag, folder, 0, 0, "socket \"%s\": %s", name,
		   length >= (int)sizeof(address.sun_path) ? "path too long" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}
