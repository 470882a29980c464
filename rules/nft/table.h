/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "rules/nft/field.h"

/*
 * One nftables table of family inet as data, which print.c writes as text and objects.c turns into
 * netlink objects. Lists keep the order in which they were built; both use that order. Everything
 * belongs to the arena. After the first failed allocation the builders do nothing and table->failed
 * is set, so that a caller checks once.
 */

enum { TABLE_FIELDS = 4 };	/* most fields that one key joins */

/* Where a packet goes. chain: for jump and goto. */
struct table_target {
	enum { TARGET_ACCEPT, TARGET_DROP, TARGET_RETURN, TARGET_JUMP, TARGET_GOTO } kind;
	const char *chain;
};

/* ---- statements ---- */

enum statement_kind {
	STATEMENT_NONE,		/* leaves no trace */
	STATEMENT_MATCH,	/* field[0] compared with value */
	STATEMENT_IN,		/* the joined fields are in the set name */
	STATEMENT_VMAP,		/* the joined fields decide by the map name */
	/*
	 * The set name keeps a limit for each value of field[0]: number per second, bursts of
	 * number2. It matches what exceeds the limit, and nothing when the set is full.
	 */
	STATEMENT_OVER,
	STATEMENT_COUNTER,	/* the counter name */
	STATEMENT_LIMIT,	/* number a second, bursts of number2 */
	STATEMENT_LOG,		/* prefix name, group number, number2 bytes of the packet */
	STATEMENT_REJECT_TCP,	/* reset */
	STATEMENT_REJECT,	/* ICMP administratively prohibited */
	STATEMENT_NOTRACK,
	STATEMENT_MASQUERADE,
	STATEMENT_TPROXY4,	/* to the listener at value, port number */
	STATEMENT_TPROXY6,
	STATEMENT_MARK,		/* packet mark gets the bits of number, loses those of number2 */
	STATEMENT_CT_MARK,	/* connection mark gets the bits of number */
	STATEMENT_TARGET
};

enum compare {
	COMPARE_EQUAL,
	COMPARE_PREFIX,	/* the first prefix bits are equal */
	COMPARE_ALL,	/* every bit of value is set */
	COMPARE_ANY	/* a bit of value is set */
};

struct statement {
	enum statement_kind kind;
	enum packet_field field[TABLE_FIELDS];	/* FIELD_NONE behind the last */
	enum compare compare;
	bool negate;
	uint8_t prefix;
	uint8_t value[FIELD_SIZE];	/* as the kernel's register holds it */
	uint32_t number;
	uint32_t number2;
	const char *name;		/* must outlive the table */
	struct table_target target;
	struct statement *next;
};

/*
 * Each makes one statement by value, to be passed to TABLE_RULE; none allocates or fails. Text
 * arguments are not copied and must outlive the table. Numbers are in the machine's byte order.
 */
/* Adds nothing to the rule. */
struct statement statement_none(void);
/* The field is value; has any of the bits; has all of them; is the name of an interface. */
struct statement statement_equal(enum packet_field field, uint32_t value);
struct statement statement_any(enum packet_field field, uint32_t bits);
struct statement statement_all(enum packet_field field, uint32_t bits);
struct statement statement_interface(enum packet_field field, const char *name);
/* The first bits of the field are those of bytes; an IPv4 host has 32 bits. */
struct statement statement_prefix(enum packet_field field, const void *bytes, uint8_t bits);
/*
 * The field, or the fields joined, are in a set; or choose a verdict by a map. fields: up to
 * FIELD_NONE, unless there are TABLE_FIELDS of them.
 */
struct statement statement_in(enum packet_field field, const char *set);
struct statement statement_in_joined(const enum packet_field fields[static TABLE_FIELDS],
				     const char *set);
struct statement statement_vmap_joined(const enum packet_field fields[static TABLE_FIELDS],
				       const char *map);
struct statement statement_vmap(enum packet_field field, const char *map);
/* The opposite of a statement that matches. */
struct statement statement_not(struct statement statement);
/* Counts packets and bytes in a named counter. */
struct statement statement_counter(const char *name);
/*
 * Matches up to rate packets a second, bursts of burst packets; over: what exceeds that for one
 * value of the field.
 */
