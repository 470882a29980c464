/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/diag.h"
#include "rules/policy/rule.h"

/*
 * The rule-list language: text to review, one rule per line with its evidence (cordon-rules(5)).
 *
 *	list: NAME		header fields, before the first section: list and version are
 *	version: TEXT		required; authority: TEXT and default: on|off may follow
 *	[CATEGORY]		or [network], whose rules name their category themselves
 *	PATTERN key=value ...	keys: category, confidence, product, evidence, ports, leads-to
 *
 * A list is accepted whole or not at all.
 */
enum {
	LIST_LINE_MAX = 4096,		/* bytes a line */
	LIST_RULES_MAX = 2000000,	/* rules a list */
	LIST_NAME_MAX = 32		/* a list's name: lower-case letters, digits, hyphen */
};

struct rule_list {
	const char *source;	/* file name, for messages; the caller's */
	const char *name;
	const char *version;
	const char *authority;	/* "" when the list states none */
	bool on_by_default;
	struct rule *rules;	/* in the order of the file */
	size_t count;
};

/*
 * Parses length bytes of text. All of *list but source belongs to the arena. 0; -EINVAL, with every
 * error found in diag; -ENOMEM when the arena's budget is spent.
 */
int rule_list_parse(struct rule_list *list, struct arena *arena, const char *source,
		    const char *text, size_t length, struct diag *diag)
	__attribute__((warn_unused_result));
