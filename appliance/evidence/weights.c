/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/weights.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *const class_words[SIGN_CLASSES] = {
	[SIGN_PRODUCT] = "product", [SIGN_ENGINE] = "engine", [SIGN_LICENSEE] = "licensee",
	[SIGN_SHARED] = "shared", [SIGN_MANAGEMENT] = "management", [SIGN_VISIT] = "visit",
	[SIGN_TRACE] = "trace", [SIGN_NONE] = "none",
};

static const char *const threshold_words[THRESHOLDS] = {
	[THRESHOLD_PRODUCT] = "product",
	[THRESHOLD_ENGINE] = "engine",
	[THRESHOLD_MANAGEMENT] = "management",
	[THRESHOLD_MANAGEMENT_CERTAIN] = "management-certain",
	[THRESHOLD_VISIT] = "visit",
	[THRESHOLD_MEDIUM] = "medium",
	[THRESHOLD_HIGH] = "high",
	[THRESHOLD_CERTAIN_SIGN] = "certain-sign",
	[THRESHOLD_LASTING_DAYS] = "lasting-days",
	[THRESHOLD_FALLBACK_UNORDERED] = "fallback-unordered",
	[THRESHOLD_TOOL_CATEGORIES] = "tool-categories",
	[THRESHOLD_TOOL_REPEAT] = "tool-repeat",
	[THRESHOLD_ACTIVE_DAYS] = "active-days",
	[THRESHOLD_REMOVED_DAYS] = "removed-days",
	[THRESHOLD_REMOVED_SEEN_DAYS] = "removed-seen-days",
	[THRESHOLD_RETURNED_DAYS] = "returned-days",
};

const char *sign_class_print(enum sign_class class)
{
	return class < SIGN_CLASSES ? class_words[class] : "unknown";
}

enum { FIELDS = 7, SIGN_FIELDS = 7, THRESHOLD_FIELDS = 4 };

struct weights_parser {
	struct weights *weights;
	const char *source;
	struct diag *diag;
	unsigned int line;
	const char *field[FIELDS];
	size_t length[FIELDS];
	unsigned int column[FIELDS];
	size_t fields;		/* may be above FIELDS */
	bool given[THRESHOLDS];
	bool failed;
};

static void refuse(struct weights_parser *parser, unsigned int column, const char *expected)
{
	parser->failed = true;
	diag_error(parser->diag, parser->source, parser->line, column, "%s", expected);
}

static void split(struct weights_parser *parser, const char *line, size_t length)
{
	const char *end = line + length, *at = line;

	parser->fields = 0;
	while (at <= end) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));
		const char *stop = tab ? tab : end;

		if (parser->fields < FIELDS) {
			parser->field[parser->fields] = at;
			parser->length[parser->fields] = (size_t)(stop - at);
			parser->column[parser->fields] = (unsigned int)(at - line) + 1;
		}
		parser->fields++;
		at = stop + 1;
	}
}

static bool is(const struct weights_parser *parser, size_t field, const char *word)
{
	return parser->length[field] == strlen(word) &&
	       memcmp(parser->field[field], word, parser->length[field]) == 0;
}

static uint32_t number(struct weights_parser *parser, size_t field)
{
	uint32_t value = 0;

	for (size_t i = 0; i < parser->length[field]; i++) {
		const unsigned int digit = (unsigned char)parser->field[field][i] - '0';

		if (digit > 9 || value > WEIGHTS_VALUE_MOST) {
			value = WEIGHTS_VALUE_MOST + 1;
			break;
		}
		value = value * 10 + digit;
	}
	if (parser->length[field] == 0 || value > WEIGHTS_VALUE_MOST)
		refuse(parser, parser->column[field], "expected a number from 0 to 10000");
	return value;
}

