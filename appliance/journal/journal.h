/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/event.h"
#include "appliance/journal/entry.h"
#include "appliance/journal/losses.h"
#include "appliance/journal/sealing.h"
#include "appliance/settings/settings.h"
#include "rules/policy/addr.h"

/*
 * From events to the block log: counts them, adds what is known about the client, and stores them.
 * One thread; the caller has the clock and the sockets.
 */
struct journal;

enum { JOURNAL_FORWARDERS = 32 };

struct journal_options {
	int folder;		/* of the log, the working folder; the caller's, open until
				 * journal_close */
	int route;		/* rtnetlink socket, for neighbours; -1: none; the caller's */
	uint64_t budget;	/* bytes that the log may take on disk */
	uint64_t write_budget;	/* bytes of entries per day; 0: AGGREGATE_BUDGET */
	uint32_t retention_days;	/* 0: as long as the budget lasts */
	/*
	 * journal_memory() bytes that outlive a killed journal, the caller's. NULL: the journal
	 * uses its own, and its counts die with it.
	 */
	void *memory;
	const char *appliance;	/* copied, as is the boot id */
	const char *boot_id;
	const struct addr *forwarder;	/* clients that ask for others; copied */
	size_t forwarders;		/* at most JOURNAL_FORWARDERS */
	const struct prefix *counts_only;	/* clients without detail; the caller's */
	size_t counts_onlys;
	const struct head_signed *before;	/* the newest tree that was signed; copied */
	const struct sealing_hooks *sealing;	/* NULL: nothing is signed; copied */
	/* Which links are guarded (presence.h); outlives the journal. NULL: hosts are noted by
	 * their queries alone. */
	const struct settings *settings;
};

/* The size of that memory, and the losses in it for a process that maps it too. */
size_t journal_memory(void);
struct losses *journal_losses(void *memory);

/* Opens files: call it while that is still allowed. 0 or -errno. */
int journal_open(struct journal **journal, const struct journal_options *options)
	__attribute__((warn_unused_result));

/*
 * Says that the log begins, and if it did not end in order before, the gap. Not after a journal
 * that was killed and whose memory is used: nothing is missing then.
 */
void journal_begin(struct journal *journal, int64_t wall_ms, int64_t uptime_ms);

/* Writes what is still being counted, regardless of the write budget, and that the log ends. Waits
 * for the last checkpoint (sealing.h). */
void journal_close(struct journal *journal, int64_t wall_ms, int64_t uptime_ms);

/*
 * Sets the policy. The block is mapped memory (message_map). After 0 it belongs to the journal,
 * which unmaps it two policies later, because events of the previous one still arrive. -EBADMSG:
 * not a valid block; the caller keeps it.
 */
int journal_policy(struct journal *journal, void *block, size_t size)
	__attribute__((warn_unused_result));

/* Counts an event; journal_tick writes it. Looks up the rule and action of a packet. */
void journal_event(struct journal *journal, const struct event *event);

/* A datagram of the NFLOG socket (nflog.h), received at that time. */
void journal_nflog(struct journal *journal, const void *data, size_t size, int64_t wall_ms,
		   int64_t uptime_ms);

/*
 * Something happened to the appliance: a notice of its own (notice.h). members: without braces.
 * number: grows from one to the next; one that this memory (struct journal_options) had before is
 * not stored again. 0: it is stored, or will be even if this journal is killed. -ENOSPC: no room
 * until the disk takes something, or the number before is missing; try again. Other -errno: it
 * cannot be stored, and is counted as lost.
 */
int journal_notice(struct journal *journal, uint64_t number, const struct entry_notice *notice,
		   int64_t wall_ms) __attribute__((warn_unused_result));

/* The members of the notice of the policy in force, copied: each new day begins with it, so that
 * what is stored in a day can be explained by the day alone. */
void journal_standing(struct journal *journal, const char *members);

/* A checkpoint is wanted now. */
void journal_checkpoint(struct journal *journal, int64_t wall_ms);
/* The answer to the hook sealing.ask (sealing.h). */
void journal_note(struct journal *journal, const void *note, size_t size, int64_t uptime_ms);

/* Events that were lost before they came here. */
void journal_lost(struct journal *journal, enum loss loss, uint64_t events);
/* ... in a ring, by its writer's count since the start. */
void journal_ring_lost(struct journal *journal, unsigned int ring, uint64_t count);
/* ... in the NFLOG socket, which was full. */
void journal_overrun(struct journal *journal);

/* Writes what is due; call it after every batch of events, and at least once a second. */
void journal_tick(struct journal *journal, int64_t wall_ms, int64_t uptime_ms);
