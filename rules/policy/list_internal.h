/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/list.h"

/* What list.c and list_reach.c share: the state of the parser. */

/* A stretch of the line being parsed. */
struct word {
	const char *text;
	size_t length;
	unsigned int column;	/* from 1 */
};

struct list_parser {
	struct rule_list *list;
	struct arena *arena;
	struct diag *diag;
	const char *line;	/* current line, comment cut off */
	size_t length;
	size_t at;
	unsigned int number;
	size_t capacity;	/* of list->rules */
	bool in_section;
	bool in_network;	/* [network]: rules name their category themselves */
	enum category category;
	bool out_of_memory;
};

#define error_at(parser, column, ...) \
	diag_error((parser)->diag, (parser)->list->source, (parser)->number, column, __VA_ARGS__)

/*
 * The values of ports= and leads-to=, separated by commas (list_reach.c). Errors go to the parser's
 * diag.
 */
void list_ports(struct list_parser *parser, const struct word *value, struct rule *rule);
void list_networks(struct list_parser *parser, const struct word *value, struct rule *rule);
/* Reports ports= or leads-to= on a kind of rule that cannot have them. */
void list_check_reach(struct list_parser *parser, const struct rule *rule);
