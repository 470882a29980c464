/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/journal/batch.h"
#include "appliance/journal/chain.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/rows.h"
#include "appliance/journal/sums.h"

enum {
	CACHE_KB = 1024,
	PATH_TEXT = 512,
	/* The journal tells of a loss at once, behind what it had counted before. */
	HOLE_BATCHES = 16
};

struct walk {
	const struct verify_options *options;
	struct verify_result *result;
	struct tree tree;
	uint64_t last;		/* number of the last entry */
	uint32_t number;	/* of the last day's file; 0: there is none yet */
	bool expired;		/* a notice tells of deleted days */

	struct {
		uint64_t first, last;	/* numbers that no batch has; last 0: there is none */
		unsigned int batches;	/* since then */
		bool explained;
	} hole;

	struct checkpoint note;	/* from outside; size 0: none, or passed */

	/* The day that is read. */
	struct sql sql;
	const char *name;
	sqlite3_stmt *leaves, *events, *notices, *checkpoints;
	bool has_event, has_notice;
	struct checkpoint next;	/* not reached yet */
	bool has_next;
};

static bool is_fine(const struct walk *walk)
{
	return walk->result->fault == VERIFY_FINE && !walk->sql.error;
}

static void fail(struct walk *walk, enum verify_fault fault, uint64_t first, uint64_t last)
{
	struct verify_result *result = walk->result;

	if (result->fault != VERIFY_FINE)
		return;
	result->fault = fault;
	result->first = first;
	result->last = last;
	snprintf(result->day, sizeof(result->day), "%s", walk->name);
}

/* ---- checkpoints ---- */

static bool read_checkpoint(struct walk *walk, const char *note, struct checkpoint *checkpoint)
{
	const struct verify_options *options = walk->options;
	size_t signer;
	int error;

	error = checkpoint_verify(checkpoint, note, strlen(note), options->keys,
				  options->keys_count, &signer);
	if (error == -ENOKEY)
		fail(walk, VERIFY_KEY, walk->result->covered + 1, walk->last);
	else if (error)
		fail(walk, checkpoint_parse(checkpoint, note, strlen(note)) ?
		     VERIFY_CHECKPOINT_CHANGED : VERIFY_SIGNATURE, walk->result->covered + 1,
		     walk->last);
	return !error;
}

static void next_checkpoint(struct walk *walk)
{
	const char *note;

	walk->has_next = sql_step(&walk->sql, walk->checkpoints);
	if (!walk->has_next)
		return;
	note = (const char *)sqlite3_column_text(walk->checkpoints, 0);
	if (!read_checkpoint(walk, note ? note : "", &walk->next))
		walk->has_next = false;
	else if (walk->next.size < walk->tree.end)
		fail(walk, VERIFY_CHECKPOINT_CHANGED, walk->result->covered + 1, walk->last);
}

/* The tree has as many leaves as the checkpoint: is it the tree that was signed? */
static void compare(struct walk *walk, const struct checkpoint *checkpoint)
{
	struct verify_result *result = walk->result;
	uint8_t root[DIGEST_SIZE];

	if (tree_root(&walk->tree, root) == 0 &&
	    memcmp(root, checkpoint->root, DIGEST_SIZE) == 0) {
		result->checkpoints++;
		result->covered = walk->last;
		result->uncovered = 0;
		result->newest = *checkpoint;
		walk->hole.last = walk->hole.explained ? 0 : walk->hole.last;
	} else if (walk->hole.last) {
		fail(walk, VERIFY_BATCH_MISSING, walk->hole.first, walk->hole.last);
	} else {
		fail(walk, VERIFY_BATCH_CHANGED, result->covered + 1, walk->last);
	}
}

static void check_checkpoints(struct walk *walk)
{
	if (walk->note.size == walk->tree.end && walk->note.size) {
		compare(walk, &walk->note);
		walk->note.size = 0;
	}
	while (is_fine(walk) && walk->has_next && walk->next.size == walk->tree.end) {
		compare(walk, &walk->next);
		next_checkpoint(walk);
	}
}

/* ---- entries ---- */

static void advance(struct walk *walk, bool event)
{
	if (event)
		walk->has_event = sql_step(&walk->sql, walk->events);
	else
		walk->has_notice = sql_step(&walk->sql, walk->notices);
}

