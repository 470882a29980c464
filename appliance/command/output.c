/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "appliance/command/command.h"

/*
 * 0, -errno, or -EIO when the reason is not known any more. A program that was started without
 * standard output and wrote nothing did not fail.
 */
static int finish(void)
{
	const bool pending = __fpending(stdout) > 0, failed = ferror(stdout);
	int error = 0;

	/* What the failed write left in the buffer fails once more, and says why. */
	errno = 0;
	if (fflush(stdout) != 0)
		error = errno ? -errno : -EIO;
	if (fclose(stdout) != 0 && !error && (pending || failed || errno != EBADF))
		error = -errno;
	return failed && !error ? -EIO : error;
}

int output_end(const char *program, int code)
{
	const int error = finish();

	if (!error)
		return code;
	if (error != -EPIPE)
		fprintf(stderr, "%s: cannot write standard output%s%s\n", program,
			error == -EIO ? "" : ": ", error == -EIO ? "" : strerror(-error));
	return code == EXIT_YES ? EXIT_OUTPUT : code;
}
