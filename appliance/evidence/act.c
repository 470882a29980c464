/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/act.h"

int act_record(const struct cli *cli, const char *kind, json_t *members)
{
	(void)cli;
	(void)kind;
	json_decref(members);
	return EXIT_YES;
}
