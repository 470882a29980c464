/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/base/paths.h"

/* The order for a factory reset, which recover_run carries out at the next start: "log\n" if the
 * log goes too, else "\n". */
#define RESET_PATH PATH_DATA "/reset"

/* Factory reset, at the console alone: asks, writes the order and restarts the box. log_too: the
 * log goes too. An exit code. */
int reset_run(bool log_too);
