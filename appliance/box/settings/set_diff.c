/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_diff.h"

#include <stdio.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/settings/copy.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/command/command.h"

bool set_diff_print(const struct set_offer *offer)
{
	static struct diag diag;
	struct text out = TEXT_EMPTY;
	struct provision old;
	bool differs;

	if (copy_load_in_force(&old) != EXIT_YES)
		return false;
	diag_init(&diag);
	/* What cannot be compared is another one, and its judgement says why. */
	differs = set_sealed_diff(&old, &offer->set, offer->whole, &out, &diag) != 0;
	command_print_diag(&diag);
	if (out.data)
		fputs(out.data, stdout);
	text_release(&out);
	provision_release(&old);
	return differs;
}

int set_diff_run(const char *path)
{
	struct set_offer offer;
	bool differs;

	if (copy_read(path, &offer) != EXIT_YES)
		return EXIT_NO;
	differs = set_diff_print(&offer);
	set_offer_release(&offer);
	return differs ? EXIT_NO : EXIT_YES;
}
