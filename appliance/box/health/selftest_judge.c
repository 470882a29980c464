/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/selftest_judge.h"

#include <stdio.h>
#include <string.h>

#include "appliance/command/command.h"

enum { EDE_BLOCKED = 15, EDE_CENSORED = 16 };	/* RFC 8914 */

static bool says_blocked(const struct probe_reply *reply)
{
	return reply->has_reason &&
	       (reply->reason == EDE_BLOCKED || reply->reason == EDE_CENSORED);
}

static const char *answer_print(const struct probe_reply *reply, char text[64])
{
	if (reply->kind == PROBE_OTHER)
		return "no answer";
	if (reply->kind == PROBE_REFUSED)
		return "refused";
	if (reply->kind == PROBE_ARRIVED)
		return "the query left the gateway";
	snprintf(text, 64, "answer %u%s", reply->rcode,
		 !reply->has_reason ? "" : says_blocked(reply) ? ", blocked" :
								 ", with another error");
	return text;
}

/* ---- names ---- */

/* Blocked by this very rule: an upstream that blocks says so in the same way, and its answers are
 * passed on. */
bool selftest_name_passes(const struct selftest_name *asked)
{
	const struct probe_reply *reply = &asked->reply;

	if (reply->kind != PROBE_ANSWER || !asked->rule)
		return reply->kind == PROBE_ANSWER;
	return says_blocked(reply) &&
	       strncmp(reply->rule, asked->rule, sizeof(reply->rule) - 1) == 0;
}

void selftest_judge_name(struct findings *findings, const struct selftest_name *asked)
{
	char what[FINDING_WHAT], found[64];

	snprintf(what, sizeof(what), "%s asked of %s", asked->name, asked->resolver);
	findings_judge(findings, selftest_name_passes(asked), what,
		       asked->rule ? "blocked by our rule" : "an answer",
		       answer_print(&asked->reply, found));
	findings_drop(findings, &asked->drop);
}

/* ---- addresses ---- */

bool selftest_address_passes(const struct selftest_address *tried)
{
	return tried->state == SELFTEST_TRIED &&
	       tried->reply.kind == (tried->blocked ? PROBE_REFUSED : PROBE_ARRIVED);
}

static void judge_tried(struct findings *findings, const struct selftest_address *tried,
			const char *what)
{
	const bool arrived = tried->reply.kind == PROBE_ARRIVED;
	char found[64];

	findings->leaks |= tried->blocked && arrived;
	findings_judge(findings, selftest_address_passes(tried), what,
		       tried->blocked ? "refused" : "forwarded",
		       arrived ? "forwarded" : answer_print(&tried->reply, found));
	findings_drop(findings, &tried->drop);
}

void selftest_judge_address(struct findings *findings, const struct selftest_address *tried)
{
	char what[96];

	snprintf(what, sizeof(what), "%s, tcp/443", tried->address);
	switch (tried->state) {
	case SELFTEST_TRIED:
		judge_tried(findings, tried, what);
		return;
	case SELFTEST_NO_IPV6:
		findings_note(findings, FINDING_SKIPPED, what, "IPv6", "it is off");
		return;
	case SELFTEST_NO_FORWARDING:
		findings_note(findings, tried->must_forward ? FINDING_FAILED : FINDING_SKIPPED,
			      what, "forwarding", "it is off");
		return;
	case SELFTEST_NO_ROUTE:
		findings_judge(findings, false, what, "a route for the test",
			       "the kernel refuses it");
		return;
	}
}

/* ---- policy and daemon ---- */

/*
 * A list that knows none of the vendor's names, or none of its networks, blocks too little,
 * whatever else it blocks; what the settings let through is known to it. This asks the policy
 * itself: the mode may block nothing now, and addresses are not tried where nothing is forwarded.
 */
void selftest_judge_policy(struct findings *findings, const struct selftest_policy *policy)
{
	findings_judge(findings, policy->names && policy->addresses && policy->blocks,
		       findings->enforce ? "the policy blocks" : "the policy would block",
		       "rules for names and for addresses above, and one that blocks",
		       !policy->names ? "none for a name" :
		       !policy->addresses ? "none for an address" :
		       policy->blocks ? "it does" : "none blocks");
}

static void note_interfaces(struct findings *findings, const json_t *status)
{
	static const struct {
		const char *key, *what, *expected, *found;
	} kinds[] = {
		{ "missing", "interface of the settings", "there", "missing" },
		{ "unknown", "interface that forwards", "in a setting; it is guarded",
		  "in no setting" },
	};
	const json_t *name;
	size_t index;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_array_foreach(json_object_get(json_object_get(status, "guard"), kinds[i].key),
				   index, name)
		{
			char found[64];

			snprintf(found, sizeof(found), "%s is %s", json_string_value(name),
				 kinds[i].found);
			findings_note(findings, FINDING_WARNING, kinds[i].what, kinds[i].expected,
				      found);
		}
	}
}

bool selftest_judge_daemon(struct findings *findings, const json_t *status)
{
	const char *mode = json_string_value(json_object_get(status, "mode"));
	const bool in_force = command_is_in_force(status);

	findings->enforce = mode && strcmp(mode, "enforce") == 0;
	findings_judge(findings, in_force, "cordond", "a policy in force",
		       !status ? "no answer" : in_force ? mode ? mode : "-" : "none in force");
	note_interfaces(findings, status);
	return in_force;
}
