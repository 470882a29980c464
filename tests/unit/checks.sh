#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The checks of tests/checks: each fails on a bad sample, with the file and the line, and passes on
# a good one. usage: checks.sh; exit 1 when something is not as expected
set -u
cd "$(dirname "$0")/../.." || exit 1
checks=$PWD/tests/checks
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
bad=0

# sample: an empty tree with two levels, low and high, and two folders on the higher one.
sample() {
	rm -rf "$tree"
	mkdir -p "$tree/low" "$tree/high" "$tree/side"
	printf 'LEVELS := low \\\n\t| high side\n$(O)/gen/made.h: low\n' >"$tree/Makefile"
}

# file NAME: from stdin, in the sample
file() {
	mkdir -p "$tree/$(dirname "$1")"
	cat >"$tree/$1"
}

# wrong TEXT: what is not as expected, with what the check printed
wrong() {
	echo "$1:"
	cat "$work/out"
	bad=1
}

# passes CHECK: exit code 0 and no output
passes() {
	"$checks/$1" "$tree" "$tree/build" >"$work/out" 2>&1 || wrong "$1: failed on a good sample"
	[ ! -s "$work/out" ] || wrong "$1: passed, but printed"
}

# fails CHECK TEXT...: exit 1, and as many lines of a file as texts, each with one of them
fails() {
	local check=$1 code=0 text
	shift
	"$checks/$check" "$tree" "$tree/build" >"$work/out" 2>&1 || code=$?
	[ "$code" -eq 1 ] || wrong "$check: exit $code on a bad sample, expected 1"
	for text; do
		grep -qF -- "$text" "$work/out" || wrong "$check: expected \"$text\""
	done
	[ "$(grep -c '^[^ ]' "$work/out")" -eq $# ] || wrong "$check: expected $# lines"
}

# times NUMBER TEXT
times() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%s' "$2"
	done
}

levels() {
	sample
	file low/a.h </dev/null
	file low/a.c <<<'#include "low/a.h"'
	file high/b.h <<<'#include "low/a.h"'
	file high/b.c <<'END_OF_FILE'
#include "high/b.h"
#include "made.h"
#include <stdio.h>
END_OF_FILE
	file tests/t.c <<<'#include "high/b.h"'
	passes levels
	file low/up.c <<<$'\n#include "high/b.h"'
	file side/beside.c <<<'#include "high/b.h"'
	file high/short.c <<<'#include "b.h"'
	file nowhere/n.c </dev/null
	fails levels 'low/up.c:2: includes high/b.h of level 2, expected low or a level below 1' \
		'side/beside.c:1: includes high/b.h' \
		'high/short.c:1: includes b.h, expected a file by its path' \
		'nowhere/n.c:1: folder nowhere has no level'
}

# compile FILE...: into the sample's build/obj
compile() {
	local source object
	for source; do
		object=$tree/build/obj/${source%.c}.o
		mkdir -p "${object%/*}"
		"${CC:-gcc}" -I"$tree" -c -o "$object" "$tree/$source" || bad=1
	done
}

# reason TEXT: a line of what circles printed
reason() {
	grep -qxF "  $1" "$work/out" || wrong "circles: expected the reason \"$1\""
}

circles() {
	sample
	file low/a.h <<<'int a(void);'
	file low/a.c <<'END_OF_FILE'
#include "low/a.h"
int a(void) { return 1; }
END_OF_FILE
	file high/b.h <<'END_OF_FILE'
int b(void);
extern int (*hook)(void);
END_OF_FILE
	file high/b.c <<'END_OF_FILE'
#include "high/b.h"
#include "low/a.h"
int (*hook)(void);
int b(void) { return a() + hook(); }
END_OF_FILE
	file high/c.c <<'END_OF_FILE'
#include "high/b.h"
static int c(void) { return 1; }
int d(void) { hook = c; return b(); }
END_OF_FILE
	compile low/a.c high/b.c high/c.c
	passes circles
	# By a call alone: the prototype is the caller's own.
	file low/a.c <<'END_OF_FILE'
#include "low/a.h"
int d(void);
int a(void) { return d(); }
END_OF_FILE
	compile low/a.c
	fails circles \
		'high/b.c:1: circle of 3 files with 3 arrows, expected none: high/b high/c low/a'
	reason 'low/a.c:2: uses d of high/c.c'
	reason 'high/b.c:2: includes low/a.h, uses a of low/a.c'
	# By an include alone: a C file and its header are one.
	file low/a.c <<'END_OF_FILE'
#include "low/a.h"
#include "high/b.h"
int a(void) { return 1; }
END_OF_FILE
	compile low/a.c
	fails circles 'circle of 2 files with 2 arrows, expected none: high/b low/a'
	rm -r "$tree/build"
	! "$checks/circles" "$tree" >"$work/out" 2>&1 || wrong 'circles: passed without objects'
}

columns() {
	sample
	file low/a.c <<<"$(times 100 x)"$'\n'"$(times 12 $'\t')xxxx"$'\n'"/* $(times 90 x)ä */"
	file low/run <<<$'#!/bin/sh\n'"# https://example.org/$(times 100 x)"
	file low/a.txt <<<"$(times 101 x)"
	passes columns
	file low/a.h <<<$'\n'"$(times 12 $'\t')xxxxx"
	file low/run <<<$'#!/bin/sh\n'"$(times 101 x)"
	fails columns 'low/a.h:2: 101 columns' 'low/run:2: 101 columns'
}

