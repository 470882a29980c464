/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

#include "appliance/daemon/daemon.h"
#include "appliance/daemon/source.h"
#include "appliance/settings/lists.h"
#include "rules/policy/policy.h"

/*
 * Copies of rules in the state folder, for bad days. Lists are copied to STATE/lists.new, so that
 * what is in force never depends on a file that is being edited; where that cannot be written, the
 * folder itself is read. What came into force is kept: the lists as STATE/lists, the compiled block
 * as STATE/policy. No copy is a condition.
 */
struct copies {
	struct daemon *daemon;
	bool staged;		/* lists.new holds what the change under way is made of */
	bool kept;		/* lists holds what is in force */
	bool failed;		/* said */
	pid_t keeper;		/* writes STATE/policy; 0: none */
	bool keep_again;
	bool unkept;		/* STATE/policy is older than what is in force */
	int64_t keep_at;	/* uptime in ms of the next try to write it; 0: none */
};

/* Copies the folder of the settings to lists.new. An error only when the folder cannot be read. */
int copies_stage(struct copies *copies, struct diag *diag) __attribute__((warn_unused_result));
/* The lists of the source are those of the folder or the last good ones. */
int copies_open(const struct copies *copies, enum rules_source source, struct list_file *file,
		size_t *count, struct diag *diag) __attribute__((warn_unused_result));
/* Are there last good lists? */
bool copies_has_lists(const struct copies *copies);
void copies_forget_staged(struct copies *copies);

/* What the source gave is in force: it is kept, the compiled policy with the next tick. */
void copies_keep(struct copies *copies, enum rules_source source);
/* Is it time to write STATE/policy? */
bool copies_due(const struct copies *copies);
/* Writes it; NULL: what is in force is not to be kept (it does not enforce). */
void copies_tick(struct copies *copies, const struct policy *policy);
/* True: that process was the writer of STATE/policy. */
bool copies_reaped(struct copies *copies, pid_t pid, int status);
