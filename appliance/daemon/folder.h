/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

/*
 * A folder below another, made when it is not there, of that mode and owner; what is right already
 * is left alone, so that a read-only medium does. 0 or -errno; -ENOTDIR when something else has its
 * name.
 */
int folder_make(int folder, const char *name, mode_t mode, uid_t owner)
	__attribute__((warn_unused_result));
