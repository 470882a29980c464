# SPDX-License-Identifier: GPL-3.0-or-later
# For words: files whose comments begin with #.
/^[ \t]*#/ && !/^#!/ {
	sub(/^[ \t]*#+/, "")
	if ($0 ~ /^[ \t]*$/)
		finish()
	else
		feed($0, FNR)
	next
}
{ finish() }
match($0, /[ \t]# [^'"]*$/) {
	feed(substr($0, RSTART + 2), FNR)
	finish()
}
END { finish() }
