# SPDX-License-Identifier: GPL-3.0-or-later
# Library of the checks: splits C into code, comments and strings, line by line. lex(LINE) sets
#   code      the line without comments; a string is "", a character 0
#   comment   the text of its comments
#   strings   how many string literals begin and end in it, string[1..] what they contain
#   inside    whether a comment goes on in the next line
# A file starts with lex_start().

function lex_start() { inside = 0 }

function lex(line,    mark, at)
{
	code = comment = ""
	strings = 0
	while (1) {
		if (inside) {
			at = index(line, "*/")
			if (!at) {
				comment = comment line
				return
			}
			comment = comment substr(line, 1, at - 1) " "
			line = substr(line, at + 2)
			inside = 0
			continue
		}
		if (!match(line, /["']|\/[*\/]/)) {
			code = code line
			return
		}
		mark = substr(line, RSTART, 2)
		code = code substr(line, 1, RSTART - 1)
		line = substr(line, RSTART)
		if (mark == "/*") {
			inside = 1
			line = substr(line, 3)
		} else if (mark == "//") {
			comment = comment substr(line, 3)
			return
		} else if (match(line, /^"([^"\\]|\\.)*"/)) {
			string[++strings] = substr(line, 2, RLENGTH - 2)
			code = code "\"\""
			line = substr(line, RLENGTH + 1)
		} else if (match(line, /^'([^'\\]|\\.)*'/)) {
			code = code "0"
			line = substr(line, RLENGTH + 1)
		} else {
			code = code substr(line, 1, 1)
			line = substr(line, 2)
		}
	}
}
