/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/settings.h"

/* What an offer would change of the settings in force. */

/* ---- export ---- */

bool settings_print_diff(const struct settings_offer *offer)
{
	static struct diag diag;
	struct text out = TEXT_EMPTY;
	struct provision old;
	bool differs;

	if (settings_load_in_force(&old) != EXIT_YES)
		return false;
	diag_init(&diag);
	/* What cannot be compared is another one, and its judgement says why. */
	differs = settings_diff_lines(&old, &offer->set, offer->whole, &out, &diag) != 0;
	command_print_diag(&diag);
	if (out.data)
		fputs(out.data, stdout);
	text_release(&out);
	provision_release(&old);
	return differs;
}

int settings_diff(const char *path)
{
	struct settings_offer offer;
	bool differs;

	if (settings_read_any(path, &offer) != EXIT_YES)
		return EXIT_NO;
	differs = settings_print_diff(&offer);
	settings_offer_release(&offer);
	return differs ? EXIT_NO : EXIT_YES;
}
