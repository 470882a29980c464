/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/daemon/log.h"

#define UNREADY_FILE "unready"

enum { UNREADY_MAX = 32 };

/* ---- pure ---- */

static bool silent(int64_t said, int64_t now)
{
	return said == 0 || now - said > WATCHDOG_ANSWER_MS;
}

const char *watchdog_complaint(const struct watchdog_signs *signs, int64_t now)
{
	if (!signs->in_force)
		return "no policy is in force";
	if (silent(signs->dns, now))
		return "the dns role does not answer";
	return silent(signs->rules, now) ? "the rules role does not answer" : NULL;
}

/* A time to come is of another boot. */
int64_t watchdog_grace(int64_t kept, int64_t now)
{
	return (kept > 0 && kept <= now ? kept : now) + WATCHDOG_GRACE_MS;
}

bool watchdog_judge(struct watchdog *watchdog, const char *complaint, int64_t now)
{
	watchdog->complaint = complaint;
	if (!complaint)
		watchdog->well = now;
	return !complaint || now < watchdog->grace_end ||
	       (watchdog->well && now - watchdog->well < WATCHDOG_PATIENCE_MS);
}

/* ---- since when no daemon has done its job ---- */

static int64_t unready_since(struct watchdog *watchdog, int64_t now)
{
	char buffer[UNREADY_MAX], *text;
	int64_t kept = 0;
	size_t length;
	int written, error;

	error = file_read(watchdog->run, UNREADY_FILE, UNREADY_MAX, &text, &length);
	if (!error) {
		kept = strtoll(text, NULL, 10);
		free(text);
	}
	watchdog->waits = true;
	if ((kept > 0 && kept <= now) || file_error_passes(error))
		return kept ? kept : now;
	written = snprintf(buffer, sizeof(buffer), "%lld\n", (long long)now);
	if (file_replace(watchdog->run, UNREADY_FILE, buffer, (size_t)written, 0600) < 0)
		log_warning("watchdog: a daemon that dies again and again will not be noticed: the "
			    "run folder cannot be written");
	return now;
}

static void became_ready(struct watchdog *watchdog)
{
	if (watchdog->waits)
		unlinkat(watchdog->run, UNREADY_FILE, 0);
	watchdog->waits = false;
}

/* ---- the device ---- */

/* Drivers round, and some have one timeout only. */
static unsigned int set_timeout(int fd)
{
	int timeout = WATCHDOG_TIMEOUT_S;

	if (ioctl(fd, WDIOC_SETTIMEOUT, &timeout) < 0 && ioctl(fd, WDIOC_GETTIMEOUT, &timeout) < 0)
		return 0;
	return timeout > 0 ? (unsigned int)timeout : 0;
}

static int open_device(struct watchdog *watchdog)
{
	int fd = open(watchdog->device, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode)) {
		close(fd);
		return -ENOTTY;
	}
	watchdog->fd = fd;
	watchdog->timeout = set_timeout(fd);
	log_info("watchdog: %s is armed: without food this machine restarts after %u s",
		 watchdog->device, watchdog->timeout);
	return 0;
}

/* Any byte but V, which would disarm it. */
static int write_byte(struct watchdog *watchdog)
{
	const char food = '\0';

	return write(watchdog->fd, &food, 1) == 1 ? 0 : -errno;
}

static void feed(struct watchdog *watchdog)
{
	int error = watchdog->fd < 0 ? open_device(watchdog) : 0;

	if (!error)
		error = write_byte(watchdog);
	if (error && error != watchdog->error)
		log_warning("watchdog: %s: %s: nothing restarts this machine when it hangs",
			    watchdog->device, strerror(-error));
	watchdog->error = error;
	watchdog->fed = !error;
}

static void starve(struct watchdog *watchdog)
{
	if (watchdog->fed)
		log_error("watchdog: %s: it is not fed any more, and this machine restarts unless "
			  "that mends within %u s", watchdog->complaint, watchdog->timeout);
	watchdog->fed = false;
}

void watchdog_init(struct watchdog *watchdog, const char *device, int run, int64_t now)
{
	*watchdog = (struct watchdog){ .device = device, .run = run, .fd = -1,
				       .complaint = "no policy is in force" };
	if (!device[0])
		return;
	watchdog->grace_end = watchdog_grace(unready_since(watchdog, now), now);
	if (watchdog_judge(watchdog, watchdog->complaint, now))
		feed(watchdog);
	else
		log_error("watchdog: no policy has been in force for %d s: it is not fed",
			  WATCHDOG_GRACE_MS / 1000);
}

void watchdog_tick(struct watchdog *watchdog, const struct watchdog_signs *signs, int64_t now)
{
	bool hungry = watchdog->fd >= 0 && !watchdog->fed;

	if (!watchdog->device[0])
		return;
	if (!watchdog_judge(watchdog, watchdog_complaint(signs, now), now)) {
		starve(watchdog);
		return;
	}
	feed(watchdog);
	if (hungry && watchdog->fed)
		log_warning("watchdog: it is fed again");
	if (!watchdog->complaint)
		became_ready(watchdog);
}

void watchdog_leave(struct watchdog *watchdog, bool restarting)
{
	if (watchdog->fd < 0 || !watchdog->fed)
		return;
	feed(watchdog);
	if (restarting)
		return;
	log_info(
		"watchdog: %s stays armed: this machine restarts in %u s unless cordond is started "
		"again",
		watchdog->device, watchdog->timeout);
}
