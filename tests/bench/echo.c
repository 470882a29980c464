/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The floor of bench-dns: answers every datagram with itself (QR set), with the same system calls
 * and the same batches as the dns role, and nothing else.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BATCH = 64, SIZE = 4096 };

static struct mmsghdr message[BATCH];
static struct iovec part[BATCH];
static struct sockaddr_in peer[BATCH];
static uint8_t data[BATCH][SIZE];

static int receive(int fd)
{
	for (int i = 0; i < BATCH; i++) {
		part[i] = (struct iovec){ data[i], SIZE };
		message[i].msg_hdr = (struct msghdr){ .msg_name = &peer[i],
						      .msg_namelen = sizeof(peer[i]),
						      .msg_iov = &part[i], .msg_iovlen = 1 };
	}
	return recvmmsg(fd, message, BATCH, MSG_DONTWAIT, NULL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 5300)),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), loop = epoll_create1(0);
	int buffer = 4 << 20;
	struct epoll_event event = { .events = EPOLLIN };

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0)
		return 1;
	for (;;) {
		int count;

		epoll_wait(loop, &event, 1, -1);
		count = receive(fd);
		for (int i = 0; i < count; i++) {
			part[i].iov_len = message[i].msg_len;
			data[i][2] |= 0x80;
		}
		for (int done = 0; done < count;) {
			int sent = sendmmsg(fd, message + done, (unsigned int)(count - done), 0);

			done += sent > 0 ? sent : 1;
		}
	}
}
