/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/base64.h"
#include "appliance/evidence/verify_folds.h"
#include "appliance/evidence/verify_notes.h"
#include "appliance/evidence/verify_sums.h"
#include "appliance/journal/batch.h"
#include "appliance/journal/chain.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/rows.h"

enum {
	CACHE_KB = 4096,
	PATH_TEXT = 512,
	/* The journal tells of a loss at once, behind what it had counted before. */
	HOLE_BATCHES = 16,
	VERIFY_KEYS = 16
};

struct walk {
	const struct verify_options *options;
	struct verify_result *result;
	struct tree tree;
	uint64_t last;		/* number of the last entry */
	uint32_t number;	/* of the last day's file; 0: there is none yet */
	uint32_t first_number;	/* of the first day's file that continues deleted ones */

	/* What notices say about files that are not there. It counts when a checkpoint covers it:
	 * without the key, anyone can add a notice behind the newest one. */
	struct verify_told {
		uint32_t expired;	/* number of the last file that was deleted */
		uint32_t set_aside;	/* files that were damaged */
		bool reset;
	} said, told;

	/* Numbers that no batch has, until a notice explains them. */
	struct {
		bool open, explained;
		enum verify_fault fault;	/* what it is without a notice */
		char day[DAYS_NAME];
		uint64_t first, last;
		unsigned int batches;	/* since then */
	} hole;

	struct key keys[VERIFY_KEYS];	/* that are trusted; the given ones come first */
	size_t keys_count;
	struct key named;	/* by a notice that no checkpoint covers yet */
	bool has_named;

	struct verify_notes notes;	/* from outside */
	size_t note;		/* the next one of them */

	struct verify_folds folds;
	bool coarse;		/* the day that is read was made coarser */

	/* Days of an older log come between: what the log continues from. */
	struct tree own;
	bool maybe_taken;	/* nothing yet tells the days so far from such ones */
	bool in_taken;
	bool reserved;		/* numbers in front of the next batch are not used */

	/* The day that is read. */
	struct sql sql;
	char boot_id[TREE_BOOT_ID];	/* of the batch */
	const char *name;
	sqlite3_stmt *leaves, *events, *notices, *checkpoints;
	char origin[CHECKPOINT_ORIGIN];	/* of the day's appliance */
	bool is_named;		/* a checkpoint has it, or there is none */
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
	snprintf(result->boot_id, sizeof(result->boot_id), "%s", walk->boot_id);
}

const char *verify_fault_print(enum verify_fault fault)
{
	static const char *const word[VERIFY_FAULTS] = {
		"none", "unreadable", "day-missing", "day-changed", "order", "end-missing",
		"batch-missing", "entry-missing", "entry-added", "entry-changed", "batch-changed",
		"rule-changed", "sums-changed", "checkpoint-changed", "signature", "key",
		"appliance",
	};

	return word[fault];
}

/* ---- numbers that no batch has ---- */

static void open_hole(struct walk *walk, enum verify_fault fault, const char *day, uint64_t first,
		      uint64_t last)
{
	walk->hole.open = true;
	walk->hole.explained = false;
	walk->hole.fault = fault;
	walk->hole.first = first;
	walk->hole.last = last;
	walk->hole.batches = 0;
	snprintf(walk->hole.day, sizeof(walk->hole.day), "%s", day);
}

/* No notice came in time. */
static void fail_hole(struct walk *walk)
{
	const char *name = walk->name;

	if (!walk->hole.open || walk->hole.explained)
		return;
	walk->name = walk->hole.day;
	walk->boot_id[0] = '\0';
	fail(walk, walk->hole.fault, walk->hole.first, walk->hole.last);
	walk->name = name;
}

/* ---- checkpoints ---- */

static bool read_checkpoint(struct walk *walk, const char *note, size_t length,
			    struct checkpoint *checkpoint)
{
	size_t signer;
	int error = checkpoint_verify(checkpoint, note, length, walk->keys, walk->keys_count,
				      &signer);

