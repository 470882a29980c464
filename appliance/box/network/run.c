/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "appliance/base/file.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/wiring.h"

/* Steps of a plan (system/wiring.h), done. No shell, and nothing of our own environment. */

enum { FAILED_LINKS = 64 };

static char *word(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* A service ends with who keeps it running, or the next one would start a second one beside it. */
static bool bind_to_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

static bool redirect(const char *output)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC), out = output ? open(output, O_WRONLY | O_CLOEXEC) : -1;

	return dup2(in, STDIN_FILENO) >= 0 &&
	       (!output || (dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0));
}

/* Words that go to programs are below the test's folder as far as they are paths of ours. */
void run_become(const char *const argv[], const char *service)
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
	execve(box_path(program, argv[0]), (char *const *)(uintptr_t)argv, environment);
}

/*
 * Who reads what strangers send needs little of what root may do. A program that a client of DHCP calls changes
 * addresses and speaks to cordond; what ssh lets in is root itself.
 */
static const struct {
	const char *service;	/* how its name begins */
	uint64_t keeps;		/* capabilities(7), a bit each */
} confined[] = {
#define CAP(number) (UINT64_C(1) << (number))
	{ "udhcpc", CAP(CAP_NET_ADMIN) | CAP(CAP_NET_RAW) | CAP(CAP_NET_BIND_SERVICE) | CAP(CAP_DAC_OVERRIDE) },
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

/* What the child says before it is another program; nothing: it is. */
static int listen_to(int pid, int report)
{
	int error = 0;

	if (read(report, &error, sizeof(error)) != sizeof(error))
		return pid;
	(void)run_wait(pid);
	return -error;
}

int run_start(const char *const argv[], const char *service, bool quiet)
{
	const char *output = quiet ? "/dev/null" : service[0] ? "/dev/kmsg" : NULL;
	const pid_t parent = getpid();
	int report[2], result;
	pid_t pid;

	if (output && access(output, W_OK) < 0)
		output = "/dev/null";
	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		errno = ECANCELED;
		if ((!service[0] || (bind_to_parent(parent) && confine(service))) && redirect(output))
			run_become(argv, service);
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

int run_wait(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The kernel's file, in one write. */
static int write_value(const char *path, const char *text)
{
	char full[BOX_PATH];
	int fd = open(box_path(full, path), O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int run_command(const struct step *step)
{
	int pid = run_start(step->argv, "", step->optional);

	return pid < 0 ? pid : run_wait(pid);
}

static int run_step(const struct step *step)
{
	char full[BOX_PATH];

	if (step->unless && box_has(step->unless))
		return 0;
	switch (step->kind) {
	case STEP_RUN:
		return run_command(step);
	case STEP_WRITE:
		return write_value(step->path, step->text);
	case STEP_FILE:
		return file_replace(AT_FDCWD, box_path(full, step->path), step->text,
				    strlen(step->text), 0644);
	default:
		return 0;
	}
}

static void complain(const struct step *step, int result)
{
	fprintf(stderr, "cordon network: %s%s", step->link, step->link[0] ? ": " : "");
	if (step->path)
		fprintf(stderr, "%s", step->path);
	for (size_t i = 0; step->argv[i]; i++)
		fprintf(stderr, "%s%s", i ? " " : "", step->argv[i]);
	if (result < 0)
		fprintf(stderr, ": %s", strerror(-result));
	else
		fprintf(stderr, ": ended with %d", result);
	fputs(step->link[0] ? "; the rest of this link is left out\n" : "\n", stderr);
}

unsigned int run_wiring(const struct wiring *wiring)
{
	const char *failed[FAILED_LINKS] = { NULL };
	unsigned int failures = 0, links = 0;

	if (wiring->failed) {
		fputs("cordon network: out of memory\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < wiring->steps; i++) {
		const struct step *step = &wiring->step[i];
		bool skip = false;
		int result;

		for (unsigned int j = 0; j < links && step->link[0]; j++)
			skip |= strcmp(failed[j], step->link) == 0;
		result = skip ? 0 : run_step(step);
		if (result == 0 || step->optional)
			continue;
		complain(step, result);
		failures++;
		if (step->link[0] && links < FAILED_LINKS)
			failed[links++] = step->link;
	}
	return failures;
}

static bool tell_services(int signal_number)
{
	size_t size;
	char *text = box_read(PATH_RUN "/services.pid", 32, &size);
	int pid = text ? atoi(text) : 0;

	free(text);
	return pid > 1 && kill(pid, signal_number) == 0;
}

void run_reload_services(void)
{
	(void)tell_services(SIGHUP);
}

bool run_renew_leases(void)
{
	return tell_services(SIGUSR1);
}
