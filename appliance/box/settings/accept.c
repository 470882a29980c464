/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/run.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/settings.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"

/* Somebody with the administrator's secret says yes, or begins anew. */

#define CHANGED "the settings were changed by somebody else meanwhile: nothing of this was taken; look again\n"
#define TRIAL_RUNS "a trial of settings is under way: first cordon settings keep, or wait for its end\n"

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
		why = TRIAL_RUNS;
	else if (!settings_unchanged(PATH_SETTINGS, before))
		why = CHANGED;
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
	fputs(CHANGED, stderr);
	return false;
}

bool settings_confirm(struct settings_judgement *judgement, const struct settings_offer *offer)
{
	static struct diag diag;
	struct provision before;
	bool take = false;

	diag_init(&diag);
	/* What cannot be loaded is said by the judgement. */
	(void)!settings_load(PATH_SETTINGS, &before, &diag);
	settings_judge(judgement, offer, false);
	if (settings_on_trial())
		fputs(TRIAL_RUNS, stderr);
	else if (judgement->verdict == SETTINGS_WRONG)
		fputs(judgement->why ? judgement->why : "", stderr);
	else if (judgement->verdict != SETTINGS_REFUSE)
		take = judge_again(judgement, offer, &before, false);
	else if (ask_for(judgement))
		take = judge_again(judgement, offer, &before, true);
	provision_release(&before);
	return take;
}

static int accept_waiting(struct settings_judgement *judgement, const struct settings_offer *offer)
{
	struct settings_ledger source;

	if (!settings_unchanged(SETTINGS_WAITING, &offer->set)) {
		fputs(CHANGED, stderr);
		return EXIT_NO;
	}
	/* The set that they came in is done with, too. */
	settings_ledger_load_from(SETTINGS_WAITING, &source);
	if (source.takens)
		settings_ledger_add(&judgement->ledger, source.taken[0]);
	return settings_take(judgement, offer, NULL);
}

int settings_accept(const struct cli *cli)
{
	static struct diag diag;
	struct settings_judgement judgement;
	struct settings_offer offer = { .whole = true, .where = "the refused set" };
	int code = EXIT_NO;

	diag_init(&diag);
	if (settings_load(SETTINGS_WAITING, &offer.set, &diag) < 0 || provision_is_empty(&offer.set)) {
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
		fputs("cordon: the refused settings cannot be removed, and still wait: can the data partition be "
		      "written? see cordon status\n", stderr);
		return EXIT_NO;
	}
	puts("the refused settings wait no longer");
	return EXIT_YES;
}

/* ---- factory reset ---- */

/* What only somebody reads who stands before the box, or knows it. */
static void name_of_box(char *name, size_t size)
{
	static struct network network;

	if (!box_peek("/sys/class/dmi/id/product_serial", name, size) &&
	    !box_peek("/proc/device-tree/serial-number", name, size))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	if (!name[0] && facts_network(&network) == EXIT_YES)
		snprintf(name, size, "%s", network.hostname);
	if (!name[0])
		snprintf(name, size, "cordon");
}

static bool may_reset(void)
{
	char name[64], question[160], line[TERMINAL_LINE];

	if (admin_has_secret())
		return admin_ask("for a factory reset");
	name_of_box(name, sizeof(name));
	snprintf(question, sizeof(question), "no administrator's secret is set; to go on, type %s: ", name);
	return terminal_ask(question, line, sizeof(line)) == 0 && strcmp(line, name) == 0;
}

int settings_reset(bool log_too)
{
	static const char *const reboot[] = { "/sbin/reboot", NULL };
	const char *what = log_too ? "log\n" : "\n";
	const bool had_secret = admin_has_secret();
	int pid;

	if (!box_may_decide()) {
		fputs("cordon: a factory reset is made on the console (the serial line), not over the "
		      "network\n", stderr);
		return EXIT_NO;
	}
	printf("settings, keys, the administrator's secret and what cordond keeps%s will be gone; the lists "
	       "of the image\nblock from then on, and this box waits to be set up\n",
	       log_too ? " and the log" : "");
	if (!may_reset()) {
		fputs("nothing was changed\n", stderr);
		return EXIT_NO;
	}
	settings_lock();
	if (!had_secret && admin_has_secret()) {
		fputs(CHANGED, stderr);
		return EXIT_NO;
	}
	/* Done at the next start, before anything runs that would write it all anew. */
	if (box_write(SETTINGS_RESET, what, strlen(what), 0600) != EXIT_YES)
		return EXIT_NO;
	/* Where /data is no disk, that file is gone at the next start, and so are the settings. */
	settings_mark(false);
	settings_note("reset", NULL, "somebody on the console asked for it");
	puts("the box restarts now");
	pid = run_start(reboot, "", false);
	if (pid < 0 || run_wait(pid) != 0)
		puts("cannot restart: switch it off and on");
	return EXIT_YES;
}
