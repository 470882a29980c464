/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/command/command.h"

/* The supervisor of the services that network.conf asks for; runs until SIGTERM. An exit code. */
int network_services(const struct cli *cli);
