/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "appliance/base/text.h"
#include "rules/publisher/fleet_enter.h"

enum { CLOCK_AHEAD = 3600 };

const char *fleet_state_print(enum fleet_state state)
{
	static const char *const word[FLEET_STATES] = {
		[FLEET_GOOD] = "good",	       [FLEET_LATE] = "late",	  [FLEET_BEHIND] = "behind",
		[FLEET_REFUSING] = "refusing", [FLEET_SILENT] = "silent", [FLEET_FORGED] = "forged",
		[FLEET_UNKNOWN] = "unknown",   [FLEET_ALTERED] = "altered",
	};

	return state < FLEET_STATES ? word[state] : "?";
}

void fleet_init(struct fleet *fleet)
{
	*fleet = (struct fleet){ .entry = NULL };
}

void fleet_release(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		free(fleet->entry[i]);
	free(fleet->entry);
	fleet_init(fleet);
}

/* ---- receipts ---- */

static void set(struct fleet_entry *entry, enum fleet_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set(struct fleet_entry *entry, enum fleet_state state, const char *format, ...)
{
	va_list arguments;

	entry->state = state;
	va_start(arguments, format);
	vsnprintf(entry->why, sizeof(entry->why), format, arguments);
	va_end(arguments);
	/* The text comes partly from the appliance, or from an impostor. */
	for (char *at = entry->why; *at; at++)
		*at = *at == ' ' ? ' ' : text_visible(*at);
}

/* A key given in the list overrides the pinned one: that is how the list announces a replaced
 * appliance. */
static void check_key(struct fleet_entry *entry, const struct receipt *receipt)
{
	const char *expected = *entry->expected_key ? entry->expected_key :
			       entry->pinned	    ? entry->pinned_key : "";

	if (*expected && strcmp(expected, receipt->keyid) != 0)
		set(entry, FLEET_FORGED, "signed by the key %.16s, but %s is %.16s", receipt->keyid,
		    *entry->expected_key ? "expected" : "known for this appliance", expected);
}

static void check_sequence(struct fleet_entry *entry, const struct receipt *receipt)
{
	if (!entry->pinned || strcmp(entry->pinned_key, receipt->keyid) != 0)
		return;
	if (receipt->sequence < entry->pinned_sequence)
		set(entry, FLEET_FORGED, "an old receipt: number %" PRId64 ", but number %" PRId64
		    " was seen", receipt->sequence, entry->pinned_sequence);
	else if (receipt->sequence == entry->pinned_sequence &&
		 strcmp(receipt->digest, entry->pinned_digest) != 0)
		set(entry, FLEET_FORGED, "two receipts have the number %" PRId64,
		    receipt->sequence);
}

/* An appliance never signs two logs that do not continue one another. */
static void check_log(struct fleet_entry *entry, const struct receipt *receipt, bool same_key)
{
	const struct checkpoint *log = &receipt->log;
	const bool known = same_key && entry->pinned_size;
	const bool differs = known && log->size == entry->pinned_size &&
			     memcmp(log->root, entry->pinned_root, DIGEST_SIZE) != 0;

	if (!*receipt->note)
		return;
	if (known && log->size < entry->pinned_size)
		set(entry, FLEET_ALTERED, "its log has %" PRIu64 " batches, and had %" PRIu64
		    ": the end was cut off", log->size, entry->pinned_size);
	else if (differs)
		set(entry, FLEET_ALTERED, "it signed two logs of %" PRIu64 " batches", log->size);
	entry->news = !known || log->size != entry->pinned_size || differs;
	if (entry->state == FLEET_ALTERED)
		return;
	entry->pinned_size = log->size;
	memcpy(entry->pinned_root, log->root, DIGEST_SIZE);
}

static void take(struct fleet_entry *entry, const struct receipt *receipt)
{
	bool same_key;

	if (strcmp(receipt->appliance, entry->id) != 0)
		set(entry, FLEET_FORGED, "it speaks for another appliance than its file is named "
		    "after");
	else
		check_key(entry, receipt);
	if (entry->state != FLEET_FORGED)
		check_sequence(entry, receipt);
	if (entry->state == FLEET_FORGED)
		return;
	entry->receipt = *receipt;
	entry->has_receipt = true;
	/* Anyone may have put it there first. */
	if (!*entry->expected_key && !entry->pinned) {
		set(entry, FLEET_UNKNOWN, "no list names the owner of this key; if \"cordon update "
		    "device\" on %s prints the same, add the line %s,%s", entry->id, entry->id,
		    receipt->keyid);
		return;
	}
	same_key = entry->pinned && strcmp(entry->pinned_key, receipt->keyid) == 0;
	check_log(entry, receipt, same_key);
	entry->pinned = true;
	memcpy(entry->pinned_key, receipt->keyid, sizeof(entry->pinned_key));
	memcpy(entry->pinned_digest, receipt->digest, sizeof(entry->pinned_digest));
	entry->pinned_sequence = receipt->sequence;
}

int fleet_add(struct fleet *fleet, const char *name, const void *bytes, size_t size)
{
	struct fleet_entry *entry;
	struct receipt receipt;
	struct diag diag;
	char id[RECEIPT_WORD];
	size_t length = strlen(name);
	int error;

	if (length < 6 || length - 5 >= sizeof(id) || strcmp(name + length - 5, ".json") != 0)
		return 0;
	snprintf(id, sizeof(id), "%.*s", (int)(length - 5), name);
	if (!fleet_id_valid(id))
		return 0;
	error = fleet_enter(fleet, id, &entry);
	if (error)
		return error;
	diag_init(&diag);
	error = receipt_parse(&receipt, bytes, size, name, &diag);
	if (error == -ENOMEM)
		return error;
	if (error)
		set(entry, FLEET_FORGED, "not a receipt: %s",
		    size == 0 ? "no file, or an empty one" :
		    diag.count ? diag.entry[0].message : "damaged");
	else
		take(entry, &receipt);
	return 0;
}

/* ---- judgement ---- */

static void days(int64_t seconds, char out[32])
{
	if (seconds < 2 * 24 * 3600)
		snprintf(out, 32, "%" PRId64 " h", seconds / 3600);
	else
		snprintf(out, 32, "%" PRId64 " days", seconds / (24 * 3600));
}

static void judge_contact(struct fleet_entry *entry, const struct fleet_options *options)
{
	int64_t age = options->now - entry->receipt.time;
	char text[32];

	if (age > options->late) {
		days(age, text);
		set(entry, FLEET_LATE, "no contact for %s", text);
	} else if (age < -CLOCK_AHEAD) {
		days(-age, text);
		set(entry, FLEET_LATE, "its clock is %s ahead", text);
	}
}

static void judge_release(struct fleet_entry *entry, const struct fleet_options *options)
{
	const struct release *newest = options->newest;
	const struct receipt *receipt = &entry->receipt;
	char digest[METADATA_KEYID];
	uint64_t delay;

	if (!newest)
		return;
	hex_print(options->digest, 32, digest);
	if (receipt->release > newest->version ||
	    (receipt->release == newest->version && strcmp(receipt->bundle, digest) != 0)) {
		set(entry, FLEET_BEHIND, "enforces a release %" PRId64 " that is not in this "
		    "repository", receipt->release);
		return;
	}
	delay = release_delay(newest, receipt->ring);
	if (receipt->release == newest->version || options->held ||
	    options->now - newest->published < (int64_t)delay + options->late)
		return;
	set(entry, FLEET_BEHIND, "enforces release %" PRId64 ", but %" PRId64 " is due",
	    receipt->release, newest->version);
}

static void judge(struct fleet_entry *entry, const struct fleet_options *options)
{
	const struct receipt *receipt = &entry->receipt;

	if (entry->state == FLEET_FORGED || entry->state == FLEET_UNKNOWN ||
	    entry->state == FLEET_ALTERED)
		return;
	if (!entry->has_receipt) {
		/* Known from earlier runs only: its file was removed. */
		set(entry, FLEET_SILENT, entry->pinned ? "its receipt is gone" : "never heard of");
		return;
	}
	judge_contact(entry, options);
	if (entry->state == FLEET_GOOD && strcmp(receipt->result, "refused") == 0)
		set(entry, FLEET_REFUSING, "%s", receipt->refusal);
	if (entry->state == FLEET_GOOD)
		judge_release(entry, options);
	if (entry->state == FLEET_GOOD && *entry->expected_ring &&
	    strcmp(receipt->ring, entry->expected_ring) != 0)
		set(entry, FLEET_BEHIND, "its ring is \"%.32s\", expected \"%s\"", receipt->ring,
		    entry->expected_ring);
	if (entry->state == FLEET_GOOD && strcmp(receipt->freshness, "refused") == 0)
		set(entry, FLEET_BEHIND, "its newest metadata has expired");
	if (entry->state == FLEET_GOOD && strcmp(receipt->freshness, "ahead") == 0)
		set(entry, FLEET_REFUSING, "its timestamp was signed in the future: its clock is "
		    "wrong, or the online key was stolen");
}

/* If a list says which appliances are expected, one that is no longer in it is dropped. */
static bool counts(const struct fleet *fleet, const struct fleet_entry *entry)
{
	return entry->has_receipt || entry->state == FLEET_FORGED || entry->expected ||
	       !fleet->expects;
}

size_t fleet_judge(struct fleet *fleet, const struct fleet_options *options)
{
	size_t kept = 0, bad = 0;

	for (size_t i = 0; i < fleet->count; i++) {
		struct fleet_entry *entry = fleet->entry[i];

		judge(entry, options);
		if (!counts(fleet, entry)) {
			free(entry);
			continue;
		}
		bad += entry->state != FLEET_GOOD;
		fleet->entry[kept++] = entry;
	}
	fleet->count = kept;
	return bad;
}
