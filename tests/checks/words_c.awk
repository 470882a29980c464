# SPDX-License-Identifier: GPL-3.0-or-later
# For words: C: comments, and strings of more than one word.
FNR == 1 { lex_start(); going = 0 }
{
	lex($0)
	if (comment ~ /[^ \t]/) {
		sub(/^[ \t]*\*/, "", comment)
		flush_strings()
		feed(comment, FNR)
		if (!inside)
			finish()
	} else if (inside || comment != "") {
		finish()
	}
	if (code ~ /^#/)
		next
	for (s = 1; s <= strings; s++) {
		if (s > 1 || !going)
			finish()
		if (index(string[s], " "))
			feed(readable(string[s]), FNR)
		going = 0
	}
	going = code ~ /""[ \t]*$/
	if (strings && !going)
		finish()
}
END { finish() }

function flush_strings()
{
	if (going)
		finish()
	going = 0
}

function readable(text)
{
	gsub(/\\[nrt]/, " ", text)
	gsub(/\\"/, "\"", text)
	return text
}
