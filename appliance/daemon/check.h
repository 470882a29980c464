/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/diag.h"
#include "appliance/settings/settings.h"

/* Settings alone can say something that no gateway can do. config: the file, for people. */
void check_sense(const struct settings *settings, const char *config, struct diag *diag);
/* Warnings about interfaces that are not named, or not there. */
void check_interfaces(const struct settings *settings, const char *config);

/*
 * `cordond --check`: the settings, the rule lists, root metadata and CA that they name. They may
 * come from a stick, so sealed children (base/sealed.h) parse them. A start reads what was accepted
 * and needs none. 0 or 1, after messages on stderr. fields: the errors are on standard output, too,
 * as diag_encode writes them, and nothing else is.
 */
int check_run(const char *config, bool fields);
