/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "appliance/settings/settings.h"

/*
 * What the parent opens for itself and its roles. None of it stands between the start and the
 * policy: a part that cannot be opened is said, shown in the status, and tried again with growing
 * pauses; what needs it waits, and the rest goes on.
 */
enum part {
	PART_RUN,	/* RUN, its lock, RUN/empty */
	PART_STATE,	/* STATE */
	PART_SHARED,	/* memory of the workers */
	PART_LISTEN,	/* sockets of the dns role */
	PART_IDENTITY,	/* who the log says that we are */
	PART_LOG,	/* STATE/log and the owners in it */
	PART_EVENTS,	/* netlink sockets and memory of the journal */
	PART_CONTROL,
	PART_UPDATES,	/* STATE/updates, bundle, key */
	PART_MODE,	/* STATE/mode */
	PART_COUNT
};

struct part_state {
	bool open;
	int64_t again;		/* uptime in ms of the next try */
	int64_t pause;
	char why[320];		/* what is in its way; "" when nothing is */
};

struct parent;

/* Short words: "control socket". */
const char *part_print(enum part part);

/* Before anything else: nothing is open. */
void parts_init(struct parent *parent);
/* RUN and its lock alone. -EBUSY: another cordond has the lock, and this one has to end. */
int parts_lock(struct parent *parent) __attribute__((warn_unused_result));
/* Once a round: opens what is due, and starts the roles that waited for it. */
void parts_tick(struct parent *parent);
/* Has the role all that it cannot start without? */
bool parts_allow(const struct parent *parent, enum role role);
/* The owners in the log folder are put right; said once for each that cannot be. */
void parts_mend_log(struct parent *parent);

/*
 * A folder below another, made when it is not there, of that mode and owner; what is right already
 * is left alone, so that a read-only medium does. -ENOTDIR when something else has its name.
 */
int parts_folder(int folder, const char *name, mode_t mode, uid_t owner)
	__attribute__((warn_unused_result));
