/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verify_words.h"

#include <inttypes.h>
#include <stdio.h>

#include "appliance/base/clock.h"
#include "appliance/base/crypto/base64.h"
#include "appliance/base/text.h"
#include "rules/signed/device.h"

enum { ENTRY_TEXT = TREE_BOOT_ID + 24 };

/* "BOOT:SEQUENCE", or the number alone; boot ids are from the file. */
static const char *entry_print(const struct verify_result *result, uint64_t number,
			       char text[ENTRY_TEXT])
{
	char boot[TREE_BOOT_ID];

	snprintf(text, ENTRY_TEXT, "%s%s%" PRIu64,
		 text_name(boot, sizeof(boot), result->boot_id), *result->boot_id ? ":" : "",
		 number);
	return text;
}

/* What was found, in place of what was expected. */
static const char *fault_words(enum verify_fault fault)
{
	static const char *const words[VERIFY_FAULTS] = {
		[VERIFY_UNREADABLE] = "the day cannot be read: it is damaged, or no database of a "
				      "journal",
		[VERIFY_DAY_MISSING] = "days before it are missing, and no notice says that they "
				       "expired",
		[VERIFY_DAY_CHANGED] = "the day was made coarser, and its file is not the one "
				       "whose hash a later day has (a day alone cannot "
				       "be verified then)",
		[VERIFY_ORDER] = "the day does not continue the one before it: it was renamed, "
				 "replaced by another copy, or the one before was changed",
		[VERIFY_END_MISSING] = "the end of the day is missing",
		[VERIFY_BATCH_MISSING] = "entries are missing, and no notice explains that",
		[VERIFY_ENTRY_MISSING] = "entries of a batch are missing",
		[VERIFY_ENTRY_ADDED] = "an entry was added that no batch has",
		[VERIFY_ENTRY_CHANGED] = "an entry is not what was stored: the hash of its batch "
					 "differs",
		[VERIFY_BATCH_CHANGED] = "a batch is not what was signed: the hash of the log "
					 "differs from the checkpoint's",
		[VERIFY_RULE_CHANGED] = "a rule that entries refer to was changed",
		[VERIFY_SUMS_CHANGED] = "the day's sums are not those of its entries",
		[VERIFY_CHECKPOINT_CHANGED] = "a checkpoint was changed or moved",
		[VERIFY_SIGNATURE] = "the signature of a checkpoint is false",
		[VERIFY_KEY] = "a checkpoint is signed by none of the keys",
		[VERIFY_APPLIANCE] = "the day names another appliance than its checkpoints do",
	};

	return words[fault];
}

static void print_fault(const struct verify_result *result)
{
	char first[ENTRY_TEXT], last[ENTRY_TEXT];

	printf("FAULT in %s: %s\n", *result->day ? result->day : "the given checkpoints",
	       fault_words(result->fault));
	if (result->first && result->last > result->first)
		printf("  entries    %s to %s\n", entry_print(result, result->first, first),
		       entry_print(result, result->last, last));
	else if (result->first || result->last)
		printf("  entry      %s%s\n",
		       entry_print(result, result->first ? result->first : result->last, first),
		       result->last ? "" : " and what follows");
	if (result->missing)
		printf("  missing    %" PRIu64 "\n", result->missing);
	printf("  before it  %" PRIu64 " day%s and %" PRIu64 " entries were as they should be; "
	       "nothing behind it was looked at\n", result->days, result->days == 1 ? "" : "s",
	       result->entries);
}

static void print_checkpoints(const struct verify_result *result)
{
	char time[CLOCK_TEXT], name[CHECKPOINT_ORIGIN];

	if (!result->checkpoints) {
		puts("  signed     nothing: there is no checkpoint, so nothing is proven");
		return;
	}
	printf("  signed     up to entry %" PRIu64 " by %s: %" PRIu64 " checkpoint%s, the newest "
	       "of %s (%s)\n", result->covered,
	       text_name(name, sizeof(name), result->newest.origin), result->checkpoints,
	       result->checkpoints == 1 ? "" : "s", clock_print(result->newest.wall_ms, time),
	       checkpoint_reason_print(result->newest.reason));
	if (result->notes)
		printf("             %" PRIu64 " of them from outside of the log\n",
		       result->notes);
	if (result->old_notes)
		printf("             %" PRIu64 " more from outside are about days that were "
		       "deleted, and cannot be compared\n", result->old_notes);
	if (result->uncovered)
		printf("  not signed %" PRIu64 " entries behind it\n", result->uncovered);
}

