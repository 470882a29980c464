/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/change.h"
#include "appliance/daemon/children.h"
#include "appliance/daemon/control.h"
#include "appliance/daemon/copies.h"
#include "appliance/daemon/daemon.h"
#include "appliance/daemon/disk.h"
#include "appliance/daemon/guarded.h"
#include "appliance/daemon/listeners.h"
#include "appliance/daemon/patience.h"
#include "appliance/daemon/probe.h"
#include "appliance/daemon/seal.h"
#include "appliance/daemon/standing.h"
#include "appliance/daemon/unlogged.h"
#include "appliance/daemon/updates.h"
#include "appliance/daemon/watchdog.h"
#include "appliance/daemon/notices.h"
#include "appliance/daemon/steps.h"
#include "appliance/journal/losses.h"

/*
 * The parent: root, but no input reaches it except settings, root's requests and what its own
 * children say. It opens, hands out, waits and starts again. Plain data, put together from parts.
 * Each of these knows only its own:
 *
 *	daemon.h		settings, folders, clock
 *	children.h, ends.c	the roles as processes
 *	change.h		how a policy changes
 *	source.h, copies.h	where rules come from
 *	patience.h		how long a role may take
 *	standing.h		the mode
 *	updates.h		signed updates
 *	seal.h			checkpoints of the log
 *	control.h		the control socket
 *	listeners.h		sockets of the dns role
 *	probe.h			do they answer?
 *
 * These see all of it; they call each other downwards only:
 *
 *	round.h			start, loop, stop; acts on what the parts decided
 *	drive.h			acts on what the change decided
 *	requests.h		what is asked over the control socket
 *	heard.h			what roles say
 *	tell.h			what they are told
 *	alive.h			do they answer?
 *	parts.h			what the parent opens, and opens again
 *	status.h		what `cordon status` shows
 *	lost.h			what the log lacks
 *	witness.h		what the log is told of the appliance itself
 */

/*
 * What the parent opens for itself and its roles. None of it stands between the start and the
 * policy. A part that cannot be opened is logged, shown in the status and tried again with growing
 * pauses. What needs it waits, and the rest goes on.
 */
enum part {
	PART_RUN,	/* RUN, its lock, RUN/empty */
	PART_STATE,	/* STATE */
	PART_SHARED,	/* memory of the workers */
	PART_LISTEN,	/* sockets of the dns role */
	PART_IDENTITY,	/* the name of this appliance in the log */
	PART_SEAL,	/* the appliance's key, STATE/seal */
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

/* What the log and the messages lack, in all. */
struct seen_losses {
	uint64_t lost[LOSS_COUNT];
	uint64_t freed;
	uint64_t messages;
};

/* What was noted last, so that a change is seen (witness.h). */
struct witness {
	struct steps steps;
	struct actor reloader;		/* who asked to read the rule lists anew */
	int64_t root_version;		/* of what is in force; 0: none yet */
	uint64_t edits;			/* changes by others */
	unsigned int disk_level[DISK_FOLDERS];
	int64_t polled;			/* when the disk was looked at last */
	int64_t spool_ms;		/* uptime of the next look at the spool */
	bool settings;			/* they were compared with those of before */
};

struct parent {
	struct daemon daemon;
	struct children children;
	struct change change;
	struct copies copies;
	struct patience patience;
	struct standing standing;
	struct devicekey key;
	struct seal seal;
	struct updates updates;
	struct control control;
	struct listeners listeners;
	struct probes probe;
	struct watchdog watchdog;
	struct guarded guarded;
	struct disks disks;
	struct part_state part[PART_COUNT];
	struct watch signals;

	/* shared with roles */
	int shared_fd[SETTINGS_WORKERS];
	struct worker_shared *shared[SETTINGS_WORKERS];	/* NULL: not open */
	int wake, nflog, route, table;	/* the journal's; -1: not open */
	const struct losses *losses;	/* in table; NULL: not mapped */

	enum kernel_state kernel;	/* as the rules role found it first */
	bool linked;		/* dns and rules talk to each other */
	bool ready;		/* said so */
	int64_t stir_at;	/* uptime in ms: when to send again what was refused */
	uint64_t looped;	/* questions of our own that came back, when that was last said */
	int64_t looped_said;	/* uptime in ms; 0: never */
	struct notices notices;
	struct witness witness;
	int64_t hostile_at;	/* uptime in ms when a worker was ended for its events */
	struct unlogged unlogged;
	struct seen_losses seen;	/* as they were when an administrator had seen them */
	uint8_t counters[4096];	/* body of the last MESSAGE_COUNTERS */
	size_t counters_size;
};

/* The process of a role; never NULL. */
static inline struct child *parent_role(struct parent *parent, enum role role)
{
	return &parent->children.child[role];
}
