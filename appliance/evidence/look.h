/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"
#include "appliance/evidence/hosts.h"
#include "appliance/evidence/names.h"

/* What commands about hosts have in common: the weights, the names, the hosts themselves. */
struct look {
	const char *command;	/* for messages: "hosts" */
	char folder[512];	/* of the log */
	struct weights *weights;
	struct names names;
	struct naming *reverse;	/* names that were asked for by address, one per row that got one */
	struct hosts hosts;
};

/* options: folder, today, weights, names and merges are set here. 0 or an exit code, after a
 * message. look_close in either case. */
int look_open(struct look *look, const char *command, const struct cli *cli,
	      struct hosts_options *options);
void look_close(struct look *look);

/*
 * Gives rows without a name the one that reverse DNS has for their address, now. It asks the
 * resolver of this system, LOOK_REVERSE_MOST rows at most and for LOOK_REVERSE_SECONDS at most.
 * 0 or -ENOMEM.
 */
enum { LOOK_REVERSE_MOST = 500, LOOK_REVERSE_SECONDS = 20 };
int look_reverse(struct look *look) __attribute__((warn_unused_result));