/* What is not there, and the log says so itself. */
static void print_explained(const struct verify_result *result)
{
	if (result->removed)
		printf("  deleted    %" PRIu64 " batches before the first day%s: the log says so\n",
		       result->removed, result->reset ? ", by a factory reset" : ", which expired");
	if (result->coarse_days)
		printf("  coarser    %" PRIu64 " day%s: equal events of an hour or a day are one "
		       "entry; the hash of the file is as a later notice says\n",
		       result->coarse_days, result->coarse_days == 1 ? "" : "s");
	if (result->damaged)
		printf("  damaged    %" PRIu64 " time%s, days are missing that were set aside as "
		       "damaged: the log says so\n", result->damaged,
		       result->damaged == 1 ? "" : "s");
	if (result->holes)
		printf("  lost       %" PRIu64 " time%s, entries are missing: the log says so "
		       "(cordon log --notice lost, gap, damaged)\n", result->holes,
		       result->holes == 1 ? "" : "s");
	if (result->taken_days)
		printf("  older log  %" PRIu64 " days with %" PRIu64 " entries of an earlier "
		       "version: only their hashes cover them, nothing signed them\n",
		       result->taken_days, result->taken_entries);
}

static void print_keys(const struct verify_result *result, const struct verify_origin *origin)
{
	char id[METADATA_KEYID];

	for (size_t i = 0; i < origin->keys_count; i++) {
		if (device_public_keyid(&origin->keys[i], id) == 0)
			printf("  %-10s %s\n", i ? "" : "key", id);
	}
	if (result->keys)
		printf("             and %" PRIu64 " that the log names, signed with one before\n",
		       result->keys);
	if (origin->keys_inside)
		puts("             It came with the copy. Compare it with log.checkpoint.key of "
		     "`cordon status\n             --json` on the appliance, or with the list of "
		     "`cordon repo fleet`.");
}

void verify_words(const struct verify_result *result, const struct verify_origin *origin)
{
	if (result->fault != VERIFY_FINE)
		print_fault(result);
	else
		printf("%s: %s\n", result->checkpoints ? "whole" : "NOT SIGNED", origin->path);
	if (result->fault == VERIFY_FINE)
		printf("  found      %" PRIu64 " day%s, %" PRIu64 " entries in %" PRIu64
		       " batches, with sightings and notices; the counts add up to %" PRIu64 "\n",
		       result->days, result->days == 1 ? "" : "s", result->entries,
		       result->batches, result->events);
	print_checkpoints(result);
	print_explained(result);
	print_keys(result, origin);
	puts("not proven: that the gateway saw everything; what happened behind the newest "
	     "checkpoint, or\nbefore the first one; that root on the gateway, who has the key, did "
	     "not sign another log.\nAgainst root help checkpoints that left it before: give them "
	     "with --checkpoint.");
}

/* ---- JSON ---- */

static json_t *fault_json(const struct verify_result *result)
{
	if (result->fault == VERIFY_FINE)
		return result->checkpoints ? json_null() : json_pack("{s:s}", "kind", "not-signed");
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "kind",
			 verify_fault_print(result->fault), "day", result->day, "boot_id",
			 result->boot_id, "first", (json_int_t)result->first, "last",
			 (json_int_t)result->last, "missing", (json_int_t)result->missing);
}

static json_t *newest_json(const struct verify_result *result)
{
	const struct checkpoint *newest = &result->newest;
	char time[CLOCK_TEXT], root[BASE64_TEXT(DIGEST_SIZE)];

	if (!result->checkpoints)
		return json_null();
	return json_pack("{s:s, s:I, s:s, s:I, s:s, s:s, s:s}", "origin", newest->origin, "size",
			 (json_int_t)newest->size, "root",
			 base64_print(newest->root, DIGEST_SIZE, root), "last",
			 (json_int_t)newest->last, "time", clock_print(newest->wall_ms, time),
			 "boot_id", newest->boot_id, "reason",
			 checkpoint_reason_print(newest->reason));
}

json_t *verify_json(const struct verify_result *result, const struct verify_origin *origin)
{
	const struct {
		const char *key;
		uint64_t value;
	} count[] = {
		{ "days", result->days }, { "batches", result->batches },
		{ "entries", result->entries }, { "events", result->events },
		{ "checkpoints", result->checkpoints }, { "covered", result->covered },
		{ "uncovered", result->uncovered }, { "deleted_batches", result->removed },
		{ "damaged", result->damaged }, { "lost", result->holes },
		{ "older_days", result->taken_days }, { "older_entries", result->taken_entries },
		{ "notes", result->notes }, { "old_notes", result->old_notes },
		{ "named_keys", result->keys },
	};
	json_t *object = json_object(), *keys = json_array();
	char id[METADATA_KEYID];

	json_object_set_new(object, "whole", json_boolean(verify_is_whole(result)));
	json_object_set_new(object, "fault", fault_json(result));
	for (size_t i = 0; i < sizeof(count) / sizeof(*count); i++)
		json_object_set_new(object, count[i].key, json_integer((json_int_t)count[i].value));
	json_object_set_new(object, "reset", json_boolean(result->reset));
	json_object_set_new(object, "newest", newest_json(result));
	for (size_t i = 0; i < origin->keys_count; i++) {
		if (device_public_keyid(&origin->keys[i], id) == 0)
			json_array_append_new(keys, json_string(id));
	}
	json_object_set_new(object, "keys", keys);
	json_object_set_new(object, "keys_with_copy", json_boolean(origin->keys_inside));
	return object;
}
