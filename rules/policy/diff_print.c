/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/diff.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy/diff_internal.h"

static const char signs[] = { [DIFF_BLOCKED] = '+', [DIFF_UNBLOCKED] = '-', [DIFF_CHANGED] = '~' };

/* ---- for people ---- */

static void print_evidence(struct text *out, const char *label, const struct policy_rule *rule)
{
	if (!rule->evidence || !rule->evidence[0])
		return;
	text_printf(out, "; %s", label);
	text_put_masked(out, rule->evidence, strlen(rule->evidence), "");
}

/* "blocked by kaspersky:update:a.com (high)", or "no rule". */
static void print_decision(struct text *out, const struct diff_change *change, int side)
{
	static const char *const words[ACTION_COUNT] = { "none", "allowed", "monitored",
							 "blocked" };
	const struct policy_rule *rule = &change->rule[side];

	if (change->decided[side])
		text_printf(out, "%s by %s (%s)", words[rule->action], rule->id,
			    confidence_print(rule->confidence));
	else
		text_puts(out, "no rule");
}

/* "" when the rule has neither. */
static void put_reach(struct text *out, const struct policy_rule *rule)
{
	char network[PREFIX_TEXT];

	for (size_t i = 0; i < rule->port_count; i++)
		text_printf(out, "%s%s/%u", i ? "," : "ports=",
			    rule->port[i].protocol == IPPROTO_TCP ? "tcp" : "udp",
			    rule->port[i].first);
	text_puts(out, rule->port_count && rule->network_count ? " " : "");
	for (size_t i = 0; i < rule->network_count; i++)
		text_printf(out, "%s%s", i ? "," : "leads-to=",
			    prefix_print(&rule->network[i], network));
}

/* Where the clients of the name may go, if either rule says so. */
static void print_reach(struct text *out, const struct diff_change *change)
{
	bool says[SIDES];

	for (int side = 0; side < SIDES; side++)
		says[side] = change->decided[side] && (change->rule[side].port_count ||
						       change->rule[side].network_count);
	if (says[NEW]) {
		text_puts(out, "; ");
		put_reach(out, &change->rule[NEW]);
	} else if (says[OLD] && change->decided[NEW]) {
		text_puts(out, "; neither ports= nor leads-to=");
	}
	if (says[OLD]) {
		text_puts(out, "; was: ");
		put_reach(out, &change->rule[OLD]);
	}
}

static void print_change(struct text *out, const struct diff_change *change)
{
	const struct policy_rule *old = &change->rule[OLD], *new = &change->rule[NEW];
	bool same_rule = change->decided[OLD] && change->decided[NEW] &&
			 strcmp(old->id, new->id) == 0 && old->confidence == new->confidence;

	text_printf(out, "%c %s: ", signs[change->kind], change->what);
	print_decision(out, change, NEW);
	if (!same_rule) {
		text_puts(out, ", was ");
		print_decision(out, change, OLD);
	}
	print_reach(out, change);
	print_evidence(out, "evidence: ", change->decided[NEW] ? new : old);
	if (change->decided[OLD] && change->decided[NEW] &&
	    strcmp(old->evidence, new->evidence) != 0)
		print_evidence(out, "was: ", old);
	text_puts(out, "\n");
}

/* What the author of a list wrote. */
static void put_words(struct text *out, const char *label, const char *words)
{
	text_puts(out, label);
	text_put_masked(out, words, strlen(words), "");
}

static void print_version(struct text *out, const struct diff_list *list)
{
	const char *old = list->version[OLD], *new = list->version[NEW];

	if (old && new && strcmp(old, new) == 0) {
		put_words(out, "still version ", new);
	} else if (old && new) {
		put_words(out, "version ", new);
		put_words(out, ", was ", old);
	} else {
		put_words(out, new ? "new list, version " : "removed list, version ",
			  new ? new : old);
	}
}

static void print_list(struct text *out, const struct diff_list *list)
{
	text_printf(out, "%c %s: ", !list->version[OLD] ? '+' : !list->version[NEW] ? '-' : '~',
		    list->name);
	print_version(out, list);
	text_printf(out, "; rules: %zu added, %zu removed, %zu rewritten", list->added,
		    list->removed, list->rewritten);
	if (list->version[NEW] && list->on_by_default[NEW] != (!list->version[OLD] ||
							       list->on_by_default[OLD]))
		text_printf(out, "; %s by default", list->on_by_default[NEW] ? "on" : "off");
	if (list->authority[OLD] && list->authority[NEW] &&
	    strcmp(list->authority[OLD], list->authority[NEW]) != 0)
		put_words(out, "; authority ", list->authority[NEW]);
	text_puts(out, "\n");
}

