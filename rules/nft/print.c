/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "rules/nft/ruleset.h"
#include "rules/nft/table.h"
#include "rules/policy/addr.h"

static void target_print(const struct table_target *target, struct text *out)
{
	static const char *const words[] = {
		[TARGET_ACCEPT] = "accept", [TARGET_DROP] = "drop", [TARGET_RETURN] = "return",
		[TARGET_JUMP] = "jump", [TARGET_GOTO] = "goto",
	};

	text_puts(out, words[target->kind]);
	if (target->chain)
		text_printf(out, " %s", target->chain);
}

static void match_print(const struct statement *statement, struct text *out)
{
	const struct field_info *info = field_info(statement->field[0]);

	text_printf(out, "%s ", info->name);
	if (statement->compare == COMPARE_ALL) {
		text_puts(out, "& ");
		field_value_print(info->type, statement->value, out);
		text_puts(out, " == ");
	} else if (statement->negate) {
		text_puts(out, "!= ");
	}
	field_value_print(info->type, statement->value, out);
	if (statement->compare == COMPARE_PREFIX &&
	    statement->prefix < 8 * field_type_size(info->type))
		text_printf(out, "/%u", statement->prefix);
}

static void fields_print(const struct statement *statement, struct text *out)
{
	for (size_t i = 0; i < TABLE_FIELDS && statement->field[i] != FIELD_NONE; i++) {
		const char *name = field_info(statement->field[i])->name;

		text_printf(out, "%s%s", i ? " . " : "", name ? name : "ADDRESS-INSIDE");
	}
}

static void in_print(const struct statement *statement, struct text *out)
{
	fields_print(statement, out);
	text_printf(out, "%s @%s", statement->negate ? " !=" : "", statement->name);
}

static void tproxy_print(const struct statement *statement, struct text *out)
{
	bool v4 = statement->kind == STATEMENT_TPROXY4;

	text_puts(out, v4 ? "tproxy ip to " : "tproxy ip6 to [");
	field_value_print(v4 ? TYPE_IPV4 : TYPE_IPV6, statement->value, out);
	text_printf(out, "%s:%u", v4 ? "" : "]", statement->number);
}

static void statement_print(const struct statement *statement, struct text *out)
{
	switch (statement->kind) {
	case STATEMENT_NONE:
		break;
	case STATEMENT_MATCH:
		match_print(statement, out);
		break;
	case STATEMENT_IN:
		in_print(statement, out);
		break;
	case STATEMENT_VMAP:
		fields_print(statement, out);
		text_printf(out, " vmap @%s", statement->name);
		break;
	case STATEMENT_COUNTER:
		text_printf(out, "counter name \"%s\"", statement->name);
		break;
	case STATEMENT_LIMIT:
		text_printf(out, "limit rate %u/second burst %u packets", statement->number,
			    statement->number2);
		break;
	case STATEMENT_OVER:
		text_printf(out, "update @%s { ", statement->name);
		fields_print(statement, out);
		text_printf(out, " limit rate over %u/second burst %u packets }", statement->number,
			    statement->number2);
		break;
	case STATEMENT_LOG:
		text_printf(out, "log prefix \"%s\" group %u snaplen %u", statement->name,
			    statement->number, statement->number2);
		break;
	case STATEMENT_REJECT_TCP:
		text_puts(out, "reject with tcp reset");
		break;
	case STATEMENT_REJECT:
		text_puts(out, "reject with icmpx admin-prohibited");
		break;
	case STATEMENT_NOTRACK:
		text_puts(out, "notrack");
		break;
	case STATEMENT_MASQUERADE:
		text_puts(out, "masquerade");
		break;
	case STATEMENT_TPROXY4:
	case STATEMENT_TPROXY6:
		tproxy_print(statement, out);
		break;
	case STATEMENT_MARK:
		text_printf(out, "meta mark set meta mark %c 0x%08x", statement->number ? '|' : '&',
			    statement->number ? statement->number : ~statement->number2);
		break;
	case STATEMENT_CT_MARK:
		text_printf(out, "ct mark set ct mark | 0x%08x", statement->number);
		break;
	case STATEMENT_TARGET:
		target_print(&statement->target, out);
		break;
	}
}

static bool wordless(const struct table_rule *rule)
{
	for (const struct statement *s = rule->first; s; s = s->next) {
		if (s->field[0] != FIELD_NONE && !field_info(s->field[0])->name)
			return true;
	}
	return false;
}

