/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "appliance/base/selftest.h"
#include "appliance/base/text.h"
#include "appliance/journal/aggregate.h"
#include "appliance/journal/batch.h"
#include "appliance/journal/days.h"
#include "appliance/journal/fallback.h"
#include "appliance/journal/neighbours.h"
#include "appliance/journal/nflog.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/presence.h"
#include "appliance/journal/store.h"
#include "appliance/journal/whole.h"
#include "rules/policy/policy.h"

enum {
	FLUSH_MS = 1000,	/* an entry is in the database after at most this */
	LOST_MS = 60 * 1000,
	BUDGET_MS = 60 * 1000,
	DAY_MS = 24 * 3600 * 1000
};

/* Packets and rings still bring events of the policy that was just replaced. */
enum { CURRENT, PREVIOUS, POLICIES };

/* The parts of the memory start at multiples of this. */
enum { MEMORY_ALIGN = 64 };

/* Most bytes of a rule, and of an event, in a batch. */
enum { JOURNAL_ENTRY = 3 * ENTRY_RULE_TEXT + 64 };

struct journal {
	struct log_store *store;
	int folder;
	struct losses *losses;
	struct log_batch *batch;
	struct aggregate *aggregate;
	void *own_memory;	/* NULL when the caller's is used */
	struct presence presence;
	struct fallback *fallback;	/* what a killed journal knew is not worth keeping */
	struct neighbours neighbours;
	struct policy policy[POLICIES];	/* block NULL: none */
	struct addr forwarder[JOURNAL_FORWARDERS];
	size_t forwarders;
	const struct prefix *counts_only;
	size_t counts_onlys;
	int64_t flushed_ms;	/* uptime of the last attempt to write the batch */
	int64_t reported_ms;	/* uptime of the last notice about lost events */
	bool reported;
	bool explains;		/* a notice says why something goes: it is to be signed soon */
	bool spent;		/* the write budget is; */
	int64_t spent_ms;	/* uptime when it was last */
	uint64_t *noted;	/* number of the last notice that was taken; in the memory */
	char *standing;		/* members of the policy's notice; NULL: none yet */
	int32_t date;		/* of the last tick, in days since 1970; 0: none yet */
	struct day_end before;	/* what was stored before this journal */
	bool killed;		/* it follows one that was, whose batch it has */
	struct head_signed signed_before;
	struct sealing sealing;
};

