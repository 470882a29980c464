/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asker SERVER NAME...: asks a DNS server for the address of each name again and again until it
 * says NOERROR or NXDOMAIN, and when that was: a line "NAME RCODE MILLISECONDS" each, by this
 * machine's clock. Ends when each was answered.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { NAMES = 8, PACKET = 512, HEADER = 12, PAUSE_MS = 20, NOERROR = 0, NXDOMAIN = 3 };

struct question {
	const char *name;
	uint8_t packet[PACKET];
	size_t size;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Recursion desired, one question: A, IN. */
static void encode(struct question *question, const char *name)
{
	static const uint8_t header[HEADER] = { [2] = 1, [5] = 1 }, type[] = { 0, 0, 1, 0, 1 };
	size_t at = HEADER, length;

	question->name = name;
	memcpy(question->packet, header, HEADER);
	for (; *name && at < PACKET / 2; name += length + (name[length] == '.')) {
		length = strcspn(name, ".");
		if (length > 63)
			exit(2);
		question->packet[at] = (uint8_t)length;
		memcpy(question->packet + at + 1, name, length);
		at += length + 1;
	}
	memcpy(question->packet + at, type, sizeof(type));
	question->size = at + sizeof(type);
}

static int is_answered(int fd, const struct question *question)
{
	uint8_t reply[PACKET];
	ssize_t got;
	int code;

	while ((got = recv(fd, reply, sizeof(reply), MSG_DONTWAIT)) >= 0) {
		code = got < HEADER ? -1 : reply[3] & 15;
		if (code != NOERROR && code != NXDOMAIN)
			continue;
		printf("%s %d %lld\n", question->name, code, now_ms());
		fflush(stdout);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct question question[NAMES];
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(53) };
	struct pollfd waiting[NAMES];
	int count = argc - 2, left = count;

	if (count < 1 || count > NAMES || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
		return 2;
	for (int i = 0; i < count; i++) {
		encode(&question[i], argv[i + 2]);
		waiting[i] = (struct pollfd){ socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0 };
	}
	for (long long next = 0; left;) {
		long long now = now_ms();

		/* No link, or nobody there yet: the next one. */
		for (int i = 0; i < count && now >= next; i++)
			(void)!sendto(waiting[i].fd, question[i].packet, question[i].size,
				      MSG_DONTWAIT, (struct sockaddr *)&server, sizeof(server));
		if (now >= next)
			next = now + PAUSE_MS;
		(void)poll(waiting, (nfds_t)count, (int)(next - now));
		for (int i = 0; i < count; i++) {
			if (waiting[i].fd >= 0 && is_answered(waiting[i].fd, &question[i])) {
				waiting[i].fd = -1;
				left--;
			}
		}
	}
	return 0;
}
