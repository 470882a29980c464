/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/settings.h"

/* What is protected is taken with the administrator's secret. */

static bool ask_for(const struct settings_judgement *judgement)
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

	settings_lock();
	if (settings_on_trial())
		why = SETTINGS_TRIAL_TEXT;
	else if (!settings_unchanged(PATH_SETTINGS, before))
		why = SETTINGS_CHANGED_TEXT;
	if (!why)
		return true;
	settings_unlock();
	fputs(why, stderr);
	return false;
}

static bool judge_again(struct settings_judgement *judgement, const struct settings_offer *offer,
			const struct provision *before, bool confirmed)
{
	if (!lock_unchanged(before))
		return false;
	settings_judgement_release(judgement);
	settings_judge(judgement, offer, confirmed);
	if (judgement->verdict == SETTINGS_TAKE || judgement->verdict == SETTINGS_SAME)
		return true;
	settings_unlock();
	fputs(SETTINGS_CHANGED_TEXT, stderr);
	return false;
}

bool settings_confirm(struct settings_judgement *judgement, const struct settings_offer *offer)
{
	static struct diag diag;
	struct provision before;
	bool take = false;

	diag_init(&diag);
	/* The judgement reports what cannot be loaded. */
	(void)!settings_load(PATH_SETTINGS, &before, &diag);
	settings_judge(judgement, offer, false);
	if (settings_on_trial())
		fputs(SETTINGS_TRIAL_TEXT, stderr);
	else if (judgement->verdict == SETTINGS_WRONG)
		fputs(judgement->why ? judgement->why : "", stderr);
	else if (judgement->verdict != SETTINGS_REFUSE)
		take = judge_again(judgement, offer, &before, false);
	else if (ask_for(judgement))
		take = judge_again(judgement, offer, &before, true);
	provision_release(&before);
	return take;
}
