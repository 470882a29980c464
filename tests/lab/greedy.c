/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients of a DNS server that take all they can, and one that does not.
 *
 * greedy idle ADDRESS COUNT SECONDS: so many silent TCP connections, each renewed when it ends.
 * greedy deaf ADDRESS COUNT SECONDS NAME: so many TCP connections, each asking for TXT without
 *	reading.
 * greedy flood ADDRESS RATE SECONDS LABEL: so many queries per second over UDP, for
 *	LABEL.nNUMBER.flood.test.
 * greedy hasty ADDRESS COUNT NAME: so many TCP connections one after the other, each closed behind
 *	its query.
 * greedy hold ADDRESS COUNT nothing|part: so many TCP connections at once, each silent or with the
 *	beginning of a message of 64 KB; prints how many are left after a second.
 * greedy modest ADDRESS udp|tcp COUNT NAME: one query each 20 ms, over one connection if it is TCP;
 *	prints "ANSWERED FAILED P50 P99", times in ms. A query without an answer after 5 s (dig's
 *	patience) has failed.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 2048, SAMPLES = 4096, PATIENCE = 5000, TXT = 16, A = 1 };

static struct sockaddr_in server;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

static void rest(double ms)
{
	struct timespec time = { .tv_sec = (time_t)(ms / 1000),
				 .tv_nsec =
					 (long)((ms - 1000 * (double)(time_t)(ms / 1000)) * 1e6) };

	if (ms > 0)
		nanosleep(&time, NULL);
}

/* Two bytes of length, then the query; returns the size without them. */
static size_t make_query(uint8_t *out, const char *name, uint16_t type, uint16_t id)
{
	uint8_t *at = out + 2;

	memcpy(at, "\0\0\1\0\0\1\0\0\0\0\0\0", 12);
	at[0] = (uint8_t)(id >> 8);
	at[1] = (uint8_t)id;
	at += 12;
	for (const char *label = name; *label;) {
		size_t length = strcspn(label, ".");

		*at++ = (uint8_t)length;
		memcpy(at, label, length);
		at += length;
		label += length + (label[length] == '.');
	}
	memcpy(at, "\0\0\0\0\1", 5);
	at[2] = (uint8_t)type;
	out[0] = (uint8_t)((size_t)(at + 5 - out - 2) >> 8);
	out[1] = (uint8_t)(at + 5 - out - 2);
	return (size_t)(at + 5 - out - 2);
}

