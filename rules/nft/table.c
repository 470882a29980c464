/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct statement statement_none(void)
{
	return (struct statement){ .kind = STATEMENT_NONE };
}

static struct statement match(enum packet_field field, enum compare compare, uint32_t value)
{
	struct statement statement = {
		.kind = STATEMENT_MATCH, .field = { field }, .compare = compare,
	};

	/*
	 * Fields of one and two bytes are in network order, as in the packet; marks are in host
	 * order.
	 */
	switch (field_type_size(field_info(field)->type)) {
	case 1:
		statement.value[0] = (uint8_t)value;
		break;
	case 2:
		statement.value[0] = (uint8_t)(value >> 8);
		statement.value[1] = (uint8_t)value;
		break;
	default:
		memcpy(statement.value, &value, sizeof(value));
		break;
	}
	return statement;
}

struct statement statement_equal(enum packet_field field, uint32_t value)
{
	return match(field, COMPARE_EQUAL, value);
}

struct statement statement_any(enum packet_field field, uint32_t bits)
{
	return match(field, COMPARE_ANY, bits);
}

struct statement statement_all(enum packet_field field, uint32_t bits)
{
	return match(field, COMPARE_ALL, bits);
}

struct statement statement_interface(enum packet_field field, const char *name)
{
	struct statement statement = match(field, COMPARE_EQUAL, 0);

	snprintf((char *)statement.value, sizeof(statement.value), "%s", name);
	return statement;
}

struct statement statement_prefix(enum packet_field field, const void *bytes, uint8_t bits)
{
	struct statement statement = match(field, COMPARE_PREFIX, 0);

	memcpy(statement.value, bytes, field_type_size(field_info(field)->type));
	statement.prefix = bits;
	return statement;
}

struct statement statement_in(enum packet_field field, const char *set)
{
	return (struct statement){ .kind = STATEMENT_IN, .field = { field }, .name = set };
}

static struct statement joined(enum statement_kind kind, const enum packet_field *fields,
			       const char *set)
{
	struct statement statement = { .kind = kind, .name = set };

	for (size_t i = 0; i < TABLE_FIELDS && fields[i] != FIELD_NONE; i++)
		statement.field[i] = fields[i];
	return statement;
}

struct statement statement_in_joined(const enum packet_field fields[static TABLE_FIELDS],
				     const char *set)
{
	return joined(STATEMENT_IN, fields, set);
}

struct statement statement_vmap_joined(const enum packet_field fields[static TABLE_FIELDS],
				       const char *map)
{
	return joined(STATEMENT_VMAP, fields, map);
}

struct statement statement_not(struct statement statement)
{
	statement.negate = true;
	return statement;
}

struct statement statement_vmap(enum packet_field field, const char *map)
{
	return (struct statement){ .kind = STATEMENT_VMAP, .field = { field }, .name = map };
}

struct statement statement_counter(const char *name)
{
	return (struct statement){ .kind = STATEMENT_COUNTER, .name = name };
}

struct statement statement_limit(uint32_t rate, uint32_t burst)
{
	return (struct statement){ .kind = STATEMENT_LIMIT, .number = rate, .number2 = burst };
}

struct statement statement_over(enum packet_field field, const char *set, uint32_t rate,
				uint32_t burst)
{
	return (struct statement){ .kind = STATEMENT_OVER, .field = { field }, .name = set,
				   .number = rate, .number2 = burst };
}

struct statement statement_log(const char *prefix, uint16_t group, uint32_t snaplen)
{
	return (struct statement){
		.kind = STATEMENT_LOG, .name = prefix, .number = group, .number2 = snaplen,
	};
}

struct statement statement_reject_tcp(void)
{
	return (struct statement){ .kind = STATEMENT_REJECT_TCP };
}

struct statement statement_reject(void)
{
	return (struct statement){ .kind = STATEMENT_REJECT };
}

struct statement statement_notrack(void)
{
	return (struct statement){ .kind = STATEMENT_NOTRACK };
}

struct statement statement_masquerade(void)
{
	return (struct statement){ .kind = STATEMENT_MASQUERADE };
}

struct statement statement_tproxy(bool v4, const void *bytes, uint16_t port)
{
	struct statement statement = {
		.kind = v4 ? STATEMENT_TPROXY4 : STATEMENT_TPROXY6, .number = port,
	};

