/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/retention.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "appliance/journal/parts.h"

double retention_days(const struct retention *retention, const struct days *days, int32_t floor,
		      int32_t today)
{
	uint64_t room = retention->used + retention->free, bytes = 0;
	int32_t first = 0;

	for (size_t i = 0; i < days->count; i++) {
		const struct days_file *file = &days->file[i];

		if (file->date < floor || file->date >= today || file->kind == DAYS_NEW)
			continue;
		if (first == 0)
			first = file->date;
		bytes += file->size;
	}
	if (first == 0 || bytes == 0)
		return -1;
	if (room > retention->budget)
		room = retention->budget;
	return (double)room / (double)bytes * (double)(today - first);
}

void retention_read(struct retention *retention, int folder, uint64_t budget, int64_t floor,
		    int64_t now)
{
	/* A folder of the journal role's: nothing in it is believed to be a file. */
	int log = openat(folder, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct statvfs disk;
	struct days days = { .count = 0 };

	*retention = (struct retention){ .budget = budget, .days = -1 };
	if (fstatvfs(folder, &disk) == 0)
		retention->free = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (log >= 0 && days_list(log, &days) == 0) {
		for (size_t i = 0; i < days.count; i++)
			retention->used += days.file[i].size;
		retention->used += parts_bytes(log, false) + parts_bytes(log, true);
		retention->days = retention_days(retention, &days, days_of(floor * 1000),
						 days_of(now * 1000));
	}
	days_free(&days);
	if (log >= 0)
		close(log);
}
