/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/diag.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/settings/confirm.h"
#include "appliance/box/settings/copy.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/box/settings/set_take.h"
#include "appliance/command/command.h"

enum { LEAST = 10, MOST = 3600 };

/* Uptime in ms at which it ends; 0: there is none, or its note does not read. */
static int64_t trial_end(void)
{
	size_t size;
	char *text = box_read(SET_STORE_TRIAL, 256, &size);
	const char *blank = text ? strchr(text, ' ') : NULL;
	const int64_t end = blank ? strtoll(blank, NULL, 10) : 0;

	free(text);
	return end;
}

static int take_back(const struct cli *cli)
{
	static struct diag diag;
	struct ledger ledger;
	struct provision old;
	int error;

	diag_init(&diag);
	/* The version and the digests of before, so that a signed set may come again. */
	error = set_store_load(SET_STORE_OLD, &old, &diag);
	if (!error) {
		ledger_load_from(SET_STORE_OLD, &ledger);
		error = set_store_replace(&old, &ledger, NULL);
		provision_release(&old);
	}
	if (error) {
		fprintf(stderr,
			"cordon: the settings before the trial cannot be put back: %s; restart "
			"the box\n",
			strerror(-error));
		return EXIT_NO;
	}
	set_store_remove(SET_STORE_OLD);
	set_log_note("reverted", NULL,
		      "nobody kept the new settings within their time: the ones before are in "
		      "force again");
	return activation_run(cli);
}

int trial_revert(const struct cli *cli)
{
	set_store_lock();
	if (!set_store_on_trial()) {
		fputs("no trial of settings is under way\n", stderr);
		return EXIT_NO;
	}
	return take_back(cli);
}

int trial_expire(const struct cli *cli)
{
	set_store_lock();
	return !set_store_on_trial() || clock_uptime_ms() < trial_end() ? EXIT_YES : take_back(cli);
}

int trial_keep(void)
{
	char path[BOX_PATH];

	set_store_lock();
	if (!set_store_on_trial()) {
		fputs("no trial of settings is under way: they were kept already, or have taken "
		      "themselves back\n",
		      stderr);
		return EXIT_NO;
	}
	if (unlink(box_path(path, SET_STORE_TRIAL)) < 0) {
		fprintf(stderr, "cordon: %s: %s\n", path, strerror(errno));
		return EXIT_NO;
	}
	if (set_store_sync() < 0) {
		fputs("cordon: that they stay cannot be written: the next start takes them back; "
		      "see cordon "
		      "status\n",
		      stderr);
		return EXIT_NO;
	}
	set_store_remove(SET_STORE_OLD);
	floor_keep();
	set_log_note("kept", NULL, "the new settings stay");
	puts("the new settings stay");
	return EXIT_YES;
}

/* ---- beginning ---- */

/* Outlives the session that began it; the supervisor of the services looks, too. */
static void watch(const struct cli *cli, int64_t end)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	int null;

	fflush(stdout);
	if (fork() != 0)
		return;
	(void)setsid();
	set_store_unlock();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	while (clock_uptime_ms() < end && set_store_on_trial())
		nanosleep(&pause, NULL);
	_exit(trial_expire(cli));
}

static int begin(const struct cli *cli, struct judgement *judgement, int64_t seconds)
{
	static struct diag diag;
	char boot[CLOCK_BOOT_ID], note[128];
	int64_t end = clock_uptime_ms() + seconds * 1000;
	struct ledger ledger;
	struct provision old;
	int error;

	diag_init(&diag);
	ledger_load(&ledger);
	error = set_store_load(PATH_SETTINGS, &old, &diag);
	if (!error)
		error = set_store_copy(SET_STORE_OLD, &old, &ledger, NULL);
	provision_release(&old);
	if (error) {
		fprintf(stderr, "cordon: the settings in force cannot be kept beside: %s\n",
			strerror(-error));
		return EXIT_NO;
	}
	clock_boot_id(boot);
	snprintf(note, sizeof(note), "%s %lld\n", boot, (long long)end);
	if (set_take(judgement, note) != EXIT_YES)
		return EXIT_NO;
	watch(cli, end);
	set_store_unlock();
	/* The session that asked may be cut off by what follows. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (activation_run(cli) != EXIT_YES) {
		fputs("cordon: they do not work on this box and are taken back at once\n", stderr);
		(void)trial_revert(cli);
		return EXIT_NO;
	}
	printf("in force for %lld s; what you see still works? then: cordon settings keep\n",
	       (long long)seconds);
	return EXIT_YES;
}

static bool parse_seconds(const char *text, int64_t *seconds)
{
	char *end;

	*seconds = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *seconds >= LEAST && *seconds <= MOST;
}

/* Said before anybody is asked for the secret. */
static bool may_be_tried(const struct set_offer *offer)
{
	struct judgement judgement;
	const char *why = NULL;

	judgement_make(&judgement, offer, false);
	if (set_store_on_trial())
		why = "a trial of settings is under way already: cordon settings keep or revert\n";
	else if (judgement.verdict == JUDGEMENT_SAME)
		why = "these settings are in force already\n";
	else if (judgement.changes.changed[PROVISION_TRUST_ROOT])
		why = "a trust root is not tried out: cordon settings import takes it\n";
	if (why)
		fputs(why, stderr);
	judgement_release(&judgement);
	return !why;
}

int trial_apply(const struct cli *cli, const char *path, const char *text)
{
	struct judgement judgement;
	struct set_offer offer;
	int64_t seconds;
	int code = EXIT_NO;

	if (!parse_seconds(text, &seconds))
		return command_usage("settings", "--confirm %s: expected seconds from %d to %d",
				     text, LEAST, MOST);
	if (copy_read(path, &offer) != EXIT_YES)
		return EXIT_NO;
	if (may_be_tried(&offer)) {
		if (confirm_offer(&judgement, &offer))
			code = begin(cli, &judgement, seconds);
		judgement_release(&judgement);
	}
	set_offer_release(&offer);
	return code;
}
