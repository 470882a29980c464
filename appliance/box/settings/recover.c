/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/box/settings/settings.h"

/* What was interrupted is ended, and what is not to be kept goes. */

#define GONE PATH_DATA "/settings.gone"
#define TRIAL "trial"

/* Everything below /data but the file system's own, and the log unless that goes, too. */
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
	char full[BOX_PATH], *text = box_read(SETTINGS_RESET, 64, &size);

	if (!text)
		return;
	wipe(PATH_DATA, strncmp(text, "log", 3) == 0);
	settings_mark(false);
	mkdir(box_path(full, PATH_STATE), 0755);
	mkdir(box_path(full, PATH_SETTINGS), 0700);
	(void)!settings_sync();
	/* Last: until here it begins again. */
	unlink(box_path(full, SETTINGS_RESET));
	(void)!settings_sync();
	free(text);
	settings_note("reset", NULL, "back to how it came from the factory");
}

static bool trial_of_another_boot(void)
{
	char boot[CLOCK_BOOT_ID];
	size_t size;
	char *text = box_read(PATH_SETTINGS "/" TRIAL, 256, &size);
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

	if (!box_has(SETTINGS_ROOT))
		return;
	diag_init(&diag);
	if (settings_load(PATH_SETTINGS, &set, &diag) == 0)
		settings_drop_bundle(&set);
	provision_release(&set);
}

/* Accepted, and the power went before it was taken away; or before there was anything in its
 * folder. */
static void end_acceptance(void)
{
	struct settings_ledger ledger, source;

	settings_ledger_load(&ledger);
	settings_ledger_load_from(SETTINGS_WAITING, &source);
	if (!source.takens || settings_ledger_knows(&ledger, source.taken[0]))
		settings_remove(SETTINGS_WAITING);
}

void settings_recover(void)
{
	end_reset();
	if (trial_of_another_boot() && box_has(SETTINGS_OLD) &&
	    settings_exchange(SETTINGS_OLD, PATH_SETTINGS) == 0)
		settings_note("reverted", NULL,
			      "the trial of new settings ended with a restart: the ones "
			      "before are in force again");
	end_root_change();
	end_acceptance();
	/* Of no trial: what a power cut left. */
	if (!settings_on_trial())
		settings_remove(SETTINGS_OLD);
	settings_remove(SETTINGS_NEW);
	if (settings_provisioned())
		settings_mark(true);
	if (settings_provisioned() && !settings_on_trial())
		settings_floor_keep();
}

/* ---- what was said ---- */
