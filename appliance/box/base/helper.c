/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"

pid_t helper_start(int ends[2])
{
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ends[pid == 0 ? 0 : 1]);
	if (pid < 0)
		close(ends[0]);
	return pid;
}

void helper_receive(int fd, int64_t end, size_t limit, struct text *out)
{
	char buffer[16384];
	ssize_t got = 1;

	while (got > 0 && out->length <= limit) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_uptime_ms();

		if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
			break;
		got = read(fd, buffer, sizeof(buffer));
		if (got > 0)
			text_put(out, buffer, (size_t)got);
	}
	if (got > 0)
		text_release(out);	/* not whole */
}

int helper_finish(pid_t pid, int64_t end)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_uptime_ms() >= end) {
			kill(pid, SIGKILL);
			nanosleep(&pause, NULL);
			(void)waitpid(pid, NULL, WNOHANG);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
