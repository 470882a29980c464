/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The end of a program: flushes, checks and closes standard output, so that output that could not
 * be written (a full disk, a stick that was pulled) is an error of every command. Returns code, or
 * EXIT_OUTPUT (command.h) instead of EXIT_YES after a message on stderr; any other code tells more
 * and stays. There is no message when the reader has gone (EPIPE). program begins the message.
 */
int output_end(const char *program, int code) __attribute__((warn_unused_result));
