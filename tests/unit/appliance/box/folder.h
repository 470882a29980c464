/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A box that is an empty folder (appliance/box/base/paths.h), for the tests of one file. */

#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"

static char folder[] = "/tmp/cordon-box-XXXXXX";

static inline int folder_remove_one(const char *path, const struct stat *status, int type,
				    struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* For setup and teardown of each test. */
static inline int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/cordon-box-XXXXXX");
	return mkdtemp(folder) && setenv(PATH_PREFIX_VARIABLE, folder, 1) == 0 ? 0 : -1;
}

static inline int folder_drop(void **state)
{
	(void)state;
	unsetenv(PATH_PREFIX_VARIABLE);
	return nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the folders above a path of the box. */
static inline void folder_above(const char *path)
{
	char full[BOX_PATH];

	box_path(full, path);
	for (char *at = full + strlen(folder) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
}

/* A file of the box and the folders above it. */
static inline void folder_put(const char *path, const char *text)
{
	char full[BOX_PATH];

	folder_above(path);
	assert_int_equal(file_replace(AT_FDCWD, box_path(full, path), text, strlen(text), 0600), 0);
}
