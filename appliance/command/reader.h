/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What the user "reader" of an appliance has in place of a shell: the commands that ask, one a
 * line. `ssh reader@BOX cordon hosts --json` runs one; without words there is a prompt.
 *
 * This list keeps out what a reader has no use for. What a reader may not do, the kernel refuses:
 * the user owns nothing, and cordond answers its socket with what changes nothing (ipc/control.h).
 */
enum { READER_WORDS = 64, READER_LINE = 2048 };

/*
 * Splits a line into words at blanks, in place. Quotes ('...' or "...") keep blanks together;
 * nothing else has a meaning. word ends with NULL. The number of words, or -EINVAL: a quote is not
 * closed; -E2BIG: too many.
 */
int reader_split(char *line, char *word[READER_WORDS + 1]) __attribute__((warn_unused_result));

/* May a reader run these words? A first "cordon" is passed over: *first is the command's index. */
bool reader_may(char *const word[], int words, int *first);

/* argv[0] is that of a login shell: "-reader", "reader -c LINE". Returns the exit code. */
int reader_run(int argc, char **argv);
