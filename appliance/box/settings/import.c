/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/import.h"

#include <stdio.h>

#include "appliance/box/network/activation.h"
#include "appliance/box/settings/confirm.h"
#include "appliance/box/settings/copy.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_take.h"
#include "appliance/command/command.h"

int import_run(const struct cli *cli, const char *path)
{
	struct judgement judgement;
	struct set_offer offer;
	int code = EXIT_NO;

	if (copy_read(path, &offer) != EXIT_YES)
		return EXIT_NO;
	if (confirm_offer(&judgement, &offer)) {
		code = judgement.verdict == JUDGEMENT_SAME ? EXIT_YES :
							    set_take(&judgement, NULL);
		if (code == EXIT_YES)
			fputs(judgement.why ? judgement.why :
					      "these settings are in force already\n",
			      stdout);
	}
	if (code == EXIT_YES && judgement.verdict == JUDGEMENT_TAKE)
		code = activation_run(cli);
	judgement_release(&judgement);
	set_offer_release(&offer);
	return code;
}
