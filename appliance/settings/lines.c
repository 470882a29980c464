/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/lines.h"

#include <ini.h>
#include <string.h>

/* inih reports only the first line that it cannot read, and none if a value is bad too. */
static void check_handled(struct parser *parser)
{
	if (parser->unhandled)
		diag_error(parser->diag, parser->source, parser->unhandled, 0,
			   "expected [section] or key = value");
	parser->unhandled = 0;
}

static size_t blanks(const char *line, size_t length)
{
	size_t at = 0;

	while (at < length && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r'))
		at++;
	return at;
}

static bool needs_handler(const char *line, size_t length)
{
	size_t at = blanks(line, length);

	if (at == length || line[at] == ';' || line[at] == '#')
		return false;
	return line[at] != '[' || !memchr(line, ']', length);
}

/* The length before a comment: # or ; after a blank, as people write them. */
static size_t without_comment(const char *line, size_t length)
{
	for (size_t at = 1; at < length; at++) {
		if ((line[at] == '#' || line[at] == ';') &&
		    (line[at - 1] == ' ' || line[at - 1] == '\t'))
			return at;
	}
	return length;
}

/* Does it look like a line of its own: a section, or a key with its value? */
static bool looks_whole(const char *line, size_t length)
{
	size_t word = 0;

	if (line[0] == '[' || memchr(line, '=', length))
		return true;
	while (word < length && ((uint8_t)(name_lower((uint8_t)line[word]) - 'a') < 26 ||
				 line[word] == '-'))
		word++;
	word += blanks(line + word, length - word);
	return word + 1 < length && line[word] == ':' &&
	       (line[word + 1] == ' ' || line[word + 1] == '\t');
}

/* An indented line continues the value before it; other indented lines are refused. */
static bool check_indent(struct parser *parser, const char *line, size_t length)
{
	size_t at = blanks(line, length);

	parser->continues = at > 0 && at < length && parser->in_key && line[at] != ';' &&
			    line[at] != '#';
	if (!parser->continues || !looks_whole(line + at, length - at))
		return true;
	value_error(parser, "a line that begins with blanks continues the value before it: put the "
		    "key or section at the beginning of its line");
	return false;
}

/* inih would silently ignore text after a section's bracket, even a key. */
static void check_section(struct parser *parser, const char *line, size_t length)
{
	const size_t at = blanks(line, length);
	const char *end = length ? memchr(line, ']', length) : NULL;
	size_t behind;

	if (!end || line[at] != '[' || parser->continues)
		return;
	behind = (size_t)(end - line) + 1;
	if (behind + blanks(line + behind, length - behind) < length)
		value_error(parser, "expected nothing after the section's name: a key begins a "
			    "line of its own");
}

/* As inih reads it: leading blanks count only after a key. */
static void begin_section(struct parser *parser, const char *line, size_t length)
{
	const char *end = length ? memchr(line, ']', length) : NULL;
	size_t at = blanks(line, length);

	if (at == length || line[at] == ';' || line[at] == '#' || (at && parser->in_key))
		return;
	parser->in_key = line[at] != '[';
	if (parser->begin && end && line[at] == '[')
		parser->begin(parser, line + at + 1, (size_t)(end - line) - at - 1);
}

/* fgets over the text, one line per call. */
static char *read_line(char *out, int size, void *stream)
{
	struct parser *parser = stream;
	const char *line = parser->text + parser->at;
	size_t left = parser->length - parser->at;
	const char *newline = left ? memchr(line, '\n', left) : NULL;
	size_t length = newline ? (size_t)(newline - line) : left;

	check_handled(parser);
	if (left == 0)
		return NULL;
	parser->line++;
	parser->at += length + (newline != NULL);
	/* Windows editors put it before the first line. */
	if (parser->line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		length -= 3;
	}
	/* Comments are shown on terminals too, and may come from an untrusted stick. */
	if (length > LINES_BYTES || length + 2 > (size_t)size ||
	    !text_is_plain(line, length, "\t\r")) {
		value_error(parser, "expected a line of text of at most %d bytes (a key may be "
			   "repeated)", LINES_BYTES);
		length = 0;
	}
	length = without_comment(line, length);
	if (!check_indent(parser, line, length))
		length = 0;
	check_section(parser, line, length);
	if (needs_handler(line, length))
		parser->unhandled = parser->line;
	begin_section(parser, line, length);
	memcpy(out, line, length);
	out[length] = '\n';
	out[length + 1] = '\0';
	return out;
}

bool lines_key(struct parser *parser, size_t place, bool many, const char *key)
{
	unsigned int before = parser->seen[place];

	parser->seen[place] = before ? before : parser->line;
	if (many || !before)
		return true;
	if (parser->continues)
		value_error(parser, "%s: expected a single value, without a continuation line",
			    key);
	else
		value_error(parser, "%s: already given in line %u: expected it once", key, before);
	return false;
}

void lines_parse(struct parser *parser, lines_handler *handler)
{
	size_t errors = parser->diag->count;
	int first_error = ini_parse_stream(read_line, parser, handler, parser);

	if (first_error != 0 && parser->diag->count == errors)
		diag_error(parser->diag, parser->source, first_error > 0 ?
			   (unsigned int)first_error : 0, 0, "expected [section] or key = value");
}
