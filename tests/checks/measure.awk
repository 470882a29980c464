# SPDX-License-Identifier: GPL-3.0-or-later
# For measure, after c.awk and before bodies.awk and prototypes.awk.
FILENAME ~ /\.c$/ { file_lines[FILENAME]++ }

function function_end(name, file, line, lines, depth, deepest, above)
{
	length_of[++functions] = lines
	over += lines > 80
	deep += depth >= 4
}

function prototype(name, file, line, contract)
{
	prototypes++
	explained += contract
}

END {
	for (file in file_lines) {
		size[++files] = file_lines[file]
		total += file_lines[file]
	}
	sort(size, files)
	sort(length_of, functions)
	printf "| %s | %.1fk | %d/%d | %d/%d/%d | %d | %d | %d %% |\n", tree, total / 1000,
		part(size, files, 0.9), part(size, files, 1), part(length_of, functions, 0.5),
		part(length_of, functions, 0.9), part(length_of, functions, 1), over, deep,
		prototypes ? 100 * explained / prototypes + 0.5 : 0
}

function part(list, n, share,    at)
{
	at = int(n * share)
	return list[at < n * share ? at + 1 : at]
}

# Shell's: thousands of values.
function sort(list, n,    gap, i, j, value)
{
	for (gap = int(n / 2); gap > 0; gap = int(gap / 2))
		for (i = gap + 1; i <= n; i++) {
			value = list[i]
			for (j = i - gap; j >= 1 && list[j] > value; j -= gap)
				list[j + gap] = list[j]
			list[j + gap] = value
		}
}