static int open_to(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void idle(int count, double seconds, const char *name)
{
	static int fd[CONNECTIONS];
	uint8_t query[300];
	size_t size = name ? 2 + make_query(query, name, TXT, 7) : 1;
	double end = now() + seconds * 1000;

	query[0] = name ? query[0] : 0;
	for (int i = 0; i < count; i++)
		fd[i] = -1;
	while (now() < end) {
		for (int i = 0; i < count && now() < end; i++) {
			char byte;

			if (fd[i] >= 0 && (name || recv(fd[i], &byte, 1, MSG_DONTWAIT) != 0)) {
				/* What is not read fills the other side's buffers. */
				if (!name ||
				    send(fd[i], query, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
					continue;
			}
			if (fd[i] >= 0)
				close(fd[i]);
			fd[i] = open_to(SOCK_STREAM);
			if (fd[i] >= 0)
				(void)!send(fd[i], query, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
		rest(1);
	}
}

static void flood(double rate, double seconds, const char *label)
{
	double begin = now(), end = begin + seconds * 1000;
	int fd = open_to(SOCK_DGRAM);
	long sent = 0;

	while (now() < end) {
		for (; sent < (now() - begin) * rate / 1000; sent++) {
			char name[300];
			uint8_t query[600];
			size_t size;

			snprintf(name, sizeof(name), "%s.n%ld.flood.test", label, sent);
			size = make_query(query, name, A, (uint16_t)sent);
			(void)!send(fd, query + 2, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		rest(1);
	}
	printf("%ld sent\n", sent);
}

static void hasty(int count, const char *name)
{
	uint8_t query[300];
	size_t size = make_query(query, name, A, 7);

	for (int i = 0; i < count; i++) {
		int fd = open_to(SOCK_STREAM);

		if (fd < 0)
			err(1, "connect");
		(void)!send(fd, query, size + 2, MSG_NOSIGNAL);
		close(fd);
		rest(10);
	}
}

/* Waits for the answer with that id; false when none comes. */
static int answered(int fd, int tcp, uint16_t id, double end)
{
	static uint8_t data[65537];
	size_t have = 0;

	for (;;) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		double left = end - now();
		ssize_t got;

		if (left <= 0 || poll(&poller, 1, (int)left + 1) <= 0)
			return 0;
		got = recv(fd, data + have, sizeof(data) - have, 0);
		if (got <= 0)
			return 0;
		have = tcp ? have + (size_t)got : 0;
		if (tcp && (have < 4 || have < 2U + (size_t)(data[0] << 8 | data[1])))
			continue;
		if ((data[tcp ? 2 : 0] << 8 | data[tcp ? 3 : 1]) == id)
			return (data[tcp ? 5 : 3] & 15) == 0;
		have = 0;
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void modest(int tcp, int count, const char *name)
{
	static double took[SAMPLES];
	int fd = open_to(tcp ? SOCK_STREAM : SOCK_DGRAM), good = 0, bad = 0;

	for (int i = 0; i < count; i++) {
		uint8_t query[300];
		size_t size = make_query(query, name, A, (uint16_t)(i + 1));
		double begin = now();

		if (send(fd, query + (tcp ? 0 : 2), size + (tcp ? 2 : 0), MSG_NOSIGNAL) > 0 &&
		    answered(fd, tcp, (uint16_t)(i + 1), begin + PATIENCE))
			took[good++] = now() - begin;
		else
			bad++;
		rest(20 - (now() - begin));
	}
	qsort(took, (size_t)good, sizeof(*took), by_size);
	printf("%d %d %.1f %.1f\n", good, bad, good ? took[good / 2] : 0,
	       good ? took[good * 99 / 100] : 0);
}

static void hold(int count, bool part)
{
	static int fd[CONNECTIONS];
	int live = 0;

	for (int i = 0; i < count; i++) {
		fd[i] = open_to(SOCK_STREAM);
		if (fd[i] >= 0 && part)
			(void)!send(fd[i], "\xff\xff", 2, MSG_NOSIGNAL);
		rest(10);
		if (fd[i] >= 0 && part)
			(void)!send(fd[i], "", 1, MSG_NOSIGNAL);
	}
	rest(1000);
	for (int i = 0; i < count; i++) {
		char byte;

		live += fd[i] >= 0 && recv(fd[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
	}
	printf("%d\n", live);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		errx(2, "expected a command, an address and its numbers");
	server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(53) };
	if (inet_pton(AF_INET, argv[2], &server.sin_addr) != 1)
		errx(2, "expected an address");
	if (strcmp(argv[1], "idle") == 0 && atoi(argv[3]) <= CONNECTIONS)
		idle(atoi(argv[3]), atof(argv[4]), NULL);
	else if (strcmp(argv[1], "deaf") == 0 && argc == 6 && atoi(argv[3]) <= CONNECTIONS)
		idle(atoi(argv[3]), atof(argv[4]), argv[5]);
	else if (strcmp(argv[1], "flood") == 0 && argc == 6)
		flood(atof(argv[3]), atof(argv[4]), argv[5]);
	else if (strcmp(argv[1], "hasty") == 0)
		hasty(atoi(argv[3]), argv[4]);
	else if (strcmp(argv[1], "hold") == 0 && atoi(argv[3]) <= CONNECTIONS)
		hold(atoi(argv[3]), strcmp(argv[4], "part") == 0);
	else if (strcmp(argv[1], "modest") == 0 && argc == 6 && atoi(argv[4]) <= SAMPLES)
		modest(strcmp(argv[3], "tcp") == 0, atoi(argv[4]), argv[5]);
	else
		errx(2, "unknown command");
	return 0;
}
