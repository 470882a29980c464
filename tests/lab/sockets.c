/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others do to the sockets of a daemon; needs root.
 *
 * sockets deaf PID PORT: as a dns role that was taken over could. Every UDP socket of the process
 * that is bound to the port is connected to a stranger. From then on it hears only that peer, in
 * each process that shares it.
 * sockets hold PORT: another server at 127.0.0.1, which shares its port with nobody.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

static int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int type = 0;
	socklen_t type_size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0 || type != SOCK_DGRAM ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -1;
	/* The port has the same place in both families. */
	return address.ss_family == AF_INET || address.ss_family == AF_INET6
		       ? ntohs(((struct sockaddr_in *)&address)->sin_port) : -1;
}

static int connect_away(int fd)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	return connect(fd, (struct sockaddr *)&v4, sizeof(v4)) == 0 ||
	       connect(fd, (struct sockaddr *)&v6, sizeof(v6)) == 0;
}

static int deafen(int pid, int port)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), done = 0;

	if (process < 0)
		return 2;
	for (int i = 0; i < DESCRIPTORS; i++) {
		int fd = (int)syscall(SYS_pidfd_getfd, process, i, 0);

		if (fd < 0)
			continue;
		if (port_of(fd) == port)
			done += connect_away(fd);
		close(fd);
	}
	return done ? 0 : 1;
}

static int hold(int port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons((uint16_t)port),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(udp, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    bind(tcp, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(tcp, 1) < 0)
		return 1;
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "deaf") == 0)
		return deafen(atoi(argv[2]), atoi(argv[3]));
	return argc == 3 && strcmp(argv[1], "hold") == 0 ? hold(atoi(argv[2])) : 2;
}
