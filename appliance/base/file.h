/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whole files, bounded and atomic. Paths are relative to the folder descriptor (or AT_FDCWD). */

/*
 * Reads a regular file of at most limit bytes; *data is malloc'ed, NUL-terminated beyond *size, the
 * caller's. -EFBIG when it is larger, -EINVAL when it is not a regular file, else -errno.
 */
int file_read(int folder, const char *path, size_t limit, char **data, size_t *size)
	__attribute__((warn_unused_result));

/* The same from an open descriptor, from its beginning. */
int file_read_fd(int fd, size_t limit, char **data, size_t *size)
	__attribute__((warn_unused_result));

/*
 * Opens path beneath the folder, whoever else writes there: no link is followed, at no part of it,
 * and a pipe in its place hangs nobody. Parts are names alone: "/x", "x//y", "." and ".." are
 * -EINVAL. flags and mode as of openat(2); O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK and O_NOCTTY are added.
 * A descriptor; -ELOOP: a link stands there; else -errno.
 */
int file_open_beneath(int folder, const char *path, int flags, mode_t mode)
	__attribute__((warn_unused_result));

/*
 * Removes what lies under this name in the folder: a file, a link (not what it leads to), or a
 * folder with everything in it, however deep. Two descriptors and no recursion; follows nothing and
 * enters no other file system. The name has no '/', and is not "." or ".." (-EINVAL). 0: it is gone,
 * or was not there; -E2BIG after FILE_REMOVE_MOST entries (others keep adding some); else -errno of
 * the first that stayed.
 */
enum { FILE_REMOVE_MOST = 1 << 22 };
int file_remove_tree(int folder, const char *name) __attribute__((warn_unused_result));

/*
 * Replaces a file as a whole: temporary file beside it, fsync, rename, fsync of the folder. After
 * a power cut there is the old file or the new one, never less.
 */
int file_replace(int folder, const char *path, const void *data, size_t size, mode_t mode)
	__attribute__((warn_unused_result));

/*
 * The same for a path that somebody named on a command line, where something else may stand. A
 * regular file, or none, is replaced as a whole; what its owner did not let others do, they cannot
 * do with the new one either. A device, a pipe, a terminal, also behind a link, is written to and
 * stays what it is, "-" is standard output. Refused: a link to a file (-ELOOP), a folder (-EISDIR),
 * a socket (-ENOTSUP), with new also whatever is there (-EEXIST).
 */
int file_write_named(const char *path, const void *data, size_t size, mode_t mode, bool new)
	__attribute__((warn_unused_result));
/* What is in the way and what to do, for its errors; strerror for all others. */
const char *file_write_problem(int error);

/* All size bytes, over short writes and EINTR. */
int file_write_all(int fd, const void *data, size_t size) __attribute__((warn_unused_result));

/*
 * Does a failed read say something about the moment (no descriptor, no memory, a medium that does
 * not answer, no right), and nothing about the content? Then the file stays and is read again later.
 * False for what the file itself is: missing, no regular file, too large, malformed.
 */
bool file_error_passes(int error);

/*
 * Damaged content is kept for whoever looks into it: PATH becomes PATH.damaged, in place of an
 * older one. 0 or -errno.
 */
int file_set_aside(int folder, const char *path) __attribute__((warn_unused_result));

/*
 * A lock that only the owner of this process can hold: a regular file of mode 0600 that nobody else
 * can open. A file that others can open, or that is not one, is replaced, whoever locked it. The
 * lock goes with the descriptor. A descriptor; -EWOULDBLOCK when another process has it and wait is
 * false; -errno.
 */
int file_lock(int folder, const char *path, bool wait) __attribute__((warn_unused_result));
