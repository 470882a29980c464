# SPDX-License-Identifier: GPL-3.0-or-later
# For the checks: which files are what. Each check is called with the tree's root, or checks this
# tree.
# shellcheck shell=bash
checks=$(cd "${BASH_SOURCE%/*}" && pwd)
export LC_ALL=C

enter() { cd "${1:-$checks/../..}" || exit 2; }

all_files() {
	find . \( -name .git -o -path ./build -o -path './build-*' \) -prune -o -type f -print |
		sed 's|^\./||' | sort
}
c_files() { all_files | sed -n '/\.[ch]$/p'; }
documents() { all_files | sed -n '/\.md$/p'; }
manuals() { all_files | sed -n '/\.[1-8]$/p'; }
lists() { all_files | sed -n -e '/\.rules$/p' -e '/\.conf\.example$/p'; }
scripts() {
	all_files | sed -e '/\.[ch]$/d' -e '/\.md$/d' -e '/^tests\/fuzz\//d' | files_to awk \
		'/^#!.*sh/ || FILENAME ~ /\.(sh|awk|bash-completion)$/ { print FILENAME }
		{ nextfile }'
}

# files_to COMMAND...: with the files named on stdin as its last arguments; not at all when there is
# none.
files_to() { tr '\n' '\0' | xargs -0 -r -x "$@"; }

# The line LEVELS of the Makefile: "LEVEL FOLDER" per folder, the lowest level first.
levels() {
	sed -n '/^LEVELS/,/[^\\]$/p' Makefile | tr -d '\\\n\t' | sed 's/^LEVELS *:= *//' |
		tr '|' '\n' |
		awk '{ for (i = 1; i <= NF; i++) print NR, $i }'
}
# The C files of the programs: those below a folder of LEVELS, in its order.
program_files() {
	levels | while read -r _ folder; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]' | sort
	done | awk '!seen[$0]++'
}

# report: prints what it reads; fails when that is anything.
report() { awk '{ print } END { exit NR > 0 }'; }
