# SPDX-License-Identifier: GPL-3.0-or-later
# Library of the checks, after c.awk: finds the bodies of functions in .c files, from { to } in
# column 0. For each it calls function_end(NAME, FILE, LINE, LINES, DEPTH, DEEPEST, ABOVE):
#   LINE      where the body's { is
#   LINES     how many lines are between { and }
#   DEPTH     how many if, for, while, do and switch are inside each other, with braces or without
#   DEEPEST   a line of that depth
#   ABOVE     the comment directly above the function

FNR == 1 {
	lex_start()
	body = 0
	head = above = ""
}
FILENAME ~ /\.c$/ {
	lex($0)
	if (body) {
		if (code ~ /^\}/) {
			body = 0
			function_end(name, FILENAME, start, FNR - start - 1, depth_max, deepest,
				     above)
			head = above = ""
		} else {
			nest(code)
		}
	} else if (code ~ /^\{/) {
		body = 1
		start = FNR
		levels = parens = depth = depth_max = 0
		deepest = FNR
		name = function_name(head)
	} else if ($0 ~ /^[ \t]*$/ || code ~ /[;}][ \t]*$/ || code ~ /^#/) {
		head = above = ""
	} else if (code ~ /[^ \t]/) {
		head = head " " code
	} else {
		above = above comment
	}
}

function function_name(text)
{
	gsub(/__attribute__ *\(\(.*\)\)/, "", text)
	if (!match(text, /[A-Za-z_0-9]+ *\(/))
		return "?"
	text = substr(text, RSTART, RLENGTH - 1)
	sub(/ *$/, "", text)
	return text
}

# kind[1..levels]: "c" a control word whose statement is still to come, "C" one with braces, "b"
# other braces.
function nest(text,    token, before)
{
	for (; match(text, /[A-Za-z_0-9]+|[(){};]/); before = token) {
		token = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (token == "(")
			parens++
		else if (token == ")")
			parens--
		else if (parens)
			continue
		else if ((token == "else" && text ~ /^ *if[ (]/) ||
			 (token == "while" && before == "}"))
			continue
		else if (token ~ /^(if|else|for|while|do|switch)$/)
			push("c")
		else if (token == "{") {
			if (levels && kind[levels] == "c")
				kind[levels] = "C"
			else
				push("b")
		} else if (token == "}") {
			pop()
			end_statement()
		} else if (token == ";")
			end_statement()
	}
}

function push(what)
{
	kind[++levels] = what
	if (what == "c" && ++depth > depth_max) {
		depth_max = depth
		deepest = FNR
	}
}

function pop()
{
	if (levels && kind[levels--] != "b")
		depth--
}

function end_statement()
{
	while (levels && kind[levels] == "c")
		pop()
}
