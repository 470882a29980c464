/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/aggregate.h"

#include <string.h>

#include "appliance/journal/counters.h"
#include "appliance/journal/queue.h"
#include "appliance/journal/shares.h"

enum { MAGIC = 0x67676102 };	/* another number whenever struct aggregate changes */

/*
 * The budget counts in bytes times milliseconds per day, so that no fraction is lost: a byte is
 * DAY_MS.
 */
enum { DAY_MS = 24 * 3600 * 1000 };
static const int64_t budget_most = (int64_t)10 << 30;
static const int64_t record_cost = (int64_t)AGGREGATE_RECORD * DAY_MS;
static const int64_t tokens_most = (int64_t)AGGREGATE_BURST * AGGREGATE_RECORD * DAY_MS;

struct aggregate {
	uint64_t magic;
	int64_t budget;		/* bytes per day */
	int64_t tokens;
	int64_t filled_ms;	/* when tokens were last added */
	int64_t now_ms;		/* of the last aggregate_next */
	struct queue window;	/* counters that had a record; all windows are equally long */
	struct counters counters;
	struct shares shares;
};

static struct cell *cell_at(struct aggregate *aggregate, uint16_t index)
{
	return &aggregate->counters.cell[index];
}

/* ---- places ---- */

/* Lets a counter wait for its record, coarser until there is an account for it. */
static void wait_coarser(struct aggregate *aggregate, uint16_t index, bool merged)
{
	struct cell *cell = cell_at(aggregate, index);

	while (!merged && !shares_put(&aggregate->shares, index, &cell->key))
		merged = counters_widen(&aggregate->counters, index);
	if (!merged)
		cell->waiting = true;
}

static void wait_for_record(struct aggregate *aggregate, uint16_t index)
{
	cell_at(aggregate, index)->since_ms = aggregate->now_ms;
	wait_coarser(aggregate, index, false);
}

/* A waiting counter becomes coarser. */
static void coarsen(struct aggregate *aggregate, uint16_t index)
{
	shares_remove(&aggregate->shares, index);
	wait_coarser(aggregate, index, counters_widen(&aggregate->counters, index));
}

/* Ends the oldest window: a counter that counted since is due, any other is freed. */
static void close_window(struct aggregate *aggregate)
{
	uint16_t index = aggregate->window.head;

	queue_remove(&aggregate->window, aggregate->shares.link, index);
	if (cell_at(aggregate, index)->count)
		wait_for_record(aggregate, index);
	else
		counters_remove(&aggregate->counters, index);
}

/*
 * Windows cost nothing but records when they end early. After that every counter waits; those of
 * the last level need few of the cells, so some other one can become coarser.
 */
static void make_room(struct aggregate *aggregate, unsigned int cells)
{
	while (aggregate->counters.available < cells) {
		if (aggregate->window.head != QUEUE_NONE)
			close_window(aggregate);
		else
			coarsen(aggregate, shares_heaviest(&aggregate->shares));
	}
}

static void add(struct aggregate *aggregate, const struct counters_key *key,
		const struct event *event)
{
	struct counters *counters = &aggregate->counters;
	const uint8_t *name = event->name.wire;
	uint32_t hash;
	uint16_t index = counters_find(counters, key, name, &hash);

	if (index != QUEUE_NONE) {
		counters_count(&counters->cell[index], event);
		return;
	}
	make_room(aggregate, counters_needed(event));
	index = counters_insert(counters, key, name, hash);
	counters_count(&counters->cell[index], event);
	wait_for_record(aggregate, index);
}

void aggregate_add(struct aggregate *aggregate, const struct event *event)
{
	struct counters_key key;

	counters_key(&key, event);
	add(aggregate, &key, event);
}

void aggregate_add_coarse(struct aggregate *aggregate, const struct event *event)
{
	struct counters_key key;

	counters_network_key(&key, event);
	add(aggregate, &key, event);
}

/* ---- memory that outlives a process ---- */

size_t aggregate_size(void)
{
	return sizeof(struct aggregate);
}

static bool sane(const struct aggregate *aggregate)
{
	return aggregate->magic == MAGIC && aggregate->tokens >= 0 &&
	       aggregate->tokens <= tokens_most && aggregate->filled_ms >= 0 &&
	       aggregate->now_ms >= 0;
}

struct aggregate *aggregate_attach(void *memory, uint64_t seed, uint64_t budget, uint64_t *lost)
{
	struct aggregate *aggregate = memory;

	if (aggregate->magic != MAGIC)
		aggregate->counters.touched = 0;
	if (!sane(aggregate)) {
		aggregate->tokens = tokens_most;
		aggregate->filled_ms = INT64_MAX;
		aggregate->now_ms = 0;
	}
	aggregate->magic = MAGIC;
	aggregate->budget = budget < (uint64_t)budget_most ? (int64_t)budget : budget_most;
	aggregate->window = queue_empty();
	shares_init(&aggregate->shares, seed);
	*lost = counters_attach(&aggregate->counters, seed);
	for (uint32_t i = 0; i < aggregate->counters.touched; i++) {
		if (counters_used(&aggregate->counters, (uint16_t)i))
			wait_for_record(aggregate, (uint16_t)i);
	}
	return aggregate;
}

