/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "appliance/journal/aggregate.h"
#include "appliance/journal/neighbours.h"
#include "appliance/journal/nflog.h"
#include "appliance/journal/record.h"
#include "appliance/journal/store.h"
#include "rules/policy/policy.h"

enum {
	SYNC_MS = 1000,
	LOST_MS = 60 * 1000,
	IDENTITY = 64
};

/* Packets and rings still bring events of the policy that was just replaced. */
enum { CURRENT, PREVIOUS, POLICIES };

/* The table starts at a multiple of this. */
enum { MEMORY_ALIGN = 64 };

struct journal {
	struct log_store *store;
	struct losses *losses;
	struct aggregate *aggregate;
	void *own_memory;	/* NULL when the caller's is used */
	struct neighbours neighbours;
	struct policy policy[POLICIES];	/* block NULL: none */
	char appliance[IDENTITY];
	char boot_id[IDENTITY];
	struct addr forwarder[JOURNAL_FORWARDERS];
	size_t forwarders;
	int64_t synced_ms;	/* uptime of the last sync */
	int64_t reported_ms;	/* uptime of the last line about lost events */
	bool reported;
};

static size_t table_offset(void)
{
	return (sizeof(struct losses) + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
}

size_t journal_memory(void)
{
	return table_offset() + aggregate_size();
}

struct losses *journal_losses(void *memory)
{
	return memory;
}

int journal_open(struct journal **journal, const struct journal_options *options)
{
	struct journal *new = calloc(1, sizeof(*new));
	uint64_t seed;
	char *memory;
	int error;

	if (!new)
		return -ENOMEM;
	if (options->forwarders > JOURNAL_FORWARDERS ||
	    strlen(options->appliance) >= sizeof(new->appliance) ||
	    strlen(options->boot_id) >= sizeof(new->boot_id)) {
		free(new);
		return -EINVAL;
	}
	memcpy(new->appliance, options->appliance, strlen(options->appliance));
	memcpy(new->boot_id, options->boot_id, strlen(options->boot_id));
	while (new->forwarders < options->forwarders) {
		new->forwarder[new->forwarders] = options->forwarder[new->forwarders];
		new->forwarders++;
	}
	neighbours_init(&new->neighbours, options->route);
	error = getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? 0 : -EIO;
	if (!options->memory)
		new->own_memory = calloc(1, journal_memory());
	if (!error && !options->memory && !new->own_memory)
		error = -ENOMEM;
	if (!error)
		error = store_open(&new->store, options->folder, options->budget);
	if (error) {
		free(new->own_memory);
		free(new);
		return error;
	}
	memory = options->memory ? options->memory : new->own_memory;
	new->losses = journal_losses(memory);
	new->aggregate = aggregate_attach(memory + table_offset(), seed);
	record_prepare();
	*journal = new;
	return 0;
}

void journal_lost(struct journal *journal, enum loss loss, uint64_t events)
{
	losses_add(journal->losses, loss, events);
}

void journal_ring_lost(struct journal *journal, unsigned int ring, uint64_t count)
{
	losses_ring(journal->losses, ring, count);
}

void journal_overrun(struct journal *journal)
{
	losses_overrun(journal->losses);
}

/* ---- policies ---- */

static const struct policy *policy_of(const struct journal *journal, uint32_t state)
{
	for (int i = 0; i < POLICIES; i++) {
		if (journal->policy[i].block && policy_state(&journal->policy[i]) == state)
			return &journal->policy[i];
	}
	return NULL;
}

static void policy_release(struct policy *policy)
{
	if (policy->block)
		munmap((void *)(uintptr_t)policy->block, policy->size);
	policy->block = NULL;
}

/* ---- lines ---- */

static bool is_forwarder(const struct journal *journal, const struct addr *client)
{
	for (size_t i = 0; i < journal->forwarders; i++) {
		if (addr_compare(&journal->forwarder[i], client) == 0)
			return true;
	}
	return false;
}

/* Takes over a line that stands for this many events (NULL: there was no memory for it). */
static int keep_line(struct journal *journal, char *line, uint64_t events)
{
	int error;

	if (!line) {
		journal_lost(journal, LOSS_JOURNAL, events);
		return -ENOMEM;
	}
	error = store_append(journal->store, line, strlen(line));
	free(line);
	journal->losses->write_error = error;
	journal->losses->freed += store_freed(journal->store);
	if (error)
		journal_lost(journal, LOSS_DISK, events);
	return error;
}

/* A packet brings its own; for DNS, only the neighbour table knows the client's. */
static const uint8_t *mac_of(const struct event *event, const struct neighbour *neighbour)
{
	if (event->channel == CHANNEL_PACKET)
		return event->has_mac ? event->mac : NULL;
	return neighbour->has_mac ? neighbour->mac : NULL;
}

static void write_record(struct journal *journal, const struct event *event)
{
	const struct policy *policy = policy_of(journal, event->state);
	struct record_context context = { .appliance = journal->appliance,
					  .boot_id = journal->boot_id };
	struct neighbour neighbour;
	struct policy_rule rule;
	char *line = NULL;

	neighbours_lookup(&journal->neighbours, &event->client, event->interface, &neighbour);
	context.interface = neighbour.name[0] ? neighbour.name : NULL;
	context.mac = mac_of(event, &neighbour);
	context.forwarder = is_forwarder(journal, &event->client);
	context.rule = policy && policy_rule(policy, event->rule, &rule) ? &rule : NULL;
	if (record_print(event, &context, &line) < 0)
		line = NULL;
	(void)keep_line(journal, line, event->count);
}

static void drain(struct journal *journal, const uint32_t *state)
{
	uint32_t position = 0;
	struct event event;

	while (aggregate_drain(journal->aggregate, &position, state, &event))
		write_record(journal, &event);
}

static bool has_untold(const struct journal *journal)
{
	for (int loss = 0; loss < LOSS_COUNT; loss++) {
		if (losses_untold(journal->losses, (enum loss)loss))
			return true;
	}
	return false;
}

/* Writes one line a minute with the number of missing events, until it succeeds. */
static void report_lost(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	const struct record_context context = { .appliance = journal->appliance,
						.boot_id = journal->boot_id };
	uint64_t lost[LOSS_COUNT];
	char *line = NULL;

	for (int loss = 0; loss < LOSS_COUNT; loss++)
		lost[loss] = losses_untold(journal->losses, (enum loss)loss);
	if (record_print_lost(wall_ms, uptime_ms, &context, lost, &line) == 0 &&
	    keep_line(journal, line, 0) == 0) {
		for (int loss = 0; loss < LOSS_COUNT; loss++)
			journal->losses->told[loss] += lost[loss];
	}
	journal->reported_ms = uptime_ms;
	journal->reported = true;
}

void journal_mode(struct journal *journal, const struct mode_record *mode, int64_t wall_ms,
		  int64_t uptime_ms)
{
	const struct record_context context = { .appliance = journal->appliance,
						.boot_id = journal->boot_id };
	char *line = NULL;

	if (record_print_mode(wall_ms, uptime_ms, &context, mode, &line) < 0)
		line = NULL;
	(void)keep_line(journal, line, 1);
}

int journal_policy(struct journal *journal, void *block, size_t size)
{
	struct policy policy, *slot = journal->policy;
	uint32_t state;

	if (policy_open(&policy, block, size) < 0)
		return -EBADMSG;
	if (slot[CURRENT].block && policy_state(&slot[CURRENT]) == policy_state(&policy)) {
		policy_release(&slot[CURRENT]);
		slot[CURRENT] = policy;
		return 0;
	}
	/* Write what still counts for the outgoing policy while its rules have names. */
	if (slot[PREVIOUS].block) {
		state = policy_state(&slot[PREVIOUS]);
		if (state != policy_state(&policy))
			drain(journal, &state);
		policy_release(&slot[PREVIOUS]);
	}
	slot[PREVIOUS] = slot[CURRENT];
	slot[CURRENT] = policy;
	return 0;
}

/* ---- events ---- */

/* From the vendor: the destination is the client. The MAC is a router's. */
static void turn_round(struct event *event)
{
	struct addr vendor = event->client;
	uint16_t port = event->client_port;

	event->client = event->address;
	event->client_port = event->port;
	event->address = vendor;
	event->port = port;
	event->inbound = true;
	event->has_mac = false;
	event->interface = 0;
}

static void resolve_packet(const struct journal *journal, struct event *event)
{
	const struct policy *policy = policy_of(journal, event->state);
	struct verdict verdict;

	if (!policy)
		return;
	verdict = policy_lookup_packet(policy, &event->address, event->protocol, event->port);
	if (verdict.action == ACTION_NONE) {
		verdict = policy_lookup_addr(policy, &event->client);
		if (verdict.action != ACTION_NONE)
			turn_round(event);
	}
	event->rule = verdict.rule;
	event->action = verdict.action;
	event->intended = verdict.intended;
}

static void count_event(struct journal *journal, const struct event *event)
{
	if (event->count && aggregate_add(journal->aggregate, event) < 0)
		journal_lost(journal, LOSS_JOURNAL, event->count);
}

void journal_event(struct journal *journal, const struct event *event)
{
	struct event packet;

	if (event->channel != CHANNEL_PACKET) {
		count_event(journal, event);
		return;
	}
	packet = *event;
	resolve_packet(journal, &packet);
	count_event(journal, &packet);
}

void journal_nflog(struct journal *journal, const void *data, size_t size, int64_t wall_ms,
		   int64_t uptime_ms)
{
	struct netlink_messages nflog = { .data = data, .size = size };
	struct event event;
	int64_t number;
	int result;

	while ((result = nflog_next(&nflog, &event, &number)) != 0) {
		if (number >= 0)
			losses_packet(journal->losses, (uint32_t)number);
		if (result < 0) {
			journal_lost(journal, LOSS_KERNEL, 1);
			continue;
		}
		event.wall_ms = wall_ms;
		event.uptime_ms = uptime_ms;
		journal_event(journal, &event);
	}
}

void journal_tick(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	struct event event;

	while (aggregate_next(journal->aggregate, uptime_ms, &event))
		write_record(journal, &event);
	if (has_untold(journal) &&
	    (!journal->reported || uptime_ms - journal->reported_ms >= LOST_MS))
		report_lost(journal, wall_ms, uptime_ms);
	if (uptime_ms - journal->synced_ms >= SYNC_MS) {
		journal->synced_ms = uptime_ms;
		journal->losses->sync_error = store_sync(journal->store);
	}
}

void journal_close(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	drain(journal, NULL);
	if (has_untold(journal))
		report_lost(journal, wall_ms, uptime_ms);
	store_close(journal->store);
	free(journal->own_memory);
	for (int i = 0; i < POLICIES; i++)
		policy_release(&journal->policy[i]);
	free(journal);
}
