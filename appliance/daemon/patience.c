/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/patience.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/file.h"
#include "appliance/daemon/log.h"

#define RATE_FILE "rate"

enum { MEMINFO_MAX = 16 * 1024, RATE_MAX = 32 };

/* Of /proc, whose files have no size. 0: not known. */
static uint64_t available(void)
{
	char text[MEMINFO_MAX];
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	size_t got;

	if (!file)
		return 0;
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	return sizing_available(text);
}

bool patience_size(struct patience *patience, const struct policy *policy, char *text, size_t size,
		   bool *passes)
{
	struct sizing *sizing = &patience->sizing;

	sizing_estimate(sizing, sizing_ranges(policy), patience->rate);
	if (!sizing_fits(sizing, available(), text, size, passes))
		return false;
	if (sizing->expected_ms > SIZING_SILENCE_MS / 3)
		log_info("%llu address and port ranges are applied: about %lld s, %llu MB",
			 (unsigned long long)sizing->ranges,
			 (long long)(sizing->expected_ms / 1000),
			 (unsigned long long)(sizing->bytes >> 20));
	return true;
}

int64_t patience_ms(const struct patience *patience)
{
	int64_t ms = patience->sizing.patience_ms;

	return ms < SIZING_SILENCE_MS ? SIZING_SILENCE_MS : ms;
}

static void keep(const struct patience *patience)
{
	char text[RATE_MAX];
	int length = snprintf(text, sizeof(text), "%u\n", patience->rate);

	/* A guess of the next start only: nobody has to hear that it could not be kept. */
	(void)!file_replace(patience->daemon->state, RATE_FILE, text, (size_t)length, 0600);
}

void patience_learn(struct patience *patience, int64_t elapsed_ms)
{
	uint32_t rate = sizing_learn(patience->rate, patience->sizing.ranges, elapsed_ms);

	if (rate == patience->rate)
		return;
	patience->rate = rate;
	keep(patience);
}

void patience_lost(struct patience *patience)
{
	uint32_t rate = patience->rate ? patience->rate : SIZING_RATE;

	if (patience->sizing.ranges < SIZING_MEASURABLE)
		return;
	patience->rate = rate < SIZING_RATE_MAX / 2 ? 2 * rate : SIZING_RATE_MAX;
	keep(patience);
}

void patience_load(struct patience *patience)
{
	char *text;
	size_t length;
	long rate;

	if (file_read(patience->daemon->state, RATE_FILE, RATE_MAX, &text, &length) < 0)
		return;
	rate = strtol(text, NULL, 10);
	patience->rate = rate > 0 && rate <= SIZING_RATE_MAX ? (uint32_t)rate : 0;
	free(text);
}