static size_t aligned(size_t size)
{
	return (size + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
}

/* Losses, the batch, the table of what is counted, the number of the last notice. */
static size_t batch_offset(void)
{
	return aligned(sizeof(struct losses));
}

static size_t table_offset(void)
{
	return batch_offset() + aligned(batch_size());
}

static size_t noted_offset(void)
{
	return table_offset() + aligned(aggregate_size());
}

size_t journal_memory(void)
{
	return noted_offset() + sizeof(uint64_t);
}

struct losses *journal_losses(void *memory)
{
	return memory;
}

/* The batch of a killed journal comes first: its entries have numbers already. */
static void attach(struct journal *journal, char *memory, uint64_t seed, uint64_t budget)
{
	uint64_t lost;

	journal->losses = journal_losses(memory);
	journal->noted = (uint64_t *)(void *)(memory + noted_offset());
	journal->batch = batch_attach(memory + batch_offset(), &lost);
	losses_add(journal->losses, LOSS_JOURNAL, lost);
	journal->aggregate = aggregate_attach(memory + table_offset(), seed,
					      budget ? budget : AGGREGATE_BUDGET, &lost);
	losses_add(journal->losses, LOSS_JOURNAL, lost);
}

int journal_open(struct journal **journal, const struct journal_options *options)
{
	const struct store_options store = {
		.folder = options->folder, .budget = options->budget,
		.retention_days = options->retention_days, .appliance = options->appliance,
		.boot_id = options->boot_id, .before = options->before,
	};
	struct journal *new = calloc(1, sizeof(*new));
	struct day_end end;
	uint64_t seed;
	int error;

	if (!new)
		return -ENOMEM;
	if (options->forwarders > JOURNAL_FORWARDERS) {
		free(new);
		return -EINVAL;
	}
	while (new->forwarders < options->forwarders) {
		new->forwarder[new->forwarders] = options->forwarder[new->forwarders];
		new->forwarders++;
	}
	neighbours_init(&new->neighbours, options->route);
	error = getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? 0 : -EIO;
	new->fallback = calloc(1, fallback_size());
	if (!options->memory)
		new->own_memory = calloc(1, journal_memory());
	if (!error && (!new->fallback || (!options->memory && !new->own_memory)))
		error = -ENOMEM;
	if (!error)
		error = presence_init(&new->presence, options->settings, seed);
	if (!error)
		error = store_open(&new->store, &store, &end);
	if (error) {
		presence_release(&new->presence);
		free(new->fallback);
		free(new->own_memory);
		free(new);
		return error;
	}
	fallback_init(new->fallback, seed);
	attach(new, options->memory ? options->memory : new->own_memory, seed,
	       options->write_budget);
	notice_prepare();
	new->folder = options->folder;
	new->counts_only = options->counts_only;
	new->counts_onlys = options->counts_onlys;
	new->before = end;
	if (options->before)
		new->signed_before = *options->before;
	sealing_init(&new->sealing, new->store, options->sealing);
	new->killed = batch_goes_on(new->batch);
	batch_continue(new->batch, store_next(new->store));
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

/* ---- entries ---- */

static bool is_forwarder(const struct journal *journal, const struct addr *client)
{
	for (size_t i = 0; i < journal->forwarders; i++) {
		if (addr_compare(&journal->forwarder[i], client) == 0)
			return true;
	}
	return false;
}

/* Writes the batch; it stays as it is when that fails. */
static int flush(struct journal *journal, int64_t wall_ms)
{
	int error = 0;

	if (batch_summary(journal->batch).last)
		error = store_write(journal->store, journal->batch, wall_ms);
	journal->losses->write_error = error;
	if (!error)
		batch_clear(journal->batch);
	return error;
}

/* Adds an entry that stands for this many events; makes room for it first. */
static int keep(struct journal *journal, struct log_entry *entry, uint64_t events, int64_t wall_ms)
{
	int error = batch_add(journal->batch, entry);

	if (error == -ENOSPC && flush(journal, wall_ms) == 0)
		error = batch_add(journal->batch, entry);
	if (error && events)
		journal_lost(journal, error == -ENOSPC ? LOSS_DISK : LOSS_JOURNAL, events);
	return error;
}

/* What is stored before this time may lack something. */
static void whole_from(struct journal *journal, int64_t wall_ms)
{
	if (wall_ms > journal->losses->whole_since)
		journal->losses->whole_since = wall_ms;
}

/* What is stored before this notice may lack something. */
static void note_break(struct journal *journal, const char *kind, int64_t wall_ms)
{
	if (whole_ends_with(kind))
		whole_from(journal, wall_ms);
}

/* Days were deleted or made coarser. */
static void find_whole(struct journal *journal)
{
	whole_from(journal, whole_since(journal->folder));
}

/* Takes over body (NULL: there was no memory for it). */
static int keep_notice(struct journal *journal, const char *kind, char *body, int64_t wall_ms,
		       int64_t uptime_ms)
{
	struct log_entry entry = { .type = ENTRY_NOTICE };
	/* The count of losses is tried again: that it failed is no further loss. */
	uint64_t events = strcmp(kind, NOTICE_LOST) != 0;
	int error = -ENOMEM;

	entry.notice = (struct entry_notice){ .wall_ms = wall_ms, .uptime_ms = uptime_ms,
					      .kind = kind, .actor = "box", .body = body };
	note_break(journal, kind, wall_ms);
	if (body)
		error = keep(journal, &entry, events, wall_ms);
	else
		journal_lost(journal, LOSS_JOURNAL, events);
	free(body);
	return error;
}

/*
 * A packet brings its own address. For DNS and for packets that are counted without it, only the
 * neighbour table knows the client's.
 */
static void set_mac(struct event *event, const struct neighbour *neighbour, bool coarse)
{
	if ((event->channel == CHANNEL_PACKET || event->channel == CHANNEL_SEEN_LINK ||
	     event->channel == CHANNEL_SEEN_DHCP) && !coarse)
		return;
	event->has_mac = neighbour->has_mac;
	memcpy(event->mac, neighbour->mac, sizeof(event->mac));
}

/* The versions of many lists may be too long together: their beginning is kept. */
static const char *fit_versions(const char *versions, char buffer[ENTRY_RULE_TEXT])
{
	if (strlen(versions) < ENTRY_RULE_TEXT)
		return versions;
	text_fit(buffer, ENTRY_RULE_TEXT, versions, strlen(versions));
	return buffer;
}

/* The journal's own rules are in no policy. False: the event has no rule, or one that is not
 * known. The buffer is the entry's as long as that is used. */
static bool rule_of(const struct journal *journal, const struct event *event,
		    struct entry_rule *entry, char versions[ENTRY_RULE_TEXT])
{
	const struct policy *policy = policy_of(journal, event->state);
	struct policy_rule rule;

	if (event->channel == CHANNEL_FINGERPRINT) {
		*entry = (struct entry_rule){
			.state = event->state, .index = event->rule, .id = FALLBACK_RULE,
			.evidence = FALLBACK_EVIDENCE, .versions = "",
			.category = CATEGORY_UPDATE, .confidence = CONFIDENCE_HIGH,
		};
		return true;
	}
	if (!policy || !policy_rule(policy, event->rule, &rule))
		return false;
	*entry = (struct entry_rule){
		.state = event->state, .index = event->rule, .id = rule.id,
		.evidence = rule.evidence,
		.versions = fit_versions(policy_versions(policy), versions),
		.category = (uint8_t)rule.category, .confidence = (uint8_t)rule.confidence,
	};
	return true;
}

/* The rule goes into each batch that refers to it. 0: none, or no memory. */
static uint64_t keep_rule(struct journal *journal, const struct event *event)
{
	struct log_entry entry = { .type = ENTRY_RULE };
	char versions[ENTRY_RULE_TEXT];
	uint64_t key;

	if (!rule_of(journal, event, &entry.rule, versions))
		return 0;
	key = entry_rule_key(&entry.rule);
	if (batch_has_rule(journal->batch, key))
		return key;
	return batch_add(journal->batch, &entry) < 0 ? 0 : key;
}

/* Adds what is known about the client, if it is one. */
static void describe_client(struct journal *journal, struct entry_event *entry)
{
	struct event *event = &entry->event;
	struct neighbour neighbour;

	if (entry->host_bits)
		return;
	neighbours_lookup(&journal->neighbours, &event->client, event->interface, &neighbour);
	set_mac(event, &neighbour, entry->coarse);
	memcpy(entry->interface, neighbour.name, sizeof(entry->interface));
	entry->forwarder = is_forwarder(journal, &event->client);
}

static void write_record(struct journal *journal, const struct aggregate_record *record)
{
	const struct event *event = &record->event;
	struct log_entry entry = {
		.type = ENTRY_EVENT,
		.event = { .event = *event, .coarse = record->coarse,
			   .host_bits = record->host_bits, .span_ms = record->span_ms },
	};

	describe_client(journal, &entry.event);
	/* The rule and the event must be in one batch. */
	if (batch_summary(journal->batch).bytes > BATCH_BYTES - 2 * JOURNAL_ENTRY)
		(void)flush(journal, event->wall_ms);
	entry.event.rule_key = keep_rule(journal, event);
	(void)keep(journal, &entry, event->count, event->wall_ms);
}

static void drain(struct journal *journal, const uint32_t *state)
{
	uint32_t position = 0;
	struct aggregate_record record;

	while (aggregate_drain(journal->aggregate, &position, state, &record))
		write_record(journal, &record);
}

static bool has_untold(const struct journal *journal)
{
	for (int loss = 0; loss < LOSS_COUNT; loss++) {
		if (losses_untold(journal->losses, (enum loss)loss))
			return true;
	}
	return false;
}

/* Says once a minute how many events are missing, until that is stored. */
static void report_lost(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	uint64_t lost[LOSS_COUNT];
	char *body;

	for (int loss = 0; loss < LOSS_COUNT; loss++)
		lost[loss] = losses_untold(journal->losses, (enum loss)loss);
	if (notice_lost(lost, &body) == 0 &&
	    keep_notice(journal, NOTICE_LOST, body, wall_ms, uptime_ms) == 0) {
		for (int loss = 0; loss < LOSS_COUNT; loss++)
			journal->losses->told[loss] += lost[loss];
	}
	journal->reported_ms = uptime_ms;
	journal->reported = true;
}

int journal_notice(struct journal *journal, uint64_t number, const struct entry_notice *notice,
		   int64_t wall_ms)
{
	struct log_entry entry = { .type = ENTRY_NOTICE, .notice = *notice };
	int error;

	if (number <= *journal->noted)
		return 0;
	if (*journal->noted && number > *journal->noted + 1)
		return -ENOSPC;
	note_break(journal, notice->kind, wall_ms);
	error = keep(journal, &entry, 0, wall_ms);
	if (error == -ENOSPC)
		return error;
	if (error)
		journal_lost(journal, LOSS_JOURNAL, 1);
	*journal->noted = number;
	return error;
}

void journal_standing(struct journal *journal, const char *members)
{
	free(journal->standing);
	journal->standing = strdup(members);
}

/* The notice of the policy once more, first of all that the new day has. */
static void begin_date(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	const int32_t date = days_of(wall_ms);
	const bool first = journal->date == 0;
	const int64_t end_ms = ((int64_t)journal->date + 1) * DAY_MS - 1;
	char *body = NULL;

	if (date == journal->date)
		return;
	journal->date = date;
	if (first || !journal->standing)
		return;
	(void)flush(journal, end_ms);
	if (asprintf(&body, "%s,\"carried\":true", journal->standing) < 0)
		body = NULL;
	(void)keep_notice(journal, NOTICE_POLICY, body, wall_ms, uptime_ms);
}

/* What is stored is not what was signed: it was edited, or a disk forgot. */
static void tell_past(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	const enum store_past past = store_past(journal->store);
	const struct head_signed *before = &journal->signed_before;
	char *body;

	if (past == STORE_CONTINUES)
		return;
	if (notice_seal(past == STORE_CHANGED ? "changed" : "missing", before->tree.end,
			before->last, &body) < 0)
		body = NULL;
	(void)keep_notice(journal, NOTICE_SEAL, body, wall_ms, uptime_ms);
}

void journal_begin(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	const struct day_end *before = &journal->before;
	char *body;

	journal->losses->whole_since = 0;
	find_whole(journal);
	if (!before->last && journal->losses->whole_since == 0)
		journal->losses->whole_since = wall_ms;
	sealing_want(&journal->sealing, CHECKPOINT_START);
	tell_past(journal, wall_ms, uptime_ms);
	if (journal->killed)
		return;
	if (before->last && !before->stopped) {
		if (notice_gap(before->last, before->wall_ms, &body) < 0)
			body = NULL;
		(void)keep_notice(journal, NOTICE_GAP, body, wall_ms, uptime_ms);
	}
	/* Nothing was recorded in between, though it ended in order. */
	if (before->last && (wall_ms - before->wall_ms > WHOLE_PAUSE_MS ||
			     wall_ms < before->wall_ms))
		whole_from(journal, wall_ms);
	if (notice_start(&body) < 0)
		body = NULL;
	(void)keep_notice(journal, NOTICE_START, body, wall_ms, uptime_ms);
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

static bool is_counts_only(const struct journal *journal, const struct addr *client)
{
	for (size_t i = 0; i < journal->counts_onlys; i++) {
		if (prefix_contains(&journal->counts_only[i], client))
			return true;
	}
	return false;
}

static void count_event(struct journal *journal, const struct event *event)
{
	if (!event->count)
		return;
	if (!is_counts_only(journal, &event->client))
		aggregate_add(journal->aggregate, event);
	/* Who was there is more than a count. */
	else if (!channel_is_presence(event->channel))
		aggregate_add_coarse(journal->aggregate, event);
}

/* Is the name that was asked for the vendor's? Not one of another resolver, nor an exempt one. */
static bool asks_the_vendor(const struct journal *journal, const struct event *event)
{
	char versions[ENTRY_RULE_TEXT];
	struct entry_rule rule;

	return event->interface != SELFTEST_LINK_INDEX &&
	       rule_of(journal, event, &rule, versions) &&
	       rule.category != CATEGORY_BYPASS && rule.category != CATEGORY_EXEMPT;
}

/* The finding is an event beside the query. */
static void look_for_fallback(struct journal *journal, const struct event *event)
{
	struct event finding;

	if (!event->has_resolver || fallback_place(&event->resolver) < 0 ||
	    !fallback_event(journal->fallback, event, asks_the_vendor(journal, event)))
		return;
	finding = *event;
	finding.channel = CHANNEL_FINGERPRINT;
	finding.rule = POLICY_NO_RULE;
	finding.count = 1;
	count_event(journal, &finding);
}

void journal_event(struct journal *journal, const struct event *event)
{
	struct event copy;

	if (event->channel == CHANNEL_DNS) {
		count_event(journal, event);
		look_for_fallback(journal, event);
		return;
	}
	copy = *event;
	if (event->channel == CHANNEL_PACKET)
		resolve_packet(journal, &copy);
	else if (channel_is_presence(event->channel) &&
		 !presence_event(&journal->presence, &copy))
		return;
	count_event(journal, &copy);
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
		if (result == 2)
			continue;
		event.wall_ms = wall_ms;
		event.uptime_ms = uptime_ms;
		journal_event(journal, &event);
	}
}

/* The log tells what the store did by itself. */
static void take_report(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	struct tidy_report report;
	char *body;

	store_report(journal->store, &report);
	journal->losses->sync_error = report.sync_error;
	journal->losses->freed += report.freed;
	if (report.changed)
		find_whole(journal);
	if (report.days) {
		if (notice_expired(report.days, report.bytes, report.first, report.last,
				   report.number, &body) < 0)
			body = NULL;
		(void)keep_notice(journal, NOTICE_EXPIRED, body, wall_ms, uptime_ms);
	}
	if (report.fold.file.number) {
		if (notice_folded(&report.fold.file, report.fold.before, report.fold.digest,
				  &body) < 0)
			body = NULL;
		(void)keep_notice(journal, NOTICE_FOLDED, body, wall_ms, uptime_ms);
	}
	if (report.damaged) {
		if (notice_damaged(report.damaged, &body) < 0)
			body = NULL;
		(void)keep_notice(journal, NOTICE_DAMAGED, body, wall_ms, uptime_ms);
	}
	journal->explains = journal->explains || report.days || report.fold.file.number ||
			    report.damaged;
}

static void count_presence(void *journal, const struct event *event)
{
	count_event(journal, event);
}

/* It is left when nothing had to wait for a while: at its edge it would come and go. */
static void see_budget(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	const bool spent = aggregate_is_spent(journal->aggregate);
	char *body;

	if (spent)
		journal->spent_ms = uptime_ms;
	if (spent == journal->spent || (!spent && uptime_ms - journal->spent_ms < BUDGET_MS))
		return;
	journal->spent = spent;
	if (notice_budget(spent, &body) < 0)
		body = NULL;
	(void)keep_notice(journal, NOTICE_BUDGET, body, wall_ms, uptime_ms);
}

void journal_tick(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	struct aggregate_record record;

	presence_look(&journal->presence, &journal->neighbours, wall_ms, uptime_ms, count_presence,
		      journal);
	begin_date(journal, wall_ms, uptime_ms);
	while (aggregate_next(journal->aggregate, uptime_ms, &record))
		write_record(journal, &record);
	see_budget(journal, wall_ms, uptime_ms);
	if (has_untold(journal) &&
	    (!journal->reported || uptime_ms - journal->reported_ms >= LOST_MS))
		report_lost(journal, wall_ms, uptime_ms);
	if (uptime_ms - journal->flushed_ms >= FLUSH_MS &&
	    !sealing_holds(&journal->sealing, wall_ms, uptime_ms)) {
		journal->flushed_ms = uptime_ms;
		if (flush(journal, wall_ms) == 0 && journal->explains) {
			sealing_want(&journal->sealing, CHECKPOINT_HOURLY);
			journal->explains = false;
		}
		take_report(journal, wall_ms, uptime_ms);
	}
	sealing_tick(&journal->sealing, uptime_ms);
}

void journal_checkpoint(struct journal *journal, int64_t wall_ms)
{
	(void)flush(journal, wall_ms);
	sealing_want(&journal->sealing, CHECKPOINT_REQUEST);
}

void journal_note(struct journal *journal, const void *note, size_t size, int64_t uptime_ms)
{
	sealing_note(&journal->sealing, note, size, uptime_ms);
}

void journal_close(struct journal *journal, int64_t wall_ms, int64_t uptime_ms)
{
	drain(journal, NULL);
	if (has_untold(journal))
		report_lost(journal, wall_ms, uptime_ms);
	(void)keep_notice(journal, NOTICE_STOP, strdup(""), wall_ms, uptime_ms);
	(void)flush(journal, wall_ms);
	sealing_end(&journal->sealing);
	store_close(journal->store);
	presence_release(&journal->presence);
	free(journal->fallback);
	free(journal->own_memory);
	free(journal->standing);
	for (int i = 0; i < POLICIES; i++)
		policy_release(&journal->policy[i]);
	free(journal);
}
