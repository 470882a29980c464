/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/diag.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/reset.h"
#include "appliance/box/settings/rootchange.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"


/* What was signed about the log (daemon/seal.h). */
static bool is_seal(const char *name)
{
	return strcmp(name, "seal") == 0 || strcmp(name, "seal.keys") == 0 ||
	       strcmp(name, "seal.reset") == 0;
}

/* Everything below /data but the file system's own, what was signed about the log, and the log
 * unless that goes, too. */
static void wipe(const char *folder, bool log_too)
{
	char full[BOX_PATH];
	DIR *entries = opendir(box_path(full, folder));
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		const char *name = entry->d_name;
		char path[BOX_PATH];

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, "lost+found") == 0 || strcmp(name, "reset") == 0 ||
		    is_seal(name) ||
		    (!log_too && (strcmp(name, "log") == 0 || strcmp(name, "settings.log") == 0)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (unlinkat(dirfd(entries), name, 0) == 0 || strlen(path) > BOX_PATH / 2)
			continue;
		wipe(path, log_too);
		unlinkat(dirfd(entries), name, AT_REMOVEDIR);
	}
	if (entries)
		closedir(entries);
}

static void end_reset(void)
{
	size_t size;
	char full[BOX_PATH], other[BOX_PATH], *text = box_read(RESET_PATH, 64, &size);
	const bool log_too = text && strncmp(text, "log", 3) == 0;

	if (!text)
		return;
	wipe(PATH_DATA, log_too);
	/* The next log goes on behind the one that is gone, and says so. */
	if (log_too)
		(void)rename(box_path(full, PATH_STATE "/seal"),
			     box_path(other, PATH_STATE "/seal.reset"));
	set_mark_write(false);
	mkdir(box_path(full, PATH_STATE), 0755);
	mkdir(box_path(full, PATH_SETTINGS), 0700);
	(void)!set_store_sync();
	/* Last: until here it begins again. */
	unlink(box_path(full, RESET_PATH));
	(void)!set_store_sync();
	free(text);
	set_log_note("reset", NULL, "back to how it came from the factory");
}

static bool trial_of_another_boot(void)
{
	char boot[CLOCK_BOOT_ID];
	size_t size;
	char *text = box_read(SET_STORE_TRIAL, 256, &size);
	bool other;

	clock_boot_id(boot);
	other = text && strncmp(text, boot, strlen(boot)) != 0;
	free(text);
	return other;
}

static void end_root_change(void)
{
	static struct diag diag;
	struct provision set;

	if (!box_has(ROOTCHANGE_PATH))
		return;
	diag_init(&diag);
	if (set_store_load(PATH_SETTINGS, &set, &diag) == 0)
		rootchange_drop_bundle(&set);
	provision_release(&set);
}

/* Accepted, and the power went before it was taken away; or before there was anything in its
 * folder. */
static void end_acceptance(void)
{
	struct ledger ledger, source;

	ledger_load(&ledger);
	ledger_load_from(SET_STORE_WAITING, &source);
	if (!source.count || ledger_knows(&ledger, source.taken[0]))
		set_store_remove(SET_STORE_WAITING);
}

void recover_run(void)
{
	end_reset();
	if (trial_of_another_boot() && box_has(SET_STORE_OLD) &&
	    set_store_exchange(SET_STORE_OLD, PATH_SETTINGS) == 0)
		set_log_note("reverted", NULL,
			      "the trial of new settings ended with a restart: the ones "
			      "before are in force again");
	end_root_change();
	end_acceptance();
	/* Of no trial: what a power cut left. */
	if (!set_store_on_trial())
		set_store_remove(SET_STORE_OLD);
	set_store_remove(SET_STORE_NEW);
	if (set_mark_provisioned())
		set_mark_write(true);
	if (set_mark_provisioned() && !set_store_on_trial())
		floor_keep();
}