/* The number of the next entry; 0: none. *event: is it one? */
static uint64_t next_entry(const struct walk *walk, bool *event)
{
	uint64_t a = walk->has_event ? (uint64_t)sqlite3_column_int64(walk->events, 0) : 0;
	uint64_t b = walk->has_notice ? (uint64_t)sqlite3_column_int64(walk->notices, 0) : 0;

	*event = walk->has_event && (!walk->has_notice || a < b);
	return *event ? a : b;
}

static void note_kind(struct walk *walk, const char *kind)
{
	if (strcmp(kind, NOTICE_LOST) == 0 || strcmp(kind, NOTICE_GAP) == 0 ||
	    strcmp(kind, NOTICE_DAMAGED) == 0) {
		walk->result->holes += walk->hole.last && !walk->hole.explained;
		walk->hole.explained = true;
	}
	walk->expired = walk->expired || strcmp(kind, NOTICE_EXPIRED) == 0;
}

/* Adds the entry that the statement is at. */
static int add_entry(struct walk *walk, bool event, const struct tree_leaf *leaf,
		     struct batch_hash *hash)
{
	sqlite3_stmt *row = event ? walk->events : walk->notices;
	uint8_t data[ENTRY_MAX];
	struct entry_rule rule;
	struct log_entry entry;
	int size;

	if (strcmp(rows_boot(row), leaf->boot_id) != 0)
		return -EBADMSG;
	if (event)
		rows_event(row, &entry, &rule);
	else
		rows_notice(row, &entry);
	if (event)
		walk->result->events += entry.event.event.count;
	else
		note_kind(walk, entry.notice.kind);
	size = entry_encode(&entry, data, sizeof(data));
	return size < 0 ? -EBADMSG : batch_hash_add(hash, data, (size_t)size);
}

/* All entries of a batch, and their hash. */
static void check_entries(struct walk *walk, const struct tree_leaf *leaf)
{
	uint64_t expected = leaf->first, gap = 0, number;
	struct batch_hash hash;
	bool event, changed = false;

	batch_hash_begin(&hash);
	while ((number = next_entry(walk, &event)) != 0 && number <= leaf->last) {
		if (number < expected) {
			fail(walk, VERIFY_ENTRY_ADDED, number, number);
			return;
		}
		if (number > expected && !gap)
			gap = expected;
		expected = number + 1;
		changed = add_entry(walk, event, leaf, &hash) < 0 || changed;
		advance(walk, event);
	}
	if (hash.entries + changed < leaf->entries) {
		walk->result->missing = leaf->entries - hash.entries;
		fail(walk, VERIFY_ENTRY_MISSING, gap ? gap : expected, leaf->last);
	} else if (changed || hash.entries != leaf->entries ||
		   memcmp(hash.state, leaf->hash, DIGEST_SIZE) != 0) {
		fail(walk, VERIFY_ENTRY_CHANGED, leaf->first, leaf->last);
	}
	walk->result->entries += hash.entries;
	walk->result->uncovered += hash.entries;
}

/* Numbers that no batch has have to be explained soon. */
static void check_hole(struct walk *walk, uint64_t first)
{
	if (walk->hole.last && !walk->hole.explained && ++walk->hole.batches > HOLE_BATCHES)
		fail(walk, VERIFY_BATCH_MISSING, walk->hole.first, walk->hole.last);
	if (first > walk->last + 1 && (walk->result->batches || walk->tree.end == 0)) {
		if (walk->hole.last && !walk->hole.explained)
			fail(walk, VERIFY_BATCH_MISSING, walk->hole.first, walk->hole.last);
		walk->hole.first = walk->last + 1;
		walk->hole.last = first - 1;
		walk->hole.batches = 0;
		walk->hole.explained = false;
	}
}

static void check_batch(struct walk *walk)
{
	uint8_t hash[DIGEST_SIZE];
	struct tree_leaf leaf;

	if (!chain_leaf(walk->leaves, &leaf) || leaf.last < leaf.first ||
	    leaf.first <= walk->last) {
		fail(walk, VERIFY_BATCH_CHANGED, leaf.first, leaf.last);
		return;
	}
	check_hole(walk, leaf.first);
	check_entries(walk, &leaf);
	if (!is_fine(walk))
		return;
	walk->last = leaf.last;
	walk->result->batches++;
	if (tree_leaf(&leaf, hash) < 0 || tree_append(&walk->tree, hash) < 0)
		fail(walk, VERIFY_BATCH_CHANGED, leaf.first, leaf.last);
	else
		check_checkpoints(walk);
}

/* ---- days ---- */

