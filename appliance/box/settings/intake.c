/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/intake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/witness.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/settings/intake_plan.h"
#include "appliance/box/settings/intake_words.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/recover.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/box/settings/set_take.h"
#include "appliance/box/settings/stick.h"
#include "appliance/command/command.h"
#include "appliance/journal/notice.h"
#include "rules/signed/approval.h"

enum { STICKS = 8, LINE = 400 };

/* ---- folders of others ---- */

static int open_boot(void)
{
	char path[BOX_PATH];

	return open(box_path(path, PATH_BOOT_IMAGES),
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void note_on_boot(int folder, const char *errors)
{
	(void)!box_boot_begin();
	set_offer_note(folder, errors);
	box_boot_end();
}

/*
 * They hold keys, and a thief of the disk can read that partition. What a power cut leaves of them
 * is another set, which must not be one to refuse: a secret, always another one, goes first (what
 * is left then is in the ledger), and files without what vouches for them are those in force.
 */
static void remove_from_boot(int folder)
{
	(void)!box_boot_begin();
	unlinkat(folder, provision_name(PROVISION_SECRET), 0);
	fsync(folder);
	unlinkat(folder, APPROVAL_NAME, 0);
	fsync(folder);
	for (int file = 0; file < PROVISION_FILES; file++)
		unlinkat(folder, provision_name((enum provision_file)file), 0);
	unlinkat(folder, SET_OFFER_ERRORS, 0);
	fsync(folder);
	box_boot_end();
}

/* What cordon status says of the sets that were not taken. */
static struct text note;

static void keep_note(void)
{
	char path[BOX_PATH];

	if (note.length)
		(void)box_write(PATH_WRONG, note.data, note.length, 0600);
	else
		unlink(box_path(path, PATH_WRONG));
	text_release(&note);
}

/* ---- one set ---- */

struct result {
	enum intake_outcome outcome;
	char *errors;		/* malloc'ed; NULL: none to write beside the files */
};

static void keep_waiting(struct judgement *judgement)
{
	struct ledger source = { .count = 1 };

	memcpy(source.taken[0], judgement->digest, DIGEST_SIZE);
	if (provision_hash_secret(&judgement->complete) < 0 ||
	    set_store_copy(SET_STORE_WAITING, &judgement->complete, &source, judgement->why) < 0)
		fputs("they cannot be kept for cordon settings accept: the data partition cannot "
		      "be written\n",
		      stderr);
}

static void refuse(struct judgement *judgement, const struct set_offer *offer)
{
	const bool wrong = judgement->verdict == JUDGEMENT_WRONG;

	set_log_note(wrong ? "wrong" : "refused", judgement->digest,
		     judgement->why ? judgement->why : "");
	if (wrong)
		intake_words_note(&note, offer->where, judgement->errors);
	else
		keep_waiting(judgement);
}

/* See remove_from_boot. */
static void add_without_secret(struct ledger *ledger, const struct set_offer *offer)
{
	struct set_offer rest = *offer;
	uint8_t digest[DIGEST_SIZE];

	rest.set.file[PROVISION_SECRET] = (struct provision_part){ .data = NULL };
	if (offer->approval && offer->set.file[PROVISION_SECRET].data &&
	    set_offer_digest(&rest, digest) == 0)
		ledger_add(ledger, digest);
}

static bool take(struct judgement *judgement, const struct set_offer *offer)
{
	add_without_secret(&judgement->ledger, offer);
	if (set_take(judgement, NULL) != EXIT_YES)
		return false;
	set_store_remove(SET_STORE_WAITING);
	return true;
}

static bool is_known(const struct set_offer *offer)
{
	struct ledger ledger;
	uint8_t digest[DIGEST_SIZE];

	ledger_load(&ledger);
	return set_offer_digest(offer, digest) == 0 && ledger_knows(&ledger, digest);
}

/* The person who plugged it in is unknown: a stick has no name, only signatures. */
static void tell(const char *what, const char *where, const char *why)
{
	char line[LINE];

	text_fit(line, sizeof(line), why, strcspn(why, "\n"));
	box_notice(NOTICE_STICK, json_pack("{s:s, s:s, s:s}", "what", what, "where", where,
					   "reason", line));
}

static struct result handle(const struct set_offer *offer)
{
	struct result result = { .outcome = INTAKE_NONE };
	struct judgement judgement;
	bool stored = false;

	judgement_make(&judgement, offer, false);
	if (judgement.verdict == JUDGEMENT_SAME || judgement.verdict == JUDGEMENT_TAKE)
		stored = take(&judgement, offer);
	else
		refuse(&judgement, offer);
	result.outcome = intake_plan_outcome(judgement.verdict, stored);
	if (judgement.verdict != JUDGEMENT_SAME)
		tell(stored ? "taken" : "refused", offer->where,
		     judgement.why ? judgement.why : "");
	/* "Taken" means that it is on the disk. */
	if (judgement.why && result.outcome != INTAKE_UNKEPT)
		fputs(judgement.why, stdout);
	if (intake_plan_has_errors(result.outcome))
		result.errors = judgement.why;
	if (result.errors)
		judgement.why = NULL;
	judgement_release(&judgement);
	return result;
}

/* ---- both places ---- */

static struct result unreadable(const char *where, const struct diag *diag)
{
	struct result result = { .outcome = INTAKE_UNREADABLE };
	struct text errors = TEXT_EMPTY;

	diag_print(diag, &errors);
	intake_words_note(&note, where, errors.data);
	result.errors = intake_words_unreadable(where, errors.data ? errors.data : "");
	text_release(&errors);
	return result;
}

static struct result read_boot(int folder, struct set_offer *offer)
{
	static struct diag diag;
	int found;

	diag_init(&diag);
	found = set_offer_read(folder, offer, &diag);
	if (found < 0)
		return unreadable(offer->where, &diag);
	if (found > 0)
		return (struct result){ .outcome = INTAKE_NONE };
	if (!is_known(offer))
		return handle(offer);
	intake_words_known(offer);
	return (struct result){ .outcome = INTAKE_KNOWN };
}

static enum intake_outcome from_boot(void)
{
	struct set_offer offer = { .where = "the EFI partition" };
	struct result result;
	int folder = open_boot();

	if (folder < 0)
		return INTAKE_NONE;
	result = read_boot(folder, &offer);
	switch (intake_plan_boot(result.outcome, box_keeps(), offer.has_errors)) {
	case INTAKE_STAY:
		puts("no data partition keeps them, so they stay on the EFI partition and are "
		     "taken at each start");
		break;
	case INTAKE_REMOVE:
		remove_from_boot(folder);
		break;
	case INTAKE_NOTE:
		note_on_boot(folder, result.errors);
		break;
	case INTAKE_LEAVE:
		break;
	}
	close(folder);
	set_offer_release(&offer);
	free(result.errors);
	return result.outcome;
}

/* An offer without a digest differs from all others. */
static bool differ(const struct set_offer *offer, size_t count)
{
	uint8_t digest[STICKS][DIGEST_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (set_offer_digest(&offer[i], digest[i]) < 0)
			return true;
	}
	return intake_plan_differ(digest, count);
}

static void note_on_stick(const struct set_offer *offer, enum intake_outcome outcome,
			  const char *errors)
{
	if (intake_plan_stick(outcome, offer->has_errors) == INTAKE_NOTE)
		stick_note(offer->where, errors);
}

/* A stick whose set is unreadable or known is dealt with here. The others come first in offer;
 * returns how many. */
static size_t sort_out(struct set_offer *offer, size_t count, bool *failed)
{
	size_t fresh = 0;

	for (size_t i = 0; i < count; i++) {
		struct set_offer swap = offer[i];

		if (swap.unreadable) {
			free(intake_words_unreadable(swap.where, swap.unreadable));
			intake_words_note(&note, swap.where, swap.unreadable);
			tell("unreadable", swap.where, swap.unreadable);
			note_on_stick(&swap, INTAKE_UNREADABLE, swap.unreadable);
			*failed = true;
		} else if (is_known(&swap)) {
			intake_words_known(&swap);
			note_on_stick(&swap, INTAKE_KNOWN, NULL);
		} else {
			offer[i] = offer[fresh];
			offer[fresh++] = swap;
		}
	}
	return fresh;
}

/* The first of the sticks that are left, if they agree. */
static enum intake_outcome take_one(const struct set_offer *offer, size_t count)
{
	struct result result;

	if (count == 0)
		return INTAKE_NONE;
	if (count > 1 && differ(offer, count)) {
		intake_words_conflict(&offer[0], &offer[1]);
		intake_words_note(&note, offer[0].where, "another stick has other settings, and "
				  "nothing was taken of both");
		return INTAKE_CONFLICT;
	}
	result = handle(&offer[0]);
	note_on_stick(&offer[0], result.outcome, result.errors);
	free(result.errors);
	return result.outcome;
}

static enum intake_outcome from_sticks(bool *failed)
{
	static struct set_offer offer[STICKS];
	size_t count = stick_find(offer, STICKS);
	const enum intake_outcome outcome = take_one(offer, sort_out(offer, count, failed));

	for (size_t i = 0; i < count; i++)
		set_offer_release(&offer[i]);
	return outcome;
}

int intake_run(const struct cli *cli, bool activate)
{
	enum intake_outcome boot, stick;
	bool failed = false;

	set_store_lock();
	recover_run();
	if (set_store_on_trial()) {
		puts("a trial of settings is under way: nothing is taken in until it is kept or "
		     "over");
		return EXIT_YES;
	}
	boot = from_boot();
	stick = from_sticks(&failed);
	failed |= intake_plan_failed(boot) || intake_plan_failed(stick);
	keep_note();
	if ((boot == INTAKE_TAKEN || stick == INTAKE_TAKEN) && activate &&
	    activation_run(cli) != EXIT_YES)
		failed = true;
	return failed ? EXIT_NO : EXIT_YES;
}
