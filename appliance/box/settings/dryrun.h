/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/diag.h"
#include "appliance/box/settings/provision.h"

/* Would the box start with a set? It is tried in a folder of its own; nothing in force changes. */

/* Asks cordond about a set whose files read; errors in diag. If cordond would not start with the
 * factory's settings either, the set is not to blame, and diag stays as it was. */
void dryrun_ask(const struct provision *set, struct diag *diag);
/* A complete set: does every file read, alone and together, and would cordond start with it?
 * -EINVAL with diag. */
int dryrun_check(const struct provision *set, struct diag *diag)
	__attribute__((warn_unused_result));
