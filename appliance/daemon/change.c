/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/change.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/daemon/log.h"
#include "appliance/daemon/sizing.h"
#include "appliance/ipc/message.h"

enum {
	COMPILE_MS = 150 * 1000,	/* the compiler's own limit is 120 s of CPU time */
	DEATHS = 2,	/* of roles that had to take a policy, and it is refused */
	RETRY_MS = 2000,
	RETRY_MAX_MS = 300 * 1000
};

const char *cause_print(enum cause cause)
{
	static const char *const words[] = { "start", "reload", "mode", "end of the mode",
					     "update" };

	return words[cause];
}

int generation_open(struct generation *generation, int fd, uint64_t number, bool disarmed)
{
	void *block;
	size_t size;
	int error = message_map(fd, &block, &size);

	if (error)
		return error;
	error = policy_open(&generation->policy, block, size);
	if (error) {
		munmap(block, size);
		return error;
	}
	generation->number = number;
	generation->fd = fd;
	generation->disarmed = disarmed;
	return 0;
}

void generation_release(struct generation *generation)
{
	if (generation->number == 0)
		return;
	munmap((void *)(uintptr_t)generation->policy.block, generation->policy.size);
	close(generation->fd);
	*generation = (struct generation){ .fd = -1 };
}

void change_init(struct change *change)
{
	*change = (struct change){ .source = SOURCE_NONE, .current_source = SOURCE_NONE,
				   .current.fd = -1, .next.fd = -1 };
}

bool change_runs(const struct change *change)
{
	return change->state != CHANGE_IDLE;
}

void change_stir(struct change *change)
{
	change->stirred = true;
}

void change_want(struct change *change, enum cause cause)
{
	if (change_runs(change)) {
		/* A reload covers a change of mode, not the other way round. */
		if (!change->again || cause == CAUSE_RELOAD)
			change->again_cause = cause;
		change->again = true;
		return;
	}
	change->state = CHANGE_ASKED;
	change->cause = cause;
	change->deaths = 0;
}

/* ---- what came of a step ---- */

void change_chosen(struct change *change, enum rules_source source)
{
	change->source = source;
	change->fallback[0] = '\0';
	change->fallback_passes = change->bundle_refused = false;
	change->state = CHANGE_SOURCE;
}

void change_read(struct change *change, int64_t now)
{
	change->patience = now + COMPILE_MS;
	change->state = CHANGE_COMPILE;
}

void change_compiling(struct change *change, int64_t now)
{
	change->patience = now + COMPILE_MS;
	change->state = CHANGE_COMPILING;
}

int change_switch(struct change *change, int fd, bool disarmed, int64_t now)
{
	int error = generation_open(&change->next, fd, change->last_number + 1, disarmed);

	if (error)
		return error;
	change->last_number++;
	change->deaths = 0;
	change->patience = now + SIZING_SILENCE_MS;
	change->state = CHANGE_SWITCHING;
	change->stirred = true;
	return 0;
}

/* With nothing in force: the source after the one that failed. False: none is left. */
static bool next_source(struct change *change, const char *text, bool passes, bool last_lists)
{
	enum rules_source failed = change->source;

	if (!change->fallback[0])
		snprintf(change->fallback, sizeof(change->fallback), "%s", text);
	change->fallback_passes = change->fallback_passes || passes;
	change->source++;
	if (change->source == SOURCE_LAST_LISTS && !last_lists)
		change->source++;
	if (change->source == SOURCE_NONE) {
		change->source = SOURCE_LAST_POLICY;
		return false;
	}
	log_warning("the %s cannot be used: trying the %s", source_print(failed),
		    source_print(change->source));
	change->state = CHANGE_SOURCE;
	return true;
}

static void over(struct change *change, bool done, const char *text)
{
	change->done = done;
	if (text != change->text)
		snprintf(change->text, sizeof(change->text), "%s", text);
	change->state = CHANGE_OVER;
	change->stirred = true;
}

void change_refuse(struct change *change, const char *text, bool passes, bool last_lists)
{
	generation_release(&change->next);
	change->deaths = 0;
	change->first = change->current.number == 0;
	change->passes = passes;
	if (!change->first || strcmp(change->last_error, text) != 0)
		log_error("%s refused: %s", cause_print(change->cause), text);
	if (change->first && next_source(change, text, passes, last_lists))
		return;
	over(change, false, text);
}

