/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"

/*
 * The values of cordon.conf, for settings.c: each function parses text, or returns false after an
 * error that names file, line, key and what was expected.
 */
enum { PARSER_KEYS = 64 };

struct parser {
	struct settings *settings;
	const char *source;
	struct diag *diag;
	const char *text;
	size_t length;
	size_t at;
	unsigned int line;
	/* A line that begins with blanks continues the value before it. */
	bool in_key;
	bool continues;		/* this one does */
	bool listens;		/* the default of listen is gone */
	unsigned int seen[PARSER_KEYS];	/* line of each key of the handler's table; 0: not yet */
	/* A line that should hold a key, until the handler sees one; or 0. */
	unsigned int unhandled;
	/* Called at each line [name], with or without keys; may be NULL. */
	void (*begin)(struct parser *parser, const char *name, size_t length);
};

#define value_error(parser, ...) \
	diag_error((parser)->diag, (parser)->source, (parser)->line, 0, __VA_ARGS__)

/* The next word of value, separated by blanks or commas; false at its end. */
bool value_word(const char **value, const char **word, size_t *length);

/* A number from low to high. */
bool value_number(struct parser *parser, const char *key, const char *value, uint64_t low,
		  uint64_t high, uint64_t *out);

/* Append every address, or endpoint, of value to list[*count]. */
bool value_addresses(struct parser *parser, const char *key, const char *value, struct addr *list,
		     size_t *count, size_t most);
bool value_endpoints(struct parser *parser, const char *key, const char *value,
		     struct endpoint *list, size_t *count, size_t most);

/* A text that fits size including its NUL. */
bool value_text(struct parser *parser, const char *key, const char *value, char *out, size_t size);

/* Index of value among words (ended by NULL), or -1 after an error that says what was expected. */
int value_choice(struct parser *parser, const char *key, const char *value,
		 const char *const words[], const char *expected);

/* ---- [update], in settings_update.c ---- */
bool update_trust_root(struct parser *parser, const char *key, const char *value);
bool update_mirror(struct parser *parser, const char *key, const char *value);
bool update_mirror_ca(struct parser *parser, const char *key, const char *value);
bool update_mirror_pin(struct parser *parser, const char *key, const char *value);
bool update_collector(struct parser *parser, const char *key, const char *value);
bool update_interval(struct parser *parser, const char *key, const char *value);
bool update_stale_after(struct parser *parser, const char *key, const char *value);
bool update_ring(struct parser *parser, const char *key, const char *value);

/* ---- [network], in guarded.c ---- */
bool guarded_lan(struct parser *parser, const char *key, const char *value);
bool guarded_wan(struct parser *parser, const char *key, const char *value);
bool guarded_management(struct parser *parser, const char *key, const char *value);
bool guarded_masquerade(struct parser *parser, const char *key, const char *value);
bool guarded_others(struct parser *parser, const char *key, const char *value);
bool guarded_nat64(struct parser *parser, const char *key, const char *value);
bool guarded_guard_gateway(struct parser *parser, const char *key, const char *value);
bool guarded_internal_dns(struct parser *parser, const char *key, const char *value);
bool guarded_forwarder(struct parser *parser, const char *key, const char *value);
bool guarded_sanctioned(struct parser *parser, const char *key, const char *value);
