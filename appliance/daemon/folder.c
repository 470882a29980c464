/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_make(int folder, const char *name, const struct folder_access *access)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 &&
	    (errno != ENOENT || mkdirat(folder, name, access->mode) < 0 ||
	     fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0))
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	if ((status.st_uid != access->owner || status.st_gid != access->group) &&
	    fchownat(folder, name, access->owner, access->group, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (status.st_mode & 07777) != access->mode &&
	       fchmodat(folder, name, access->mode, 0) < 0 ? -errno : 0;
}
