/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * cares SERVER NAME...: looks each up in turn with c-ares, as curl and others do, over one channel,
 * which learns of the server's cookies (RFC 7873). For each: c-ares' word for the outcome, and
 * milliseconds.
 */
#include <ares.h>
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/select.h>
#include <time.h>

static int outcome;

static void done(void *context, int status, int timeouts, unsigned char *data, int size)
{
	(void)context, (void)timeouts, (void)data, (void)size;
	outcome = status;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void wait_for_it(ares_channel channel)
{
	for (;;) {
		struct timeval most = { 1, 0 }, wait, *least;
		fd_set readers, writers;
		int count;

		FD_ZERO(&readers);
		FD_ZERO(&writers);
		count = ares_fds(channel, &readers, &writers);
		if (count == 0)
			return;
		least = ares_timeout(channel, &most, &wait);
		select(count, &readers, &writers, NULL, least);
		ares_process(channel, &readers, &writers);
	}
}

int main(int argc, char **argv)
{
	/* EDNS, without which there are no cookies. */
	struct ares_options options = { .flags = ARES_FLAG_EDNS, .timeout = 2000, .tries = 3 };
	ares_channel channel;

	if (argc < 3)
		errx(2, "expected SERVER NAME...");
	if (ares_library_init(ARES_LIB_INIT_ALL) ||
	    ares_init_options(&channel, &options,
			      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) ||
	    ares_set_servers_csv(channel, argv[1]))
		errx(1, "c-ares cannot be set up");
	for (int i = 2; i < argc; i++) {
		long began = now();

		ares_query(channel, argv[i], 1, 1, done, NULL);
		wait_for_it(channel);
		printf("%s: %s, %ld ms\n", argv[i], ares_strerror(outcome), now() - began);
	}
	ares_destroy(channel);
	return 0;
}
