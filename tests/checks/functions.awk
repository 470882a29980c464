# SPDX-License-Identifier: GPL-3.0-or-later
# For functions, after c.awk and bodies.awk.
function function_end(name, file, line, lines, depth, deepest, above)
{
	if (lines > 80 && above !~ /Long:/)
		print file ":" line ": " name " has " lines \
			" lines, expected at most 80, or a comment \"Long: WHY\""
	if (depth >= 5)
		print file ":" deepest ": " name " is nested " depth " deep, expected at most 4"
}