void change_leave(struct change *change, const char *text)
{
	over(change, true, text);
}

void change_commit(struct change *change, const char *text)
{
	generation_release(&change->current);
	change->current = change->next;
	change->next = (struct generation){ .fd = -1 };
	change->current_source = change->source;
	over(change, true, text);
}

void change_end(struct change *change)
{
	/* What became of an update is shown by cordon update status. */
	if (change->cause != CAUSE_UPDATE)
		snprintf(change->last_error, sizeof(change->last_error), "%.*s",
			 (int)sizeof(change->last_error) - 1,
			 change->done || change->first ? change->fallback : change->text);
	change->first = false;
	change->state = CHANGE_IDLE;
	if (!change->again)
		return;
	change->again = false;
	change_want(change, change->again_cause);
}

bool change_died(struct change *change, const struct change_role *role)
{
	return change->next.number && role->owes && role->sent == change->next.number &&
	       ++change->deaths >= DEATHS;
}

/* ---- what to do next ---- */

/* One at a time, so that an answer is the answer to what was sent last. */
static const struct generation *unless_sent(const struct change_role *role,
					    const struct generation *generation)
{
	return role->ready && !role->owes && generation->number &&
	       role->sent != generation->number ? generation : NULL;
}

const struct generation *change_for_rules(const struct change *change,
					  const struct change_roles *roles)
{
	return unless_sent(&roles->rules, change->next.number ? &change->next : &change->current);
}

/* The next policy once the rules role has that; until then a role that was started anew gets what
 * is in force. */
const struct generation *change_for_others(const struct change *change,
					   const struct change_roles *roles,
					   const struct change_role *role)
{
	bool next = change->next.number != 0;

	if (next && roles->rules.applied == change->next.number)
		return unless_sent(role, &change->next);
	return !next || role->sent == 0 ? unless_sent(role, &change->current) : NULL;
}

bool change_lets_dns(const struct change *change, const struct change_roles *roles)
{
	return change->current.number != 0 ||
	       (change->next.number && roles->rules.applied == change->next.number);
}

/* Blocks do not wait for a dns role that has no socket to answer on. */
static bool dns_is_done(const struct change *change, const struct change_role *dns)
{
	return dns->applied == change->next.number || (!dns->exists && !dns->allowed);
}

/* A log that cannot be written keeps no policy from coming into force. */
static bool journal_is_done(const struct change *change, const struct change_roles *roles)
{
	const struct change_role *journal = &roles->journal;

	return !roles->journal_wanted || !journal->ready ||
	       journal->applied == change->next.number ||
	       (journal->sent == change->next.number && !journal->owes);
}

bool change_is_taken(const struct change *change, const struct change_roles *roles)
{
	return change->next.number && roles->rules.applied == change->next.number &&
	       dns_is_done(change, &roles->dns) && journal_is_done(change, roles);
}

enum change_late change_late(const struct change *change, const struct change_roles *roles,
			     int64_t now)
{
	const uint64_t next = change->next.number;
	const bool in_kernel = next && roles->rules.applied == next;

	if (!change_runs(change) || now < change->patience)
		return CHANGE_WAIT_ON;
	if (change->state == CHANGE_COMPILE || change->state == CHANGE_COMPILING)
		return CHANGE_COMPILER_LATE;
	if (in_kernel && roles->dns.applied == next)
		/* In force; the journal gets it when it is back. */
		return roles->journal.owes && now < roles->journal.patience
		       ? CHANGE_WAIT_ON : CHANGE_WITHOUT_JOURNAL;
	if (in_kernel && !roles->dns.ready)
		return CHANGE_WITHOUT_DNS;
	if (next && !roles->rules.ready)
		return change->current.number ? CHANGE_WITHOUT_RULES : CHANGE_NO_RULES;
	return CHANGE_WAIT_ON;
}

/* ---- again by itself ---- */

void change_retry(struct change *change, enum cause cause, int64_t now)
{
	change->retry_pause = change->retry_pause ? 2 * change->retry_pause : RETRY_MS;
	if (change->retry_pause > RETRY_MAX_MS)
		change->retry_pause = RETRY_MAX_MS;
	change->retry_at = now + change->retry_pause;
	change->retry_cause = cause;
}

void change_tick(struct change *change, int64_t now)
{
	if (!change->retry_at || now < change->retry_at || change_runs(change))
		return;
	change->retry_at = 0;
	change_want(change, change->retry_cause);
}
