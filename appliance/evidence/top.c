/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/selftest.h"

/* Events by step; a step that is not of the window counts nothing. */
struct window {
	uint64_t events[TOP_STEPS];
	int64_t step[TOP_STEPS];
	int64_t last_ms;
};

struct top_key {
	char text[TOP_TEXT];
	struct window window;
};

struct top {
	struct top_key *key[TOP_KINDS];
	size_t count[TOP_KINDS];
	struct window all;
};

const char *top_kind_print(enum top_kind kind)
{
	static const char *const words[TOP_KINDS] = { "clients", "rules", "names" };

	return words[kind];
}

struct top *top_new(void)
{
	struct top *top = calloc(1, sizeof(*top));
	bool good = top;

	for (int kind = 0; good && kind < TOP_KINDS; kind++) {
		top->key[kind] = calloc(TOP_KEYS, sizeof(struct top_key));
		good = top->key[kind];
	}
	if (good)
		return top;
	top_free(top);
	return NULL;
}

void top_free(struct top *top)
{
	for (int kind = 0; top && kind < TOP_KINDS; kind++)
		free(top->key[kind]);
	free(top);
}

/* ---- windows ---- */

static int64_t step_of(int64_t wall_ms)
{
	return wall_ms / TOP_STEP_MS;
}

static bool in_window(int64_t step, int64_t now)
{
	return step <= now && step > now - TOP_STEPS;
}

static uint64_t sum(const struct window *window, int64_t now_ms)
{
	uint64_t events = 0;

	for (int i = 0; i < TOP_STEPS; i++) {
		if (window->events[i] && in_window(window->step[i], step_of(now_ms)))
			events += window->events[i];
	}
	return events;
}

static void count(struct window *window, const struct event *event)
{
	const int64_t step = step_of(event->wall_ms);
	const size_t place = (size_t)(step % TOP_STEPS);

	if (window->step[place] != step)
		window->events[place] = 0;
	window->step[place] = step;
	window->events[place] += event->count;
	if (event->wall_ms > window->last_ms)
		window->last_ms = event->wall_ms;
}

/* ---- keys ---- */

/* A place for a new key: one that is free, or whose events are over. NULL: none. */
static struct top_key *free_place(struct top *top, enum top_kind kind, int64_t now_ms)
{
	if (top->count[kind] < TOP_KEYS)
		return &top->key[kind][top->count[kind]++];
	for (size_t i = 0; i < TOP_KEYS; i++) {
		if (sum(&top->key[kind][i].window, now_ms) == 0)
			return &top->key[kind][i];
	}
	return NULL;
}

static void count_key(struct top *top, enum top_kind kind, const char *text,
		      const struct event *event, int64_t now_ms)
{
	struct top_key *place = NULL;

	for (size_t i = 0; !place && i < top->count[kind]; i++) {
		if (strcmp(top->key[kind][i].text, text) == 0)
			place = &top->key[kind][i];
	}
	if (!place) {
		place = free_place(top, kind, now_ms);
		if (!place)
			return;
		*place = (struct top_key){ .window = { .last_ms = 0 } };
		snprintf(place->text, sizeof(place->text), "%s", text);
	}
	count(&place->window, event);
}

static void client_of(const struct entry_event *entry, char text[TOP_TEXT])
{
	const struct prefix network = { entry->event.client, (uint8_t)(128 - entry->host_bits) };
	char client[PREFIX_TEXT];

	snprintf(text, TOP_TEXT, "%s", strcmp(entry->interface, SELFTEST_LINK) == 0 ?
		 "self-test" : prefix_print(&network, client));
}

static bool name_of(const struct event *event, char text[TOP_TEXT])
{
	char name[NAME_TEXT], address[ADDR_TEXT];

	if (event->name.length)
		snprintf(text, TOP_TEXT, "%s", name_print(event->name.wire, name));
	else if (event->has_address)
		snprintf(text, TOP_TEXT, "%s", addr_print(&event->address, address));
	return event->name.length || event->has_address;
}

void top_add(struct top *top, const struct entry_event *entry, const struct entry_rule *rule,
	     int64_t now_ms)
{
	const struct event *event = &entry->event;
	char text[TOP_TEXT];

	if (event->wall_ms < 0 || channel_is_presence(event->channel) ||
	    !in_window(step_of(event->wall_ms), step_of(now_ms)))
		return;
	count(&top->all, event);
	client_of(entry, text);
	count_key(top, TOP_CLIENTS, text, event, now_ms);
	if (rule)
		count_key(top, TOP_RULES, rule->id, event, now_ms);
	if (name_of(event, text))
		count_key(top, TOP_NAMES, text, event, now_ms);
}

/* ---- answers ---- */

/* Most events first, then the newest. */
static bool before(const struct top_row *a, const struct top_row *b)
{
	return a->events != b->events ? a->events > b->events : a->last_ms > b->last_ms;
}

size_t top_rank(const struct top *top, enum top_kind kind, int64_t now_ms,
		struct top_row row[TOP_ROWS])
{
	size_t rows = 0;

	for (size_t i = 0; i < top->count[kind]; i++) {
		const struct top_key *key = &top->key[kind][i];
		const struct top_row new = { .key = key->text,
					     .events = sum(&key->window, now_ms),
					     .last_ms = key->window.last_ms };
		size_t place = rows;

		if (new.events == 0 || (rows == TOP_ROWS && !before(&new, &row[rows - 1])))
			continue;
		rows += rows < TOP_ROWS;
		place = rows - 1;
		for (; place > 0 && before(&new, &row[place - 1]); place--)
			row[place] = row[place - 1];
		row[place] = new;
	}
	return rows;
}

uint64_t top_total(const struct top *top, int64_t now_ms)
{
	return sum(&top->all, now_ms);
}
