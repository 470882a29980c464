/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/reset.h"

#include <stdio.h>
#include <string.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/program.h"
#include "appliance/box/base/witness.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/confirm.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"
#include "appliance/journal/notice.h"
#include "appliance/settings/network.h"

/* A text that only a person before the box can read, or one who knows it. */
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
	snprintf(question, sizeof(question),
		 "no administrator's secret is set; to go on, type %s: ", name);
	return terminal_ask(question, line, sizeof(line)) == 0 && strcmp(line, name) == 0;
}

int reset_run(bool log_too)
{
	const char *what = log_too ? "log\n" : "\n";
	const bool had_secret = admin_has_secret();

	if (!box_may_decide()) {
		fputs("cordon: a factory reset is made on the console (the serial line), not over "
		      "the "
		      "network\n",
		      stderr);
		return EXIT_NO;
	}
	printf("settings, keys, the administrator's secret and what cordond keeps%s will be gone; "
	       "the lists "
	       "of the image\nblock from then on, and this box waits to be set up\n",
	       log_too ? " and the log" : "");
	if (!may_reset()) {
		fputs("nothing was changed\n", stderr);
		return EXIT_NO;
	}
	set_store_lock();
	if (!had_secret && admin_has_secret()) {
		fputs(CONFIRM_CHANGED, stderr);
		return EXIT_NO;
	}
	/* Done at the next start, before anything runs that would write it all anew. */
	if (box_write(RESET_PATH, what, strlen(what), 0600) != EXIT_YES)
		return EXIT_NO;
	/* Where /data is no disk, that file is gone at the next start, and so are the settings. */
	set_mark_write(false);
	set_log_note("reset", NULL, "asked for on the console");
	box_notice(NOTICE_RESET, json_pack("{s:b}", "log", log_too));
	puts("the box restarts now");
	if (program_reboot() != 0)
		puts("cannot restart: switch it off and on");
	return EXIT_YES;
}
