/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/settings/value.h"

/*
 * The lines of an INI file. inih parses the syntax. Its Debian build cuts lines at 200 bytes and
 * does not tell the handler the line number, so this reader counts lines and refuses long ones
 * before inih sees them.
 */
enum { LINES_BYTES = 198 };

/* inih's handler: context is the parser; always returns 1; errors go into diag. */
typedef int lines_handler(void *context, const char *section, const char *key, const char *value);

/* Passes every key of parser->text to the handler, with parser->line set to its line. A line that
 * is neither a section nor a key is an error in diag. */
void lines_parse(struct parser *parser, lines_handler *handler);

/*
 * Records that the key with this place in the handler's table is in this line. False after an
 * error: a second value for a key that has only one, or a continuation line. many: the key's values
 * add up.
 */
bool lines_key(struct parser *parser, size_t place, bool many, const char *key);
