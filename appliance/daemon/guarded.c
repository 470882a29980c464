/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/parent.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/daemon/log.h"

/* What the rules role tells of the kernel's side, kept for the status over its restarts. */

int guarded_heard(struct parent *parent, const struct message *message)
{
	struct guarded *guarded = &parent->guarded;
	struct guard_report report;

	if (guard_decode(&report, message->body, message->size) < 0)
		return -EBADMSG;
	guarded->report = report;
	guarded->known = true;
	if (report.changes == 0)
		return 0;
	guarded->changes += report.changes;
	guarded->unseen += report.changes;
	guarded->when = clock_wall();
	snprintf(guarded->what, sizeof(guarded->what), "%s", report.what);
	return 0;
}

void guarded_seen(struct parent *parent, const char *by, char *text, size_t size)
{
	struct guarded *guarded = &parent->guarded;
	struct seen_losses losses;
	uint64_t events = 0;

	status_losses(parent, &losses);
	for (int loss = 0; loss < LOSS_COUNT; loss++)
		events += losses.lost[loss] > parent->seen.lost[loss]
			  ? losses.lost[loss] - parent->seen.lost[loss] : 0;
	parent->seen = losses;
	snprintf(text, size, "%llu changes by others and %llu lost events are seen\n",
		 (unsigned long long)guarded->unseen, (unsigned long long)events);
	if (guarded->unseen)
		log_info("%llu changes by others were seen by %s",
			 (unsigned long long)guarded->unseen, by[0] ? by : "the control socket");
	guarded->unseen = 0;
}

static json_t *names_json(const struct guard_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->total && i < GUARD_NAMES; i++)
		(void)json_array_append_new(list, json_string(names->name[i]));
	return list;
}

static json_t *rules_json(const struct guard_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->befores && i < GUARD_RULES; i++)
		(void)json_array_append_new(list, json_string(report->before[i]));
	return list;
}

/* null until the rules role has told something. */
json_t *guarded_json(const struct parent *parent)
{
	const struct guarded *guarded = &parent->guarded;
	const struct guard_report *report = &guarded->report;
	char when[CLOCK_TEXT];

	if (!guarded->known)
		return json_null();
	return json_pack("{s:I, s:I, s:o, s:o, s:b, s:s, s:b, s:o, s:o, s:o, s:o}",
			 "changes", (json_int_t)guarded->changes,
			 "unseen", (json_int_t)guarded->unseen,
			 "last", guarded->when ? json_string(guarded->what) : json_null(),
			 "last_time", guarded->when ? json_string(clock_print(guarded->when * 1000, when))
						    : json_null(),
			 "failed", report->failed, "owner", guard_owner_print(report->owner),
			 "barrier", report->barrier, "outside", names_json(&report->outside),
			 "missing", names_json(&report->missing),
			 "unknown", names_json(&report->unknown),
			 "rules_before", rules_json(report));
}