/* ---- records ---- */

/* Moves the count from the counter into the record. */
static void take(struct aggregate *aggregate, uint16_t index, struct aggregate_record *record)
{
	struct cell *cell = cell_at(aggregate, index);

	counters_take(&aggregate->counters, index, &record->event);
	record->span_ms = cell->span_ms;
	record->coarse = cell->key.level != LEVEL_DETAIL;
	record->host_bits = (uint8_t)(128 - counters_prefix(&cell->key));
}

static bool is_over(const struct aggregate *aggregate, uint16_t index, int64_t wait_ms)
{
	return aggregate->now_ms - aggregate->counters.cell[index].since_ms >= wait_ms;
}

static void close_windows(struct aggregate *aggregate)
{
	while (aggregate->window.head != QUEUE_NONE &&
	       is_over(aggregate, aggregate->window.head, AGGREGATE_WINDOW_MS))
		close_window(aggregate);
}

static void fill(struct aggregate *aggregate)
{
	int64_t passed = aggregate->now_ms - aggregate->filled_ms;

	/* Longer than it takes to fill it from empty; also keeps the product in range. */
	if (passed > 0 && aggregate->budget > 0 && passed > tokens_most / aggregate->budget)
		aggregate->tokens = tokens_most;
	else if (passed > 0)
		aggregate->tokens += passed * aggregate->budget;
	if (aggregate->tokens > tokens_most)
		aggregate->tokens = tokens_most;
	if (passed != 0)
		aggregate->filled_ms = aggregate->now_ms;
}

/* Is the budget too small for all that waits? Otherwise it waits for the caller alone. */
static bool is_short(const struct aggregate *aggregate)
{
	return aggregate->tokens / record_cost < shares_waiting(&aggregate->shares);
}

/* Does a counter of this level wait for so long that it has to become coarser? */
static bool is_late(const struct aggregate *aggregate, uint16_t index, enum counters_level level,
		    int64_t wait_ms)
{
	return index != QUEUE_NONE && aggregate->counters.cell[index].key.level == level &&
	       is_over(aggregate, index, wait_ms) && is_short(aggregate);
}

/* The counter whose turn it is. Those of its account that waited too long become coarser first. */
static uint16_t choose(struct aggregate *aggregate)
{
	struct shares *shares = &aggregate->shares;
	uint16_t index, oldest;

	while ((index = shares_next(shares)) != QUEUE_NONE) {
		oldest = shares_oldest(shares, index);
		if (is_late(aggregate, index, LEVEL_CLIENT, AGGREGATE_WAIT_LONG_MS))
			coarsen(aggregate, index);
		else if (is_late(aggregate, oldest, LEVEL_DETAIL, AGGREGATE_WAIT_MS))
			coarsen(aggregate, oldest);
		else
			break;
	}
	return index;
}

/* A counter had its record: it counts on in a window, unless it did before. */
static void written(struct aggregate *aggregate, uint16_t index)
{
	struct cell *cell = cell_at(aggregate, index);

	cell->waiting = false;
	if (cell->written) {
		counters_remove(&aggregate->counters, index);
		return;
	}
	cell->written = true;
	cell->since_ms = aggregate->now_ms;
	queue_append(&aggregate->window, aggregate->shares.link, index);
}

bool aggregate_next(struct aggregate *aggregate, int64_t uptime_ms,
		    struct aggregate_record *record)
{
	uint16_t index;

	aggregate->now_ms = uptime_ms;
	close_windows(aggregate);
	fill(aggregate);
	if (aggregate->tokens < record_cost)
		return false;
	index = choose(aggregate);
	if (index == QUEUE_NONE)
		return false;
	aggregate->tokens -= record_cost;
	shares_serve(&aggregate->shares, index);
	take(aggregate, index, record);
	written(aggregate, index);
	return true;
}

bool aggregate_is_spent(const struct aggregate *aggregate)
{
	return aggregate->tokens < record_cost && shares_waiting(&aggregate->shares) > 0;
}

bool aggregate_drain(struct aggregate *aggregate, uint32_t *position, const uint32_t *state,
		     struct aggregate_record *record)
{
	while (*position < aggregate->counters.touched) {
		uint16_t index = (uint16_t)(*position)++;
		struct cell *cell = cell_at(aggregate, index);

		if (!counters_used(&aggregate->counters, index) || cell->count == 0 ||
		    (state && cell->key.state != *state))
			continue;
		if (cell->waiting)
			shares_remove(&aggregate->shares, index);
		else
			queue_remove(&aggregate->window, aggregate->shares.link, index);
		take(aggregate, index, record);
		counters_remove(&aggregate->counters, index);
		return true;
	}
	return false;
}
