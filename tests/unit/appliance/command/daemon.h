/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/command/command.h"

/* A cordond that gives everybody the same answer, and what commands print. */

static char folder[] = "/tmp/cordon-command-XXXXXX";
static struct cli cli = { .config = "/nonexistent", .state = folder, .run = folder };
static struct control_request *asked;	/* the last request, of the child */
static pid_t daemon_pid;
static char printed[2][4096];		/* on standard output, on standard error */

static inline int daemon_folder(void **state)
{
	(void)state;
	asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	return mkdtemp(folder) && asked != MAP_FAILED ? 0 : -1;
}

static inline int daemon_stop(void **state)
{
	char path[64];

	(void)state;
	if (daemon_pid) {
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
	}
	daemon_pid = 0;
	snprintf(path, sizeof(path), "%s/" CONTROL_SOCKET, folder);
	unlink(path);
	return 0;
}

static inline int daemon_folder_gone(void **state)
{
	daemon_stop(state);
	return rmdir(folder);
}

static inline void daemon_serve(int listener, int code, const char *reply)
{
	uint8_t data[CONTROL_REQUEST_MAX];
	char answer[4096];
	int fd;

	answer[0] = (char)code;
	snprintf(answer + 1, sizeof(answer) - 1, "%s", reply);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		ssize_t got = recv(fd, data, sizeof(data), 0);

		if (got > 0 && control_decode(asked, data, (size_t)got) == 0)
			(void)!send(fd, answer, strlen(reply) + 1, MSG_NOSIGNAL);
		close(fd);
	}
	_exit(1);
}

static inline void daemon_start(int code, const char *reply)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	daemon_stop(NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_SOCKET, folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	daemon_pid = fork();
	if (daemon_pid == 0)
		daemon_serve(listener, code, reply);
	close(listener);
}

/* Redirects standard output and error into files; and back, with what was printed. */
static inline void print_begin(int saved[2], int file[2])
{
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		saved[i] = dup(i + 1);
		file[i] = memfd_create("printed", MFD_CLOEXEC);
		dup2(file[i], i + 1);
	}
}

static inline void print_end(int saved[2], int file[2])
{
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		ssize_t got = pread(file[i], printed[i], sizeof(printed[i]) - 1, 0);

		printed[i][got > 0 ? got : 0] = '\0';
		dup2(saved[i], i + 1);
		close(saved[i]);
		close(file[i]);
	}
}
