# SPDX-License-Identifier: GPL-3.0-or-later
# mirror main|security: base address of the archive. DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR win (a
# snapshot, for versions that are gone), else what this machine's own apt uses, else Debian's.
mirror() {
	local own given default
	case $1 in
	main) given=${DEBIAN_MIRROR:-} default=http://deb.debian.org/debian pattern='/debian/?$' ;;
	security) given=${DEBIAN_SECURITY_MIRROR:-} default=http://deb.debian.org/debian-security
		pattern='/debian-security/?$' ;;
	esac
	own=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -E "$pattern" |
		head -n 1 || true)
	given=${given:-${own:-$default}}
	printf '%s\n' "${given%/}"
}
