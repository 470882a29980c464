# SPDX-License-Identifier: GPL-3.0-or-later
# For words: Markdown.
FNR == 1 { fence = remark = item = block = 0 }
/^ *(```|~~~)/ { fence = !fence; finish(); next }
fence { next }
/<!-- banned words -->/ { block = 1 }
/<!-- end -->/ { block = 0 }
block { next }
/^ *<!--/ { remark = 1 }
remark { if (/-->/) remark = 0; finish(); next }
/^[ \t]*$/ { finish(); empty = 1; next }
/^(    |\t)/ && empty && !item { next }
/^[^ \t]/ { item = 0 }
{ empty = 0 }
/^ *>/ { finish(); next }
/^ *\|/ {
	finish()
	count_cells = split($0, cell, "|")
	for (c = 1; c <= count_cells; c++) {
		feed(unlink(cell[c]), FNR)
		finish()
	}
	next
}
/^ *([*+-]|[0-9]+[.)]) / { finish(); item = 1; sub(/^ *([*+-]|[0-9]+[.)]) +/, "") }
/^#/ { feed(unlink($0), FNR); finish(); next }
{ feed(unlink($0), FNR) }
END { finish() }

# [text](address) is text; an element of HTML is nothing.
function unlink(text)
{
	gsub(/\]\([^)]*\)/, "", text)
	gsub(/!?\[/, "", text)
	gsub(/<[^>]*>/, "", text)
	gsub(/\*\*/, "", text)
	return text
}
