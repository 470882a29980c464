# SPDX-License-Identifier: GPL-3.0-or-later
# Library of the checks, after c.awk: calls prototype(NAME, FILE, LINE, CONTRACT) for each function
# that a header declares or defines; CONTRACT: whether a comment covers it.

FNR == 1 {
	lex_start()
	braces = covered = 0
	statement = ""
}
FILENAME ~ /\.h$/ {
	was_inside = inside
	lex($0)
	if ($0 ~ /^[ \t]*$/ && !was_inside) {
		if (!braces && statement == "")
			covered = 0
		next
	}
	if (code ~ /^[ \t]*#/)
		next
	if (code ~ /^[ \t]*$/) {
		if (!braces && comment !~ /SPDX/)
			covered = 1
		next
	}
	behind = comment != ""
	if (code ~ /^extern ""/)
		next
	for (rest = code; match(rest, /[{};]/);) {
		token = substr(rest, RSTART, 1)
		if (!braces)
			statement = statement " " substr(rest, 1, RSTART - 1)
		if (!statement_line)
			statement_line = FNR
		rest = substr(rest, RSTART + 1)
		if (token == "}")
			braces -= braces > 0
		else if (!braces)
			declared(statement)
		if (token == "{")
			braces++
		if (!braces) {
			statement = ""
			statement_line = 0
		}
	}
	if (!braces && rest ~ /[^ \t]/) {
		statement = statement " " rest
		if (!statement_line)
			statement_line = FNR
	}
}

function declared(text)
{
	gsub(/__attribute__ *\(\(.*\)\)/, "", text)
	if (text ~ /^ *typedef/ || text ~ /=/ || !match(text, /[A-Za-z_0-9]+ *\(/))
		return
	text = substr(text, RSTART, RLENGTH - 1)
	sub(/ *$/, "", text)
	prototype(text, FILENAME, statement_line, covered || behind)
}
