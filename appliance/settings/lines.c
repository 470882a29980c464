/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings/lines.h"

#include <ini.h>
#include <string.h>

/* inih names only the first line that it cannot read, and none of them when a value is bad too. */
static void check_handled(struct parser *parser)
{
	if (parser->unhandled)
		diag_error(parser->diag, parser->source, parser->unhandled, 0,
			   "expected [section] or key = value");
	parser->unhandled = 0;
}

static bool needs_handler(const char *line, size_t length)
{
	size_t at = 0;

	while (at < length && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r'))
		at++;
	if (at == length || line[at] == ';' || line[at] == '#')
		return false;
	return line[at] != '[' || !memchr(line, ']', length);
}

/* As inih reads it: blanks in front count behind a key alone. */
static void begin_section(struct parser *parser, const char *line, size_t length)
{
	const char *end = length ? memchr(line, ']', length) : NULL;
	size_t at = 0;

	while (at < length && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r'))
		at++;
	if (at == length || line[at] == ';' || line[at] == '#' || (at && parser->in_key))
		return;
	parser->in_key = line[at] != '[';
	if (parser->begin && end && line[at] == '[')
		parser->begin(parser, line + at + 1, (size_t)(end - line) - at - 1);
}

/* fgets over the text, one line a call. */
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
	/* Editors of Windows put it before the first line. */
	if (parser->line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		length -= 3;
	}
	/* Comments, too, are shown on terminals, and a stranger's stick may have written them. */
	if (length > LINES_BYTES || length + 2 > (size_t)size || !text_is_plain(line, length, "\t\r")) {
		value_error(parser, "expected a line of text of at most %d bytes (a key may be "
			   "repeated)", LINES_BYTES);
		length = 0;
	}
	if (needs_handler(line, length))
		parser->unhandled = parser->line;
	begin_section(parser, line, length);
	memcpy(out, line, length);
	out[length] = '\n';
	out[length + 1] = '\0';
	return out;
}

void lines_parse(struct parser *parser, lines_handler *handler)
{
	size_t errors = parser->diag->count;
	int first_error = ini_parse_stream(read_line, parser, handler, parser);

	if (first_error != 0 && parser->diag->count == errors)
		diag_error(parser->diag, parser->source, first_error > 0 ? (unsigned int)first_error : 0, 0,
			   "expected [section] or key = value");
}
