/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/policy/list_internal.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where the comment or the trailing white space begins. `#` begins a comment at the start of the
 * line or after a blank, but not inside double quotes. */
static size_t content_length(const char *line, size_t length)
{
	bool quoted = false;
	size_t end = length;

	for (size_t i = 0; i < length; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		if (line[i] == '#' && !quoted && (i == 0 || blank(line[i - 1]))) {
			end = i;
			break;
		}
	}
	while (end && blank(line[end - 1]))
		end--;
	return end;
}

static void skip_blanks(struct list_parser *parser)
{
	while (parser->at < parser->length && blank(parser->line[parser->at]))
		parser->at++;
}

/* The next word, up to a blank; blanks inside a quoted value belong to it. */
static bool next_word(struct list_parser *parser, struct word *word)
{
	bool quoted = false;

	skip_blanks(parser);
	*word = (struct word){ .text = parser->line + parser->at,
			       .column = (unsigned int)parser->at + 1 };
	while (parser->at < parser->length && (quoted || !blank(parser->line[parser->at]))) {
		if (parser->line[parser->at] == '"')
			quoted = !quoted;
		parser->at++;
	}
	word->length = (size_t)(parser->line + parser->at - word->text);
	if (quoted)
		error_at(parser, word->column, "unmatched double quote");
	return word->length > 0;
}

static const char *keep(struct list_parser *parser, const char *text, size_t length)
{
	const char *copy = arena_text(parser->arena, text, length);

	if (!copy)
		parser->out_of_memory = true;
	return copy ? copy : "";
}

/* ---- header: "list: NAME" and so on ---- */

static void header_name(struct list_parser *parser, const struct word *value)
{
	bool good = value->length > 0 && value->length <= LIST_NAME_MAX;

	for (size_t i = 0; good && i < value->length; i++)
		good = strchr("abcdefghijklmnopqrstuvwxyz0123456789-", value->text[i]);
	if (!good)
		error_at(parser, value->column,
			 "list name: expected 1 to %d lower-case letters, digits or hyphens",
			 LIST_NAME_MAX);
	parser->list->name = keep(parser, value->text, value->length);
}

static void header_default(struct list_parser *parser, const struct word *value)
{
	if (value->length == 2 && memcmp(value->text, "on", 2) == 0)
		parser->list->on_by_default = true;
	else if (value->length == 3 && memcmp(value->text, "off", 3) == 0)
		parser->list->on_by_default = false;
	else
		error_at(parser, value->column, "default: expected on or off");
}

static void parse_header(struct list_parser *parser)
{
	const char *colon = memchr(parser->line, ':', parser->length);
	size_t key = colon ? (size_t)(colon - parser->line) : 0;
	struct rule_list *list = parser->list;
	struct word value;

	if (!colon) {
		error_at(parser, 1, "expected a header field (list: version: authority: default:) "
				    "or a [section]");
		return;
	}
	parser->at = key + 1;
	skip_blanks(parser);
	value = (struct word){ .text = parser->line + parser->at,
			       .length = parser->length - parser->at,
			       .column = (unsigned int)parser->at + 1 };
	if (value.length == 0)
		error_at(parser, value.column, "expected a value after the colon");
	else if (key == 4 && memcmp(parser->line, "list", 4) == 0 && !list->name)
		header_name(parser, &value);
	else if (key == 7 && memcmp(parser->line, "version", 7) == 0 && !list->version)
		list->version = keep(parser, value.text, value.length);
	else if (key == 9 && memcmp(parser->line, "authority", 9) == 0 && !list->authority)
		list->authority = keep(parser, value.text, value.length);
	else if (key == 7 && memcmp(parser->line, "default", 7) == 0)
		header_default(parser, &value);
	else
		error_at(parser, 1, "unknown or repeated header field \"%.*s\": expected list, "
			 "version, authority or default, each once", (int)key, parser->line);
}

/* ---- [section] ---- */

