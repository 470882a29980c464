# SPDX-License-Identifier: GPL-3.0-or-later
# For circles: reads "F FILE", "I FILE LINE INCLUDED", "S NODE SYMBOL TYPE ..." (nm -A -P). A node
# is a C file and its header: their path without .c and .h.

$1 == "F" { exists[$2] = 1; file[++nodes] = node($2) }
$1 == "I" { include[++includes] = $0 }
$1 == "S" && $4 ~ /^[Uw]$/ { use[++uses] = $2 " " $3 }
$1 == "S" && $4 ~ /^[A-Zi]$/ && $4 != "U" { definers[$3] = definers[$3] " " $2 }

END {
	for (i = 1; i <= includes; i++) {
		split(include[i], word, " ")
		if (word[4] in exists)
			arrow(node(word[2]), node(word[4]),
			      word[2] ":" word[3] ": includes " word[4])
	}
	for (i = 1; i <= uses; i++) {
		split(use[i], word, " ")
		count = split(definers[word[2]], by, " ")
		for (own = 1; own <= count && place(by[own]) != place(word[1]);)
			own++
		for (j = 1; j <= count; j++)
			if (own > count || j == own)
				arrow(word[1], by[j], word[1] ".c uses " word[2])
	}
	for (i = 1; i <= nodes; i++)
		if (!(file[i] in order))
			visit(file[i])
	for (c = 1; c <= circles; c++)
		show(circle[c])
}

function node(file) { sub(/\.[ch]$/, "", file); return file }
function place(file) { sub("/[^/]*$", "", file); return file }

# An include is a better reason than a symbol: it has its line. The first one counts.
function arrow(from, to, reason)
{
	if (from == to)
		return
	if (!((from, to) in why)) {
		next_to[from, ++outgoing[from]] = to
		why[from, to] = reason
	}
	if (reason ~ / uses / && !((from, to) in symbols))
		symbols[from, to] = reason
	else if (reason ~ / uses /)
		more[from, to]++
}

# Tarjan's strongly connected components.
function visit(from,    i, to, size, names)
{
	order[from] = low[from] = ++clock
	stack[++top] = from
	waiting[from] = 1
	for (i = 1; i <= outgoing[from]; i++) {
		to = next_to[from, i]
		if (!(to in order)) {
			visit(to)
			if (low[to] < low[from])
				low[from] = low[to]
		} else if ((to in waiting) && order[to] < low[from]) {
			low[from] = order[to]
		}
	}
	if (low[from] != order[from])
		return
	do {
		to = stack[top--]
		delete waiting[to]
		names = names " " to
		size++
	} while (to != from)
	if (size > 1)
		circle[++circles] = names
}

function show(names,    member, inside, i, j, n, way, best, arrows)
{
	n = split(names, member, " ")
	sort(member, n)
	for (i = 1; i <= n; i++)
		inside[member[i]] = 1
	for (i = 1; i <= n; i++) {
		way = shortest(member[i], inside)
		if (best == "" || split(way, steps, " ") < split(best, steps2, " "))
			best = way
		for (j = 1; j <= outgoing[member[i]]; j++)
			arrows += next_to[member[i], j] in inside
	}
	split(best, steps, " ")
	printf "%s:1: circle of %d files with %d arrows, expected none:",
		file_of(steps[1]), n, arrows
	for (i = 1; i <= n; i++)
		printf " %s", member[i]
	print ""
	if (!every) {
		for (i = 1; (i + 1) in steps; i++)
			print "  " reason(steps[i], steps[i + 1])
		return
	}
	for (i = 1; i <= n; i++)
		for (j = 1; j <= outgoing[member[i]]; j++)
			if (next_to[member[i], j] in inside)
				print "  " reason(member[i], next_to[member[i], j])
}

# The nodes of the shortest way from start back to it, breadth first.
function shortest(start, inside,    queue, head, tail, came, at, i, to, way)
{
	queue[tail = 1] = start
	for (head = 1; head <= tail; head++) {
		at = queue[head]
		for (i = 1; i <= outgoing[at]; i++) {
			to = next_to[at, i]
			if (!(to in inside) || (to in came))
				continue
			came[to] = at
			queue[++tail] = to
		}
	}
	way = start
	for (at = came[start]; at != start; at = came[at])
		way = at " " way
	return start " " way
}

function file_of(name) { return ((name ".c") in exists) ? name ".c" : name ".h" }

# FILE:LINE: what the arrow is: the include if there is one, and a symbol if there is one.
function reason(from, to,    text, word, line)
{
	text = why[from, to]
	if ((from, to) in symbols) {
		split(symbols[from, to], word, " ")
		line = line_of(word[1], word[3])
		if (text ~ / uses /)
			text = word[1] ":" line ": uses " word[3]
		else
			text = text ", uses " word[3]
		if (more[from, to])
			text = text " and " more[from, to] " more"
		text = text " of " file_of(to)
	}
	return text
}

function line_of(file, symbol,    text, line, found, pattern)
{
	pattern = "(^|[^A-Za-z0-9_])" symbol "([^A-Za-z0-9_]|$)"
	while (!found && (getline text < file) > 0) {
		line++
		if (text ~ pattern && text !~ /^[ \t]*\/?\*/)
			found = line
	}
	close(file)
	return found ? found : 1
}

function sort(list, n,    i, j, value)
{
	for (i = 2; i <= n; i++) {
		value = list[i]
		for (j = i - 1; j >= 1 && list[j] > value; j--)
			list[j + 1] = list[j]
		list[j + 1] = value
	}
}
