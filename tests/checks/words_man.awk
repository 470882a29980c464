# SPDX-License-Identifier: GPL-3.0-or-later
# For words: manuals in mdoc. Arguments of macros for what is typed or named are code.
FNR == 1 { literal = synopsis = 0 }
/^\.\\"/ { next }
/^\.Sh / { synopsis = /^\.Sh SYNOPSIS/ }
/^\.Bd/ { finish(); literal = /-literal|-unfilled/; next }
/^\.Ed/ { literal = 0; next }
synopsis || literal { next }
/^\.(Pp|Sh|Ss|It|Bl|El|Dd|Dt|Os|Nd|Dl|D1|Rs|Re|%[A-Z])( |$)/ {
	finish()
	if ($1 == ".It" || $1 == ".Nd" || $1 == ".Ss") {
		macro_line()
		finish()
	}
	next
}
/^\./ { macro_line(); next }
{ gsub(/\\&|\\[a-z]/, ""); gsub(/\\\(../, " "); feed($0, FNR) }
END { finish() }

function macro_line(    i, named, text)
{
	named = 0
	for (i = 1; i <= NF; i++) {
		text = $i
		if (i == 1)
			sub(/^\./, "", text)
		gsub(/"/, "", text)
		if (text ~ /^[A-Z%][a-z]$/) {
			named = text !~ /^(Em|Sy|Pq|Dq|Sq|Qq|Bq|It|Nd|Ss|No|Ns|Po|Pc|Xo|Xc)$/
			if (text == "Nm" || text == "Os")
				add("`", FNR)
		} else if (text ~ /^[.,;:()!?]+$/) {
			add(text, FNR)
		} else {
			add(named ? "`" : text, FNR)
		}
	}
}
