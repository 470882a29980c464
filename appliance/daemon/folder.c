/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_make(int folder, const char *name, mode_t mode, uid_t owner)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 &&
	    (errno != ENOENT || mkdirat(folder, name, mode) < 0 ||
	     fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0))
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	if ((status.st_uid != owner || status.st_gid != owner) &&
	    fchownat(folder, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (status.st_mode & 07777) != mode && fchmodat(folder, name, mode, 0) < 0 ? -errno : 0;
}