struct statement statement_limit(uint32_t rate, uint32_t burst);
struct statement statement_over(enum packet_field field, const char *set, uint32_t rate,
				uint32_t burst);
/* Sends the first snaplen bytes of the packet to an NFLOG group. */
struct statement statement_log(const char *prefix, uint16_t group, uint32_t snaplen);
/* A TCP reset; ICMP "administratively prohibited"; no connection tracking; source translation. */
struct statement statement_reject_tcp(void);
struct statement statement_reject(void);
struct statement statement_notrack(void);
struct statement statement_masquerade(void);
/* Leads the packet to a local listener. bytes: its address, 4 or 16. */
struct statement statement_tproxy(bool v4, const void *bytes, uint16_t port);
/* Set or clear bits of the packet's mark, or set bits of the connection's. */
struct statement statement_mark(uint32_t bits);
struct statement statement_mark_clear(uint32_t bits);
struct statement statement_ct_mark(uint32_t bits);
/* Verdicts; a jump comes back to the next rule, a goto does not. */
struct statement statement_accept(void);
struct statement statement_drop(void);
struct statement statement_return(void);
struct statement statement_jump(const char *chain);
struct statement statement_goto(const char *chain);

/* ---- the table ---- */

struct table_rule {
	struct statement *first, *last;
	struct table_rule *next;
};

struct table_hook {
	uint32_t number;	/* enum nf_inet_hooks */
	int32_t priority;
	const char *name;	/* "prerouting" */
	const char *priority_name;	/* "filter - 5", as nft writes it */
	const char *type;		/* "filter", "nat" */
};

struct table_chain {
	const char *name;
	const struct table_hook *hook;	/* NULL: reached by jump and goto only */
	struct table_rule *first, *last;
	struct table *table;
	struct table_chain *next;
};

/* A key of one address, port, ...; in an interval set, from key to last, both inclusive. */
struct table_element {
	uint8_t key[FIELD_KEY];
	uint8_t last[FIELD_SIZE];	/* an interval has one field */
	struct table_target target;	/* maps */
};

struct table_set {
	const char *name;
	enum field_type type[TABLE_FIELDS];	/* TYPE_NONE behind the last */
	bool map;		/* key to target */
	bool interval;
	/* Filled at run time: elements time out, and an apply keeps them. */
	bool live;
	/*
	 * Seconds, for elements that give none; packets fill the set (STATEMENT_OVER). 0: only the
	 * rules role fills it.
	 */
	uint32_t timeout;
	uint32_t size;		/* most elements; 0: those that it is built with */
	struct table_element *element;	/* intervals ascending and disjoint */
	size_t count;
	size_t capacity;
	struct table *table;
	struct table_set *next;
};

struct table_counter {
	const char *name;
	struct table_counter *next;
};

struct table {
	const char *name;
	struct arena *arena;
	bool failed;
	struct table_counter *counters, *last_counter;
	struct table_set *sets, *last_set;
	struct table_chain *chains, *last_chain;
};

/* What ruleset_build returns; one table today. */
struct ruleset {
	struct table table;
};

/* name and arena must outlive the table. */
void table_init(struct table *table, struct arena *arena, const char *name);
/* Formats a name that outlives the table; "" after a failure. */
const char *table_text(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void table_counter_add(struct table *table, const char *name);
/* Room for capacity elements. NULL after a failure; the functions below accept that. */
struct table_set *table_set_add(struct table *table, struct table_set set, size_t capacity);
struct table_chain *table_chain_add(struct table *table, const char *name,
				    const struct table_hook *hook);
/* The next free element, zeroed; NULL if there is none. */
struct table_element *table_element_add(struct table_set *set);
/* Appends a rule of count statements, which are copied. */
void table_rule_add(struct table_chain *chain, const struct statement *statement, size_t count);

/* Appends a rule of these statements. */
#define TABLE_RULE(chain, ...)                                                                    \
	table_rule_add((chain), (const struct statement[]){ __VA_ARGS__ },                        \
		       sizeof((const struct statement[]){ __VA_ARGS__ }) / sizeof(struct statement))
