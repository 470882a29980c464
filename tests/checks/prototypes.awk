# SPDX-License-Identifier: GPL-3.0-or-later
# Library of the checks, after c.awk: calls prototype(NAME, FILE, LINE, CONTRACT) for each function that a header
# declares or defines; CONTRACT: whether a comment covers it.

FNR == 1 {
	lex_start()
	depth = covered = 0
	statement = ""
}
{
	was_inside = inside
	lex($0)
	if ($0 ~ /^[ \t]*$/ && !was_inside) {
		if (!depth && statement == "")
			covered = 0
		next
	}
	if (code ~ /^[ \t]*#/)
		next
	if (code ~ /^[ \t]*$/) {
		if (!depth && comment !~ /SPDX/)
			covered = 1
		next
	}
	behind = comment != ""
	if (code ~ /^extern ""/)
		next
	for (rest = code; match(rest, /[{};]/);) {
		token = substr(rest, RSTART, 1)
		if (!depth)
			statement = statement " " substr(rest, 1, RSTART - 1)
		if (!statement_line)
			statement_line = FNR
		rest = substr(rest, RSTART + 1)
		if (token == "}")
			depth -= depth > 0
		else if (!depth)
			declared(statement)
		if (token == "{")
			depth++
		if (!depth) {
			statement = ""
			statement_line = 0
		}
	}
	if (!depth && rest ~ /[^ \t]/) {
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
