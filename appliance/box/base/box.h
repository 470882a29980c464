/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Files and places of a box that runs the image (box/base/paths.h): read, written, locked, and what
 * its kernel log and its console are told. Paths are absolute; a test puts its own folder before
 * all of them (PATH_PREFIX_VARIABLE).
 */
enum { BOX_PATH = 512 };

/* The path below the folder that a test named; returns buffer. */
char *box_path(char buffer[BOX_PATH], const char *path);

/* A small file, malloc'ed and NUL-terminated; NULL when it is missing or larger than limit bytes.
 */
char *box_read(const char *path, size_t limit, size_t *size);
/* A file of the kernel (/proc, /sys), which does not tell its size: as much as buffer takes,
 * NUL-terminated. False when it is missing. */
bool box_peek(const char *path, char *buffer, size_t size);
/* Replaces the file. 0, or an exit code after a message on stderr. */
int box_write(const char *path, const char *text, size_t size, mode_t mode);
bool box_has(const char *path);
/* Does PATH_DATA survive a restart? It does not when no disk could be mounted. */
bool box_keeps(void);
/* A file of the kernel that holds "1". */
bool box_is_on(const char *path);

/* Waits for this lock and takes it. Returns a descriptor for box_unlock, or -errno if the lock
 * cannot be made; the caller goes on without it. */
int box_lock(const char *path);
void box_unlock(int lock);

/* One line for the kernel's log; nothing happens when there is none. */
void box_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lines for the console, from a program whose output goes elsewhere. */
void box_say(const char *text);

/*
 * Makes the EFI partition writable, which is mounted read-only otherwise. One process at a time has
 * it; the next one waits. Calls may be nested. -errno: it cannot be written, and box_boot_end must
 * not be called. Below a test's folder nothing is mounted.
 */
int box_boot_begin(void);
void box_boot_end(void);

/* The time that cordond goes by, in seconds since 1970 (signed/freshness.h), from the text of
 * STATE/updates; NULL: there is none. */
int64_t box_now(const char *text, size_t size);

/* Is standard input the console that the kernel was started with? */
bool box_at_console(void);
/* The same, for decisions that only the console may make; below a test's folder everyone may. */
bool box_may_decide(void);
