/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

#include "appliance/ipc/actor.h"
#include "appliance/ipc/sessions.h"

/*
 * Who a process is, by what the kernel and the ssh server say of it (actor.h). Looks at /proc, at
 * RUN/sessions (sessions.h) and at /etc/passwd. A process that left its session, which only root
 * can, is its uid and nothing more. Always succeeds: what cannot be read is left out.
 */
void who_is(pid_t pid, uid_t uid, int run, struct actor *actor);

/* What the kernel says of a process; false: it is gone. */
bool who_process(pid_t pid, struct session_process *process);
