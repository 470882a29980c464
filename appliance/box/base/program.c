/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"

#define PROGRAM_SELF "/usr/bin/cordon"
enum { SELF_WORDS = 6 };

static char *word(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* A service ends with its supervisor; otherwise the next supervisor would start a second one beside
 * it. */
static bool bind_to_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

/* out: where its output goes; -1: where ours does. */
static bool redirect(int out)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return dup2(in, STDIN_FILENO) >= 0 &&
	       (out < 0 || (dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0));
}

/* The program is below the test's folder; its other words are as they are. */
void program_become(const char *const argv[], const char *service)
{
	char program[BOX_PATH], root[BOX_PATH + 32], name[64];
	const char *prefix = getenv(PATH_PREFIX_VARIABLE);
	char *environment[] = { word("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), name,
				prefix ? root : NULL, NULL };
	sigset_t none;

	snprintf(root, sizeof(root), PATH_PREFIX_VARIABLE "=%s", prefix ? prefix : "");
	snprintf(name, sizeof(name), "CORDON_SERVICE=%s", service);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (strcmp(argv[0], PROGRAM_SELF) == 0 && !prefix)
		snprintf(program, sizeof(program), "/proc/self/exe");
	else
		box_path(program, argv[0]);
	execve(program, (char *const *)(uintptr_t)argv, environment);
}

/*
 * A service that reads what strangers send needs few of root's rights. The program that a DHCP
 * client calls changes addresses and speaks to cordond; a login by ssh is root itself.
 */
static const struct {
	const char *service;	/* how its name begins */
	uint64_t keeps;		/* capabilities(7), a bit each */
} confined[] = {
#define CAP(number) (UINT64_C(1) << (number))
	{ "udhcpc", CAP(CAP_NET_ADMIN) | CAP(CAP_NET_RAW) | CAP(CAP_NET_BIND_SERVICE) |
			    CAP(CAP_DAC_OVERRIDE) },
	{ "udhcpd", CAP(CAP_NET_ADMIN) | CAP(CAP_NET_RAW) | CAP(CAP_NET_BIND_SERVICE) },
	{ "radvd", CAP(CAP_NET_ADMIN) | CAP(CAP_NET_RAW) },
	{ "ntpd", CAP(CAP_SYS_TIME) },
#undef CAP
};

static bool confine(const char *service)
{
	uint64_t keeps = UINT64_MAX;

	for (size_t i = 0; i < sizeof(confined) / sizeof(*confined); i++) {
		if (strncmp(service, confined[i].service, strlen(confined[i].service)) == 0)
			keeps = confined[i].keeps;
	}
	/* The kernel may know more of them than we do, and fewer. */
	for (int number = 0; keeps != UINT64_MAX && number < 64; number++) {
		if (!(keeps >> number & 1) && prctl(PR_CAPBSET_READ, number) == 1 &&
		    prctl(PR_CAPBSET_DROP, number) < 0)
			return false;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* The child reports an error of its start; the end of the pipe means that it is the other program.
 */
static int listen_to(int pid, int report)
{
	int error = 0;

	if (read(report, &error, sizeof(error)) != sizeof(error))
		return pid;
	(void)program_wait(pid);
	return -error;
}

static int start(const char *const argv[], const char *service, int out)
{
	const pid_t parent = getpid();
	int report[2], result;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		errno = ECANCELED;
		if ((!service[0] || (bind_to_parent(parent) && confine(service))) &&
		    redirect(out))
			program_become(argv, service);
		(void)!write(report[1], &errno, sizeof(errno));
		_exit(127);
	}
	result = pid < 0 ? -errno : 0;
	close(report[1]);
	if (!result)
		result = listen_to(pid, report[0]);
	close(report[0]);
	return result;
}

int program_start(const char *const argv[], const char *service, bool quiet)
{
	const char *output = quiet ? "/dev/null" : service[0] ? "/dev/kmsg" : NULL;
	int out = -1, result;

	if (output && access(output, W_OK) < 0)
		output = "/dev/null";
	if (output)
		out = open(output, O_WRONLY | O_CLOEXEC);
	result = start(argv, service, out);
	if (out >= 0)
		close(out);
	return result;
}

int program_start_heard(const char *const argv[], const char *service, int *output)
{
	int ends[2], result;

	*output = -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	result = start(argv, service, ends[1]);
	close(ends[1]);
	if (result < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		close(ends[0]);
	else
		*output = ends[0];
	return result;
}

int program_wait(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Below a test's folder there is a program of that name, which records its words. */
int program_self(const char *const words[])
{
	const char *argv[SELF_WORDS + 2] = { PROGRAM_SELF };
	int pid;

	for (size_t i = 0; i < SELF_WORDS && words[i]; i++)
		argv[i + 1] = words[i];
	pid = program_start(argv, "", false);
	return pid < 0 ? pid : program_wait(pid);
}

int program_reboot(void)
{
	static const char *const argv[] = { "/sbin/reboot", NULL };
	const int pid = program_start(argv, "", false);

	return pid < 0 ? pid : program_wait(pid);
}
