/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/*
 * lease INTERFACE NAME: asks for an IPv4 address by DHCP (RFC 2131) as the host of that name, and
 * prints it. It sets nothing.
 */
enum { SIZE = 548, OPTIONS = 240 };

static int socket_on(const char *interface, uint8_t mac[6])
{
	const struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(68) };
	const struct timeval wait = { .tv_sec = 5 };
	struct ifreq request = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
		       (socklen_t)strlen(interface) + 1) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    bind(fd, (const struct sockaddr *)&own, sizeof(own)) < 0) {
		perror(interface);
		exit(1);
	}
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return fd;
}

static size_t put(uint8_t *packet, size_t at, uint8_t option, const void *data, size_t size)
{
	packet[at] = option;
	packet[at + 1] = (uint8_t)size;
	memcpy(packet + at + 2, data, size);
	return at + 2 + size;
}

/* offered, server: NULL in the first message. */
static void send_message(int fd, const uint8_t mac[6], const char *name, uint8_t type,
			 const uint8_t *offered, const uint8_t *server)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(67),
					.sin_addr.s_addr = INADDR_BROADCAST };
	uint8_t packet[SIZE] = { 1, 1, 6, 0, 'l', 'a', 'b', '1', 0, 0, 0x80 };
	size_t at = OPTIONS;

	memcpy(packet + 28, mac, 6);
	memcpy(packet + 236, "\x63\x82\x53\x63", 4);
	at = put(packet, at, 53, &type, 1);
	at = put(packet, at, 12, name, strlen(name));
	if (offered)
		at = put(packet, at, 50, offered, 4);
	if (server)
		at = put(packet, at, 54, server, 4);
	packet[at] = 255;
	if (sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("sendto");
		exit(1);
	}
}

/* An answer of that type: the address that it gives, and who gave it. */
static void hear(int fd, uint8_t type, uint8_t address[4], uint8_t server[4])
{
	uint8_t packet[1500];

	for (;;) {
		ssize_t got = recv(fd, packet, sizeof(packet), 0);
		uint8_t found = 0;

		if (got < 0) {
			fprintf(stderr, "no answer\n");
			exit(1);
		}
		if (got < OPTIONS || packet[0] != 2 || memcmp(packet + 4, "lab1", 4) != 0)
			continue;
		for (ssize_t at = OPTIONS; at + 2 < got && packet[at] != 255;
		     at += 2 + packet[at + 1]) {
			if (packet[at] == 53)
				found = packet[at + 2];
			if (packet[at] == 54 && at + 6 <= got)
				memcpy(server, packet + at + 2, 4);
		}
		memcpy(address, packet + 16, 4);
		if (found == type)
			return;
	}
}

int main(int argc, char **argv)
{
	uint8_t mac[6], address[4], server[4] = { 0 };
	int fd;

	if (argc != 3 || strlen(argv[2]) > 60)
		return 2;
	fd = socket_on(argv[1], mac);
	send_message(fd, mac, argv[2], 1, NULL, NULL);
	hear(fd, 2, address, server);
	send_message(fd, mac, argv[2], 3, address, server);
	hear(fd, 5, address, server);
	printf("%u.%u.%u.%u\n", address[0], address[1], address[2], address[3]);
	close(fd);
	return 0;
}
