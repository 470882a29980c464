/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/control.h"
#include "appliance/ipc/event.h"
#include "appliance/journal/losses.h"
#include "rules/policy/addr.h"

/*
 * From events to the block log: counts them, looks up what is known beside them, and keeps them in
 * the store. One thread; the caller has the clock and the sockets.
 */
struct journal;

enum { JOURNAL_FORWARDERS = 32 };

struct journal_options {
	int folder;		/* of the log; the caller's, open until journal_close */
	int route;		/* rtnetlink socket, for neighbours; -1: none; the caller's */
	uint64_t budget;	/* bytes that the log may take on disk */
	void *memory;		/* journal_memory() bytes that outlive a killed journal, the caller's;
				 * NULL: the journal has its own, and what it counts dies with it */
	const char *appliance;	/* copied, as is the boot id */
	const char *boot_id;
	const struct addr *forwarder;	/* clients that ask for others; copied */
	size_t forwarders;		/* at most JOURNAL_FORWARDERS */
};

/* Bytes, and what stands in them for whoever maps them, too. */
size_t journal_memory(void);
struct losses *journal_losses(void *memory);

/* Opens files: to be called where that is still allowed. -errno. */
int journal_open(struct journal **journal, const struct journal_options *options)
	__attribute__((warn_unused_result));

/* Writes what was still being counted, whatever the write budget says. */
void journal_close(struct journal *journal, int64_t wall_ms, int64_t uptime_ms);

/*
 * From now on the policy is this one. The block is mapped memory (message_map) and belongs to the
 * journal when 0 is returned; it unmaps it two policies later, since events of the previous one
 * still arrive. -EBADMSG: not a valid block, and it stays the caller's.
 */
int journal_policy(struct journal *journal, void *block, size_t size)
	__attribute__((warn_unused_result));

/* Counts an event; journal_tick writes it. Rule and action of a packet are looked up here. */
void journal_event(struct journal *journal, const struct event *event);

/* A datagram of the NFLOG socket (nflog.h), seen at that time. */
void journal_nflog(struct journal *journal, const void *data, size_t size, int64_t wall_ms,
		   int64_t uptime_ms);

/* A mode came into force: a line of its own, at once. */
void journal_mode(struct journal *journal, const struct mode_record *mode, int64_t wall_ms,
		  int64_t uptime_ms);

/* Events that were lost before they came here. */
void journal_lost(struct journal *journal, enum loss loss, uint64_t events);
/* ... in a ring, whose writer counts them: all that it ever counted. */
void journal_ring_lost(struct journal *journal, unsigned int ring, uint64_t count);
/* ... in the NFLOG socket, which was full. */
void journal_overrun(struct journal *journal);

/* Writes what is due; to be called after every batch of events, and at least once a second. */
void journal_tick(struct journal *journal, int64_t wall_ms, int64_t uptime_ms);
