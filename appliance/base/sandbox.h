/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A kind of socket that a role may create, with any of its protocols, blocking or not. */
struct sandbox_socket {
	int family;	/* AF_* */
	int type;	/* SOCK_*, without flags */
};

/*
 * What a role gives up before it reads its first hostile byte: the file system, its user, its
 * capabilities, new privileges, and every system call that it does not list. One call,
 * irreversible.
 */
struct sandbox {
	const char *root;	/* folder that becomes / and the working folder */
	uid_t uid;		/* supplementary groups are dropped */
	gid_t gid;		/* 0: as uid */
	uint64_t capabilities;	/* bits (1 << CAP_X) to keep, mostly 0 */
	const int *syscalls;	/* beyond the common ones of sandbox.c */
	size_t syscall_count;
	const struct sandbox_socket *sockets;	/* NULL: none, unless syscalls names socket */
	size_t socket_count;
	bool terminal;		/* may ask and set how its terminal behaves, by ioctl */
	bool threads;		/* may start threads, but no other use of clone */
	uint64_t files;		/* RLIMIT_NOFILE */
	uint64_t file_size;	/* RLIMIT_FSIZE, bytes */
	uint64_t memory;	/* RLIMIT_AS, bytes; 0: unlimited */
	uint64_t cpu_seconds;	/* RLIMIT_CPU; 0: unlimited */
	/* It never was root: root and user stay as they are, everything else is given up. */
	bool unprivileged;
	bool with_parent;	/* is killed when the thread that forked it ends */
};

/*
 * The filter checks arguments too. Memory is never executable; descriptors can only be duplicated
 * and sealed; sockets are of the listed kinds and can only be shut down for sending; clone makes
 * only threads.
 *
 * 0 or -errno; *step names what failed, and the process must then exit. Without CONFIG_HARDENING,
 * or with sanitizers, the system-call filter and the memory limit are left out; everything else
 * stays.
 */
int sandbox_enter(const struct sandbox *sandbox, const char **step)
	__attribute__((warn_unused_result));
