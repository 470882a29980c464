/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ntp ADDRESS: a time server (RFC 5905) that tells this machine's time to every client. Ends with
 * SIGTERM.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	PORT = 123,
	PACKET = 48,
	REFERENCE = 16,
	ORIGIN = 24,
	RECEIVED = 32,
	SENT = 40,
	CLIENT = 3,
	SERVER = 4
};

/* Seconds since 1900 and their fraction, 32 bits each. */
static void put_now(uint8_t at[8])
{
	struct timespec now;
	uint32_t part[2];

	clock_gettime(CLOCK_REALTIME, &now);
	part[0] = htonl((uint32_t)((uint64_t)now.tv_sec + UINT64_C(2208988800)));
	part[1] = htonl((uint32_t)(((uint64_t)now.tv_nsec << 32) / UINT64_C(1000000000)));
	memcpy(at, part, sizeof(part));
}

static void answer(uint8_t reply[PACKET], const uint8_t request[PACKET])
{
	memset(reply, 0, PACKET);
	reply[0] = (uint8_t)((request[0] & 070) | SERVER);
	reply[1] = 1;	/* stratum */
	reply[2] = request[2];
	reply[3] = 0xec;	/* a microsecond */
	memcpy(reply + 12, "LAB", 3);
	memcpy(reply + ORIGIN, request + SENT, 8);
	put_now(reply + REFERENCE);
	put_now(reply + RECEIVED);
	put_now(reply + SENT);
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT) }, peer;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 2 || inet_pton(AF_INET, argv[1], &own.sin_addr) != 1)
		return 2;
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0) {
		perror("ntp");
		return 1;
	}
	for (;;) {
		uint8_t request[PACKET], reply[PACKET];
		socklen_t length = sizeof(peer);

		if (recvfrom(fd, request, PACKET, 0, (struct sockaddr *)&peer, &length) != PACKET ||
		    (request[0] & 7) != CLIENT)
			continue;
		answer(reply, request);
		(void)!sendto(fd, reply, PACKET, 0, (struct sockaddr *)&peer, length);
	}
}
