/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"
#include "appliance/evidence/hosts.h"
#include "appliance/evidence/names.h"

/* What commands about hosts have in common: the weights, the names, the hosts themselves. */
struct inquiry {
	const char *command;	/* for messages: "hosts" */
	char folder[512];	/* of the log */
	struct weights *weights;
	struct names names;
	struct naming *reverse;	/* names that were asked for by address, one per row that got one */
	struct hosts hosts;
};

/*
 * Reads the names, and then the log, as a process that can do nothing else any more (query.h): what
 * the caller needs from elsewhere comes before. options: folder, today, weights, names and merges
 * are set here. reverse: rows without a name get the one that reverse DNS has for their address
 * (reverse.h). 0 or an exit code, after a message. inquiry_close in either case.
 */
int inquiry_open(struct inquiry *inquiry, const char *command, const struct cli *cli,
	      struct hosts_options *options, bool reverse);
void inquiry_close(struct inquiry *inquiry);
