# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Bare Debian roots, made by mmdebstrap, to prove that nothing is missing; sourced. Root; Debian's
# mirror.

# shellcheck source=image/mirror.sh
. "$(dirname "${BASH_SOURCE[0]}")/../image/mirror.sh"

# bare_root SUITE TARGET: Debian, git, make, and a clone of the committed tree in /cordon.
bare_root() {
	local suite=$1 target=$2 file source
	source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	rm -rf --one-file-system "$target"
	mkdir -p "$(dirname "$target")"
	mmdebstrap --quiet --variant=apt --include=git,make,ca-certificates \
		--dpkgopt=force-unsafe-io "$suite" "$target" "deb $(mirror main) $suite main" \
		"deb $(mirror security) $suite-security main" </dev/null || return 1
	# How this machine reaches its packages holds in there too.
	cp -L /etc/resolv.conf "$target/etc/resolv.conf" 2>/dev/null || true
	for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf; do
		[ ! -f "$file" ] || cp "$file" "$target/etc/apt/apt.conf.d/"
	done
	git -c safe.directory="$source" clone -q "$source" "$target/cordon"
}

# in_bare_root TARGET COMMAND: in the clone, in a mount namespace of its own: what the run mounts
# goes with it.
in_bare_root() {
	# shellcheck disable=SC2016
	unshare --mount --fork --pid --kill-child bash -c '
		mount --make-rprivate / &&
		mount --bind "$1" "$1" &&
		mount -t proc proc "$1/proc" &&
		mount --rbind /sys "$1/sys" &&
		mount --rbind /dev "$1/dev" &&
		mount -t tmpfs tmpfs "$1/run" &&
		exec chroot "$1" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
			sh -c "cd /cordon && $2"' sh "$1" "$2" </dev/null
}
