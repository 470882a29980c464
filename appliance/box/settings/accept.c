/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/accept.h"

#include <stdio.h>

#include "appliance/base/diag.h"
#include "appliance/box/base/box.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/settings/confirm.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_diff.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/box/settings/set_take.h"
#include "appliance/command/command.h"

static int take_waiting(struct judgement *judgement, const struct set_offer *offer)
{
	struct ledger source;

	if (!set_store_unchanged(SET_STORE_WAITING, &offer->set)) {
		fputs(CONFIRM_CHANGED, stderr);
		return EXIT_NO;
	}
	/* The offer that they came in is done with, too. */
	ledger_load_from(SET_STORE_WAITING, &source);
	if (source.count)
		ledger_add(&judgement->ledger, source.taken[0]);
	return set_take(judgement, NULL);
}

int accept_waiting(const struct cli *cli)
{
	static struct diag diag;
	struct judgement judgement;
	struct set_offer offer = { .whole = true, .where = "the refused set" };
	int code = EXIT_NO;

	diag_init(&diag);
	if (set_store_load(SET_STORE_WAITING, &offer.set, &diag) < 0 ||
	    provision_is_empty(&offer.set)) {
		fputs("no settings wait to be accepted\n", stderr);
		set_offer_release(&offer);
		return EXIT_NO;
	}
	(void)set_diff_print(&offer);
	if (confirm_offer(&judgement, &offer))
		code = take_waiting(&judgement, &offer);
	if (code == EXIT_YES) {
		fputs(judgement.why ? judgement.why : "", stdout);
		set_store_remove(SET_STORE_WAITING);
		code = activation_run(cli);
	}
	judgement_release(&judgement);
	set_offer_release(&offer);
	return code;
}

int accept_discard(void)
{
	set_store_lock();
	if (!box_has(SET_STORE_WAITING)) {
		fputs("no settings wait to be accepted\n", stderr);
		return EXIT_NO;
	}
	set_store_remove(SET_STORE_WAITING);
	if (box_has(SET_STORE_WAITING) || set_store_sync() < 0) {
		fputs("cordon: the refused settings cannot be removed, and still wait: can the "
		      "data partition be "
		      "written? see cordon status\n",
		      stderr);
		return EXIT_NO;
	}
	puts("the refused settings wait no longer");
	return EXIT_YES;
}
