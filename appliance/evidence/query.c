/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/query.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/base/sandbox.h"
#include "appliance/command/command.h"
#include "appliance/ipc/control.h"

/* What SQLite needs to read: files, locks, the memory that it shares with the writer. */
static const int syscalls[] = {
	SYS_openat, SYS_pread64, SYS_lseek, SYS_fcntl, SYS_fstatfs, SYS_getdents64, SYS_getcwd,
	SYS_getuid, SYS_faccessat, SYS_readlinkat, SYS_statx, SYS_fchdir,
	/* Of writing only what is asked for when nothing may be written, and then refused. */
	SYS_pwrite64, SYS_ftruncate, SYS_unlinkat, SYS_fchown, SYS_fchmod, SYS_fsync,
	SYS_fdatasync,
#ifdef SYS_unlink
	SYS_open, SYS_access, SYS_readlink, SYS_stat, SYS_lstat, SYS_unlink,
#endif
};

enum { FILES = 64 };

#ifdef CORDON_SANITIZE
/* The search for leaks at the end needs /proc, which is out of sight then. */
static bool is_confined;

int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return is_confined;
}
#endif

static int enter(const char *folder, const char **step)
{
	const bool root = geteuid() == 0;
	const struct sandbox sandbox = {
		.root = ".", .uid = CONTROL_READER_GID, .unprivileged = !root,
		.capabilities = root ? 1ULL << CAP_DAC_READ_SEARCH : 0,
		.syscalls = syscalls, .syscall_count = sizeof(syscalls) / sizeof(*syscalls),
		.files = FILES, .file_size = UINT64_MAX, .terminal = true,
	};

	*step = "folder";
	if (chdir(folder) < 0)
		return -errno;
#ifdef CORDON_SANITIZE
	is_confined = root;
#endif
	return sandbox_enter(&sandbox, step);
}

int query_begin(const char *command, const char *folder)
{
	const char *step;
	int error = enter(folder, &step);

	if (!error)
		return EXIT_YES;
	if (error == -EACCES)
		fprintf(stderr, "cordon %s: %s: only root and the group cordon-reader may look\n",
			command, folder);
	else if (error == -ENOENT)
		fprintf(stderr, "cordon %s: no log in %s\n", command, folder);
	else
		fprintf(stderr, "cordon %s: the process that reads the log cannot be confined "
			"(%s: %s)\n", command, step, strerror(-error));
	return EXIT_NO;
}
