#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A release by stick and by ssh: images lie beside it in a repository, are many times as large, and
# stay behind.
# Nobody takes it in here; what matters is what is carried.
set -eu -o pipefail
cordon=$(realpath "$BUILD")/bin/cordon
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed() { echo "line ${BASH_LINENO[0]}: $*"; exit 1; }
is() { [ "$1" = "$2" ] || { echo "line ${BASH_LINENO[0]}: expected \"$2\", got \"$1\""; exit 1; }; }
update() { "$cordon" --state state --run run update "$@" > said 2>&1 || true; }

digest=$(printf x | sha256sum | cut -c1-64)
mkdir -p state/update run r/metadata r/targets/{rules,images}
echo '{}' > r/metadata/timestamp.json
echo 'list: a' > "r/targets/rules/$digest.a.rules"
# More than is copied of all.
seq -f "r/targets/images/$digest.cordon-x86_64-0.%.0f.0.bundle" 8200 | xargs touch

# ---- from
update from r
! grep 'more than' said || failed "images are copied"
cp -r r other
mv other/targets/images other/targets/rules/images
update from other
grep -q 'more than 8192 files and folders or 512 MB' said || failed "there is no limit: $(cat said)"
is "$(find state/update)" state/update

# ---- push, and what it comes to
mkdir bin
printf '#!/bin/sh\ncat > pushed.tar\n' > bin/ssh
chmod +x bin/ssh
chmod 755 "$work"
PATH=$work/bin:$PATH update push gateway r
files="metadata/timestamp.json targets/rules/$digest.a.rules "
is "$(tar -tf pushed.tar | grep -v '/$' | sort | tr '\n' ' ')" "$files"

printf '#!/bin/sh\nexit 255\n' > bin/ssh
PATH=$work/bin:$PATH update push nowhere r
is "$(grep cordon said)" 'cordon update push: ssh could not reach nowhere or log in there'
mkdir empty
PATH=$work/bin:$PATH update push gateway empty
is "$(cat said)" 'cordon update push: expected the folder metadata in empty'

# Files and who unpacks, seen while the sender is silent after the archive's end.
mkfifo pipe
receive() {
	"$cordon" --state state --run run update receive < pipe > said 2>&1 & local pid=$!
	exec 7> pipe
	cat "$1" >&7
	for _ in $(seq 50); do
		[ "$(find run/received-* -type f 2> /dev/null | wc -l)" -lt "$2" ] || break
		sleep 0.1
	done
	(cd run/received-"$pid" && find . -type f -printf '%P\n' | sort | tr '\n' ' ') > unpacked
	grep -h '^CapEff\|^Uid' "/proc/$(pgrep -P "$pid")/status" > rights
	exec 7>&-
	wait "$pid" || true
	is "$(find run -mindepth 1; find state/update -mindepth 1)" ""
}
receive pushed.tar 2
is "$(cat unpacked)" "$files"
is "$(awk '/CapEff/ { print $2 }' rights)" 0000000000000000
[ "$(id -u)" != 0 ] || is "$(awk '/Uid/ { print $2 }' rights)" 64499
# From one who sends all of it, and in the other forms of tar; names of targets are longer than
# plain tar has room for.
long=$(printf 'a%.0s' $(seq 25))
echo 'list: a' > "r/targets/rules/$digest.$long.rules"
for form in gnu ustar pax; do
	tar -C r --format $form -cf all.tar ./metadata targets
	receive all.tar 3
	is "$(cat unpacked)" "${files}targets/rules/$digest.$long.rules "
done
rm "r/targets/rules/$digest.$long.rules"

# ---- what is no release leaves nothing behind
rm -r r/targets/images
refuses() {	# ARCHIVE WHY
	update receive < "$1"
	grep -q "cordon update receive: .*$2" said || failed "expected \"$2\": $(cat said)"
	is "$(find run -mindepth 1; find state/update -mindepth 1)" ""
}
not_one='expected a tar archive with metadata/ and targets/rules/'
tar -C r -cf none.tar metadata
refuses none.tar "$not_one"
echo nonsense > none.tar
refuses none.tar "$not_one"
head -c 3000 pushed.tar > none.tar
refuses none.tar 'ends in the middle'
evil() { rm -rf e && cp -r r e && (cd e && eval "$1") && tar -C e -cf none.tar metadata targets; }
evil 'mkdir -p targets/rules/1/2/3/4'
refuses none.tar 'deeper than'
deep=$(printf '/d%.0s' $(seq 200))
tar -C r -cf none.tar --transform "s,^targets/rules$,targets/rules$deep," metadata targets/rules
refuses none.tar 'deeper than\|name is too long'
evil 'ln -s /etc/passwd metadata/1.root.json'
refuses none.tar 'only files and folders with plain names'
evil 'ln -s /etc targets/rules/link'
refuses none.tar 'only files and folders with plain names'
evil 'mkfifo metadata/pipe'
refuses none.tar 'only files and folders with plain names'
evil 'touch metadata/.hidden'
refuses none.tar 'only files and folders with plain names'
# shellcheck disable=SC2016
evil 'touch metadata/$(printf "a\033b")'
refuses none.tar 'only files and folders with plain names'
evil :
tar -C e -rf none.tar metadata
refuses none.tar 'has a file twice'
tar -C r -cf none.tar --transform 's,^,metadata/../../,' metadata targets/rules
tar -P -C r -cf none.tar --transform 's,^targets/rules,metadata/../../../outside,' metadata \
	targets/rules
refuses none.tar 'only files and folders with plain names'
evil 'truncate -s 65M metadata/large.json'
refuses none.tar 'more than 8192 files and folders, or 512 MB'
evil 'seq -f "metadata/%.0f.root.json" 8200 | xargs touch'
refuses none.tar 'more than 8192 files and folders, or 512 MB'
evil 'chmod 0 metadata'
update receive < none.tar
is "$(find run -mindepth 1; find state/update -mindepth 1)" ""

# ---- what a command left that was ended goes with the next one, however deep
deep=run/received-999999999 && mkdir "$deep"
(cd "$deep" && for _ in $(seq 300); do mkdir deeper && cd deeper; done)
mkdir state/update/incoming-999999999
(cd state/update/incoming-999999999 && for _ in $(seq 40); do mkdir deeper && cd deeper; done)
echo nonsense > none.tar
update receive < none.tar
update from r
is "$(find run -mindepth 1; find state/update -mindepth 1)" ""
