/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/approval.h"
#include "rules/signed/metadata.h"

/* The names by which a signed set can mean this box; "": it has none, or none that tells it from
 * others. */
struct identity {
	char key[METADATA_KEYID], serial[APPROVAL_APPLIANCE];
};

/* Reads the device's key and the serial number of the machine. */
void identity_load(struct identity *identity);
/* Prints both. Exit code 1: it has neither. */
int identity_show(void);
