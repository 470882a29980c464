/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* A tar archive of a repository on standard input. An exit code. */
int update_receive(const struct cli *cli);
