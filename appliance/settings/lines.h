/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/settings/value.h"

/*
 * The lines of an INI file. inih does the syntax; its Debian build cuts a line at 200 bytes and tells
 * the handler no line, so the reader here counts lines and refuses long ones before inih sees them.
 */
enum { LINES_BYTES = 198 };

/* inih's handler: context is the parser; 1 always, errors go into diag. */
typedef int lines_handler(void *context, const char *section, const char *key, const char *value);

/* Every key of parser->text to the handler, with parser->line at its line; what is neither a section
 * nor a key is an error in diag. */
void lines_parse(struct parser *parser, lines_handler *handler);

/*
 * Notes that the key, which has this place in the handler's table, stands in this line. False after an error: it has
 * one value, and this is a second one, or the line goes on with it. many: its values add up.
 */
bool lines_key(struct parser *parser, size_t place, bool many, const char *key);