# function_of LINES: a function with a body of that many
function_of() {
	printf 'int f%d(void)\n{\n' "$1"
	times "$1" $'\tx();\n'
	printf '}\n\n'
}

functions() {
	sample
	{
		function_of 80
		echo '/* Long: a table. */'
		function_of 81
		echo 'static struct thing x = {'
		times 90 $'\t0,\n'
		cat <<'END_OF_FILE'
};

int four(void)
{
	if (a)
		for (;;)
			while (b) {
				if (c)
					x();
				else if (d)
					y();
				else
					z();
			}
	do {
		x();
	} while (y);
}
END_OF_FILE
	} | file low/a.c
	passes functions
	{
		echo '/* It is long. */'
		function_of 81
		cat <<'END_OF_FILE'
int five(void)
{
	if (a)
		for (;;)
			while (b) {
				switch (c) {
				case 1:
					if (d)
						x();
				}
			}
}
END_OF_FILE
	} | file low/a.c
	fails functions 'low/a.c:3: f81 has 81 lines' 'low/a.c:94: five is nested 5 deep'
}

tags() {
	sample
	file low/a.h <<'END_OF_FILE'
struct a { int x; };
enum { LOW };
struct own {
	int y;
};
END_OF_FILE
	file low/b.c <<'END_OF_FILE'
struct own *x;
/* struct c { */
struct own {
	int y;
};
END_OF_FILE
	file high/b.c <<'END_OF_FILE'
struct b {
	struct a *a;
};
const char *text = "struct a {";
int main(void)
{
}
END_OF_FILE
	cp "$tree/high/b.c" "$tree/side/b.c"
	passes tags
	file high/c.c <<<$'\nenum a { HIGH };'
	fails tags 'high/c.c:2: enum a, which low/a.h:1 defines, too'
}

contracts() {
	sample
	file low/a.h <<'END_OF_FILE'
/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a says. */
int a(int x,
      int y) __attribute__((warn_unused_result));
void group(void);

#define MACRO(x) (x)
typedef int (*hook)(int);
struct s {
	void (*call)(int);	/* a hook, no function */
};
extern int value;
int behind(void);	/* what it says */
END_OF_FILE
	file high/a.c <<<'int none(void);'
	passes contracts
	file low/b.h <<'END_OF_FILE'
/* SPDX-License-Identifier: GPL-3.0-or-later */
int first(void);

/* A comment apart. */

int second(int a,
	   int b);
int behind(void);	/* what it says */
struct s *third(void);

static inline int fourth(void)
{
	return 0;
}
END_OF_FILE
	fails contracts 'low/b.h:2: first has no contract' 'low/b.h:6: second' 'low/b.h:9: third' \
		'low/b.h:11: fourth'
}

words() {
	local forty more
	forty=$(times 39 'word ')
	more="$forty a b c said"
	sample
	file CONTRIBUTING.md <<'END_OF_FILE'
# Page

<!-- banned words -->
| not | but |
|---|---|
| `of ours`, `whoever` | `our`, `a` |

- said (the), nobody: no one
<!-- end -->

The `whoever` of code and "what was said" pass.
END_OF_FILE
	{
		printf '%send.\nA second one, e.g. this.\n\n' "$forty"
		printf '```\n%s\n```\n\n    %s\n\n> %s\n\n' "$more" "$more" "$more"
		printf -- '- %s\n- %s\n\n| %s | `said` %s |\n' "$forty" "$forty" "$forty" "$forty"
	} | file README.md
	{
		printf '.Sh SYNOPSIS\n.Nm\n.Op said\n.Sh TEXT\n%send.\n' "$forty"
		printf 'A\n.Xr word 1 ,\n.Cm said .\n'
		printf '.Bd -literal\n%s\n.Ed\n.It Cm said\n' "$more"
	} | file low/a.1
	file low/a.c <<'END_OF_FILE'
/* "said" is a quotation; so is
 * `whoever`. Our s is no "of ours". */
const char *said = "said";
const char *text = "he \"said\" it";
END_OF_FILE
	file low/run <<<$'#!/bin/sh\n# `said`\nsaid=1 # good'
	passes words
	printf 'Short. A\n%send.\n\nIt was\nsaid, of\nours.\n' "$forty" | file README.md
	printf '.Sh TEXT\nA\n.Em word\n%send.\n\nNobody\n.Sy said\n' "$forty" | file low/a.1
	file low/a.c <<'END_OF_FILE'
/*
 * One of
 * ours.
 */
int said;	/* as Whoever wrote */
const char *text = "it is"
	" of ours";
END_OF_FILE
	file low/run <<<$'#!/bin/sh\nsaid=1\n# it was\n# said'
	fails words 'README.md:1: sentence of 41 words' \
		'README.md:5: "said"' 'README.md:5: "of ours"' \
		'low/a.1:2: sentence of 42 words' 'low/a.1:6: "nobody"' 'low/a.1:7: "said"' \
		'low/a.c:2: "of ours"' 'low/a.c:5: "whoever"' 'low/a.c:7: "of ours"' \
		'low/run:4: "said"'
}

measure() {
	sample
	{ function_of 3; function_of 81; } | file low/a.c
	file low/a.h <<<$'/* why */\nint f3(void);\n\nint f81(void);'
	"$checks/measure" "$tree" >"$work/out" 2>&1 || bad=1
	grep -qxF '| tree | 0.1k | 92/92 | 3/81/81 | 1 | 0 | 50 % |' "$work/out" ||
		wrong 'measure: expected other figures'
}

levels
circles
columns
functions
tags
contracts
words
measure
exit "$bad"
