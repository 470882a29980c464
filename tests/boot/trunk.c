/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trunk TRUNK INTERFACE=VLAN...: a switch whose port TRUNK carries 802.1Q tags and whose other
 * ports are in one VLAN each (0: untagged on the trunk), for kernels without VLAN devices. Ends
 * with SIGTERM.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>

enum { PORTS = 8, FRAME = 65536, TAG = 4 };

struct port {
	int fd;
	unsigned int vlan;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_port(const char *name)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(name) };
	struct packet_mreq all = { .mr_ifindex = ll.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0)
		fail(name);
	return fd;
}

/* The kernel takes the tag out of the frame and says it beside it; *offload says which checksum is
 * still to be made. */
static ssize_t receive(int fd, uint8_t *frame, struct virtio_net_hdr *offload, unsigned int *vlan)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct sockaddr_ll from;
	struct iovec data[] = { { offload, sizeof(*offload) }, { frame, FRAME } };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = data,
				  .msg_iovlen = 2,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(fd, &message, 0) - (ssize_t)sizeof(*offload);

	*vlan = 0;
	if (size < ETH_HLEN || from.sll_pkttype == PACKET_OUTGOING)
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		struct tpacket_auxdata aux;

		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (c->cmsg_type == PACKET_AUXDATA && aux.tp_status & TP_STATUS_VLAN_VALID)
			*vlan = aux.tp_vlan_tci & 0xfff;
	}
	return size;
}

static void send_tagged(int fd, const uint8_t *frame, size_t size, struct virtio_net_hdr offload,
			unsigned int vlan)
{
	uint8_t tag[TAG] = { 0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan };
	struct iovec parts[] = { { &offload, sizeof(offload) },
				 { (void *)(uintptr_t)frame, 12 },
				 { tag, vlan ? TAG : 0 },
				 { (void *)(uintptr_t)(frame + 12), size - 12 } };

	if (vlan && offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		offload.csum_start = (uint16_t)(offload.csum_start + TAG);
	if (vlan && offload.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		offload.hdr_len = (uint16_t)(offload.hdr_len + TAG);
	(void)!writev(fd, parts, 4);
}

static void forward(const struct port *port, size_t ports, size_t from)
{
	static uint8_t frame[FRAME];
	struct virtio_net_hdr offload;
	unsigned int vlan;
	ssize_t size = receive(port[from].fd, frame, &offload, &vlan);

	for (size_t i = 1; size > 0 && from == 0 && i < ports; i++) {
		if (port[i].vlan == vlan)
			send_tagged(port[i].fd, frame, (size_t)size, offload, 0);
	}
	if (size > 0 && from > 0 && vlan == 0)
		send_tagged(port[0].fd, frame, (size_t)size, offload, port[from].vlan);
}

int main(int argc, char **argv)
{
	struct port port[PORTS];
	struct pollfd waiting[PORTS];
	size_t ports = 0;

	for (int i = 1; i < argc && ports < PORTS; i++, ports++) {
		char *equals = strchr(argv[i], '=');

		if (equals)
			*equals = '\0';
		port[ports] =
			(struct port){ open_port(argv[i]),
				       equals ? (unsigned int)strtoul(equals + 1, NULL, 10) : 0 };
		waiting[ports] = (struct pollfd){ port[ports].fd, POLLIN, 0 };
	}
	while (poll(waiting, (nfds_t)ports, -1) > 0) {
		for (size_t i = 0; i < ports; i++) {
			if (waiting[i].revents)
				forward(port, ports, i);
		}
	}
	return 1;
}
