/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/network/wiring.h"

/* The steps of a plan (network/wiring.h), done. */

enum { FAILED_LINKS = 64 };

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
	int pid = program_start(step->argv, "", step->optional);

	return pid < 0 ? pid : program_wait(pid);
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
