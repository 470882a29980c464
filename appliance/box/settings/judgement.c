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

static void say_errors(struct judgement *judgement, const struct diag *diag,
		       const char *where)
{
	struct text out = TEXT_EMPTY;

	judgement->verdict = JUDGEMENT_WRONG;
	text_printf(&out, "settings of %s are wrong, and nothing of them was taken:\n", where);
	diag_print(diag, &out);
	judgement->why = out.data;
}

static void say_refusal(struct judgement *judgement, const struct set_offer *offer,
			bool other)
{
	const struct provision_changes *changes = &judgement->changes;
	struct text out = TEXT_EMPTY;

	judgement->verdict = JUDGEMENT_REFUSE;
	text_printf(&out, "settings of %s are refused: they would change ", offer->where);
	provision_print(changes, true, &out);
	if (offer->set.file[PROVISION_SECRET].data)
		text_puts(&out, " (leave the file admin-secret away where it is not to change)");
	if (other)
		text_puts(
			&out,
			".\nThe trust root is another repository's: that takes the administrator's "
			"secret here, whatever the signature:\ncordon settings accept.\n");
	else
		text_puts(&out, ".\nThat takes signatures of the trust root's keys (settings.json, "
				"see cordon "
				"repo settings), or the\nadministrator's secret here: cordon "
				"settings accept.\n");
	if (changes->count > changes->protected) {
		text_puts(&out, "A set is whole: ");
		provision_print(changes, false, &out);
		text_puts(&out, " was not taken either.\n");
	}
	judgement->why = out.data;
}

static void say_taken(struct judgement *judgement, const struct set_offer *offer)
{
	struct text out = TEXT_EMPTY;

	judgement->verdict = JUDGEMENT_TAKE;
	text_printf(&out, "settings of %s are taken: ", offer->where);
	provision_print(&judgement->changes, true, &out);
	if (judgement->changes.protected && judgement->changes.protected < judgement->changes.count)
		text_puts(&out, ", ");
	provision_print(&judgement->changes, false, &out);
	text_puts(&out, "\n");
	if (!judgement->complete.file[PROVISION_SECRET].data)
		text_puts(&out,
			  "no administrator's secret is set: later changes of what is protected "
			  "have to be signed, or come after a factory reset\n");
	judgement->why = out.data;
}

/* Before the first provisioning there is nobody to ask: the person who sets the box up decides who
 * will be.
 */
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

void judgement_make(struct judgement *judgement, const struct set_offer *offer,
		    bool confirmed)
{
	static struct diag diag;
	struct provision old;
	bool provisioned = set_mark_provisioned(), approved = false, other = false;
	int error;

	*judgement = (struct judgement){ .verdict = JUDGEMENT_SAME };
	diag_init(&diag);
	ledger_load(&judgement->ledger);
	error = prepare(judgement, offer, &old, &diag);
	if (!error && offer->approval && !confirmed) {
		error = judge_approval(judgement, offer, &old, provisioned, &diag);
		approved = !error;
	}
	if (!error)
		error = set_sealed_compare(&old, &judgement->complete, &judgement->changes, &diag);
	if (!error && provisioned && judgement->changes.changed[PROVISION_TRUST_ROOT])
		error = check_root(&old, &judgement->complete, &other, &diag);
	ledger_add(&judgement->ledger, judgement->digest);
	if (error)
		say_errors(judgement, &diag, offer->where);
	else if (provisioned && !confirmed && (!approved || other) && judgement->changes.protected)
		say_refusal(judgement, offer, other);
	else if (judgement->changes.count)
		say_taken(judgement, offer);
	provision_release(&old);
}

void judgement_release(struct judgement *judgement)
{
	provision_release(&judgement->complete);
	free(judgement->why);
	judgement->why = NULL;
}
