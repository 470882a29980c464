/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "appliance/journal/sums.h"

enum { INTERFACES = 64, INTERFACE_NAME = 16, DAY_MS = 86400000 };

/* One rule id, kept once. */
struct rule_text {
	char *id;
	uint32_t hash;
};

/* What one host met of one rule in one way, over all days. */
struct met {
	uint32_t host;
	struct tally tally;
	int32_t last_date;	/* days are counted as they come, in order */
};

struct date_of_host {
	uint32_t host;
	int32_t date;
	bool software;
};

struct hosts_reading {
	const struct hosts_options *options;
	struct machines *machines;
	char interface[INTERFACES][INTERFACE_NAME];
	unsigned int interfaces;
	struct rule_text *rule;		/* by hash, a power of two of places; id NULL: free */
	size_t rules, rule_places;
	struct met *met;		/* by hash, as above; tally.rule NULL: free */
	size_t mets, met_places;
	struct date_of_host *date;
	size_t dates, date_room;
};

static uint32_t hash_bytes(uint32_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return hash ^ hash >> 15;
}

/* ---- the first pass: machines ---- */

static uint16_t interface_number(struct hosts_reading *reading, const char *name)
{
	for (unsigned int i = 0; i < reading->interfaces; i++) {
		if (strncmp(reading->interface[i], name, INTERFACE_NAME - 1) == 0)
			return (uint16_t)i;
	}
	if (reading->interfaces == INTERFACES)
		return INTERFACES;
	strncpy(reading->interface[reading->interfaces], name, INTERFACE_NAME - 1);
	return (uint16_t)reading->interfaces++;
}

static void sighting_of(struct hosts_reading *reading, const struct sums_row *row,
			struct sighting *sighting)
{
	*sighting = (struct sighting){
		.address = row->client, .has_mac = row->has_mac, .forwarder = row->forwarder,
		.interface = interface_number(reading, row->interface),
		.first_ms = row->first_ms, .last_ms = row->last_ms,
	};
	memcpy(sighting->mac, row->mac, sizeof(sighting->mac));
}

static int see(void *context, const struct sums_row *row)
{
	struct sighting sighting;
	int error;

	sighting_of(context, row, &sighting);
	error = machines_add(((struct hosts_reading *)context)->machines, &sighting);
	/* A client of 0.0.0.0 is no host. */
	return error == -EINVAL ? 0 : error;
}

/* ---- the second pass: what each of them met ---- */

static int grow_rules(struct hosts_reading *reading)
{
	size_t places = reading->rule_places ? reading->rule_places * 2 : 1024;
	struct rule_text *more = calloc(places, sizeof(*more));

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < reading->rule_places; i++) {
		size_t at = reading->rule[i].hash & (places - 1);

		if (!reading->rule[i].id)
			continue;
		while (more[at].id)
			at = (at + 1) & (places - 1);
		more[at] = reading->rule[i];
	}
	free(reading->rule);
	reading->rule = more;
	reading->rule_places = places;
	return 0;
}

/* The kept copy of a rule's id; NULL: no memory. */
static const char *keep_rule(struct hosts_reading *reading, const char *id)
{
	uint32_t hash = hash_bytes(2166136261, id, strlen(id));
	size_t at;

	if (reading->rules * 2 >= reading->rule_places && grow_rules(reading) < 0)
		return NULL;
	at = hash & (reading->rule_places - 1);
	for (; reading->rule[at].id; at = (at + 1) & (reading->rule_places - 1)) {
		if (reading->rule[at].hash == hash && strcmp(reading->rule[at].id, id) == 0)
			return reading->rule[at].id;
	}
	reading->rule[at] = (struct rule_text){ .id = strdup(id), .hash = hash };
	reading->rules += reading->rule[at].id != NULL;
	return reading->rule[at].id;
}

static uint32_t met_hash(uint32_t host, const struct tally *tally)
{
	const uintptr_t rule = (uintptr_t)tally->rule;
	const uint32_t numbers[] = { host, tally->channel, tally->action, (uint32_t)rule,
				     (uint32_t)((uint64_t)rule >> 32) };
	uint32_t hash = hash_bytes(2166136261, numbers, sizeof(numbers));

	return tally->has_resolver ?
	       hash_bytes(hash, tally->resolver.bytes, sizeof(tally->resolver.bytes)) : hash;
}

static bool met_equal(const struct met *met, uint32_t host, const struct tally *tally)
{
	return met->host == host && met->tally.rule == tally->rule &&
	       met->tally.channel == tally->channel && met->tally.action == tally->action &&
	       met->tally.has_resolver == tally->has_resolver &&
	       (!tally->has_resolver ||
		addr_compare(&met->tally.resolver, &tally->resolver) == 0);
}

