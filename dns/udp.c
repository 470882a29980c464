/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "dns/receive.h"

enum { CONTROL_SIZE = 64 };	/* one IP_PKTINFO or IPV6_PKTINFO */

struct udp_batch {
	struct mmsghdr message[UDP_BATCH];
	struct iovec part[UDP_BATCH];
	struct sockaddr_storage peer[UDP_BATCH];
	_Alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CONTROL_SIZE];
	uint8_t data[UDP_BATCH][WIRE_UDP_MAX + SINKHOLE_ROOM];
	int dirty;	/* headers that are not ready to receive */
};

/* Points the headers used by the last batch at their own buffers again. */
static void rearm(struct udp_batch *batch)
{
	for (int i = 0; i < batch->dirty; i++) {
		batch->part[i] = (struct iovec){ batch->data[i], WIRE_UDP_MAX };
		batch->message[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->peer[i], .msg_namelen = sizeof(batch->peer[i]),
			.msg_iov = &batch->part[i], .msg_iovlen = 1,
			.msg_control = batch->control[i], .msg_controllen = CONTROL_SIZE,
		};
	}
}

/*
 * The packet information has the address that the client asked. Reversed, the same control message
 * makes the reply come from it.
 */
static bool read_asked(struct msghdr *header, struct path *path)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	if (!control)
		return false;
	if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(control), sizeof(info));
		path->asked = addr_from_bytes(&info.ipi_addr, 4);
		path->interface = (uint32_t)info.ipi_ifindex;
		info.ipi_spec_dst = info.ipi_addr;
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(control), &info, sizeof(info));
		header->msg_controllen = CMSG_SPACE(sizeof(info));
		return true;
	}
	if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(control), sizeof(info));
		path->asked = addr_from_bytes(&info.ipi6_addr, 16);
		path->interface = info.ipi6_ifindex;
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(control), &info, sizeof(info));
		header->msg_controllen = CMSG_SPACE(sizeof(info));
		return true;
	}
	return false;
}

/* Sends one reply that was not ready with its batch. */
static void reply(void *listener, const struct path *path, const uint8_t *data, size_t size)
{
	const struct watch *watch = listener;
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	_Alignas(struct cmsghdr) uint8_t bytes[CONTROL_SIZE] = { 0 };
	struct msghdr header = { .msg_name = (void *)(uintptr_t)&path->peer,
				 .msg_namelen = path->peer_size, .msg_iov = &part,
				 .msg_iovlen = 1, .msg_control = bytes,
				 .msg_controllen = sizeof(bytes) };
	struct cmsghdr *control = CMSG_FIRSTHDR(&header);

	if (path->peer.ss_family == AF_INET) {
		struct in_pktinfo info = { .ipi_ifindex = 0 };

		memcpy(&info.ipi_spec_dst, path->asked.bytes + 12, 4);
		control->cmsg_level = IPPROTO_IP;
		control->cmsg_type = IP_PKTINFO;
		control->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(control), &info, sizeof(info));
		header.msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = 0 };

		memcpy(&info.ipi6_addr, path->asked.bytes, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = path->interface;
		control->cmsg_level = IPPROTO_IPV6;
		control->cmsg_type = IPV6_PKTINFO;
		control->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(control), &info, sizeof(info));
		header.msg_controllen = CMSG_SPACE(sizeof(info));
	}
	/* A reply that the kernel has no room for is lost as on the wire: the client asks again. */
	(void)!sendmsg(watch->fd, &header, MSG_DONTWAIT);
}

static const struct asker_hooks asker_hooks = { .reply = reply };

/* True if message i became its own reply. */
static bool answer(struct udp *udp, struct watch *listener, int i)
{
	const struct asker asker = { &asker_hooks, listener };
	struct udp_batch *batch = udp->batch;
	struct msghdr *header = &batch->message[i].msg_hdr;
	struct path path = { .protocol = IPPROTO_UDP, .peer_size = header->msg_namelen };
	size_t size = batch->message[i].msg_len;
	struct query query;
	struct target target;

	if (header->msg_flags & MSG_TRUNC || !read_asked(header, &path) ||
	    addr_from_sockaddr(header->msg_name, &path.client, &path.client_port) < 0 ||
	    path.client_port == 0) {
		counter_add(&udp->core->shared->counters.dropped, 1);
		return false;
	}
	switch (receive_query(udp->jobs, &path, batch->data[i], size, batch->data[i], &size, &query,
			      &target)) {
	case SINKHOLE_REPLY:
		batch->part[i].iov_len = size;
		return true;
	case SINKHOLE_FORWARD:
		path.peer = batch->peer[i];
		job_start(udp->jobs, &path, &query, batch->data[i], size, &target, &asker);
		return false;
	default:
		return false;
	}
}

/* Sends the first count messages; skips one that the kernel refuses. */
static void send_batch(struct udp_batch *batch, int fd, unsigned int count)
{
	unsigned int done = 0;

	while (done < count) {
		int sent = sendmmsg(fd, batch->message + done, count - done, 0);

		if (sent < 0 && errno == EINTR)
			continue;
		done += sent > 0 ? (unsigned int)sent : 1;
	}
}

static void udp_ready(struct watch *watch, uint32_t events)
{
	struct udp *udp = watch->context;
	struct udp_batch *batch = udp->batch;
	int count;

	(void)events;
	rearm(batch);
	count = recvmmsg(watch->fd, batch->message, UDP_BATCH, MSG_DONTWAIT, NULL);
	batch->dirty = count > 0 ? count : 0;
	if (count > 0) {
		unsigned int replies = 0;

		for (int i = 0; i < count; i++) {
			if (!answer(udp, watch, i))
				continue;
			/* Replies move to the front, so that one call sends them all. */
			if (replies != (unsigned int)i) {
				struct mmsghdr swap = batch->message[replies];

				batch->message[replies] = batch->message[i];
				batch->message[i] = swap;
			}
			replies++;
		}
		send_batch(batch, watch->fd, replies);
	}
}

int udp_init(struct udp *udp, struct core *core, struct jobs *jobs, const int *sockets,
	     size_t count)
{
	int error = 0;

	*udp = (struct udp){ .core = core, .jobs = jobs, .batch = calloc(1, sizeof(*udp->batch)) };
	if (!udp->batch)
		return -ENOMEM;
	udp->batch->dirty = UDP_BATCH;
	for (size_t i = 0; !error && i < count; i++) {
		udp->listener[i] = (struct watch){ sockets[i], udp_ready, udp };
		error = loop_add(&core->loop, &udp->listener[i], EPOLLIN);
	}
	return error;
}