static void parse_section(struct list_parser *parser)
{
	const char *word = parser->line + 1;
	size_t length = parser->length - 1;

	if (!parser->list->name || !parser->list->version) {
		error_at(parser, 1, "expected the header fields list: and version: before the "
				    "first section");
		parser->list->name = parser->list->name ? parser->list->name : "unnamed";
		parser->list->version = parser->list->version ? parser->list->version : "";
	}
	parser->in_section = true;
	if (length < 2 || word[length - 1] != ']') {
		error_at(parser, (unsigned int)parser->length, "expected ] at the end of the "
			 "section");
		return;
	}
	length--;
	parser->in_network = length == 7 && memcmp(word, "network", 7) == 0;
	if (!parser->in_network && category_parse(&parser->category, word, length) < 0)
		error_at(parser, 2, "unknown section \"%.*s\": expected network or a category "
			 "(update, activation, telemetry, distribution, infrastructure, portal, "
			 "removal, web, mail, relay, bypass, exempt)", (int)length, word);
}

/* ---- a rule ---- */

/* What people write most often instead of a domain name; false: it is none of that. */
static bool hint_name(struct list_parser *parser, const struct word *word)
{
	const char *scheme = memmem(word->text, word->length, "://", 3);

	if (scheme) {
		const char *host = scheme + 3;
		const size_t left = (size_t)(word->text + word->length - host);
		size_t length = 0;

		while (length < left && !strchr("/:?#", host[length]))
			length++;
		error_at(parser, word->column, "a URL: expected the domain name alone, \"%.*s\"",
			 (int)length, host);
		return true;
	}
	if (word->length >= 2 && memcmp(word->text, "*.", 2) == 0) {
		error_at(parser, word->column,
			 "no asterisk: expected the domain name alone, \"%.*s\", "
			 "which covers everything below it too",
			 (int)word->length - 2, word->text + 2);
		return true;
	}
	for (size_t i = 0; i < word->length; i++) {
		if ((uint8_t)word->text[i] < 0x80)
			continue;
		error_at(parser, word->column + (unsigned int)i, "not ASCII: expected an "
			 "internationalized domain name as DNS carries it (xn--...)");
		return true;
	}
	return false;
}

static int parse_name(struct list_parser *parser, struct rule *rule, const struct word *word)
{
	size_t skip = word->text[0] == '=';
	struct name name;
	unsigned int column = 0;
	uint8_t *wire;
	int error;

	rule->kind = skip ? PATTERN_EXACT : PATTERN_SUFFIX;
	error = name_parse(&name, word->text + skip, word->length - skip, &column);
	if (error) {
		error_at(parser, word->column + (unsigned int)skip + (column ? column - 1 : 0),
			 error == -E2BIG ? "domain name too long: at most 63 bytes per label and "
					   "255 per name"
					 : "expected a domain name (letters, digits, hyphens, "
					   "dots), =NAME, an address, a network or tcp/PORT");
		return error;
	}
	wire = arena_alloc(parser->arena, name.length);
	if (!wire) {
		parser->out_of_memory = true;
		return -ENOMEM;
	}
	memcpy(wire, name.wire, name.length);
	rule->name = wire;
	return 0;
}

/* True for "1.2.3"; false for the root, which is a name. */
static bool only_digits_and_dots(const struct word *word)
{
	if (word->text[0] == '.')
		return false;
	for (size_t i = 0; i < word->length; i++) {
		if (word->text[i] != '.' && (uint8_t)(word->text[i] - '0') > 9)
			return false;
	}
	return true;
}

static int parse_pattern(struct list_parser *parser, struct rule *rule, const struct word *word)
{
	int error;

	if (hint_name(parser, word))
		return -EINVAL;
	if (word->length > 4 && word->text[3] == '/' &&
	    (memcmp(word->text, "tcp", 3) == 0 || memcmp(word->text, "udp", 3) == 0)) {
		rule->kind = PATTERN_PORT;
		error = ports_parse(&rule->ports, word->text, word->length);
		if (error)
			error_at(parser, word->column + 4,
				 "expected a port from 1 to 65535, or FIRST-LAST with FIRST below "
				 "LAST");
		return error;
	}
	error = prefix_parse(&rule->prefix, word->text, word->length);
	if (error == 0) {
		rule->kind = PATTERN_PREFIX;
		return 0;
	}
	if (error == -ERANGE) {
		error_at(parser, word->column, "the network has host bits set: write its first "
					       "address, or a longer prefix");
		return error;
	}
	if (memchr(word->text, '/', word->length) || memchr(word->text, ':', word->length)) {
		error_at(parser, word->column, "expected a network such as 77.74.176.0/21 or "
					       "2001:db8::/32");
		return -EINVAL;
	}
	/* Malformed IPv4 addresses would otherwise pass as domain names. */
	if (only_digits_and_dots(word)) {
		error_at(parser, word->column, "not an IPv4 address: expected four numbers from 0 "
					       "to 255");
		return -EINVAL;
	}
	return parse_name(parser, rule, word);
}