/* Entries have the keys of rules in their hashes; the rest of a rule is behind its key. */
static void check_rules(struct walk *walk)
{
	sqlite3_stmt *row = sql_prepare(&walk->sql, "SELECT key, state, number, id, category,"
					" confidence, evidence, versions FROM rule");

	while (is_fine(walk) && sql_step(&walk->sql, row)) {
		const char *id = (const char *)sqlite3_column_text(row, 3);
		const char *evidence = (const char *)sqlite3_column_text(row, 6);
		const char *versions = (const char *)sqlite3_column_text(row, 7);
		const struct entry_rule rule = {
			.state = (uint32_t)sqlite3_column_int64(row, 1),
			.index = (uint32_t)sqlite3_column_int64(row, 2), .id = id ? id : "",
			.category = (uint8_t)sqlite3_column_int(row, 4),
			.confidence = (uint8_t)sqlite3_column_int(row, 5),
			.evidence = evidence ? evidence : "", .versions = versions ? versions : "",
		};

		if (entry_rule_key(&rule) != (uint64_t)sqlite3_column_int64(row, 0))
			fail(walk, VERIFY_RULE_CHANGED, 0, walk->last);
	}
	(void)sqlite3_finalize(row);
}

/* What reports add up are the sums of a closed day. */
static void check_sums(struct walk *walk)
{
	if (sql_number(&walk->sql, "SELECT (SELECT count(*) FROM (" SUMS_OF_EVENTS
		       " EXCEPT SELECT * FROM tally)) + (SELECT count(*) FROM"
		       " (SELECT * FROM tally EXCEPT " SUMS_OF_EVENTS "))"
		       " + (SELECT count(*) FROM (" SUMS_OF_CLIENTS " EXCEPT SELECT * FROM"
		       " sighting)) + (SELECT count(*) FROM (SELECT * FROM sighting EXCEPT "
		       SUMS_OF_CLIENTS "))", 0) != 0)
		fail(walk, VERIFY_SUMS_CHANGED, 0, walk->last);
}

/* Indexes and pages agree, so that each question finds the same rows. */
static bool is_sound(struct walk *walk)
{
	sqlite3_stmt *row = sql_prepare(&walk->sql, "PRAGMA integrity_check(1)");
	const char *answer = NULL;
	bool sound;

	if (sql_step(&walk->sql, row))
		answer = (const char *)sqlite3_column_text(row, 0);
	sound = answer && strcmp(answer, "ok") == 0 &&
		sql_number(&walk->sql, "PRAGMA application_id", 0) == SQL_APPLICATION;
	(void)sqlite3_finalize(row);
	return sound && !walk->sql.error;
}

/* Does the day go on where the one before ended? */
static void check_start(struct walk *walk, uint32_t number, const char *before)
{
	const char *name = walk->name;
	struct tree start;
	uint64_t first;

	if (chain_start(&walk->sql, &start) < 0) {
		fail(walk, VERIFY_UNREADABLE, 0, 0);
		return;
	}
	first = (uint64_t)sql_number(&walk->sql, "SELECT min(first) FROM batch", 0);
	if (walk->number == 0) {
		walk->result->removed = start.end;
		walk->tree = start;
		walk->last = start.end && first ? first - 1 : 0;
	} else if (start.end > walk->tree.end && number == walk->number + 1) {
		walk->name = before;
		fail(walk, VERIFY_END_MISSING, walk->last + 1, first ? first - 1 : 0);
		walk->name = name;
	} else if (start.end > walk->tree.end) {
		fail(walk, VERIFY_DAY_MISSING, walk->last + 1, first ? first - 1 : 0);
	} else if (!tree_equal(&start, &walk->tree)) {
		fail(walk, VERIFY_ORDER, first, 0);
	}
}

static void check_rows(struct walk *walk)
{
	struct sql *sql = &walk->sql;
	bool event;
	uint64_t number;

	walk->leaves = chain_leaves(sql);
	walk->events = rows_events(sql, 0);
	walk->notices = rows_notices(sql, 0);
	walk->checkpoints = sql_prepare(sql, "SELECT note FROM checkpoint ORDER BY number");
	advance(walk, true);
	advance(walk, false);
	next_checkpoint(walk);
	check_checkpoints(walk);
	while (is_fine(walk) && sql_step(sql, walk->leaves))
		check_batch(walk);
	number = next_entry(walk, &event);
	if (is_fine(walk) && number)
		fail(walk, VERIFY_ENTRY_ADDED, number, number);
	if (is_fine(walk) && walk->has_next)
		fail(walk, VERIFY_END_MISSING, walk->last + 1, walk->next.last);
	(void)sqlite3_finalize(walk->leaves);
	(void)sqlite3_finalize(walk->events);
	(void)sqlite3_finalize(walk->notices);
	(void)sqlite3_finalize(walk->checkpoints);
}

