/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

struct folder_access {
	mode_t mode;
	uid_t owner;
	gid_t group;
};

/*
 * Makes the folder name below folder, if there is none, and gives it this access. A folder that has
 * it is left alone, so that one on a read-only medium is accepted. 0 or -errno; -ENOTDIR: the name
 * belongs to something else.
 */
int folder_make(int folder, const char *name, const struct folder_access *access)
	__attribute__((warn_unused_result));
