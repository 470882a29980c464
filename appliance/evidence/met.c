/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/met.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hash.h"

static int grow_rules(struct met_all *all)
{
	size_t places = all->rule_places ? all->rule_places * 2 : 1024;
	struct rule_text *more = calloc(places, sizeof(*more));

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < all->rule_places; i++) {
		size_t at = all->rule[i].hash & (places - 1);

		if (!all->rule[i].id)
			continue;
		while (more[at].id)
			at = (at + 1) & (places - 1);
		more[at] = all->rule[i];
	}
	free(all->rule);
	all->rule = more;
	all->rule_places = places;
	return 0;
}

/* The kept rule; NULL: no memory. */
static const struct rule_text *keep_rule(struct met_all *all, const char *id,
					 const struct weights *weights)
{
	uint32_t hash = hash_end(hash_bytes(all->seed, id, strlen(id)));
	size_t at;

	if (all->rules * 2 >= all->rule_places && grow_rules(all) < 0)
		return NULL;
	at = hash & (all->rule_places - 1);
	for (; all->rule[at].id; at = (at + 1) & (all->rule_places - 1)) {
		if (all->rule[at].hash == hash && strcmp(all->rule[at].id, id) == 0)
			return &all->rule[at];
	}
	all->rule[at] = (struct rule_text){ .id = strdup(id), .hash = hash,
					    .software = verdict_is_software(weights, id) };
	if (!all->rule[at].id)
		return NULL;
	all->rules++;
	return &all->rule[at];
}

static uint32_t met_hash(uint64_t seed, uint32_t host, const struct tally *tally)
{
	const uintptr_t rule = (uintptr_t)tally->rule;
	const uint32_t numbers[] = { host, tally->channel, tally->action, (uint32_t)rule,
				     (uint32_t)((uint64_t)rule >> 32) };
	uint64_t hash = hash_bytes(seed, numbers, sizeof(numbers));

	if (tally->has_resolver)
		hash = hash_bytes(hash, tally->resolver.bytes, sizeof(tally->resolver.bytes));
	return hash_end(hash);
}

static bool met_equal(const struct met *met, uint32_t host, const struct tally *tally)
{
	return met->host == host && met->tally.rule == tally->rule &&
	       met->tally.channel == tally->channel && met->tally.action == tally->action &&
	       met->tally.has_resolver == tally->has_resolver &&
	       (!tally->has_resolver ||
		addr_compare(&met->tally.resolver, &tally->resolver) == 0);
}

static struct met *met_place(const struct met_all *all, uint32_t host, const struct tally *tally)
{
	size_t at = met_hash(all->seed, host, tally) & (all->met_places - 1);

	while (all->met[at].tally.rule && !met_equal(&all->met[at], host, tally))
		at = (at + 1) & (all->met_places - 1);
	return &all->met[at];
}

static int grow_met(struct met_all *all)
{
	const size_t places = all->met_places;
	struct met *old = all->met, *more;

	if (all->mets >= MET_MOST)
		return -E2BIG;
	more = calloc(places ? places * 2 : 4096, sizeof(*more));
	if (!more)
		return -ENOMEM;
	all->met = more;
	all->met_places = places ? places * 2 : 4096;
	for (size_t i = 0; i < places; i++) {
		if (old[i].tally.rule)
			*met_place(all, old[i].host, &old[i].tally) = old[i];
	}
	free(old);
	return 0;
}

/* Once per host and day, as days come in order; both passes of a day are one group. */
static int note_date(struct met_all *all, uint32_t host, int32_t date, bool software)
{
	struct date_of_host *last = all->dates ? &all->date[all->dates - 1] : NULL;

	if (last && last->host == host && last->date == date) {
		last->software |= software;
		return 0;
	}
	if (all->dates == all->date_room) {
		size_t room = all->date_room ? all->date_room * 2 : 1024;
		struct date_of_host *more = realloc(all->date, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		all->date = more;
		all->date_room = room;
	}
	all->date[all->dates++] = (struct date_of_host){ host, date, software };
	return 0;
}

static void add_to(struct met *met, const struct sums_row *row)
{
	struct tally *tally = &met->tally;

	if (tally->days == 0 || row->first_ms < tally->first_ms)
		tally->first_ms = row->first_ms;
	if (tally->days == 0 || row->last_ms > tally->last_ms)
		tally->last_ms = row->last_ms;
	if (tally->days == 0 || met->last_date != row->date)
		tally->days++;
	met->last_date = row->date;
	tally->count += row->count;
}

int met_add(struct met_all *all, uint32_t host, const struct sums_row *row,
	    const struct weights *weights)
{
	struct tally tally = { .channel = row->channel, .action = row->action,
			       .has_resolver = row->has_resolver, .resolver = row->resolver };
	const struct rule_text *rule;
	struct met *met;

	if (channel_is_presence(row->channel))
		return note_date(all, host, row->date, false);
	rule = keep_rule(all, row->rule, weights);
	if (!rule)
		return -ENOMEM;
	tally.rule = rule->id;
	if (all->mets * 2 >= all->met_places) {
		int error = grow_met(all);

		if (error)
			return error;
	}
	met = met_place(all, host, &tally);
	if (!met->tally.rule) {
		*met = (struct met){ .host = host, .tally = tally };
		all->mets++;
	}
	add_to(met, row);
	return note_date(all, host, row->date, rule->software);
}

/* ---- sorting ---- */

static int by_host(const void *left, const void *right)
{
	const struct met *a = left, *b = right;

	/* Free places go to the end. */
	if (!a->tally.rule != !b->tally.rule)
		return a->tally.rule ? -1 : 1;
	return a->host < b->host ? -1 : a->host > b->host;
}

static int by_date(const void *left, const void *right)
{
	const struct date_of_host *a = left, *b = right;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return a->date < b->date ? -1 : a->date > b->date;
}

void met_sort(struct met_all *all)
{
	if (all->met)
		qsort(all->met, all->met_places, sizeof(*all->met), by_host);
	if (all->date)
		qsort(all->date, all->dates, sizeof(*all->date), by_date);
}

void met_release(struct met_all *all)
{
	for (size_t i = 0; i < all->rule_places; i++)
		free(all->rule[i].id);
	free(all->rule);
	free(all->met);
	free(all->date);
	*all = (struct met_all){ .rules = 0 };
}
