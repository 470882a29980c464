/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * usage COMMAND...: runs it, passes SIGTERM on, and prints on standard output what it and all its
 * children took: seconds of CPU, and MB of the largest one.
 */
static pid_t child;

static void pass_on(int signal)
{
	kill(child, signal);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 2)
		return 2;
	child = fork();
	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	signal(SIGTERM, pass_on);
	while (wait4(child, &status, 0, &usage) != child)
		continue;
	printf("%.2f %.1f\n",
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
	       (double)usage.ru_maxrss / 1024);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
