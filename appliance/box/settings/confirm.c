/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/confirm.h"

#include <stdio.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_store.h"

static bool ask_for(const struct judgement *judgement)
{
	struct text what = TEXT_EMPTY;
	bool given;

	provision_print(&judgement->changes, true, &what);
	printf("this would change %s\n", what.data ? what.data : "");
	text_release(&what);
	given = admin_ask("to take it");
	if (!given)
		fputs("nothing was changed\n", stderr);
	return given;
}

/* What was judged and said yes to lies there still, and nobody tries out other ones. */
static bool lock_unchanged(const struct provision *before)
{
	const char *why = NULL;

	set_store_lock();
	if (set_store_on_trial())
		why = CONFIRM_TRIAL;
	else if (!set_store_unchanged(PATH_SETTINGS, before))
		why = CONFIRM_CHANGED;
	if (!why)
		return true;
	set_store_unlock();
	fputs(why, stderr);
	return false;
}

static bool judge_again(struct judgement *judgement, const struct set_offer *offer,
			const struct provision *before, bool confirmed)
{
	if (!lock_unchanged(before))
		return false;
	judgement_release(judgement);
	judgement_make(judgement, offer, confirmed);
	if (judgement->verdict == JUDGEMENT_TAKE || judgement->verdict == JUDGEMENT_SAME)
		return true;
	set_store_unlock();
	fputs(CONFIRM_CHANGED, stderr);
	return false;
}

bool confirm_offer(struct judgement *judgement, const struct set_offer *offer)
{
	static struct diag diag;
	struct provision before;
	bool take = false;

	diag_init(&diag);
	/* The judgement reports what cannot be loaded. */
	(void)!set_store_load(PATH_SETTINGS, &before, &diag);
	judgement_make(judgement, offer, false);
	if (set_store_on_trial())
		fputs(CONFIRM_TRIAL, stderr);
	else if (judgement->verdict == JUDGEMENT_WRONG)
		fputs(judgement->why ? judgement->why : "", stderr);
	else if (judgement->verdict != JUDGEMENT_REFUSE)
		take = judge_again(judgement, offer, &before, false);
	else if (ask_for(judgement))
		take = judge_again(judgement, offer, &before, true);
	provision_release(&before);
	return take;
}
