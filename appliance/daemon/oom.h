/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * Whether the kernel ends processes for want of memory: it counts them, of the machine and of the
 * control group that this process is in.
 */
/* Pure: the number behind "oom_kill" in /proc/vmstat or memory.events; 0: there is none. */
uint64_t oom_parse(const char *text);
/* Of both together; it never goes back. */
uint64_t oom_kills(void);
