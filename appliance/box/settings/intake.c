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
#include "appliance/box/network/activation.h"
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
#include "rules/signed/approval.h"

enum { STICKS = 8 };

/* ---- folders of others ---- */

static int open_boot(void)
{
	char path[BOX_PATH];

	return open(box_path(path, PATH_BOOT_IMAGES),
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void note_on_boot(int folder, const char *errors, bool has_errors)
{
	if (!errors && !has_errors)
		return;
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

/* ---- what status says ---- */

static struct text wrong;

/* The first one is kept. */
static void note_wrong(const char *where, const char *what)
{
	if (!wrong.length)
		text_printf(&wrong, "%s: %.*s\n", where, (int)strcspn(what, "\n"), what);
}

static void keep_wrong(void)
{
	char path[BOX_PATH];

	if (wrong.length)
		(void)box_write(PATH_WRONG, wrong.data, wrong.length, 0600);
	else
		unlink(box_path(path, PATH_WRONG));
	text_release(&wrong);
}

/* The first says that something is wrong, the others what. */
static const char *second_line(const char *message)
{
	const char *newline = message ? strchr(message, '\n') : NULL;

	return newline ? newline + 1 : "out of memory";
}

/* ---- one set ---- */

struct result {
	bool taken;		/* something changed */
	bool done;		/* nothing more to do with these files */
	int code;
	char *errors;		/* malloc'ed; NULL: all is well */
};

static void refuse(struct judgement *judgement, const struct set_offer *offer,
		   struct result *result)
{
	const char *word = judgement->verdict == JUDGEMENT_REFUSE ? "refused" : "wrong";
	struct ledger source = { .count = 1 };

	memcpy(source.taken[0], judgement->digest, DIGEST_SIZE);
	set_log_note(word, judgement->digest, judgement->why ? judgement->why : "");
	if (judgement->verdict == JUDGEMENT_WRONG)
		note_wrong(offer->where, second_line(judgement->why));
	else if (provision_hash_secret(&judgement->complete) < 0 ||
	    set_store_copy(SET_STORE_WAITING, &judgement->complete, &source, judgement->why) < 0)
		fputs("they cannot be kept for cordon settings accept: the data partition cannot "
		      "be written\n",
		      stderr);
	result->code = EXIT_NO;
	result->errors = judgement->why ? strdup(judgement->why) : NULL;
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

static void take(struct judgement *judgement, const struct set_offer *offer,
		 struct result *result)
{
	add_without_secret(&judgement->ledger, offer);
	result->code = set_take(judgement, NULL);
	result->taken = result->code == EXIT_YES && judgement->verdict == JUDGEMENT_TAKE;
	result->done = result->code == EXIT_YES;
	if (result->done)
		set_store_remove(SET_STORE_WAITING);
}

static bool known(const struct set_offer *offer)
{
	struct ledger ledger;
	uint8_t digest[DIGEST_SIZE];

	ledger_load(&ledger);
	if (set_offer_digest(offer, digest) < 0 || !ledger_knows(&ledger, digest))
		return false;
	printf("settings of %s were taken before and do nothing when they come again%s\n",
	       offer->where,
	       provision_has_plain_secret(&offer->set) ?
		       "; whether the secret among them is another one is not "
		       "looked at" :
		       ": a comment more in one of the files makes them other ones");
	return true;
}

static struct result handle(const struct set_offer *offer)
{
	struct result result = { .code = EXIT_YES };
	struct judgement judgement;

	if (known(offer)) {
		result.done = true;
		return result;
	}
	judgement_make(&judgement, offer, false);
	if (judgement.verdict == JUDGEMENT_SAME || judgement.verdict == JUDGEMENT_TAKE)
		take(&judgement, offer, &result);
	else
		refuse(&judgement, offer, &result);
	/* "Taken" means that it is on the disk. */
	if (judgement.why && (result.done || result.errors))
		fputs(judgement.why, stdout);
	judgement_release(&judgement);
	return result;
}

/* ---- both places ---- */

static void say_unreadable(struct result *result, const char *where, const struct diag *diag)
{
	struct text out = TEXT_EMPTY;

	text_printf(&out, "settings of %s cannot be read, and nothing of them was taken:\n", where);
	diag_print(diag, &out);
	if (out.data)
		fputs(out.data, stdout);
	note_wrong(where, second_line(out.data));
	result->code = EXIT_NO;
	result->errors = out.data;
}

static struct result from_boot(void)
{
	static struct diag diag;
	struct set_offer offer = { .where = "the EFI partition" };
	struct result result = { .code = EXIT_YES };
	int folder = open_boot(), found;

	if (folder < 0)
		return result;
	diag_init(&diag);
	found = set_offer_read(folder, &offer, &diag);
	if (found == 0)
		result = handle(&offer);
	else if (found < 0)
		say_unreadable(&result, offer.where, &diag);
	if (found == 0 && result.done && !box_keeps())
		puts("no data partition keeps them, so they stay on the EFI partition and are "
		     "taken at each start");
	else if (found == 0 && result.done)
		remove_from_boot(folder);
	else
		note_on_boot(folder, result.errors, offer.has_errors);
	close(folder);
	set_offer_release(&offer);
	return result;
}

/* Two sticks with different settings would take turns at each start. */
static bool differ(const struct set_offer *offer, size_t count)
{
	uint8_t first[DIGEST_SIZE], other[DIGEST_SIZE];

	for (size_t i = 1; i < count; i++) {
		if (set_offer_digest(&offer[0], first) < 0 ||
		    set_offer_digest(&offer[i], other) < 0 ||
		    memcmp(first, other, sizeof(first)) != 0)
			return true;
	}
	return false;
}

/* What is wrong or known is done with; the others come first in offer, how many. */
static size_t sort_out(struct set_offer *offer, size_t count, struct result *result)
{
	size_t fresh = 0;

	for (size_t i = 0; i < count; i++) {
		struct set_offer swap = offer[i];

		if (!swap.unreadable && !known(&swap)) {
			offer[i] = offer[fresh];
			offer[fresh++] = swap;
			continue;
		}
		if (swap.unreadable) {
			printf("settings of %s cannot be read, and nothing of them was taken:\n%s",
			       swap.where, swap.unreadable);
			note_wrong(swap.where, swap.unreadable);
			result->code = EXIT_NO;
		}
		if (swap.unreadable || swap.has_errors)
			stick_note(swap.where, swap.unreadable);
	}
	return fresh;
}

static struct result from_sticks(void)
{
	static struct set_offer offer[STICKS];
	struct result result = { .code = EXIT_YES }, one;
	size_t count = stick_find(offer, STICKS), fresh = sort_out(offer, count, &result);

	if (fresh > 1 && differ(offer, fresh)) {
		printf("%s and %s both have settings, and other ones: nothing was taken; leave "
		       "one in\n",
		       offer[0].where, offer[1].where);
		note_wrong(offer[0].where,
			   "another stick has other settings, and nothing was taken of both");
		result.code = EXIT_NO;
	} else if (fresh) {
		one = handle(&offer[0]);
		if (one.errors || offer[0].has_errors)
			stick_note(offer[0].where, one.errors);
		one.code |= result.code;
		result = one;
	}
	for (size_t i = 0; i < count; i++)
		set_offer_release(&offer[i]);
	return result;
}

int intake_run(const struct cli *cli, bool activate)
{
	struct result boot, sticks;
	int code;

	set_store_lock();
	recover_run();
	if (set_store_on_trial()) {
		puts("a trial of settings is under way: nothing is taken in until it is kept or "
		     "over");
		return EXIT_YES;
	}
	boot = from_boot();
	sticks = from_sticks();
	code = boot.code ? boot.code : sticks.code;
	keep_wrong();
	free(boot.errors);
	free(sticks.errors);
	if ((boot.taken || sticks.taken) && activate && activation_run(cli) != EXIT_YES)
		code = EXIT_NO;
	return code;
}
