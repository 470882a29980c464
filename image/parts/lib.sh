# SPDX-License-Identifier: GPL-3.0-or-later
# For the scripts of this folder.

# The files of the lock of one kind, for this architecture: paths.
files_of() {
	awk -v kind="$1" -v arch="$DEBARCH" -v name="${2:-}" '
		$1 == kind && ($2 == arch || $2 == "all" || $2 == "src") && (name == "" || $3 == name) {
			print $5, $8 }' image/packages.lock |
		while read -r hash path; do echo "$CACHE/files/$hash ${path##*/}"; done
}

# unpack FOLDER KIND [NAME]: Debian packages, with /bin, /sbin and /lib as links into /usr.
unpack() {
	local folder=$1
	for dir in bin sbin lib lib64; do
		mkdir -p "$folder/usr/$dir"
		[ -e "$folder/$dir" ] || ln -s "usr/$dir" "$folder/$dir"
	done
	files_of "$2" "${3:-}" | while read -r file _; do
		dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$folder"
	done
}

# unpack_source FOLDER NAME: the original source with Debian's changes.
unpack_source() {
	local folder=$1 original='' changes=''
	mkdir -p "$folder"
	while read -r file name; do
		case $name in
		*.orig.tar.*) original=$file ;;
		*.debian.tar.*) changes=$file ;;
		esac
	done < <(files_of source "$2")
	tar -x --strip-components=1 -C "$folder" -f "$original"
	tar -x -C "$folder" -f "$changes"
	while read -r patch; do
		case $patch in '#'* | '') continue ;; esac
		patch -s -p1 -d "$folder" < "$folder/debian/patches/$patch"
	done < "$folder/debian/patches/series"
}

compiler() {
	if [ -z "${IMAGE_NO_CCACHE:-}" ] && command -v ccache >/dev/null; then
		echo "ccache ${CROSS}gcc"
	else
		echo "${CROSS}gcc"
	fi
}

# What makes a compiler take start files and libraries of the sysroot: --sysroot alone leaves it
# those beside itself, which are of another Debian when this machine is.
sysroot_only() { echo "-B$PART_sysroot/usr/lib/$TRIPLE -L$PART_sysroot/usr/lib/$TRIPLE"; }

has() { grep -qx "CONFIG_$1=y" "$CONFIG"; }
