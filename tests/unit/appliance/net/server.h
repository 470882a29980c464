/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * An HTTP server as bad as a test wants it, on loopback, in a process of its own: for each request
 * that comes, on whatever connection, the next step of a list.
 */
#include "tests/unit/cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum step_end {
	STEP_KEEP,	/* waits for the next request */
	STEP_CLOSE,
	STEP_STALL,	/* says nothing more, for ever */
	STEP_DRIP,	/* sends its filler slowly, for ever */
	STEP_FLOOD,	/* sends its filler as fast as it goes, for ever */
	STEP_LATE	/* waits a while before it answers, then as STEP_KEEP */
};

struct step {
	const char *reply;
	enum step_end end;
	const char *filler;
	bool at_once;	/* does not wait for a request */
};

struct server {
	pid_t child;
	uint16_t port;
	char *seen;	/* shared with the child: all that it was sent, NUL-terminated */
};

enum { SERVER_SEEN = 1 << 16, SERVER_STEPS = 8 };

static inline bool server_send(int fd, const char *text)
{
	size_t size = strlen(text);

	return send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* One request with its body into seen; false when the client is gone. */
static inline bool server_read(int fd, char *seen)
{
	size_t begin = strlen(seen), at = begin;
	const char *end = NULL, *length;

	while (!end || (size_t)(end - seen) > at) {
		ssize_t got = recv(fd, seen + at, SERVER_SEEN - 1 - at, 0);

		if (got <= 0)
			return false;
		at += (size_t)got;
		seen[at] = '\0';
		end = strstr(seen + begin, "\r\n\r\n");
		length = end ? strstr(seen + begin, "Content-Length: ") : NULL;
		if (end)
			end += 4 + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
	}
	return true;
}

/* true: the connection goes on. */
static inline bool server_step(int fd, const struct step *step, char *seen)
{
	if (!step->at_once && !server_read(fd, seen))
		return false;
	if (step->end == STEP_LATE)
		usleep(100000);
	if (!server_send(fd, step->reply))
		return false;
	while (step->end == STEP_STALL)
		pause();
	while (step->end == STEP_DRIP || step->end == STEP_FLOOD) {
		if (!server_send(fd, step->filler))
			return false;
		if (step->end == STEP_DRIP)
			usleep(10000);
	}
	return step->end != STEP_CLOSE;
}

static inline void server_run(int listener, const struct step *steps, char *seen)
{
	size_t next = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (next < SERVER_STEPS && steps[next].reply) {
		int fd = accept(listener, NULL, NULL);
		bool on = fd >= 0;

		while (on && next < SERVER_STEPS && steps[next].reply) {
			size_t before = strlen(seen);

			on = server_step(fd, &steps[next], seen);
			/* a connection that was closed before it asked anything takes no step */
			next += on || steps[next].at_once || strlen(seen) != before;
		}
		close(fd);
	}
	_exit(0);
}

/* steps end with an empty one, or after SERVER_STEPS. */
static inline void server_start(struct server *server, const struct step *steps)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	server->seen = mmap(NULL, SERVER_SEEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	assert_true(server->seen != MAP_FAILED);
	server->child = fork();
	assert_true(server->child >= 0);
	if (server->child == 0)
		server_run(listener, steps, server->seen);
	close(listener);
}

static inline void server_stop(struct server *server)
{
	if (server->child > 0) {
		kill(server->child, SIGKILL);
		waitpid(server->child, NULL, 0);
		munmap(server->seen, SERVER_SEEN);
	}
	server->child = 0;
}