	memcpy(statement.value, bytes, v4 ? 4 : 16);
	return statement;
}

struct statement statement_mark(uint32_t bits)
{
	return (struct statement){ .kind = STATEMENT_MARK, .number = bits };
}

struct statement statement_mark_clear(uint32_t bits)
{
	return (struct statement){ .kind = STATEMENT_MARK, .number2 = bits };
}

struct statement statement_ct_mark(uint32_t bits)
{
	return (struct statement){ .kind = STATEMENT_CT_MARK, .number = bits };
}

static struct statement leave(struct table_target target)
{
	return (struct statement){ .kind = STATEMENT_TARGET, .target = target };
}

struct statement statement_accept(void)
{
	return leave((struct table_target){ .kind = TARGET_ACCEPT });
}

struct statement statement_drop(void)
{
	return leave((struct table_target){ .kind = TARGET_DROP });
}

struct statement statement_return(void)
{
	return leave((struct table_target){ .kind = TARGET_RETURN });
}

struct statement statement_jump(const char *chain)
{
	return leave((struct table_target){ .kind = TARGET_JUMP, .chain = chain });
}

struct statement statement_goto(const char *chain)
{
	return leave((struct table_target){ .kind = TARGET_GOTO, .chain = chain });
}

/* ---- the table ---- */

void table_init(struct table *table, struct arena *arena, const char *name)
{
	*table = (struct table){ .name = name, .arena = arena };
}

/* count zeroed objects; on failure NULL, and the table is marked as failed. */
static void *take(struct table *table, size_t count, size_t size)
{
	void *memory = table->failed ? NULL : arena_array(table->arena, count, size);

	if (!memory)
		table->failed = true;
	return memory;
}

const char *table_text(struct table *table, const char *format, ...)
{
	char buffer[256];
	va_list arguments;
	char *copy;
	int length;

	va_start(arguments, format);
	length = vsnprintf(buffer, sizeof(buffer), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(buffer)) {
		table->failed = true;
		return "";
	}
	copy = take(table, (size_t)length + 1, 1);
	if (!copy)
		return "";
	memcpy(copy, buffer, (size_t)length + 1);
	return copy;
}

/* Appends item to a list, given its first and last pointers. */
#define APPEND(list, last, item)                                                                  \
	do {                                                                                      \
		if (list)                                                                         \
			(last)->next = (item);                                                    \
		else                                                                              \
			(list) = (item);                                                          \
		(last) = (item);                                                                  \
	} while (0)

void table_counter_add(struct table *table, const char *name)
{
	struct table_counter *counter = take(table, 1, sizeof(*counter));

	if (!counter)
		return;
	counter->name = name;
	APPEND(table->counters, table->last_counter, counter);
}

struct table_set *table_set_add(struct table *table, struct table_set set, size_t capacity)
{
	struct table_set *copy = take(table, 1, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = set;
	copy->table = table;
	copy->capacity = capacity;
	copy->element = take(table, capacity, sizeof(*copy->element));
	APPEND(table->sets, table->last_set, copy);
	return copy;
}

struct table_chain *table_chain_add(struct table *table, const char *name,
				    const struct table_hook *hook)
{
	struct table_chain *chain = take(table, 1, sizeof(*chain));

	if (!chain)
		return NULL;
	*chain = (struct table_chain){ .name = name, .hook = hook, .table = table };
	APPEND(table->chains, table->last_chain, chain);
	return chain;
}

struct table_element *table_element_add(struct table_set *set)
{
	if (!set || !set->element || set->count == set->capacity)
		return NULL;
	return &set->element[set->count++];
}

void table_rule_add(struct table_chain *chain, const struct statement *statement, size_t count)
{
	struct table_rule *rule = chain ? take(chain->table, 1, sizeof(*rule)) : NULL;

	if (!rule)
		return;
	for (size_t i = 0; i < count; i++) {
		struct statement *copy;

		if (statement[i].kind == STATEMENT_NONE)
			continue;
		copy = take(chain->table, 1, sizeof(*copy));
		if (!copy)
			return;
		*copy = statement[i];
		APPEND(rule->first, rule->last, copy);
	}
	APPEND(chain->first, chain->last, rule);
}
