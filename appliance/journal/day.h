/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/journal/batch.h"
#include "appliance/journal/sql.h"
#include "appliance/journal/tree.h"

/*
 * The database of one day. While it is open, entries are rows in the order of their numbers. A
 * closed one is sorted by client and time, has the day's sums, and never changes again.
 *
 *	appliance	its id and the version of the journal's format
 *	boot		boot ids
 *	rule		rules, with what was known about them then
 *	client		address, link address, interface
 *	subject		what was met: channel, verdict, rule, name, address, ports
 *	event		who met what, when, how often: ids of the tables above
 *	notice		what happened to the appliance
 *	batch		which numbers were written together, and their hash (chain.h)
 *	tree		the hashes of all batches before
 *	checkpoint	what was signed about the tree
 *	tally		sums per client, rule, channel and resolver (closed days)
 *	sighting	when each client was seen (closed days)
 *
 * Addresses are 16 bytes (rules/policy/addr.h), names wire form, times milliseconds. A subject's
 * coarse is 0, or 1 plus the number of bits of the client's address that are unknown. So 1 is one
 * client.
 */
enum { DAY_VERSION = 1 };

struct day {
	struct sql sql;
	struct day_statements *statements;
	struct day_cache *cache;
	uint64_t seed;		/* of subjects' keys */
	int64_t boot;		/* row of the boot id below; 0: not looked up yet */
	char boot_id[TREE_BOOT_ID];
	struct tree tree;	/* of all batches up to the last one that was written */
	uint8_t leaf[DIGEST_SIZE];	/* of that one */
};

/* What a person is told about a database that cannot be used. */
enum day_state {
	DAY_FINE,
	DAY_NEW,	/* empty: the schema is made */
	DAY_FOREIGN,	/* not a database of this journal, or damaged */
	DAY_NEWER	/* written by a newer version; stays as it is */
};

/*
 * Opens the day's database for writing; makes it if needed, behind the leaves of tree. 0, or
 * -errno: -EBADMSG with *state DAY_FOREIGN or DAY_NEWER. day_close is due in either case.
 */
int day_open(struct day *day, const char *path, const char *appliance, const struct tree *tree,
	     enum day_state *state) __attribute__((warn_unused_result));
void day_close(struct day *day);

/* The end of a log. */
struct day_end {
	uint64_t last;		/* the highest number of an entry; 0: none */
	int64_t wall_ms;	/* when that was */
	bool stopped;		/* it is the notice of an orderly end */
};

/* Of an open or a closed database. */
void day_read_end(struct sql *sql, struct day_end *end);

/*
 * Writes the batch as one transaction, with its hash. All its entries are of one boot. Entries that
 * are there already (the process was killed between the transaction and batch_clear) are left out.
 * 0 or -errno: nothing was written.
 */
int day_write(struct day *day, const struct log_batch *batch, const char *boot_id, int64_t wall_ms)
	__attribute__((warn_unused_result));
