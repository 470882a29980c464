/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/settings.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"

/* The refused set is taken with the administrator's secret, or discarded. */

static int accept_waiting(struct settings_judgement *judgement, const struct settings_offer *offer)
{
	struct settings_ledger source;

	if (!settings_unchanged(SETTINGS_WAITING, &offer->set)) {
		fputs(SETTINGS_CHANGED_TEXT, stderr);
		return EXIT_NO;
	}
	/* The set that they came in is done with, too. */
	settings_ledger_load_from(SETTINGS_WAITING, &source);
	if (source.takens)
		settings_ledger_add(&judgement->ledger, source.taken[0]);
	return settings_take(judgement, NULL);
}

int settings_accept(const struct cli *cli)
{
	static struct diag diag;
	struct settings_judgement judgement;
	struct settings_offer offer = { .whole = true, .where = "the refused set" };
	int code = EXIT_NO;

	diag_init(&diag);
	if (settings_load(SETTINGS_WAITING, &offer.set, &diag) < 0 ||
	    provision_is_empty(&offer.set)) {
		fputs("no settings wait to be accepted\n", stderr);
		settings_offer_release(&offer);
		return EXIT_NO;
	}
	(void)settings_print_diff(&offer);
	if (settings_confirm(&judgement, &offer))
		code = accept_waiting(&judgement, &offer);
	if (code == EXIT_YES) {
		fputs(judgement.why ? judgement.why : "", stdout);
		settings_remove(SETTINGS_WAITING);
		code = activation_run(cli);
	}
	settings_judgement_release(&judgement);
	settings_offer_release(&offer);
	return code;
}

int settings_discard(void)
{
	settings_lock();
	if (!box_has(SETTINGS_WAITING)) {
		fputs("no settings wait to be accepted\n", stderr);
		return EXIT_NO;
	}
	settings_remove(SETTINGS_WAITING);
	if (box_has(SETTINGS_WAITING) || settings_sync() < 0) {
		fputs("cordon: the refused settings cannot be removed, and still wait: can the "
		      "data partition be "
		      "written? see cordon status\n",
		      stderr);
		return EXIT_NO;
	}
	puts("the refused settings wait no longer");
	return EXIT_YES;
}

/* ---- factory reset ---- */
