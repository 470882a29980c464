/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/list_internal.h"

#include <string.h>

/* Calls part for each value between commas. */
static void each_part(struct list_parser *parser, const struct word *value, struct rule *rule,
		      void (*part)(struct list_parser *parser, const struct word *word,
				   struct rule *rule))
{
	struct word word = { .text = value->text, .column = value->column };
	const char *end = value->text + value->length;

	while (word.text <= end) {
		const char *comma = memchr(word.text, ',', (size_t)(end - word.text));

		word.length = (size_t)((comma ? comma : end) - word.text);
		part(parser, &word, rule);
		word.text += word.length + 1;
		word.column += (unsigned int)word.length + 1;
	}
}

/* Room for one more entry in an array of the rule, which the arena holds; NULL after a message. */
static void *one_more(struct list_parser *parser, const struct word *word, const void *array,
		      size_t count, size_t most, size_t size)
{
	void *room = array ? (void *)(uintptr_t)array : arena_array(parser->arena, most, size);

	if (count == most) {
		error_at(parser, word->column, "too many entries: expected at most %zu", most);
		return NULL;
	}
	if (!room)
		parser->out_of_memory = true;
	return room;
}

static void parse_port(struct list_parser *parser, const struct word *word, struct rule *rule)
{
	struct ports ports = { 0 };
	struct ports *room;

	if (ports_parse(&ports, word->text, word->length) < 0 || ports.first != ports.last) {
		error_at(parser, word->column, "ports: expected tcp/PORT or udp/PORT, separated by "
			 "commas, found \"%.*s\"", (int)word->length, word->text);
		return;
	}
	room = one_more(parser, word, rule->port, rule->port_count, RULE_PORTS, sizeof(*room));
	if (!room)
		return;
	room[rule->port_count++] = ports;
	rule->port = room;
}

static void parse_network(struct list_parser *parser, const struct word *word, struct rule *rule)
{
	struct prefix prefix, *room;

	if (prefix_parse(&prefix, word->text, word->length) < 0) {
		error_at(parser, word->column, "leads-to: expected networks such as "
			 "77.74.181.0/24, separated by commas, found \"%.*s\"",
			 (int)word->length, word->text);
		return;
	}
	room = one_more(parser, word, rule->network, rule->network_count, RULE_NETWORKS,
			sizeof(*room));
	if (!room)
		return;
	room[rule->network_count++] = prefix;
	rule->network = room;
}

/* Only names have pinholes. A single resolver address may be refused on some ports only. */
void list_check_reach(struct list_parser *parser, const struct rule *rule)
{
	bool is_name = rule->kind <= PATTERN_EXACT;
	bool is_host = rule->kind == PATTERN_PREFIX && rule->prefix.length == 128 &&
		       rule->category == CATEGORY_BYPASS;

	if (rule->port_count && !is_name && !is_host)
		error_at(parser, 1, "ports= is allowed only on a name or on a single address in "
			 "[bypass]");
	if (rule->network_count && !is_name)
		error_at(parser, 1, "leads-to= is allowed only on a name");
}

void list_ports(struct list_parser *parser, const struct word *value, struct rule *rule)
{
	each_part(parser, value, rule, parse_port);
}

void list_networks(struct list_parser *parser, const struct word *value, struct rule *rule)
{
	each_part(parser, value, rule, parse_network);
}
