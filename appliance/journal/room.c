/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/room.h"

#include <sys/statvfs.h>

uint64_t room_free(int folder)
{
	struct statvfs disk;

	return fstatvfs(folder, &disk) < 0 ? UINT64_MAX : (uint64_t)disk.f_bavail * disk.f_frsize;
}
