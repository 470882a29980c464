/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/activation.h"
#include "appliance/box/settings/settings.h"

/* A set that is taken for good. */

int settings_import(const struct cli *cli, const char *path)
{
	struct settings_judgement judgement;
	struct settings_offer offer;
	int code = EXIT_NO;

	if (settings_read_any(path, &offer) != EXIT_YES)
		return EXIT_NO;
	if (settings_confirm(&judgement, &offer)) {
		code = judgement.verdict == SETTINGS_SAME ? EXIT_YES :
							    settings_take(&judgement, NULL);
		if (code == EXIT_YES)
			fputs(judgement.why ? judgement.why :
					      "these settings are in force already\n",
			      stdout);
	}
	if (code == EXIT_YES && judgement.verdict == SETTINGS_TAKE)
		code = activation_run(cli);
	settings_judgement_release(&judgement);
	settings_offer_release(&offer);
	return code;
}
