/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/health/boot.h"

/* How this start went: the report, which the kernel's log gets once. An exit code. */
int status_boot(void);
void status_boot_load(struct boot *boot);
