/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whole files, bounded and atomic. Paths are relative to the folder descriptor (or AT_FDCWD). */

/*
 * Reads a regular file of at most limit bytes. The caller frees *data, which has a NUL after *size
 * bytes. 0; -EFBIG: larger; -EINVAL: not a regular file; other -errno.
 */
int file_read(int folder, const char *path, size_t limit, char **data, size_t *size)
	__attribute__((warn_unused_result));

/* The same from an open descriptor, from its start. */
int file_read_fd(int fd, size_t limit, char **data, size_t *size)
	__attribute__((warn_unused_result));

/*
 * Opens path beneath the folder, safely even if others write there. No link is followed in any
 * component, and a pipe in its place does not block. Components must be plain names: "/x", "x//y",
 * "." and ".." are -EINVAL. flags and mode as in openat(2); O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK and
 * O_NOCTTY are added. Returns a descriptor; -ELOOP: a link is in the way; other -errno.
 */
int file_open_beneath(int folder, const char *path, int flags, mode_t mode)
	__attribute__((warn_unused_result));

/*
 * Removes what has this name in the folder: a file, a link (not its target), or a folder with
 * everything in it, at any depth. Uses two descriptors and no recursion; follows no link and enters
 * no other file system. The name contains no '/', and is not "." or ".." (-EINVAL). 0: it is gone,
 * or was not there; -E2BIG: stopped after FILE_REMOVE_MOST entries (others keep adding some); other
 * -errno: of the first entry that stayed.
 */
enum { FILE_REMOVE_MOST = 1 << 22 };
int file_remove_tree(int folder, const char *name) __attribute__((warn_unused_result));

/*
 * Replaces a file as a whole: temporary file beside it, fsync, rename, fsync of the folder. After a
 * power cut the old file or the new one is there, never a part. 0 or -errno.
 */
int file_replace(int folder, const char *path, const void *data, size_t size, mode_t mode)
	__attribute__((warn_unused_result));

/*
 * The same for a path from a command line, which may be anything. A regular file is replaced as a
 * whole, or made; permissions that the old file denied to others stay denied. A device, pipe or
 * terminal, also behind a link, is written to and stays what it is; "-" is standard output.
 * Refused: a link to a file (-ELOOP), a folder (-EISDIR), a socket (-ENOTSUP), and with new
 * anything that exists (-EEXIST).
 */
int file_write_named(const char *path, const void *data, size_t size, mode_t mode, bool new)
	__attribute__((warn_unused_result));
/* For its errors: what is in the way and what to do; strerror for all others. */
const char *file_write_problem(int error);

/* Writes all size bytes, despite short writes and EINTR. 0 or -errno. */
int file_write_all(int fd, const void *data, size_t size) __attribute__((warn_unused_result));

/*
 * Is a failed read only temporary (no descriptor, no memory, a medium that does not answer, no
 * permission), and says nothing about the content? Then keep the file and read it again later.
 * False if the file itself is the cause: missing, not a regular file, too large, malformed.
 */
bool file_error_passes(int error);

/*
 * Keeps damaged content for investigation: PATH becomes PATH.damaged and replaces an older one. 0
 * or -errno.
 */
int file_set_aside(int folder, const char *path) __attribute__((warn_unused_result));

/*
 * A lock that only the owner of this process can hold: a regular file of mode 0600 that no other
 * user can open. A file that others can open, or that is not regular, is replaced, even if locked.
 * The lock lasts as long as the descriptor. Returns a descriptor; -EWOULDBLOCK if another process
 * holds it and wait is false; other -errno.
 */
int file_lock(int folder, const char *path, bool wait) __attribute__((warn_unused_result));
