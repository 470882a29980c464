/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/guarded.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/daemon/log.h"

/* What the rules role tells of the kernel's side, kept for the status over its restarts. */

int guarded_heard(struct guarded *guarded, const struct message *message)
{
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

void guarded_seen(struct guarded *guarded, const char *by)
{
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

json_t *guarded_json(const struct guarded *guarded)
{
	const struct guard_report *report = &guarded->report;
	char when[CLOCK_TEXT];

	if (!guarded->known)
		return json_null();
	return json_pack("{s:I, s:I, s:o, s:o, s:b, s:s, s:b, s:o, s:o, s:o, s:o}", "changes",
			 (json_int_t)guarded->changes, "unseen", (json_int_t)guarded->unseen,
			 "last", guarded->when ? json_string(guarded->what) : json_null(),
			 "last_time",
			 guarded->when ? json_string(clock_print(guarded->when * 1000, when)) :
					 json_null(),
			 "failed", report->failed, "owner", guard_owner_print(report->owner),
			 "barrier", report->barrier, "outside", names_json(&report->outside),
			 "missing", names_json(&report->missing), "unknown",
			 names_json(&report->unknown), "rules_before", rules_json(report));
}
