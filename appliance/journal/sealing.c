/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/sealing.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"

enum {
	HOUR_MS = 3600 * 1000,
	AGAIN_MS = 60 * 1000,	/* after one that was not signed */
	TURN_MS = 1000		/* the first batch of a day waits so long for the last checkpoint */
};

void sealing_init(struct sealing *sealing, struct log_store *store,
		  const struct sealing_hooks *hooks)
{
	*sealing = (struct sealing){ .store = hooks ? store : NULL };
	if (hooks)
		sealing->hooks = *hooks;
}

void sealing_want(struct sealing *sealing, enum checkpoint_reason reason)
{
	sealing->wanted |= 1U << reason;
}

/* What says most about it. */
static enum checkpoint_reason reason_of(const struct sealing *sealing)
{
	static const enum checkpoint_reason order[] = {
		CHECKPOINT_STOP, CHECKPOINT_ROTATION, CHECKPOINT_REQUEST, CHECKPOINT_START,
	};
	const struct tree *since = &sealing->head.since;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (sealing->wanted & 1U << order[i])
			return order[i];
	}
	return since->end == since->begin ? CHECKPOINT_NOTHING : CHECKPOINT_HOURLY;
}

static void take(struct sealing *sealing)
{
	store_head(sealing->store, &sealing->head);
	sealing->head.reason = reason_of(sealing);
	sealing->wanted = 0;
	sealing->taken = true;
	sealing->asked = false;
}

/* What was signed must not be lost in a power cut: that would look like a log that was cut. */
static bool is_safe(const struct sealing *sealing)
{
	const struct tree *since = &sealing->head.since;

	return since->end == since->begin || store_synced(sealing->store) >= since->end;
}

static void ask(struct sealing *sealing)
{
	uint8_t data[HEAD_BYTES];

	sealing->asked = true;
	if (sealing->hooks.ask(sealing->hooks.context, data,
			       head_encode(&sealing->head, data)) < 0)
		sealing->store = NULL;
}

void sealing_tick(struct sealing *sealing, int64_t uptime_ms)
{
	if (!sealing->store)
		return;
	if (sealing->next_ms == 0)
		sealing->next_ms = uptime_ms + HOUR_MS;
	if (uptime_ms >= sealing->next_ms) {
		sealing->next_ms = uptime_ms + HOUR_MS;
		sealing_want(sealing, CHECKPOINT_HOURLY);
	}
	if (!sealing->taken && sealing->wanted && uptime_ms >= sealing->again_ms)
		take(sealing);
	if (sealing->taken && !sealing->asked && is_safe(sealing))
		ask(sealing);
}

/* The note is of this tree? It comes from the process with the key: only a mistake can be wrong. */
static bool fits(const struct sealing *sealing, const char *note, size_t size)
{
	struct checkpoint checkpoint;

	return checkpoint_parse(&checkpoint, note, size) == 0 &&
	       checkpoint.size == sealing->head.since.end;
}

void sealing_note(struct sealing *sealing, const void *note, size_t size, int64_t uptime_ms)
{
	bool is_signed;
	char *text;

	if (!sealing->store || !sealing->taken || !sealing->asked)
		return;
	text = strndup(note, size);
	is_signed = text && fits(sealing, text, size);
	/* One that comes late for its day is in the receipt, and the next one follows. */
	if (is_signed)
		(void)!store_checkpoint(sealing->store, text, sealing->head.since.end);
	free(text);
	store_settle(sealing->store, is_signed);
	sealing->taken = sealing->asked = false;
	sealing->turned = sealing->turned || !is_signed ||
			  sealing->head.reason == CHECKPOINT_ROTATION;
	if (is_signed)
		return;
	sealing->again_ms = uptime_ms + AGAIN_MS;
	sealing_want(sealing, sealing->head.reason);
}

bool sealing_holds(struct sealing *sealing, int64_t wall_ms, int64_t uptime_ms)
{
	if (!sealing->store || !store_is_over(sealing->store, wall_ms)) {
		sealing->turning = false;
		return false;
	}
	if (!sealing->turning) {
		sealing->turning = true;
		sealing->turned = false;
		sealing->turning_ms = uptime_ms;
		sealing_want(sealing, CHECKPOINT_ROTATION);
	}
	return !sealing->turned && uptime_ms - sealing->turning_ms < TURN_MS;
}

void sealing_end(struct sealing *sealing)
{
	const int64_t until = clock_uptime_ms() + SEALING_STOP_MS;
	int64_t left = SEALING_STOP_MS;
	bool last = false;

	if (sealing->store && store_sync(sealing->store) < 0)
		return;
	/* One may be under way already. */
	while (sealing->store && left > 0 && !(last && !sealing->taken)) {
		if (!sealing->taken) {
			sealing_want(sealing, CHECKPOINT_STOP);
			take(sealing);
			last = true;
		}
		if (!sealing->asked)
			ask(sealing);
		if (!sealing->store || !sealing->hooks.wait(sealing->hooks.context, left))
			return;
		left = until - clock_uptime_ms();
	}
}