static struct met *met_place(struct met *table, size_t places, uint32_t host,
			     const struct tally *tally)
{
	size_t at = met_hash(host, tally) & (places - 1);

	while (table[at].tally.rule && !met_equal(&table[at], host, tally))
		at = (at + 1) & (places - 1);
	return &table[at];
}

static int grow_met(struct hosts_reading *reading)
{
	size_t places = reading->met_places ? reading->met_places * 2 : 4096;
	struct met *more;

	if (reading->mets >= HOSTS_TALLIES)
		return -E2BIG;
	more = calloc(places, sizeof(*more));
	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < reading->met_places; i++) {
		const struct met *old = &reading->met[i];

		if (old->tally.rule)
			*met_place(more, places, old->host, &old->tally) = *old;
	}
	free(reading->met);
	reading->met = more;
	reading->met_places = places;
	return 0;
}

/* Once per host and day, as days come in order; both passes of a day are one group. */
static int note_date(struct hosts_reading *reading, uint32_t host, int32_t date, bool software)
{
	struct date_of_host *last = reading->dates ? &reading->date[reading->dates - 1] : NULL;

	if (last && last->host == host && last->date == date) {
		last->software |= software;
		return 0;
	}
	if (reading->dates == reading->date_room) {
		size_t room = reading->date_room ? reading->date_room * 2 : 1024;
		struct date_of_host *more = realloc(reading->date, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		reading->date = more;
		reading->date_room = room;
	}
	reading->date[reading->dates++] = (struct date_of_host){ host, date, software };
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

static int meet(void *context, const struct sums_row *row)
{
	struct hosts_reading *reading = context;
	struct tally tally = { .channel = row->channel, .action = row->action,
			       .has_resolver = row->has_resolver, .resolver = row->resolver };
	struct sighting sighting;
	struct met *met;
	int64_t host;

	sighting_of(reading, row, &sighting);
	host = machines_whose(reading->machines, &sighting);
	if (host == MACHINES_NONE)
		return 0;
	tally.rule = keep_rule(reading, row->rule);
	if (!tally.rule)
		return -ENOMEM;
	if (reading->mets * 2 >= reading->met_places) {
		int error = grow_met(reading);

		if (error)
			return error;
	}
	met = met_place(reading->met, reading->met_places, (uint32_t)host, &tally);
	if (!met->tally.rule) {
		*met = (struct met){ .host = (uint32_t)host, .tally = tally };
		reading->mets++;
	}
	add_to(met, row);
	return note_date(reading, (uint32_t)host, row->date,
			 verdict_is_software(reading->options->weights, tally.rule));
}

/* ---- judging ---- */

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

static enum category category_of(const char *rule)
{
	const char *begin = strchr(rule, ':'), *end = begin ? strchr(begin + 1, ':') : NULL;
	enum category category;

	if (!end || category_parse(&category, begin + 1, (size_t)(end - begin - 1)) < 0)
		return CATEGORY_COUNT;
	return category;
}

/* Days are distinct and ascending for host_presence. */
static void judge_presence(struct hosts_row *row, const struct hosts_reading *reading,
			   const struct date_of_host *date, size_t dates)
{
	int32_t *days = calloc(2 * dates + 1, sizeof(*days));
	struct host_days known = { .trace = days, .seen = days + dates,
				   .today = reading->options->today };

	row->days = 0;
	if (!days)
		return;
	for (size_t i = 0; i < dates; i++) {
		if (i == 0 || date[i].date != date[i - 1].date)
			days[dates + known.seens++] = date[i].date;
		if (date[i].software &&
		    (known.traces == 0 || days[known.traces - 1] != date[i].date))
			days[known.traces++] = date[i].date;
	}
	row->days = (uint32_t)known.seens;
	host_presence(&row->presence, reading->options->weights, &known);
	free(days);
}

static int judge_host(struct hosts_row *row, const struct hosts_reading *reading,
		      const struct met *met, size_t mets, bool tool)
{
	struct tally *tally = calloc(mets + 1, sizeof(*tally));
	const struct verdict_facts facts = { .tally = tally, .tallies = mets, .tool = tool,
					     .forwarder = row->host.forwarder };

	if (!tally)
		return -ENOMEM;
	for (size_t i = 0; i < mets; i++) {
		enum category category = category_of(met[i].tally.rule);

		tally[i] = met[i].tally;
		row->events += tally[i].count;
		if (category < CATEGORY_COUNT)
			row->categories |= 1U << category;
		if (i == 0 || tally[i].first_ms < row->first_ms)
			row->first_ms = tally[i].first_ms;
		if (i == 0 || tally[i].last_ms > row->last_ms)
			row->last_ms = tally[i].last_ms;
	}
	verdict_judge(&row->verdict, reading->options->weights, &facts);
	free(tally);
	return 0;
}

static int by_weight(const void *left, const void *right)
{
	const struct hosts_row *a = left, *b = right;

	if (a->verdict.kind != b->verdict.kind)
		return a->verdict.kind > b->verdict.kind ? -1 : 1;
	if (a->verdict.confidence != b->verdict.confidence)
		return a->verdict.confidence > b->verdict.confidence ? -1 : 1;
	return a->last_ms > b->last_ms ? -1 : a->last_ms < b->last_ms;
}

static int count_products(struct hosts *hosts, const struct machines *machines,
			  const uint32_t *number)
{
	uint32_t *product = calloc(hosts->count + 1, sizeof(*product));
	size_t products = 0;

	if (!product)
		return -ENOMEM;
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->row[i].verdict.kind == VERDICT_PRODUCT)
			product[products++] = number[i];
	}
	machines_count(machines, product, products, &hosts->products);
	free(product);
	return 0;
}

