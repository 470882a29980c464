#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A release by stick and by ssh: images lie beside it in a repository, are many times as large, and stay behind.
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

# ---- push, and what it comes to; both tars are this machine's
mkdir bin
printf '#!/bin/sh\ncat > pushed.tar\n' > bin/ssh
cat > bin/tar <<-END
	#!/bin/sh
	$(command -v tar) "\$@"
	code=\$?
	find . -type f > $work/unpacked
	{ id -u; grep CapEff /proc/self/status; } > $work/rights
	exit \$code
	END
chmod +x bin/ssh
# Whoever unpacks what came over the network is not root.
chmod 755 "$work"
touch unpacked rights
chmod 666 unpacked rights
PATH=$work/bin:$PATH update push gateway r
is "$(tar -tf pushed.tar | grep -v '/$' | sort | tr '\n' ' ')" "metadata/timestamp.json targets/rules/$digest.a.rules "
chmod +x bin/tar
PATH=$work/bin:$PATH update receive < pushed.tar
! grep 'expected a tar archive' said || failed "what is pushed is not received"
is "$(sort unpacked | tr '\n' ' ')" "./metadata/timestamp.json ./targets/rules/$digest.a.rules "
is "$(grep Cap rights)" "CapEff:	0000000000000000"
[ "$(id -u)" != 0 ] || is "$(head -n 1 rights)" 64499
# From one who sends all of it.
tar -C r -cf - metadata targets | PATH=$work/bin:$PATH update receive
! grep 'expected a tar archive\|more than' said || failed "images are received"
is "$(sort unpacked | tr '\n' ' ')" "./metadata/timestamp.json ./targets/rules/$digest.a.rules "
is "$(find run state/update -name '*.*')" ""
tar -C r -cf - metadata | update receive
grep -q 'expected a tar archive with metadata/ and targets/rules/' said || failed "$(cat said)"