	if (error == -ENOKEY)
		fail(walk, VERIFY_KEY, walk->result->covered + 1, walk->last);
	else if (error)
		fail(walk, checkpoint_parse(checkpoint, note, length) ?
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
	if (!read_checkpoint(walk, note ? note : "", note ? strlen(note) : 0, &walk->next)) {
		walk->has_next = false;
		return;
	}
	walk->is_named = walk->is_named || strcmp(walk->next.origin, walk->origin) == 0;
	if (walk->next.size < walk->tree.end)
		fail(walk, VERIFY_CHECKPOINT_CHANGED, walk->result->covered + 1, walk->last);
}

/* A trusted key signed the notice about another one. */
static void trust_named(struct walk *walk)
{
	if (!walk->has_named)
		return;
	walk->has_named = false;
	for (size_t i = 0; i < walk->keys_count; i++) {
		if (key_equal(&walk->keys[i], &walk->named))
			return;
	}
	if (walk->keys_count == VERIFY_KEYS)
		return;
	walk->keys[walk->keys_count++] = walk->named;
	walk->result->keys++;
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
		walk->hole.open = walk->hole.open && !walk->hole.explained;
		trust_named(walk);
		verify_folds_sign(&walk->folds);
		walk->told = walk->said;
		result->reset = walk->told.reset;
	} else if (walk->hole.open) {
		walk->hole.explained = false;
		fail_hole(walk);
	} else {
		fail(walk, VERIFY_BATCH_CHANGED, result->covered + 1, walk->last);
	}
}

static struct verify_note *next_note(const struct walk *walk)
{
	return walk->note < walk->notes.count ? &walk->notes.note[walk->note] : NULL;
}

