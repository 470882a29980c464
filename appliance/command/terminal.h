/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Questions to the user at standard input: a terminal, or a test's file. */
enum { TERMINAL_LINE = 512 };

/*
 * Asks for a line, without its end; "" for Enter alone. -EPIPE: nobody there any more. A line that
 * is too long or has control characters is told so and asked for again.
 */
int terminal_ask(const char *question, char *line, size_t size) __attribute__((warn_unused_result));
/* The same without showing what is typed. */
int terminal_ask_hidden(const char *question, char *line, size_t size)
	__attribute__((warn_unused_result));
/*
 * The same of the person at the controlling terminal, whatever standard input is: one line, once.
 * -ENOTTY: there is none; -EPIPE: no answer; -E2BIG: it does not fit.
 */
int terminal_ask_user(const char *question, bool hidden, char *line, size_t size)
	__attribute__((warn_unused_result));
/* true for "yes" alone: what is asked so is not for a slip of the finger. */
bool terminal_confirm(const char *question);

