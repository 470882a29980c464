# SPDX-License-Identifier: GPL-3.0-or-later
# For levels: reads "LEVEL NUMBER FOLDER", "MADE NAME", "FILE NAME", "INCLUDE FILE LINE INCLUDED",
# in this order.

$1 == "LEVEL" {
	level[$3] = $2
	room[++rooms] = $3
}
$1 == "MADE" { made[$2] = 1 }
$1 == "FILE" {
	exists[$2] = 1
	folder = $2
	sub("/[^/]*$", "", folder)
	if (!(folder in seen) && folder !~ /^tests(\/|$)/ && home($2) == "")
		print $2 ":1: folder " folder " has no level, expected one in LEVELS (Makefile)"
	seen[folder] = 1
}
$1 == "INCLUDE" {
	where = $2 ":" $3 ": includes " $4
	from = home($2)
	to = home($4)
	if ($4 in made || (($4 in exists) && (from == "" || from == to)))
		next
	if (!($4 in exists))
		print where ", expected a file by its path from the root"
	else if (to == "" || level[to] >= level[from])
		print where " of " (to == "" ? "no level" : "level " level[to]) ", expected " from \
			" or a level below " level[from]
}

# The longest folder of LEVELS that holds the file.
function home(file,    i, best)
{
	for (i = 1; i <= rooms; i++)
		if (index(file, room[i] "/") == 1 && length(room[i]) > length(best))
			best = room[i]
	return best
}