/* Visible ASCII, and blanks if they are allowed: it is printed in sentences. */
static void word(struct weights_parser *parser, size_t field, char *out, size_t size, bool blanks)
{
	const size_t length = parser->length[field];

	for (size_t i = 0; i < length; i++) {
		const char c = parser->field[field][i];

		if (text_visible(c) != c && !(blanks && c == ' ')) {
			refuse(parser, parser->column[field] + (unsigned int)i,
			       "expected visible ASCII");
			return;
		}
	}
	if (length == 0 || length >= size) {
		refuse(parser, parser->column[field], "empty or too long: expected up to 79 bytes "
		       "for a match, 23 for a family, 159 for a reason");
		return;
	}
	memcpy(out, parser->field[field], length);
	out[length] = '\0';
}

static void parse_threshold(struct weights_parser *parser)
{
	char reason[WEIGHTS_REASON];
	size_t i = 0;

	if (parser->fields != THRESHOLD_FIELDS) {
		refuse(parser, 1, "expected threshold, name, value and reason, with tabs between");
		return;
	}
	while (i < THRESHOLDS && !is(parser, 1, threshold_words[i]))
		i++;
	if (i == THRESHOLDS || parser->given[i]) {
		refuse(parser, parser->column[1], i == THRESHOLDS ? "unknown threshold" :
		       "threshold given twice");
		return;
	}
	parser->given[i] = true;
	parser->weights->threshold[i] = number(parser, 2);
	word(parser, 3, reason, sizeof(reason), true);
}

static void parse_sign(struct weights_parser *parser)
{
	struct weighed_sign *sign = &parser->weights->sign[parser->weights->signs];
	unsigned int class = 0;

	if (parser->fields != SIGN_FIELDS) {
		refuse(parser, 1, "expected sign, match, class, family, once, lasting and reason, "
		       "with tabs between");
		return;
	}
	if (parser->weights->signs == WEIGHTS_SIGNS) {
		refuse(parser, 1, "too many signs: expected at most 96");
		return;
	}
	while (class < SIGN_CLASSES && !is(parser, 2, class_words[class]))
		class++;
	if (class == SIGN_CLASSES)
		refuse(parser, parser->column[2], "expected product, engine, licensee, shared, "
		       "management, visit, trace or none");
	*sign = (struct weighed_sign){ .class = class };
	word(parser, 1, sign->match, sizeof(sign->match), false);
	if (!is(parser, 3, "-"))
		word(parser, 3, sign->family, sizeof(sign->family), false);
	sign->once = number(parser, 4);
	sign->lasting = number(parser, 5);
	word(parser, 6, sign->reason, sizeof(sign->reason), true);
	parser->weights->signs++;
}

static void parse_line(struct weights_parser *parser, const char *line, size_t length)
{
	if (length == 0 || line[0] == '#')
		return;
	split(parser, line, length);
	if (is(parser, 0, "threshold"))
		parse_threshold(parser);
	else if (is(parser, 0, "sign"))
		parse_sign(parser);
	else
		refuse(parser, 1, "expected threshold or sign, and a tab");
}

int weights_parse(struct weights *weights, const char *source, const char *text, size_t size,
		  struct diag *diag)
{
	struct weights_parser parser = { .weights = weights, .source = source, .diag = diag };

	*weights = (struct weights){ .signs = 0 };
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		const size_t length = end ? (size_t)(end - text) - at : size - at;

		parser.line++;
		parse_line(&parser, text + at, length);
		at += length + 1;
	}
	for (size_t i = 0; i < THRESHOLDS; i++) {
		if (parser.given[i])
			continue;
		parser.failed = true;
		diag_error(diag, source, 0, 0, "no threshold %s: expected each once",
			   threshold_words[i]);
	}
	return parser.failed ? -EINVAL : 0;
}

/* Goes back to the last asterisk only, so the time is bounded by the product of the lengths. */
static bool matches(const char *match, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*match == '*') {
			star = ++match;
			from = text;
		} else if (*match == *text) {
			match++;
			text++;
		} else if (star) {
			match = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*match == '*')
		match++;
	return *match == '\0';
}

int weights_lookup(const struct weights *weights, const char *rule)
{
	for (size_t i = 0; i < weights->signs; i++) {
		if (matches(weights->sign[i].match, rule))
			return (int)i;
	}
	return -1;
}