/* Splits key=value and removes the quotes of value; false if the word is not of that form. */
static bool key_value(const struct word *word, size_t *key, struct word *value)
{
	const char *equals = memchr(word->text, '=', word->length);

	if (!equals || equals == word->text)
		return false;
	*key = (size_t)(equals - word->text);
	*value = (struct word){ .text = equals + 1, .length = word->length - *key - 1,
				.column = word->column + (unsigned int)*key + 1 };
	if (value->length >= 2 && value->text[0] == '"' && value->text[value->length - 1] == '"') {
		value->text++;
		value->length -= 2;
		value->column++;
	}
	return value->length > 0;
}

static bool key_is(const struct word *word, size_t key, const char *name)
{
	return strlen(name) == key && memcmp(word->text, name, key) == 0;
}

static void parse_key(struct list_parser *parser, struct rule *rule, const struct word *word,
		      bool *has_category)
{
	struct word value;
	size_t key;

	if (!key_value(word, &key, &value)) {
		error_at(parser, word->column, "expected key=value (category, confidence, product, "
					       "evidence, ports or leads-to)");
	} else if (key_is(word, key, "category")) {
		*has_category = true;
		if (!parser->in_network)
			error_at(parser, word->column, "category= is allowed in [network] only: "
				 "elsewhere the section is the category");
		if (category_parse(&rule->category, value.text, value.length) < 0)
			error_at(parser, value.column, "unknown category \"%.*s\"",
				 (int)value.length, value.text);
	} else if (key_is(word, key, "confidence")) {
		if (confidence_parse(&rule->confidence, value.text, value.length) < 0)
			error_at(parser, value.column, "expected confidence low, medium or high");
	} else if (key_is(word, key, "evidence")) {
		rule->evidence = keep(parser, value.text, value.length);
	} else if (key_is(word, key, "ports")) {
		list_ports(parser, &value, rule);
	} else if (key_is(word, key, "leads-to")) {
		list_networks(parser, &value, rule);
	} else if (!key_is(word, key, "product")) {
		error_at(parser, word->column, "unknown key \"%.*s\": expected category, "
			 "confidence, product, evidence, ports or leads-to", (int)key, word->text);
	}
}

static void make_id(struct list_parser *parser, struct rule *rule)
{
	char buffer[NAME_TEXT + 96], pattern[NAME_TEXT + 1] = "=";
	int length;

	switch (rule->kind) {
	case PATTERN_SUFFIX:
		name_print(rule->name, pattern);
		break;
	case PATTERN_EXACT:
		name_print(rule->name, pattern + 1);
		break;
	case PATTERN_PREFIX:
		prefix_print(&rule->prefix, pattern);
		break;
	case PATTERN_PORT:
		snprintf(pattern, sizeof(pattern),
			 rule->ports.first == rule->ports.last ? "%s/%u" : "%s/%u-%u",
			 rule->ports.protocol == 6 ? "tcp" : "udp", rule->ports.first,
			 rule->ports.last);
		break;
	}
	length = snprintf(buffer, sizeof(buffer), "%s:%s:%s", parser->list->name,
			  category_print(rule->category), pattern);
	rule->id = keep(parser, buffer, (size_t)length);
}

