/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parent.h"

/*
 * How long a role may take: work whose size the lists decide is sized before it begins, and waited
 * for as long as it makes progress. What this machine needs for it is measured with each large
 * policy and kept in STATE/rate.
 */
#define RATE_FILE "rate"

enum {
	MEMINFO_MAX = 16 * 1024, RATE_MAX = 32, LOOK_AGAIN_MS = 2000,
	DEATHS = 2	/* of roles that had to take a policy, and it is refused */
};

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
	struct sizing *sizing = &parent->sizing;

	sizing_estimate(sizing, sizing_ranges(&parent->next.policy), parent->rate);
	if (!sizing_fits(sizing, available(), text, size, passes))
		return false;
	if (sizing->expected_ms > SIZING_SILENCE_MS / 3)
		log_info("%llu address and port ranges are applied: about %lld s, %llu MB",
			 (unsigned long long)sizing->ranges,
			 (long long)(sizing->expected_ms / 1000),
			 (unsigned long long)(sizing->bytes >> 20));
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

	if (error)
		return error;
	/* It compares or restores what others changed, or has just answered: it is alive. */
	if (!child->owes) {
		if (child->asked)
			child->asked = parent->now;
		return 0;
	}
	/* To say the same again is no progress. */
	child->total = total;
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

/* ---- nobody is waited for without end ---- */

void patience_died(struct parent *parent, struct child *child)
{
	char text[CHILD_TEXT + 96];

	if (!child->owes || !parent->next.number || child->sent != parent->next.number ||
	    child->role == ROLE_JOURNAL || ++parent->deaths < DEATHS)
		return;
	snprintf(text, sizeof(text), "the %s role ended %d times while it took this policy: %s\n",
		 role_print(child->role), DEATHS, child->reason);
	change_refuse(parent, text, true);
}

/* It is ended, and the policy that it was busy with refused: the same again would end the same. */
static void hangs(struct parent *parent, struct child *child)
{
	bool next = parent->next.number && child->sent == parent->next.number;
	char why[128], text[sizeof(why) + 64];

	snprintf(why, sizeof(why), "it made no progress with a policy for %lld s",
		 (long long)(child->patience - child->sent_at) / 1000);
	log_error("%s: %s: it is started again", role_print(child->role), why);
	child->owes = false;
	child_kill(child, why);
	if (child->role == ROLE_RULES)
		patience_lost(parent);
	if (!next)
		return;
	snprintf(text, sizeof(text), "the %s role is started again: %s\n", role_print(child->role),
		 why);
	change_refuse(parent, text, true);
	change_advance(parent);
}

static bool look_after(struct parent *parent, enum role role)
{
	struct child *child = &parent->child[role];

	if (!child->owes || parent->now < child->patience)
		return false;
	hangs(parent, child);
	return true;
}

static void out_of_patience(struct parent *parent)
{
	const struct child *rules = &parent->child[ROLE_RULES], *dns = &parent->child[ROLE_DNS];
	const struct child *journal = &parent->child[ROLE_JOURNAL];
	const struct generation *next = &parent->next;
	char text[CHILD_TEXT + 64];

	if (parent->compiling || parent->compile_wanted) {
		parent->patience = parent->now + SIZING_SILENCE_MS;
		child_kill(&parent->child[ROLE_COMPILE], "it took longer than it may");
	} else if (next->number && child_has(rules, next) && child_has(dns, next)) {
		/* In force; the journal gets it when it is back. */
		if (journal->owes && parent->now < journal->patience)
			return;
		child_explain(journal, text, sizeof(text));
		log_warning("%s: its log goes by the policy before", text);
		change_commit(parent);
	} else if (next->number && child_has(rules, next) && !dns->ready) {
		/* The blocks are in force, and names follow when it is back. */
		child_explain(dns, text, sizeof(text));
		log_warning("%s: what is blocked is blocked, names are not answered meanwhile", text);
		change_commit(parent);
	} else if (next->number && !rules->ready && parent->current.number) {
		child_explain(rules, text, sizeof(text) - 1);
		strcat(text, "\n");
		change_refuse(parent, text, true);
		change_advance(parent);
	} else if (next->number && !rules->ready) {
		/* Nothing to go back to, and no other source would help. */
		child_explain(rules, parent->last_error, sizeof(parent->last_error) - 1);
		strcat(parent->last_error, "\n");
	}
}

void patience_tick(struct parent *parent)
{
	struct child *journal = &parent->child[ROLE_JOURNAL];

	if (!look_after(parent, ROLE_RULES))
		(void)look_after(parent, ROLE_DNS);
	if (parent->changing && parent->now >= parent->patience)
		out_of_patience(parent);
	/* A role that refused what is in force: what was in its way may be gone. */
	if (parent->now < parent->look_again)
		return;
	parent->look_again = parent->now + LOOK_AGAIN_MS;
	if (!journal->owes)
		journal->sent = journal->applied;
	change_advance(parent);
}