static int judge_all(struct hosts *hosts, struct hosts_reading *reading,
		     const struct namings *namings)
{
	const uint32_t count = machines_hosts(reading->machines);
	uint32_t *number = calloc(count + 1, sizeof(*number));
	size_t met = 0, date = 0;
	int error = 0;

	hosts->row = calloc(count + 1, sizeof(*hosts->row));
	if (!hosts->row || !number) {
		free(number);
		return -ENOMEM;
	}
	if (reading->met)
		qsort(reading->met, reading->met_places, sizeof(*reading->met), by_host);
	if (reading->date)
		qsort(reading->date, reading->dates, sizeof(*reading->date), by_date);
	for (uint32_t host = 0; !error && host < count; host++) {
		struct hosts_row *row = &hosts->row[hosts->count];
		size_t first_met = met, first_date = date;

		while (met < reading->mets && reading->met[met].host == host)
			met++;
		while (date < reading->dates && reading->date[date].host == host)
			date++;
		if (met == first_met)
			continue;
		machines_host(reading->machines, host, &row->host);
		row->name = machines_name(reading->machines, host, namings);
		error = judge_host(row, reading, reading->met + first_met, met - first_met,
				   machines_tool(reading->machines, host, namings) != NULL);
		judge_presence(row, reading, reading->date + first_date, date - first_date);
		number[hosts->count++] = host;
	}
	if (!error)
		error = count_products(hosts, reading->machines, number);
	free(number);
	if (hosts->count)
		qsort(hosts->row, hosts->count, sizeof(*hosts->row), by_weight);
	return error;
}

/* The rows refer to rules: their ids stay with them. */
static int hand_over_rules(struct hosts *hosts, struct hosts_reading *reading)
{
	hosts->rule = calloc(reading->rules + 1, sizeof(*hosts->rule));
	if (!hosts->rule)
		return -ENOMEM;
	for (size_t i = 0; i < reading->rule_places; i++) {
		if (!reading->rule[i].id)
			continue;
		hosts->rule[hosts->rules++] = reading->rule[i].id;
		reading->rule[i].id = NULL;
	}
	return 0;
}

static void release(struct hosts_reading *reading)
{
	for (size_t i = 0; i < reading->rule_places; i++)
		free(reading->rule[i].id);
	free(reading->rule);
	free(reading->met);
	free(reading->date);
	if (reading->machines)
		machines_free(reading->machines);
}

int hosts_read(struct hosts *hosts, const struct hosts_options *options)
{
	struct hosts_reading reading = { .options = options };
	struct namings namings;
	uint64_t seed;
	int error;

	*hosts = (struct hosts){ .count = 0 };
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	error = namings_build(&namings, options->naming, options->namings);
	if (error)
		return error;
	reading.machines = machines_new(HOSTS_RUNS, seed);
	error = reading.machines ? sums_read(options->folder, options->since_ms, see, &reading,
					     &hosts->damaged) : -ENOMEM;
	if (!error)
		error = machines_build(reading.machines, options->merge, options->merges);
	if (!error)
		error = sums_read(options->folder, options->since_ms, meet, &reading,
				  &hosts->damaged);
	if (!error)
		error = judge_all(hosts, &reading, &namings);
	if (!error)
		error = hand_over_rules(hosts, &reading);
	namings_release(&namings);
	release(&reading);
	return error;
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->rules; i++)
		free(hosts->rule[i]);
	free(hosts->rule);
	free(hosts->row);
	*hosts = (struct hosts){ .count = 0 };
}
