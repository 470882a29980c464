/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The process that asks the stored log is thrown away afterwards, and cannot change anything: files
 * of the log are data of others, and a flaw in reading them must not become root's hands.
 *
 * It enters folder and stays there; "." is its path from then on. Started as root, it becomes a
 * reader (ipc/control.h) whose root is that folder, and keeps only the right to read there. It
 * starts no program and opens no socket any more, so what it asks of cordond, and files elsewhere,
 * come before.
 *
 * EXIT_YES, or the command's exit code after a message.
 */
int query_begin(const char *command, const char *folder) __attribute__((warn_unused_result));
