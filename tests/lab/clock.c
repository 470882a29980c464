/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/*
 * Preloaded into a daemon of the lab: its wall clock is the machine's and as many seconds more as
 * the file CLOCK_FILE holds, a number of 8 bytes; a second one says whether a time service keeps
 * it. The file is mapped before any sandbox, so that a test can set the clock while the daemon
 * runs.
 */
static const volatile int64_t *offset;

__attribute__((constructor)) static void begin(void)
{
	int fd = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC);
	void *memory = mmap(NULL, 2 * sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		offset = memory;
	close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && clock == CLOCK_REALTIME && offset)
		now->tv_sec += *offset;
	return result;
}

int adjtimex(struct timex *timex)
{
	timex->status = offset && offset[1] ? 0 : STA_UNSYNC;
	return timex->status ? TIME_ERROR : TIME_OK;
}

time_t time(time_t *seconds)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (seconds)
		*seconds = now.tv_sec;
	return now.tv_sec;
}
