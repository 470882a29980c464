/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/role.h"
#include "appliance/daemon/working.h"
#include "rules/nft/table.h"

enum {
	PAUSE = 4,		/* after a restoration, times as long as it took */
	PAUSE_WHOLE = 20,	/* after a comparison of everything */
	LONGEST_PAUSE = 30 * 1000,	/* ms */
	RETRY = 1000,		/* ms, after a failure */
	LINKS_PAUSE = 250,	/* ms between polls of the interfaces */
	REPORT_PAUSE = 200,
	LINES = 12, LINE_INTERVAL = 2 * 1000	/* so that a handful of edits is all told */
};

/* ---- tasks ---- */

static void want(struct guard_task *task)
{
	task->due = true;
}

static bool turn(struct guard_task *task, int64_t now)
{
	if (!task->due || now < task->at)
		return false;
	task->due = false;
	return true;
}

static void pause_for(struct guard_task *task, int64_t ms)
{
	task->at = clock_uptime_ms() + (ms < LONGEST_PAUSE ? ms : LONGEST_PAUSE);
}

int guard_timeout(const struct guard *guard)
{
	const struct guard_task *const tasks[] = { &guard->part, &guard->whole, &guard->routes,
						   &guard->links, &guard->report };
	int64_t now = clock_uptime_ms(), first = INT64_MAX;

	for (size_t i = 0; i < sizeof(tasks) / sizeof(*tasks); i++) {
		if (tasks[i]->due && tasks[i]->at < first)
			first = tasks[i]->at;
	}
	if (first == INT64_MAX)
		return -1;
	return first > now ? (int)(first - now) : 0;
}

/* ---- changes by others ---- */

static bool is_live(const struct ruleset *ruleset, const char *name)
{
	const struct table_set *set = ruleset ? ruleset->table.sets : NULL;

	while (set && strcmp(set->name, name) != 0)
		set = set->next;
	return set && set->live;
}

static void touch(struct guard *guard, const struct scope *sets)
{
	if (sets->all)
		guard->touched.all = true;
	for (size_t i = 0; i < sets->count; i++) {
		scope_add(&guard->touched, sets->name[i]);
		guard->live_touched |= is_live(guard->ruleset, sets->name[i]);
	}
}

static void say(struct guard *guard, const char *what)
{
	char more[64] = "";

	if (!ration_take(&guard->lines, clock_uptime_ms())) {
		guard->unsaid++;
		return;
	}
	if (guard->unsaid)
		snprintf(more, sizeof(more), " (%u more changes were not written here)",
			 guard->unsaid);
	log_warning("changed by another program: %s; it is undone%s", what, more);
	guard->unsaid = 0;
}

static void note(struct guard *guard, const char *what)
{
	say(guard, what);
	guard->noted = true;
	guard->now.changes++;
	snprintf(guard->now.what, sizeof(guard->now.what), "%s", what);
	want(&guard->report);
}

static void changed(const struct watch_change *change, void *data)
{
	struct guard *guard = data;
	char what[GUARD_TEXT];

	/* Nothing is in force yet, so nothing was taken away. */
	if (!guard->ruleset)
		return;
	watch_print(change, what, sizeof(what));
	note(guard, what);
	if (change->kind == WATCH_POLICY_RULE || change->kind == WATCH_ROUTE) {
		guard->routes_noted = true;
		want(&guard->routes);
		return;
	}
	touch(guard, &change->sets);
	want(&guard->part);
	want(&guard->whole);
}

static void hear(struct guard *guard)
{
	unsigned int about = listen_take(&guard->listen, changed, guard);

	if (about & LISTEN_LOST) {
		want(&guard->part);
		want(&guard->whole);
	}
	/* A new interface needs src_valid_mark before it forwards (nft/route.h). */
	if (about & (WATCH_RULES | WATCH_ROUTES | WATCH_OUTSIDE | LISTEN_ROUTE_LOST))
		want(&guard->routes);
	if (about & (WATCH_OUTSIDE | LISTEN_ROUTE_LOST))
		want(&guard->links);
}

/* ---- work ---- */

static void complain(struct guard *guard, const struct diag *diag, int error)
{
	guard->now.failed = true;
	want(&guard->report);
	if (!ration_take(&guard->complaints, clock_uptime_ms()))
		return;
	log_diag(diag);
	if (diag->count == 0)
		log_error("nftables: what others changed could not be undone: %s",
			  strerror(-error));
}

static void done(struct guard *guard, struct guard_task *task, int error, const struct diag *diag,
		 int64_t began, int pause)
{
	int64_t took = clock_uptime_ms() - began;

	pause_for(task, took * pause);
	if (!error)
		return;
	complain(guard, diag, error);
	pause_for(task, took * pause > RETRY ? took * pause : RETRY);
	want(task);
}

static void restore_part(struct guard *guard)
{
	static struct diag diag;
	int64_t began = clock_uptime_ms();
	bool restored;
	int error;

	diag_init(&diag);
	working_begin();
	error = kernel_restore(guard->kernel, guard->ruleset, &guard->touched, &restored, &diag);
	working_end();
	done(guard, &guard->part, error, &diag, began, PAUSE);
	if (error)
		return;
	guard->touched = (struct scope){ .count = 0 };
	log_debug("the table was %s within %lld ms",
		  restored ? "restored" : "found as it should be",
		  (long long)(clock_uptime_ms() - began));
}

static void restore_whole(struct guard *guard)
{
	static struct diag diag;
	int64_t began = clock_uptime_ms();
	bool restored;
	int error;

	diag_init(&diag);
	working_begin();
	error = kernel_apply(guard->kernel, guard->ruleset, &restored, &diag);
	working_end();
	done(guard, &guard->whole, error, &diag, began, PAUSE_WHOLE);
	if (error)
		return;
	guard->now.failed = false;
	guard->listen.watch.generation = kernel_whole(guard->kernel);
	/* Its notification was lost, or it was before there was anybody to hear it. */
	if (restored && !guard->noted)
		note(guard, "parts of the ruleset");
	guard->noted = false;
}

