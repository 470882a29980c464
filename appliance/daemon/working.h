/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Progress of work that one call into the kernel may take: a large transaction of nftables runs for
 * many seconds, in which this process cannot speak. A second thread does, as long as the process
 * gets on: each second in which it used processor time, the parent hears a number that grew
 * (MESSAGE_PROGRESS); a process that waits for ever uses none.
 */

/* Starts the thread. Once, after the sandbox, which has to allow threads. -errno. */
int working_start(void) __attribute__((warn_unused_result));

/* The work begins, and ends. */
void working_begin(void);
void working_end(void);
