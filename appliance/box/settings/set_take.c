/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_take.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/box/base/box.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/rootchange.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/command/command.h"

int set_take(struct judgement *judgement, const char *trial)
{
	const bool root = judgement->changes.changed[PROVISION_TRUST_ROOT];
	int error = provision_hash_secret(&judgement->complete);
	char name[ROOTCHANGE_NAME];

	/* First, so that a power cut in between leaves no bundle of another root. */
	if (!error && root)
		error = rootchange_name(&judgement->complete, name);
	if (!error && root && box_write(ROOTCHANGE_PATH, name, strlen(name), 0600) != EXIT_YES)
		error = -EIO;
	if (!error)
		error = set_store_replace(&judgement->complete, &judgement->ledger, trial);
	if (error) {
		fprintf(stderr, "cordon: the settings cannot be written: %s\n", strerror(-error));
		return EXIT_NO;
	}
	set_mark_write(true);
	if (root)
		rootchange_drop_bundle(&judgement->complete);
	if (!trial)
		floor_keep();
	set_log_note("taken", judgement->digest, judgement->why ? judgement->why : "as before");
	return EXIT_YES;
}
