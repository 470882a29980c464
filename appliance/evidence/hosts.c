/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "appliance/base/selftest.h"
#include "appliance/evidence/met.h"
#include "appliance/journal/sums.h"

enum { INTERFACE_NAME = sizeof(((struct hosts *)0)->interface[0]) };

struct hosts_reading {
	const struct hosts_options *options;
	struct hosts *hosts;
	unsigned int interfaces;
	struct met_all met;
	uint32_t *channels;		/* of each host */
	bool *left_out;			/* of each host: it is not asked for */
	size_t network_room;
};

/* ---- the first pass: machines ---- */

/* The number of a name; HOSTS_INTERFACES: it is not known. */
static uint16_t find_interface(const struct hosts *hosts, unsigned int known, const char *name)
{
	for (unsigned int i = 0; i < known; i++) {
		if (strncmp(hosts->interface[i], name, INTERFACE_NAME - 1) == 0)
			return (uint16_t)i;
	}
	return HOSTS_INTERFACES;
}

static uint16_t interface_number(struct hosts_reading *reading, const char *name)
{
	uint16_t number = find_interface(reading->hosts, reading->interfaces, name);

	if (number < HOSTS_INTERFACES || reading->interfaces == HOSTS_INTERFACES)
		return number;
	strncpy(reading->hosts->interface[reading->interfaces], name, INTERFACE_NAME - 1);
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

static bool is_selftest(const struct sums_row *row)
{
	return strcmp(row->interface, SELFTEST_LINK) == 0;
}

static int see(void *context, const struct sums_row *row)
{
	struct hosts_reading *reading = context;
	struct sighting sighting;
	int error;

	if (row->host_bits || is_selftest(row))
		return 0;
	sighting_of(reading, row, &sighting);
	error = machines_add(reading->hosts->machines, &sighting);
	/* A client of 0.0.0.0 is no host. */
	return error == -EINVAL ? 0 : error;
}

/* ---- networks ---- */

static int by_network(const void *left, const void *right)
{
	const struct hosts_network *a = left, *b = right;

	if (a->host_bits != b->host_bits)
		return a->host_bits < b->host_bits ? -1 : 1;
	return addr_compare(&a->address, &b->address);
}

static void join_network(struct hosts_network *into, const struct hosts_network *other)
{
	into->categories |= other->categories;
	into->events += other->events;
	if (other->first_ms < into->first_ms)
		into->first_ms = other->first_ms;
	if (other->last_ms > into->last_ms)
		into->last_ms = other->last_ms;
}

/* Each network once. */
static void join_networks(struct hosts *hosts)
{
	size_t kept = 0;

	if (hosts->networks == 0)
		return;
	qsort(hosts->network, hosts->networks, sizeof(*hosts->network), by_network);
	for (size_t i = 1; i < hosts->networks; i++) {
		if (by_network(&hosts->network[kept], &hosts->network[i]) == 0)
			join_network(&hosts->network[kept], &hosts->network[i]);
		else
			hosts->network[++kept] = hosts->network[i];
	}
	hosts->networks = kept + 1;
}

/* A place for one more; NULL: no memory. When there are too many, the last one takes all others. */
static struct hosts_network *network_place(struct hosts_reading *reading)
{
	struct hosts *hosts = reading->hosts;
	size_t room = reading->network_room ? reading->network_room * 2 : 64;
	struct hosts_network *more;

	if (hosts->networks < reading->network_room)
		return &hosts->network[hosts->networks++];
	join_networks(hosts);
	if (hosts->networks * 2 < reading->network_room)
		return &hosts->network[hosts->networks++];
	if (room > HOSTS_NETWORKS) {
		if (hosts->networks < reading->network_room)
			return &hosts->network[hosts->networks++];
		return &hosts->network[hosts->networks - 1];
	}
	more = realloc(hosts->network, room * sizeof(*more));
	if (!more)
		return NULL;
	hosts->network = more;
	reading->network_room = room;
	return &hosts->network[hosts->networks++];
}

static int add_network(struct hosts_reading *reading, const struct sums_row *row)
{
	const size_t before = reading->hosts->networks;
	struct hosts_network *place;
	const struct hosts_network network = {
		.address = row->client, .host_bits = row->host_bits, .events = row->count,
		.categories = row->category < CATEGORY_COUNT ? 1U << row->category : 0,
		.first_ms = row->first_ms, .last_ms = row->last_ms,
	};

	/* Presence of unknown hosts tells nothing. */
	if (channel_is_presence(row->channel))
		return 0;
	reading->hosts->network_events += row->count;
	place = network_place(reading);
	if (!place)
		return -ENOMEM;
	if (reading->hosts->networks == before && before == HOSTS_NETWORKS)
		join_network(place, &network);
	else
		*place = network;
	return 0;
}

static int by_events(const void *left, const void *right)
{
	const struct hosts_network *a = left, *b = right;

	if (a->events != b->events)
		return a->events > b->events ? -1 : 1;
	return by_network(left, right);
}

/* Events of the networks, sorted by network, that the address is in. */
static uint64_t events_around(const struct hosts *hosts, const struct addr *address)
{
	const uint8_t bits[] = { 8, 64, 32, 128 };
	uint64_t events = 0;

	for (size_t i = 0; hosts->networks && i < sizeof(bits); i++) {
		struct hosts_network wanted = { .address = *address, .host_bits = bits[i] };
		const struct hosts_network *found;

		/* 8 and 32 bits are of IPv4, the others of IPv6. */
		if (addr_is_v4(address) != (bits[i] == 8 || bits[i] == 32))
			continue;
		memset(wanted.address.bytes + 16 - bits[i] / 8, 0, bits[i] / 8);
		found = bsearch(&wanted, hosts->network, hosts->networks, sizeof(wanted),
				by_network);
		events += found ? found->events : 0;
	}
	return events;
}

/* ---- the second pass: what each of them met ---- */

static bool is_wanted(const struct hosts_reading *reading, uint32_t host,
		      const struct namings *namings)
{
	const struct hosts_wanted *wanted = reading->options->wanted;
	const struct machines *machines = reading->hosts->machines;
	const struct naming *name = wanted->name ? machines_name(machines, host, namings) : NULL;
	uint32_t position = 0;
	struct host_run run;

	if (name && strcasecmp(name->name, wanted->name) == 0)
		return true;
	while (machines_run(machines, host, &position, &run)) {
		if (wanted->address && addr_compare(&run.address, wanted->address) == 0)
			return true;
		/* A router's MAC is that of many. */
		if (wanted->mac && run.has_mac && memcmp(run.mac, wanted->mac, MAC_SIZE) == 0 &&
		    !machines_is_router(machines, run.mac))
			return true;
	}
	return false;
}

static bool is_excluded(const struct hosts_reading *reading, uint32_t host)
{
	const struct machines *machines = reading->hosts->machines;
	uint32_t position = 0;
	struct host_run run;

	while (reading->options->exclusions && machines_run(machines, host, &position, &run)) {
		for (size_t i = 0; i < reading->options->exclusions; i++) {
			const struct hosts_exclusion *one = &reading->options->exclusion[i];

			if (one->is_mac ? run.has_mac && memcmp(run.mac, one->mac, MAC_SIZE) == 0 &&
					  !machines_is_router(machines, run.mac) :
					  prefix_contains(&one->network, &run.address))
				return true;
		}
	}
	return false;
}

static int choose_hosts(struct hosts_reading *reading, const struct namings *namings)
{
	const uint32_t count = machines_hosts(reading->hosts->machines);

	reading->channels = calloc((size_t)count + 1, sizeof(*reading->channels));
	reading->left_out = calloc((size_t)count + 1, sizeof(*reading->left_out));
	if (!reading->channels || !reading->left_out)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		reading->left_out[i] = (reading->options->wanted &&
					!is_wanted(reading, i, namings)) ||
				       is_excluded(reading, i);
	return 0;
}

static int meet(void *context, const struct sums_row *row)
{
	struct hosts_reading *reading = context;
	struct sighting sighting;
	int64_t host;

	if (is_selftest(row))
		return 0;
	if (row->host_bits)
		return add_network(reading, row);
	sighting_of(reading, row, &sighting);
	host = machines_whose(reading->hosts->machines, &sighting);
	if (host == MACHINES_NONE || reading->left_out[host])
		return 0;
	reading->channels[host] |= 1U << row->channel;
	return met_add(&reading->met, (uint32_t)host, row, reading->options->weights);
}

/* ---- judging ---- */

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
	row->first_ms = row->host.first_ms;
	row->last_ms = row->host.last_ms;
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

static int count_products(struct hosts *hosts)
{
	uint32_t *product = calloc(hosts->count + 1, sizeof(*product));
	size_t products = 0;

	if (!product)
		return -ENOMEM;
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->row[i].verdict.kind == VERDICT_PRODUCT)
			product[products++] = hosts->row[i].number;
	}
	machines_count(hosts->machines, product, products, &hosts->products);
	free(product);
	return 0;
}