/* 0, or -errno of the system; what the database itself lacks is a fault. */
static int check_day(struct walk *walk, const char *path, uint32_t number, bool closed,
		     const char *before)
{
	int error = sql_open(&walk->sql, path, closed ? SQL_FROZEN : SQL_READ, CACHE_KB);

	/* One moment of the open day, whatever the journal adds meanwhile. */
	sql_run(&walk->sql, "BEGIN");
	if (!error && !is_sound(walk))
		fail(walk, VERIFY_UNREADABLE, 0, 0);
	if (is_fine(walk))
		check_start(walk, number, before);
	if (is_fine(walk))
		check_rows(walk);
	if (is_fine(walk))
		check_rules(walk);
	if (is_fine(walk) && closed)
		check_sums(walk);
	error = walk->sql.error;
	sql_close(&walk->sql);
	walk->sql.error = 0;
	if (error == -EBADMSG) {
		fail(walk, VERIFY_UNREADABLE, 0, 0);
		error = 0;
	}
	walk->result->days += walk->result->fault == VERIFY_FINE;
	walk->number = number;
	return error;
}

/* ---- all ---- */

static bool begin(struct walk *walk, const struct verify_options *options,
		  struct verify_result *result)
{
	*result = (struct verify_result){ .fault = VERIFY_FINE };
	*walk = (struct walk){ .options = options, .result = result, .name = "" };
	tree_init(&walk->tree, 0);
	return !options->note || read_checkpoint(walk, options->note, &walk->note);
}

/* What can be judged when all days are read. */
static void end(struct walk *walk, bool whole)
{
	struct verify_result *result = walk->result;

	if (walk->hole.last && !walk->hole.explained)
		fail(walk, VERIFY_BATCH_MISSING, walk->hole.first, walk->hole.last);
	if (whole && walk->note.size > walk->tree.end)
		fail(walk, VERIFY_END_MISSING, walk->last + 1, walk->note.last);
	if (whole && result->removed && !walk->expired)
		fail(walk, VERIFY_DAY_MISSING, 1, 0);
}

int verify_file(struct verify_result *result, const struct verify_options *options)
{
	const char *slash = strrchr(options->path, '/');
	struct walk walk;
	int error = 0;

	if (strpbrk(options->path, "?%#"))
		return -EINVAL;
	if (begin(&walk, options, result)) {
		walk.name = slash ? slash + 1 : options->path;
		error = check_day(&walk, options->path, 1, true, "");
		end(&walk, false);
	}
	return error;
}

/* The open day of a number whose closed one exists is left over from a power cut. */
static bool is_left_over(const struct days *days, size_t i)
{
	const struct days_file *file = &days->file[i];

	return file->kind == DAYS_NEW ||
	       (file->kind == DAYS_OPEN && i > 0 && file[-1].number == file->number &&
		file[-1].kind == DAYS_CLOSED);
}

static int check_days(struct walk *walk, const struct days *days)
{
	char path[PATH_TEXT], name[DAYS_NAME], before[DAYS_NAME] = "";
	int error = 0;

	for (size_t i = 0; !error && is_fine(walk) && i < days->count; i++) {
		const struct days_file *file = &days->file[i];

		if (is_left_over(days, i))
			continue;
		walk->name = days_print(file, name);
		if (snprintf(path, sizeof(path), "%s/%s", walk->options->path, name) >=
		    (int)sizeof(path))
			return -ENAMETOOLONG;
		error = check_day(walk, path, file->number, file->kind == DAYS_CLOSED, before);
		memcpy(before, name, sizeof(before));
	}
	if (!error && is_fine(walk))
		end(walk, true);
	return error;
}

int verify_folder(struct verify_result *result, const struct verify_options *options)
{
	struct walk walk;
	struct days days;
	int folder, error;

	if (strpbrk(options->path, "?%#"))
		return -EINVAL;
	if (!begin(&walk, options, result))
		return 0;
	folder = open(options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	error = days_list(folder, &days);
	if (!error)
		error = days.count ? check_days(&walk, &days) : -ENOENT;
	days_free(&days);
	close(folder);
	return error;
}
