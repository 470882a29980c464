/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "appliance/base/text.h"

/*
 * A child whose answer is one text through a pipe, of a bounded length and in a bounded time; it
 * ends with us. Times are of clock_uptime_ms.
 */

/* As fork; our end of the pipe is ends[0], the child's ends[1]. -1: failed, and no pipe is left. */
pid_t helper_start(int ends[2]);
/* Everything until the child closes its end, or nothing when it took longer or said more than
 * limit. */
void helper_receive(int fd, int64_t end, size_t limit, struct text *out);
/* Its exit code, or -1. One that does not end is killed; one that hangs in the kernel is left
 * behind. */
int helper_finish(pid_t pid, int64_t end);