static void restore_routes(struct guard *guard)
{
	static struct diag diag;
	struct route_others others = { .count = 0 };
	struct guard_report *report = &guard->now;
	int64_t began = clock_uptime_ms();
	bool restored = false;
	int error;

	diag_init(&diag);
	error = kernel_routes(guard->kernel, guard->ruleset, &restored, &report->barrier, &others,
			      &diag);
	done(guard, &guard->routes, error, &diag, began, PAUSE);
	if (error)
		return;
	if (restored && !guard->routes_noted)
		note(guard, "policy rules or routes");
	guard->routes_noted = false;
	report->befores = (uint32_t)others.count;
	for (size_t i = 0; i < others.count && i < GUARD_RULES && i < ROUTE_OTHERS; i++)
		snprintf(report->before[i], sizeof(report->before[i]), "%s", others.text[i]);
	want(&guard->report);
}

static void put_names(struct guard_names *names, const char (*name)[IFNAMSIZ], size_t count)
{
	*names = (struct guard_names){ .total = (uint32_t)count };
	for (size_t i = 0; i < count && i < GUARD_NAMES && i < OUTSIDE_NAMES; i++)
		snprintf(names->name[i], GUARD_NAME, "%s", name[i]);
}

void guard_poll(struct guard *guard)
{
	static struct outside_links links;
	struct outside_misfits misfits;

	/* When they cannot be read, what was known before stays; nothing known is everything
	 * guarded. */
	if (kernel_links(guard->kernel, &links) < 0)
		return;
	outside_choose(&links, guard->settings, &guard->outside);
	outside_judge(&links, guard->settings, &guard->outside, &misfits);
	put_names(&guard->now.outside, guard->outside.name, guard->outside.count);
	put_names(&guard->now.missing, misfits.missing, misfits.missing_count);
	put_names(&guard->now.unknown, misfits.unknown, misfits.unknown_count);
	want(&guard->report);
}

static bool poll_again(struct guard *guard)
{
	struct ruleset_outside before = guard->outside;

	guard_poll(guard);
	pause_for(&guard->links, LINKS_PAUSE);
	return !outside_equal(&before, &guard->outside);
}

static void tell(struct guard *guard)
{
	static const enum guard_owner owners[OWNER_STATES] = {
		[OWNER_UNWANTED] = GUARD_ANYBODY, [OWNER_OURS] = GUARD_OURS,
		[OWNER_UNABLE] = GUARD_UNABLE, [OWNER_LATER] = GUARD_LATER,
	};
	uint8_t body[GUARD_REPORT_MAX];
	int size;

	guard->now.owner = owners[kernel_owner(guard->kernel)];
	pause_for(&guard->report, REPORT_PAUSE);
	if (memcmp(&guard->now, &guard->told, sizeof(guard->now)) == 0)
		return;
	size = guard_encode(&guard->now, body, sizeof(body));
	if (size > 0)
		role_tell(MESSAGE_GUARD, body, (size_t)size, -1);
	/* Changes are told once, and added up by the parent. */
	guard->now.changes = 0;
	guard->now.what[0] = '\0';
	guard->told = guard->now;
}

unsigned int guard_work(struct guard *guard)
{
	int64_t now = clock_uptime_ms();
	unsigned int bits = 0;

	hear(guard);
	if (guard->ruleset && turn(&guard->part, now))
		restore_part(guard);
	if (guard->ruleset && turn(&guard->routes, now))
		restore_routes(guard);
	if (guard->live_touched)
		bits |= GUARD_PINHOLES;
	guard->live_touched = false;
	if (turn(&guard->links, now) && poll_again(guard))
		bits |= GUARD_OUTSIDE;
	if (turn(&guard->report, now))
		tell(guard);
	/* Last, and not while there is more urgent work. */
	if (guard->ruleset && !bits && !guard->part.due && turn(&guard->whole, now) &&
	    !(guard->listen.watch.generation &&
	      guard->listen.watch.generation == kernel_generation(guard->kernel)))
		restore_whole(guard);
	return bits;
}

void guard_applied(struct guard *guard, const struct ruleset *ruleset)
{
	guard->ruleset = ruleset;
	guard->listen.watch.generation = kernel_whole(guard->kernel);
	guard->part.due = false;
	guard->whole.due = guard->listen.watch.generation == 0;
	guard->touched = (struct scope){ .count = 0 };
	guard->now.failed = guard->noted = guard->routes_noted = false;
	want(&guard->routes);
	want(&guard->report);
}

void guard_check(struct guard *guard)
{
	hear(guard);
	if (guard->ruleset &&
	    guard->listen.watch.generation != kernel_generation(guard->kernel))
		want(&guard->whole);
	/* Rules and routes have no such number, and are few. */
	want(&guard->routes);
	want(&guard->links);
}

int guard_open(struct guard *guard, struct kernel *kernel, const struct settings *settings)
{
	*guard = (struct guard){
		.kernel = kernel, .settings = settings,
		.lines = { .burst = LINES, .interval = LINE_INTERVAL },
		.complaints = { .burst = LINES, .interval = LINE_INTERVAL },
	};
	return listen_open(&guard->listen, kernel);
}

void guard_fds(const struct guard *guard, struct pollfd fds[static GUARD_SOCKETS])
{
	for (int i = 0; i < GUARD_SOCKETS; i++)
		fds[i] = (struct pollfd){ .fd = listen_fd(&guard->listen, i), .events = POLLIN };
}
