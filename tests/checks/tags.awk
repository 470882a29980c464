# SPDX-License-Identifier: GPL-3.0-or-later
# For tags, after c.awk.
BEGIN {
	rooms_count = split(rooms, word, /[ \n]/) / 2
	for (i = 1; i <= rooms_count; i++)
		room[i] = word[2 * i]
}

FNR == 1 {
	lex_start()
	own = ""
	for (i = 1; i <= rooms_count; i++)
		if (index(FILENAME, room[i] "/") == 1 && length(room[i]) > length(own))
			own = room[i]
}
{ lex($0) }
code ~ /^int main\(/ { program[own] = 1 }
match(code, /(^|[^A-Za-z0-9_])(struct|union|enum) [A-Za-z0-9_]+ *\{/) {
	tag = substr(code, RSTART, RLENGTH)
	gsub(/^[^seu]|[ ]*\{$/, "", tag)
	where[++found] = FILENAME ":" FNR
	folder[found] = own
	tag_of[found] = tag
	sub(/^[a-z]* /, "", tag)
	name[found] = tag
}

END {
	for (i = 1; i <= found; i++) {
		for (j = 1; j < i; j++)
			if (name[j] == name[i] && folder[j] != folder[i] &&
			    !((folder[i] in program) && (folder[j] in program)))
				break
		if (j < i)
			print where[i] ": " tag_of[i] ", which " where[j] \
				" defines, too; expected one definition"
	}
}