void diff_print(const struct diff *diff, struct text *out)
{
	size_t lists, changes;
	const struct diff_list *list = diff_lists(diff, &lists);
	const struct diff_change *change = diff_changes(diff, &changes);

	if (!diff_changed(diff)) {
		text_puts(out, "nothing changed\n");
		return;
	}
	text_printf(out, "%zu newly blocked, %zu no longer blocked, %zu otherwise changed\n",
		    diff->counts.blocked, diff->counts.unblocked, diff->counts.changed);
	text_puts(out, lists ? "\nlists\n" : "");
	for (size_t i = 0; i < lists; i++)
		print_list(out, &list[i]);
	for (size_t i = 0; i < changes; i++) {
		if (i == 0 || change[i].category != change[i - 1].category ||
		    change[i].list != change[i - 1].list)
			text_printf(out, "\n%s%s%s%s\n", category_print(change[i].category),
				    change[i].list ? ", where the list " : "",
				    change[i].list ? change[i].list : "",
				    change[i].list ? " is chosen" : "");
		print_change(out, &change[i]);
	}
}

/* ---- JSON ---- */

static json_t *rule_json(const struct diff_change *change, int side)
{
	const struct policy_rule *rule = &change->rule[side];
	struct text reach = TEXT_EMPTY;
	json_t *object;

	if (!change->decided[side])
		return json_null();
	put_reach(&reach, rule);
	object = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?}", "action", action_print(rule->action),
			 "rule", rule->id, "category", category_print(rule->category),
			 "confidence", confidence_print(rule->confidence), "evidence",
			 rule->evidence[0] ? rule->evidence : NULL, "reach",
			 reach.length ? reach.data : NULL);
	text_release(&reach);
	return object;
}

static json_t *change_json(const struct diff_change *change)
{
	static const char *const words[] = { [DIFF_BLOCKED] = "blocked",
					     [DIFF_UNBLOCKED] = "unblocked",
					     [DIFF_CHANGED] = "changed" };

	return json_pack("{s:s, s:s, s:s, s:s?, s:o, s:o}", "change", words[change->kind], "what",
			 change->what, "category", category_print(change->category), "list",
			 change->list, "old", rule_json(change, OLD), "new",
			 rule_json(change, NEW));
}

static json_t *list_json(const struct diff_list *list)
{
	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:I, s:I, s:I}", "name",
			 list->name, "old", list->version[OLD], "new", list->version[NEW],
			 "old_authority", list->authority[OLD], "new_authority",
			 list->authority[NEW], "old_default", list->on_by_default[OLD],
			 "new_default", list->on_by_default[NEW], "added",
			 (json_int_t)list->added, "removed", (json_int_t)list->removed,
			 "rewritten", (json_int_t)list->rewritten);
}

static json_t *to_json(const struct diff *diff)
{
	size_t lists, changes;
	const struct diff_list *list = diff_lists(diff, &lists);
	const struct diff_change *change = diff_changes(diff, &changes);
	json_t *list_array = json_array(), *change_array = json_array();
	bool failed = false;

	for (size_t i = 0; i < lists; i++)
		failed |= json_array_append_new(list_array, list_json(&list[i])) < 0;
	for (size_t i = 0; i < changes; i++)
		failed |= json_array_append_new(change_array, change_json(&change[i])) < 0;
	if (failed) {
		json_decref(list_array);
		json_decref(change_array);
		return NULL;
	}
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "blocked",
			 (json_int_t)diff->counts.blocked, "unblocked",
			 (json_int_t)diff->counts.unblocked, "changed",
			 (json_int_t)diff->counts.changed, "lists", list_array, "changes",
			 change_array);
}

int diff_print_json(const struct diff *diff, struct text *out)
{
	json_t *object = to_json(diff);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!line)
		return -ENOMEM;
	text_puts(out, line);
	text_puts(out, "\n");
	free(line);
	return text_failed(out) ? -ENOMEM : 0;
}