static void check_checkpoints(struct walk *walk)
{
	struct verify_note *note;

	/* These first: they may name the key of one from outside. */
	while (is_fine(walk) && walk->has_next && walk->next.size == walk->tree.end) {
		compare(walk, &walk->next);
		next_checkpoint(walk);
	}
	while (is_fine(walk) && (note = next_note(walk)) &&
	       note->checkpoint.size == walk->tree.end) {
		if (read_checkpoint(walk, note->text, note->length, &note->checkpoint))
			compare(walk, &note->checkpoint);
		walk->result->notes += is_fine(walk);
		walk->note++;
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

static void explain(struct walk *walk, enum verify_fault fault)
{
	if (!walk->hole.open || walk->hole.explained ||
	    (fault == VERIFY_BATCH_MISSING && walk->hole.fault != fault))
		return;
	if (walk->hole.fault == VERIFY_BATCH_MISSING)
		walk->result->holes++;
	else
		walk->result->damaged++;
	walk->hole.explained = true;
}

/* "seal": a key, or a reset. The entries of a coarser day are not those that were signed, and what
 * a key signs must not be what makes it trusted. */
static void note_seal(struct walk *walk, const json_t *members)
{
	const char *what = json_string_value(json_object_get(members, "what"));
	const char *text = json_string_value(json_object_get(members, "public"));
	uint8_t der[KEY_DER];
	size_t size;

	if (!what)
		return;
	walk->said.reset = walk->said.reset || strcmp(what, "reset") == 0;
	if (strcmp(what, "key") == 0 && text && !walk->coarse &&
	    base64_parse(der, sizeof(der), &size, text, strlen(text)))
		walk->has_named = key_public_decode(&walk->named, der, size) == 0;
}

static uint32_t number_of(const json_t *members, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(members, key));

	return number < 0 || number > UINT32_MAX ? 0 : (uint32_t)number;
}

static void note_members(struct walk *walk, const struct entry_notice *notice)
{
	json_t *members;

	/* What cannot be read explains nothing. */
	(void)!notice_parse(notice->body, &members);
	if (strcmp(notice->kind, NOTICE_SEAL) == 0)
		note_seal(walk, members);
	else if (strcmp(notice->kind, NOTICE_DAMAGED) == 0)
		walk->said.set_aside += number_of(members, "files");
	else if (number_of(members, "number") > walk->said.expired)
		walk->said.expired = number_of(members, "number");
	json_decref(members);
}

static void note_kind(struct walk *walk, const struct entry_notice *notice)
{
	const char *kind = notice->kind;

	/* Nothing signs these: they explain nothing. */
	if (walk->in_taken)
		return;
	if (strcmp(kind, NOTICE_LOST) == 0 || strcmp(kind, NOTICE_GAP) == 0)
		explain(walk, VERIFY_BATCH_MISSING);
	if (strcmp(kind, NOTICE_DAMAGED) == 0)
		explain(walk, VERIFY_DAY_MISSING);
	if (strcmp(kind, NOTICE_SEAL) == 0 || strcmp(kind, NOTICE_DAMAGED) == 0 ||
	    strcmp(kind, NOTICE_EXPIRED) == 0)
		note_members(walk, notice);
	if (strcmp(kind, NOTICE_FOLDED) == 0)
		verify_folds_see(&walk->folds, notice->body);
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
		note_kind(walk, &entry.notice);
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

/* The entries of a batch in a day that was made coarser; the file's hash covers them. */
static void pass_entries(struct walk *walk, const struct tree_leaf *leaf)
{
	struct entry_rule rule;
	struct log_entry entry;
	uint64_t number;
	bool event;

	while ((number = next_entry(walk, &event)) != 0 && number <= leaf->last) {
		if (event) {
			rows_event(walk->events, &entry, &rule);
			walk->result->events += entry.event.event.count;
		} else {
			rows_notice(walk->notices, &entry);
			note_kind(walk, &entry.notice);
		}
		walk->result->entries++;
		walk->result->uncovered++;
		advance(walk, event);
	}
}

/* Numbers that no batch has must be explained soon. In front of the first batch there are none: the
 * tree says how many batches came before. */
static void check_hole(struct walk *walk, uint64_t first)
{
	if (walk->hole.open && !walk->hole.explained && ++walk->hole.batches > HOLE_BATCHES)
		fail_hole(walk);
	if (first > walk->last + 1 && walk->result->batches && !walk->reserved) {
		/* The day before is missing: these are its entries. */
		if (walk->hole.open && walk->hole.fault != VERIFY_BATCH_MISSING &&
		    walk->hole.batches <= 1)
			return;
		fail_hole(walk);
		open_hole(walk, VERIFY_BATCH_MISSING, walk->name, walk->last + 1, first - 1);
	}
	walk->reserved = false;
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
	snprintf(walk->boot_id, sizeof(walk->boot_id), "%s", leaf.boot_id);
	if (walk->coarse)
		pass_entries(walk, &leaf);
	else
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
		const struct entry_rule rule = {
			.state = (uint32_t)sqlite3_column_int64(row, 1),
			.index = (uint32_t)sqlite3_column_int64(row, 2), .id = sql_text(row, 3),
			.category = (uint8_t)sqlite3_column_int(row, 4),
			.confidence = (uint8_t)sqlite3_column_int(row, 5),
			.evidence = sql_text(row, 6), .versions = sql_text(row, 7),
		};

		if (entry_rule_key(&rule) != (uint64_t)sqlite3_column_int64(row, 0))
			fail(walk, VERIFY_RULE_CHANGED, 0, walk->last);
	}
	(void)sqlite3_finalize(row);
}

/*
 * A hash is over numbers, and SQLite reads NULL, texts and too large ones as numbers, too. So a
 * condition of a question would not find what the hash covers. True: all is of the type that a
 * journal writes.
 */
static bool has_types(struct sql *sql)
{
#define IS_NUMBER(name) " OR typeof(" name ")<>'integer'"
#define IS_SMALL(name, most) " OR typeof(" name ")<>'integer' OR " name " NOT BETWEEN 0 AND " most
#define IS_BLOB(name, size) " OR (" name " NOT NULL AND (typeof(" name ")<>'blob' OR length(" \
	name ")<>" size "))"
	static const char odd[] = "SELECT EXISTS(SELECT 1 FROM rule WHERE 0" IS_NUMBER("key")
		IS_SMALL("state", "4294967295") IS_SMALL("number", "4294967295")
		IS_SMALL("category", "255") IS_SMALL("confidence", "255")
		") OR EXISTS(SELECT 1 FROM client WHERE 0" IS_SMALL("forwarder", "1")
		IS_BLOB("address", "16") IS_BLOB("mac", "6")
		") OR EXISTS(SELECT 1 FROM subject WHERE"
		" (rule NOT NULL AND typeof(rule)<>'integer')"
		IS_SMALL("state", "4294967295") IS_SMALL("number", "4294967295")
		IS_SMALL("channel", "255") IS_SMALL("action", "255") IS_SMALL("would", "255")
		IS_SMALL("inbound", "1") IS_SMALL("coarse", "129") IS_SMALL("qtype", "65535")
		IS_SMALL("protocol", "255") IS_SMALL("port", "65535") IS_BLOB("resolver", "16")
		IS_BLOB("address", "16") " OR (name NOT NULL AND typeof(name)<>'blob')"
		") OR EXISTS(SELECT 1 FROM event WHERE 0" IS_NUMBER("wall") IS_NUMBER("uptime")
		IS_SMALL("port", "65535") IS_NUMBER("count") IS_NUMBER("span")
		") OR EXISTS(SELECT 1 FROM notice WHERE 0" IS_NUMBER("wall") IS_NUMBER("uptime")
		")";

	return sql_number(sql, odd, 1) == 0;
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
		sql_number(&walk->sql, "PRAGMA application_id", 0) == SQL_APPLICATION &&
		has_types(&walk->sql);
	(void)sqlite3_finalize(row);
	return sound && !walk->sql.error;
}

/* Days of an older log are trees of their own, which nothing signed (journal/takein.h). */
static bool is_taken(struct walk *walk, const struct tree *start)
{
	return start->end == 0 && sql_number(&walk->sql, "SELECT count(*) FROM checkpoint", 1) == 0;
}

/* All days so far were such ones. */
static void were_taken(struct walk *walk)
{
	struct verify_result *result = walk->result;

	result->taken_days = result->days;
	result->taken_entries += result->uncovered;
	result->uncovered = 0;
	walk->reserved = true;
	walk->has_named = false;
	walk->said = walk->told;
	verify_folds_forget(&walk->folds);
}

/* What was deleted before the first day, and which notes were about that. */
static void begin_behind(struct walk *walk, const struct tree *start, uint64_t first)
{
	const struct verify_note *note;

	walk->result->removed = start->end;
	walk->tree = *start;
	if (start->end && first)
		walk->last = first - 1;
	while ((note = next_note(walk)) && note->checkpoint.size < start->end) {
		walk->result->old_notes++;
		walk->note++;
	}
}

/* Does the day go on where the one before ended? */
static void check_start(struct walk *walk, uint32_t number, const char *before)
{
	struct verify_result *result = walk->result;
	const bool is_next = number == walk->number + 1;
	struct tree start;
	uint64_t first;

	walk->in_taken = false;
	if (chain_start(&walk->sql, &start) < 0) {
		fail(walk, VERIFY_UNREADABLE, 0, 0);
		return;
	}
	first = (uint64_t)sql_number(&walk->sql, "SELECT min(first) FROM batch", 0);
	if (walk->number == 0) {
		walk->first_number = number;
		walk->maybe_taken = start.end == 0;
		begin_behind(walk, &start, first);
	} else if (walk->maybe_taken && result->checkpoints == 0 &&
		   !tree_equal(&start, &walk->tree)) {
		were_taken(walk);
		walk->first_number = number;
		walk->maybe_taken = start.end == 0;
		begin_behind(walk, &start, first);
	} else if (start.end > walk->tree.end) {
		/* A notice may say that it was damaged. */
		open_hole(walk, is_next ? VERIFY_END_MISSING : VERIFY_DAY_MISSING,
			  is_next ? before : walk->name, walk->last + 1, first ? first - 1 : 0);
		walk->tree = start;
	} else if (walk->tree.end > 0 && is_taken(walk, &start)) {
		walk->in_taken = true;
		walk->own = walk->tree;
		walk->tree = start;
	} else if (!tree_equal(&start, &walk->tree)) {
		fail(walk, VERIFY_ORDER, first, 0);
	}
}

/* The log goes on from where it was before the old one's day. */
static void end_taken(struct walk *walk, uint64_t entries)
{
	struct verify_result *result = walk->result;

	if (!walk->in_taken)
		return;
	result->taken_days++;
	result->taken_entries += result->entries - entries;
	result->uncovered -= result->entries - entries;
	walk->tree = walk->own;
	walk->reserved = true;
}

/* No entry's hash covers the appliance's id. It may change in the course of a day, which keeps the
 * one that it began with: so one checkpoint with it is enough, here or just before. */
static void read_appliance(struct walk *walk)
{
	sqlite3_stmt *row = sql_prepare(&walk->sql, "SELECT id FROM appliance");
	const char *id = NULL;

	if (sql_step(&walk->sql, row))
		id = (const char *)sqlite3_column_text(row, 0);
	walk->origin[0] = '\0';
	if (!id || checkpoint_origin(walk->origin, id) < 0)
		walk->origin[0] = '\0';
	(void)sqlite3_finalize(row);
	walk->is_named = strcmp(walk->result->newest.origin, walk->origin) == 0 ||
			 sql_number(&walk->sql, "SELECT count(*) FROM checkpoint", 0) == 0;
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
	walk->boot_id[0] = '\0';
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
	const uint64_t entries = walk->result->entries;
	int error = sql_open(&walk->sql, path, closed ? SQL_FROZEN : SQL_READ, CACHE_KB);

	walk->boot_id[0] = '\0';
	/* One moment of the open day, whatever the journal adds meanwhile. */
	sql_run(&walk->sql, "BEGIN");
	if (!error && !is_sound(walk))
		fail(walk, VERIFY_UNREADABLE, 0, 0);
	if (is_fine(walk))
		check_start(walk, number, before);
	if (is_fine(walk))
		read_appliance(walk);
	if (is_fine(walk))
		check_rows(walk);
	if (is_fine(walk) && !walk->is_named)
		fail(walk, VERIFY_APPLIANCE, 0, 0);
	if (is_fine(walk))
		check_rules(walk);
	if (is_fine(walk) && closed && !verify_sums(&walk->sql))
		fail(walk, VERIFY_SUMS_CHANGED, 0, walk->last);
	if (is_fine(walk))
		end_taken(walk, entries);
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

static void begin(struct walk *walk, const struct verify_options *options,
		  struct verify_result *result)
{
	int error;

	*result = (struct verify_result){ .fault = VERIFY_FINE };
	*walk = (struct walk){ .options = options, .result = result, .name = "" };
	tree_init(&walk->tree, 0);
	while (walk->keys_count < options->keys_count && walk->keys_count < VERIFY_KEYS) {
		walk->keys[walk->keys_count] = options->keys[walk->keys_count];
		walk->keys_count++;
	}
	error = options->notes ? verify_notes_read(&walk->notes, options->notes) : 0;
	if (error)
		fail(walk, VERIFY_CHECKPOINT_CHANGED, 0, 0);
}

/* Deleted days need a notice, and the last one of them is its last one. */
static bool is_removal_told(const struct walk *walk)
{
	const struct verify_told *told = &walk->told;

	if (walk->first_number == 1)
		return told->reset;
	return told->reset ||
	       (uint64_t)told->expired + told->set_aside + 1 >= walk->first_number;
}

/* A coarser day, and the notice about it is not signed. */
static void check_folds(struct walk *walk)
{
	const struct verify_fold *fold = verify_folds_unsigned(&walk->folds);
	const char *name = walk->name;

	if (!fold || !walk->result->checkpoints)
		return;
	walk->name = fold->name;
	fail(walk, VERIFY_DAY_CHANGED, 0, 0);
	walk->name = name;
}

/* What can be judged when all days are read. */
static void end(struct walk *walk, bool whole)
{
	struct verify_note *note = next_note(walk);

	walk->boot_id[0] = '\0';
	/* Days are missing, and what says why is not signed. */
	if (walk->hole.open && walk->hole.fault != VERIFY_BATCH_MISSING)
		walk->hole.explained = false;
	fail_hole(walk);
	if (whole)
		check_folds(walk);
	if (whole && note && read_checkpoint(walk, note->text, note->length, &note->checkpoint))
		fail(walk, VERIFY_END_MISSING, walk->last + 1, note->checkpoint.last);
	if (whole && walk->result->removed && !is_removal_told(walk))
		fail(walk, VERIFY_DAY_MISSING, 1, 0);
}

int verify_file(struct verify_result *result, const struct verify_options *options)
{
	const char *slash = strrchr(options->path, '/');
	struct days_file file;
	struct walk walk;
	bool is_day;
	int error = 0;

	if (strpbrk(options->path, "?%#"))
		return -EINVAL;
	begin(&walk, options, result);
	walk.name = slash ? slash + 1 : options->path;
	is_day = days_parse(walk.name, &file);
	if (is_day && file.grain != DAYS_MINUTES)
		fail(&walk, VERIFY_DAY_CHANGED, 0, 0);
	if (is_fine(&walk))
		error = check_day(&walk, options->path, 1,
				  !is_day || file.kind != DAYS_OPEN, "");
	if (is_fine(&walk))
		end(&walk, false);
	free(walk.notes.note);
	return error;
}

static int check_file(struct walk *walk, const struct days_file *file, const char *path)
{
	if (verify_folds_agree(&walk->folds, file, path) != 1) {
		fail(walk, VERIFY_DAY_CHANGED, 0, 0);
		return -EBADMSG;
	}
	walk->result->coarse_days++;
	return 0;
}

static int check_days(struct walk *walk, const struct days *days)
{
	char path[PATH_TEXT], name[DAYS_NAME], before[DAYS_NAME] = "";
	int error = 0;

	for (size_t i = 0; !error && is_fine(walk) && i < days->count; i++) {
		const struct days_file *file = &days->file[i];

		if (!days_is_read(days, i))
			continue;
		walk->name = days_print(file, name);
		walk->coarse = file->grain != DAYS_MINUTES;
		if (snprintf(path, sizeof(path), "%s/%s", walk->options->path, name) >=
		    (int)sizeof(path))
			return -ENAMETOOLONG;
		if (walk->coarse && check_file(walk, file, path) < 0)
			return 0;
		error = check_day(walk, path, file->number, file->kind == DAYS_CLOSED, before);
		memcpy(before, name, sizeof(before));
	}
	if (!error && is_fine(walk))
		end(walk, true);
	return error;
}

static int check_folder(struct walk *walk)
{
	int folder = open(walk->options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	struct days days;

	if (folder < 0)
		return -errno;
	error = days_list(folder, &days);
	if (!error)
		error = days.count ? verify_folds_read(&walk->folds, walk->options->path, &days) :
			-ENOENT;
	if (!error)
		error = check_days(walk, &days);
	verify_folds_free(&walk->folds);
	days_free(&days);
	close(folder);
	return error;
}

int verify_folder(struct verify_result *result, const struct verify_options *options)
{
	struct walk walk;
	int error = 0;

	if (strpbrk(options->path, "?%#"))
		return -EINVAL;
	begin(&walk, options, result);
	if (is_fine(&walk))
		error = check_folder(&walk);
	free(walk.notes.note);
	return error;
}
