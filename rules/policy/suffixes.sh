#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# suffixes.sh LIST: the ICANN section of the Public Suffix List (publicsuffix.org, MPL-2.0, Debian's
# package publicsuffix) as a sorted C string. Rules are kept unchanged ("co.uk", "*.ck", "!www.ck"),
# each followed by a NUL. Names that are not ASCII are left out: rule lists have ASCII names only.
set -eu
[ -r "$1" ] || {
	echo "$1: not there: install Debian's package publicsuffix (make deps)" >&2
	exit 1
}
cat <<'END'
/* Generated from the Public Suffix List by suffixes.sh. */
#include "rules/policy/suffixes.h"

const char public_suffixes[] =
END
sed '/===END ICANN DOMAINS===/q' "$1" |
	LC_ALL=C sed -n 's/^\([!*.a-z0-9-]\{1,\}\)[[:space:]]*$/\1/p' | LC_ALL=C sort -u |
	sed 's/.*/	"&\\0"/'
cat <<'END'
	;
const size_t public_suffixes_size = sizeof(public_suffixes) - 1;
END
