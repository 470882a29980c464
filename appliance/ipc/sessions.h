/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"
#include "appliance/ipc/actor.h"

/*
 * Which processes of the ssh server serve whom: RUN/sessions, a line "PID STARTED USER KEY" each.
 * What watches the ssh server writes it from that server's own messages, so nothing that a session
 * can set (environment, arguments) decides who it is. STARTED is the process's start in the
 * kernel's ticks: a pid that is used again is another session.
 */
#define SESSIONS_FILE "sessions"
enum { SESSIONS_MOST = 64, SESSIONS_TEXT = 64 * 256 };

/* What the kernel says of a process (/proc/PID/stat). */
struct session_process {
	int parent;
	uint64_t started;	/* ticks since the boot */
	uint32_t terminal;	/* device number as the kernel encodes it; 0: none */
	bool zombie;
};
/* From the text of /proc/PID/stat, whose name of the program may be anything. 0 or -EBADMSG. */
int session_process(struct session_process *process, const char *text)
	__attribute__((warn_unused_result));

/* Who the session of this process is: kind, name and key of actor; false: it is none. */
bool session_find(const char *text, int pid, uint64_t started, struct actor *actor);
/* Appends one to the text; the oldest lines go when there are SESSIONS_MOST. */
void session_add(struct text *out, const char *text, int pid, uint64_t started,
		 const struct actor *actor);