/* The lists of one host, which lie together. */
struct host_part {
	const struct met *met;
	size_t mets;
	const struct date_of_host *date;
	size_t dates;
};

static void next_part(const struct met_all *all, uint32_t host, struct host_part *part)
{
	part->met += part->mets;
	part->date += part->dates;
	part->mets = part->dates = 0;
	while (part->met + part->mets < all->met + all->mets &&
	       part->met[part->mets].host == host)
		part->mets++;
	while (part->date + part->dates < all->date + all->dates &&
	       part->date[part->dates].host == host)
		part->dates++;
}

static int add_row(struct hosts_reading *reading, uint32_t number, const struct host_part *part,
		   const struct namings *namings)
{
	struct hosts *hosts = reading->hosts;
	struct hosts_row *row = &hosts->row[hosts->count];
	int error;

	hosts->met += part->mets > 0;
	hosts->seen += part->mets == 0 && part->dates > 0;
	if (part->mets == 0 && !(reading->options->all && part->dates))
		return 0;
	*row = (struct hosts_row){ .number = number, .channels = reading->channels[number] };
	machines_host(hosts->machines, number, &row->host);
	row->name = machines_name(hosts->machines, number, namings);
	row->network_events = events_around(hosts, &row->host.address);
	error = judge_host(row, reading, part->met, part->mets,
			   machines_tool(hosts->machines, number, namings) != NULL);
	if (!error)
		judge_presence(row, reading, part->date, part->dates);
	hosts->count++;
	return error;
}

