/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "daemon/log.h"
#include "daemon/parent.h"

/*
 * How long a role may take: work whose size the lists decide is sized before it begins, and waited
 * for as long as it makes progress. What this machine needs for it is measured with each large policy
 * and kept in STATE/rate.
 */
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

bool patience_size(struct parent *parent, char *text, size_t size, bool *passes)
{
	struct sizing sizing;

	sizing_estimate(&sizing, sizing_ranges(&parent->next.policy), parent->rate);
	if (!sizing_fits(&sizing, available(), text, size, passes))
		return false;
	parent->sizing = sizing;
	if (sizing.expected_ms > SIZING_SILENCE_MS / 3)
		log_info("%llu address and port ranges are applied: about %lld s, %llu MB",
			 (unsigned long long)sizing.ranges, (long long)(sizing.expected_ms / 1000),
			 (unsigned long long)(sizing.bytes >> 20));
	return true;
}

void patience_renew(struct parent *parent, struct child *child)
{
	int64_t patience = parent->sizing.patience_ms;

	if (patience < SIZING_SILENCE_MS)
		patience = SIZING_SILENCE_MS;
	child->patience = parent->now + patience;
	if (parent->patience < child->patience)
		parent->patience = child->patience;
}

int patience_progress(struct parent *parent, struct child *child, const struct message *message)
{
	uint32_t done, total;
	int error = message_read_progress(message, &done, &total);

	if (error || !child->owes)
		return error ? error : -EBADMSG;
	/* To say the same again is no progress. */
	if (done > child->progress)
		patience_renew(parent, child);
	if (done > child->progress)
		child->progress = done;
	return 0;
}

static void keep(const struct parent *parent)
{
	char text[RATE_MAX];
	int length = snprintf(text, sizeof(text), "%u\n", parent->rate);

	/* A guess of the next start only: nobody has to hear that it could not be kept. */
	(void)!file_replace(parent->state, RATE_FILE, text, (size_t)length, 0600);
}

void patience_learn(struct parent *parent, const struct child *child, bool changed)
{
	uint32_t rate;

	if (child->role != ROLE_RULES || !changed)
		return;
	rate = sizing_learn(parent->rate, parent->sizing.ranges, parent->now - child->sent_at);
	if (rate == parent->rate)
		return;
	parent->rate = rate;
	keep(parent);
}

void patience_lost(struct parent *parent)
{
	uint32_t rate = parent->rate ? parent->rate : SIZING_RATE;

	if (parent->sizing.ranges < SIZING_MEASURABLE)
		return;
	parent->rate = rate < SIZING_RATE_MAX / 2 ? 2 * rate : SIZING_RATE_MAX;
	keep(parent);
}

void patience_load(struct parent *parent)
{
	char *text;
	size_t length;
	long rate;

	if (file_read(parent->state, RATE_FILE, RATE_MAX, &text, &length) < 0)
		return;
	rate = strtol(text, NULL, 10);
	parent->rate = rate > 0 && rate <= SIZING_RATE_MAX ? (uint32_t)rate : 0;
	free(text);
}
