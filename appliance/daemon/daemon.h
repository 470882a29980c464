/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/clock.h"
#include "appliance/base/loop.h"
#include "appliance/settings/settings.h"

/*
 * What every part of the parent stands on: what it was started with, its settings, folders and
 * clock. Plain data; parts.c fills it.
 */
struct daemon {
	const char *config;	/* paths, as given */
	const char *state_path;
	const char *run_path;
	char *text;		/* of the settings */
	size_t length;
	struct settings settings;
	unsigned int workers;	/* of the dns role */
	struct loop loop;
	int state;		/* folders; -1: not open */
	int run;
	int lock;		/* of the run folder */
	char identity[64];	/* the name of this appliance in logs and receipts */
	char boot[CLOCK_BOOT_ID];
	int64_t now;		/* uptime in ms, read once a round */
	int64_t began;
	bool stopping;
	bool restarting;	/* the next one follows at once */
};