static int judge_all(struct hosts_reading *reading, const struct namings *namings)
{
	struct hosts *hosts = reading->hosts;
	const uint32_t count = machines_hosts(hosts->machines);
	struct host_part part = { .mets = 0 };
	int error = 0;

	hosts->row = calloc((size_t)count + 1, sizeof(*hosts->row));
	if (!hosts->row)
		return -ENOMEM;
	met_sort(&reading->met);
	join_networks(hosts);
	part.met = reading->met.met;
	part.date = reading->met.date;
	for (uint32_t host = 0; !error && host < count; host++) {
		next_part(&reading->met, host, &part);
		error = add_row(reading, host, &part, namings);
	}
	if (!error)
		error = count_products(hosts);
	if (hosts->count)
		qsort(hosts->row, hosts->count, sizeof(*hosts->row), by_weight);
	if (hosts->networks)
		qsort(hosts->network, hosts->networks, sizeof(*hosts->network), by_events);
	return error;
}

/* The rows refer to rules: their ids stay with them. */
static int hand_over_rules(struct hosts *hosts, struct met_all *met)
{
	hosts->rule = calloc(met->rules + 1, sizeof(*hosts->rule));
	if (!hosts->rule)
		return -ENOMEM;
	for (size_t i = 0; i < met->rule_places; i++) {
		if (!met->rule[i].id)
			continue;
		hosts->rule[hosts->rules++] = met->rule[i].id;
		met->rule[i].id = NULL;
	}
	return 0;
}

/* ---- all of it ---- */

static int read_passes(struct hosts_reading *reading, struct sums *sums,
		       const struct namings *namings)
{
	const struct hosts_options *options = reading->options;
	struct hosts *hosts = reading->hosts;
	int error = sums_clients(sums, see, reading, &hosts->damaged);

	if (!error)
		error = machines_build(hosts->machines, options->merge, options->merges);
	if (!error)
		error = choose_hosts(reading, namings);
	return error ? error : sums_read(sums, meet, reading, &hosts->damaged);
}

int hosts_read(struct hosts *hosts, const struct hosts_options *options)
{
	struct hosts_reading reading = { .options = options, .hosts = hosts };
	struct namings namings;
	struct sums *sums;
	uint64_t seed;
	int error;

	*hosts = (struct hosts){ .count = 0 };
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	reading.met.seed = seed;
	hosts->machines = machines_new(HOSTS_RUNS, seed);
	if (!hosts->machines)
		return -ENOMEM;
	error = sums_open(&sums, options->folder, options->since_ms);
	if (error)
		return error;
	error = namings_build(&namings, options->naming, options->namings);
	if (!error)
		error = read_passes(&reading, sums, &namings);
	sums_close(sums);
	if (!error)
		error = judge_all(&reading, &namings);
	if (!error)
		error = hand_over_rules(hosts, &reading.met);
	namings_release(&namings);
	met_release(&reading.met);
	free(reading.channels);
	free(reading.left_out);
	return error;
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->rules; i++)
		free(hosts->rule[i]);
	free(hosts->rule);
	free(hosts->row);
	free(hosts->network);
	if (hosts->machines)
		machines_free(hosts->machines);
	*hosts = (struct hosts){ .count = 0 };
}

/* ---- questions ---- */

int64_t hosts_whose(const struct hosts *hosts, const struct sighting *sighting,
		    const char *interface)
{
	struct sighting known = *sighting;

	known.interface = find_interface(hosts, HOSTS_INTERFACES, interface);
	return machines_whose(hosts->machines, &known);
}
