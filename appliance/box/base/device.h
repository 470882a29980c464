/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Is this name of /sys/class/block that of a device which is neither a disk of the box nor a stick:
 * a loop, a RAM disk, a mapping of other devices, a network disk, raw flash, a floppy, a CD drive?
 * A name that begins with a dot counts as one.
 */
bool device_is_never_a_disk(const char *name);
