# SPDX-License-Identifier: GPL-3.0-or-later
# For contracts, after c.awk and prototypes.awk.
function prototype(name, file, line, contract)
{
	if (!contract)
		print file ":" line ": " name " has no contract, expected a comment above"
}
