/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/judgement.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/dryrun.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/identity.h"
#include "appliance/box/settings/judgement_words.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/box/settings/trusted.h"

static int check_approval(const struct set_offer *offer, const struct provision *set,
			  struct ledger *ledger, struct diag *diag)
{
	struct set_sealed_approval approval = { .offer = offer,
					      .now = floor_now(),
					      .last = ledger->version };
	struct trusted trusted;
	int error;

	trusted_load(&trusted, set);
	approval.trust = trusted.trust;
	identity_load(&approval.who);
	floor_load(&approval.floor);
	error = set_sealed_check_approval(&approval, &ledger->version, ledger->approved, diag);
	trusted_release(&trusted);
	return error;
}

/* Of a set that changes the trust root; what it leads to without a root.json is the image's. */
static int check_root(const struct provision *old, const struct provision *new, bool *other,
		      struct diag *diag)
{
	struct trusted before, after;
	int error = 0;

	*other = false;
	trusted_load(&before, old);
	trusted_load(&after, new);
	if (before.trust.root.data && after.trust.root.data)
		error = set_sealed_check_root(&before.trust, &after.trust.root, other, diag);
	else
		*other = true;
	trusted_release(&before);
	trusted_release(&after);
	return error;
}

enum judgement_verdict judgement_decide(const struct judgement_facts *facts)
{
	const bool signed_enough = facts->approved && !facts->other_root;

	if (facts->wrong)
		return JUDGEMENT_WRONG;
	if (facts->protected && facts->provisioned && !facts->confirmed && !signed_enough)
		return JUDGEMENT_REFUSE;
	return facts->changes ? JUDGEMENT_TAKE : JUDGEMENT_SAME;
}

static void put_words(struct judgement *judgement, const struct set_offer *offer, bool other_root)
{
	const bool offers_secret = offer->set.file[PROVISION_SECRET].data;
	const bool has_secret = judgement->complete.file[PROVISION_SECRET].data;

	if (judgement->verdict == JUDGEMENT_WRONG)
		judgement->why = judgement_words_wrong(offer->where, judgement->errors ?
						       judgement->errors : "");
	else if (judgement->verdict == JUDGEMENT_REFUSE)
		judgement->why = judgement_words_refused(offer->where, &judgement->changes,
							 offers_secret, other_root);
	else if (judgement->verdict == JUDGEMENT_TAKE)
		judgement->why = judgement_words_taken(offer->where, &judgement->changes,
						       has_secret);
}

/* Before the first provisioning nothing is in force: the person who sets the box up decides whom it
 * trusts. */
static int judge_approval(struct judgement *judgement, const struct set_offer *offer,
			  const struct provision *old, bool provisioned, struct diag *diag)
{
	const struct provision *trusted = provisioned ? old : &judgement->complete;

	return check_approval(offer, trusted, &judgement->ledger, diag);
}

static int prepare(struct judgement *judgement, const struct set_offer *offer,
		   struct provision *old, struct diag *diag)
{
	int error = set_store_load(PATH_SETTINGS, old, diag);

	if (!error)
		error = set_offer_digest(offer, judgement->digest);
	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		const struct provision_part *part = &offer->set.file[file];

		if (part->data)
			error = provision_put(&judgement->complete, (enum provision_file)file,
					      part->data, part->size);
	}
	if (!error && !offer->whole)
		error = provision_complete(&judgement->complete, old);
	if (!error)
		error = dryrun_check(&judgement->complete, diag);
	if (error && diag->count == 0)
		diag_error(diag, offer->where, 0, 0, "%s", strerror(-error));
	return error;
}

static int find_facts(struct judgement *judgement, const struct set_offer *offer,
		      struct judgement_facts *facts, struct diag *diag)
{
	struct provision old;
	int error = prepare(judgement, offer, &old, diag);

	if (!error && offer->approval && !facts->confirmed) {
		error = judge_approval(judgement, offer, &old, facts->provisioned, diag);
		facts->approved = !error;
	}
	if (!error)
		error = set_sealed_compare(&old, &judgement->complete, &judgement->changes, diag);
	if (!error && facts->provisioned && judgement->changes.changed[PROVISION_TRUST_ROOT])
		error = check_root(&old, &judgement->complete, &facts->other_root, diag);
	provision_release(&old);
	return error;
}

void judgement_make(struct judgement *judgement, const struct set_offer *offer, bool confirmed)
{
	static struct diag diag;
	struct judgement_facts facts = { .provisioned = set_mark_provisioned(),
					 .confirmed = confirmed };
	struct text errors = TEXT_EMPTY;

	*judgement = (struct judgement){ .verdict = JUDGEMENT_SAME };
	diag_init(&diag);
	ledger_load(&judgement->ledger);
	facts.wrong = find_facts(judgement, offer, &facts, &diag) < 0;
	facts.changes = judgement->changes.count;
	facts.protected = judgement->changes.protected;
	ledger_add(&judgement->ledger, judgement->digest);
	judgement->verdict = judgement_decide(&facts);
	if (facts.wrong)
		diag_print(&diag, &errors);
	judgement->errors = errors.data;
	put_words(judgement, offer, facts.other_root);
}

void judgement_release(struct judgement *judgement)
{
	provision_release(&judgement->complete);
	free(judgement->why);
	free(judgement->errors);
	judgement->why = judgement->errors = NULL;
}
