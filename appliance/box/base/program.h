/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Programs of the box, started without a shell. Their environment is PATH, CORDON_SERVICE and the
 * test's folder, nothing of this process's own.
 */

/*
 * argv[0]: an absolute path. service: the value of CORDON_SERVICE; "": no service. A service has
 * fewer capabilities (capabilities(7)) and gets SIGTERM when this process ends. quiet: its output
 * is discarded; otherwise the output of a service goes to the kernel's log, and that of another
 * program where this one's goes. Returns a pid for program_wait, or -errno when it could not be
 * started.
 */
int program_start(const char *const argv[], const char *service, bool quiet)
	__attribute__((warn_unused_result));
/* The same, and the caller reads its output and errors: *output is a pipe's end that does not
 * block, the caller's to close; -1 if the program could not be started. */
int program_start_heard(const char *const argv[], const char *service, int *output)
	__attribute__((warn_unused_result));
/* In a child: becomes this program. Returns only when that fails, with errno. */
void program_become(const char *const argv[], const char *service);
/* Its exit status, or 128 + signal; 127 when there is no such child. */
int program_wait(int pid);

/*
 * Runs this very program with other words, NULL-terminated, at most six, and waits: `cordon network
 * up`. A process of its own, so that a lock which a command holds until its end is released. Its
 * exit status, 128 + signal, or -errno.
 */
int program_self(const char *const words[]) __attribute__((warn_unused_result));
/* Asks init to restart the box. 0: it was asked; otherwise the exit status of reboot, or -errno. */
int program_reboot(void) __attribute__((warn_unused_result));
