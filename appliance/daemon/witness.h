/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* What the parent sees and the log is told (journal/notice.h). */

/* A policy is in force; the mode, if another one is in force with it. */
void witness_policy(struct parent *parent);
void witness_mode(struct parent *parent);
/* A role ended. */
void witness_role(struct parent *parent, const struct child_end *end);
/* What became of a release: the hook of the updates. */
void witness_update(struct parent *parent, const char *what, int64_t release, const char *text);
/* A person holds or releases updates. */
void witness_hold(struct parent *parent, const struct control_client *client, bool held);
/* Who looks at one host's story. */
void witness_looked(struct parent *parent, const struct actor *actor, const char *host);
/* A process that sent SIGHUP. */
void witness_signal(struct parent *parent, pid_t pid, uid_t uid);
/* Once a round: the clock, the disk, what others changed, settings, the spool. */
void witness_tick(struct parent *parent);