static void rule_print(const struct table_rule *rule, struct text *out)
{
	const char *before = wordless(rule) ? "\t\t# (nft has no words for this rule) " : "\t\t";

	for (const struct statement *s = rule->first; s; s = s->next) {
		text_puts(out, before);
		statement_print(s, out);
		before = " ";
	}
	text_puts(out, "\n");
}

static void chain_print(const struct table_chain *chain, struct text *out)
{
	text_printf(out, "\n\tchain %s {\n", chain->name);
	if (chain->hook)
		text_printf(out, "\t\ttype %s hook %s priority %s; policy accept;\n",
			    chain->hook->type, chain->hook->name, chain->hook->priority_name);
	for (const struct table_rule *rule = chain->first; rule; rule = rule->next)
		rule_print(rule, out);
	text_puts(out, "\t}\n");
}

/* The prefix length of the range first to last, or -1 if it is not a prefix. */
static int range_prefix(const uint8_t *first, const uint8_t *last, uint32_t size)
{
	uint32_t bits = 0;

	while (bits < 8 * size && !((first[bits / 8] ^ last[bits / 8]) & 0x80 >> bits % 8))
		bits++;
	for (uint32_t i = bits; i < 8 * size; i++) {
		if (first[i / 8] & 0x80 >> i % 8 || !(last[i / 8] & 0x80 >> i % 8))
			return -1;
	}
	return (int)bits;
}

static void range_print(enum field_type type, const struct table_element *element,
			struct text *out)
{
	uint32_t size = field_type_size(type);
	int bits = type == TYPE_SERVICE ? -1 : range_prefix(element->key, element->last, size);

	field_value_print(type, element->key, out);
	if (memcmp(element->key, element->last, size) == 0)
		return;
	if (bits >= 0) {
		text_printf(out, "/%d", bits);
		return;
	}
	text_puts(out, "-");
	field_value_print(type, element->last, out);
}

static void element_print(const struct table_set *set, const struct table_element *element,
			  struct text *out)
{
	uint32_t at = 0;

	if (set->interval)
		range_print(set->type[0], element, out);
	for (size_t i = 0; !set->interval && i < TABLE_FIELDS && set->type[i] != TYPE_NONE; i++) {
		text_puts(out, i ? " . " : "");
		field_value_print(set->type[i], element->key + at, out);
		at += (field_type_size(set->type[i]) + 3) / 4 * 4;
	}
	if (set->map) {
		text_puts(out, " : ");
		target_print(&element->target, out);
	}
}

static void set_print(const struct table_set *set, struct text *out)
{
	text_printf(out, "\n\t%s %s {\n\t\ttype %s", set->map ? "map" : "set", set->name,
		    field_type_name(set->type[0]));
	for (size_t i = 1; i < TABLE_FIELDS && set->type[i] != TYPE_NONE; i++)
		text_printf(out, " . %s", field_type_name(set->type[i]));
	text_puts(out, set->map ? " : verdict\n" : "\n");
	if (set->size)
		text_printf(out, "\t\tsize %u\n", set->size);
	if (set->interval)
		text_puts(out, "\t\tflags interval\n");
	if (set->live)
		text_puts(out, set->timeout ? "\t\tflags dynamic,timeout\n" :
			  "\t\tflags timeout\n");
	if (set->timeout)
		text_printf(out, "\t\ttimeout %us\n", set->timeout);
	for (size_t i = 0; i < set->count; i++) {
		text_puts(out, i ? ",\n\t\t\t" : "\t\telements = {\n\t\t\t");
		element_print(set, &set->element[i], out);
	}
	text_puts(out, set->count ? "\n\t\t}\n\t}\n" : "\t}\n");
}

void ruleset_print(const struct ruleset *ruleset, struct text *out)
{
	const struct table *table = &ruleset->table;

	/* The first line makes sure that there is a table for the second to delete. */
	text_printf(out, "table inet %s\ndelete table inet %s\n\ntable inet %s {\n", table->name,
		    table->name, table->name);
	for (const struct table_counter *c = table->counters; c; c = c->next)
		text_printf(out, "\tcounter %s { }\n", c->name);
	for (const struct table_set *set = table->sets; set; set = set->next)
		set_print(set, out);
	for (const struct table_chain *chain = table->chains; chain; chain = chain->next)
		chain_print(chain, out);
	text_puts(out, "}\n");
}