static void parse_rule(struct list_parser *parser)
{
	struct rule_list *list = parser->list;
	struct rule *rule;
	struct word word;
	bool has_category = !parser->in_network;

	if (list->count == parser->capacity) {
		error_at(parser, 1, "more than %d rules in one list", LIST_RULES_MAX);
		return;
	}
	rule = &list->rules[list->count];
	*rule = (struct rule){ .category = parser->category, .confidence = CONFIDENCE_HIGH,
			       .evidence = "", .line = parser->number };
	if (!next_word(parser, &word) || parse_pattern(parser, rule, &word) < 0)
		return;
	while (next_word(parser, &word))
		parse_key(parser, rule, &word, &has_category);
	if (!has_category)
		error_at(parser, (unsigned int)parser->length + 1,
			 "a rule in [network] needs category=");
	list_check_reach(parser, rule);
	make_id(parser, rule);
	list->count++;
}

/* ---- lines ---- */

/* The length of the UTF-8 sequence at text (RFC 3629, 4); 0 if it is malformed. */
static size_t sequence_length(const uint8_t *text, size_t left)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 :
			text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and code points beyond U+10FFFF. */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

/* Texts of a list are printed, logged and put into JSON unchanged. */
static bool printable(struct list_parser *parser)
{
	const uint8_t *line = (const uint8_t *)parser->line;
	size_t step;

	for (size_t i = 0; i < parser->length; i += step) {
		step = sequence_length(line + i, parser->length - i);
		if (step == 0) {
			error_at(parser, (unsigned int)i + 1, "not UTF-8 (0x%02x): expected UTF-8 "
				 "text", line[i]);
			return false;
		}
		if ((line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f) {
			error_at(parser, (unsigned int)i + 1, "control character (0x%02x): "
				 "expected text", line[i]);
			return false;
		}
	}
	return true;
}

static void parse_line(struct list_parser *parser, size_t length)
{
	if (length && parser->line[length - 1] == '\r')
		length--;
	if (length > LIST_LINE_MAX) {
		error_at(parser, LIST_LINE_MAX, "line longer than %d bytes", LIST_LINE_MAX);
		return;
	}
	parser->length = content_length(parser->line, length);
	parser->at = 0;
	skip_blanks(parser);
	if (!printable(parser) || parser->at == parser->length)
		return;
	if (parser->line[0] == '[')
		parse_section(parser);
	else if (parser->in_section)
		parse_rule(parser);
	else
		parse_header(parser);
}

static size_t count_lines(const char *text, size_t length)
{
	size_t lines = 1;

	for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))); at++)
		lines++;
	return lines < LIST_RULES_MAX ? lines : LIST_RULES_MAX;
}

/* Some editors put one before the text and none shows it; the rest is read all the same. */
static size_t byte_order_mark(const char *source, const char *text, size_t length,
			      struct diag *diag)
{
	if (length < 3 || memcmp(text, "\xef\xbb\xbf", 3) != 0)
		return 0;
	diag_error(diag, source, 1, 1,
		   "the file begins with an invisible byte order mark (U+FEFF): save "
		   "it as UTF-8 without one");
	return 3;
}

int rule_list_parse(struct rule_list *list, struct arena *arena, const char *source,
		    const char *text, size_t length, struct diag *diag)
{
	struct list_parser parser = { .list = list, .arena = arena, .diag = diag,
				 .category = CATEGORY_INFRASTRUCTURE };
	size_t errors = diag->count;
	const char *at = text, *end = text + length;

	*list = (struct rule_list){ .source = source, .on_by_default = true };
	parser.capacity = count_lines(text, length);
	list->rules = arena_array(arena, parser.capacity, sizeof(*list->rules));
	if (!list->rules)
		return -ENOMEM;
	at += byte_order_mark(source, text, length, diag);
	while (at < end && !parser.out_of_memory) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		parser.line = at;
		parser.number++;
		parse_line(&parser, (size_t)(stop - at));
		at = stop + 1;
	}
	if (parser.out_of_memory)
		return -ENOMEM;
	if (!parser.in_section)
		diag_error(diag, source, 0, 0, "no [section]: expected a rule list with the header "
					       "fields list: and version: and rules in sections");
	list->authority = list->authority ? list->authority : "";
	return diag->count == errors ? 0 : -EINVAL;
}
