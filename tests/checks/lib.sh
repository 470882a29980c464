# SPDX-License-Identifier: GPL-3.0-or-later
# For the checks: which files are what. Each check is called with the tree's root, or checks this tree.
# shellcheck shell=sh
checks=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C

enter() { cd "${1:-$checks/../..}" || exit 2; }

all_files() {
	find . \( -name .git -o -path ./build -o -path './build-*' \) -prune -o -type f -print |
		sed 's|^\./||' | sort
}
c_files() { all_files | grep '\.[ch]$'; }
documents() { all_files | grep '\.md$'; }
manuals() { all_files | grep '\.[1-8]$'; }
lists() { all_files | grep -e '\.rules$' -e '\.conf\.example$'; }
shell_files() {
	all_files | grep -v -e '\.[ch]$' -e '\.md$' -e '^tests/fuzz/' | tr '\n' '\0' |
		xargs -0 awk '/^#!.*sh/ || FILENAME ~ /\.(sh|bash-completion)$/ { print FILENAME } { nextfile }'
}

# The line LEVELS of the Makefile: "LEVEL FOLDER" per folder, the lowest level first.
levels() {
	sed -n '/^LEVELS/,/[^\\]$/p' Makefile | tr -d '\\\n\t' | sed 's/^LEVELS *:= *//' | tr '|' '\n' |
		awk '{ for (i = 1; i <= NF; i++) print NR, $i }'
}
# The C files of the programs: those below a folder of LEVELS.
program_files() {
	levels | while read -r _ folder; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
	done | sort -u
}

# report: prints what it reads; fails when that is anything.
report() { awk '{ print } END { exit NR > 0 }'; }
