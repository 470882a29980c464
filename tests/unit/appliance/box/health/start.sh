#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The scripts of the image's start, with everything that they run replaced by a word in a file: what
# comes
# first, and what becomes of a start in which a step fails.
set -u
top=$(cd "$(dirname "$0")/../../../../.." && pwd)
source=$top/image/root/etc/init.d
# The exit code of a self-test that saw a blocked packet pass, from the program itself.
leaks=$(sed -n 's/.*\<SELFTEST_LEAKS = \([0-9]*\).*/\1/p' "$top/appliance/box/health/findings.h")
[ -n "$leaks" ] || { echo 'findings.h does not say what SELFTEST_LEAKS is'; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# Each command is recorded. "wrong" lists those that end with 1, "fails" those that end with 4 (as
# e2fsck does), "killed" those that do not end, "leaks" those that end with SELFTEST_LEAKS.
mkdir bin
cat > bin/stub <<-'END'
	#!/bin/sh
	line="$(basename "$0") $*"
	line=${line% }
	case $line in 'timeout 5 '*) shift; exec "$@" ;; esac
	echo "$line" >> ran
	# The real start waits for ever.
	[ "$line" != 'cordon status --in-force --wait 10m' ] || cp ran ran.before
	[ "$line" != 'cordon image device data esp' ] || cat devices
	grep -qxF "$line" killed && exit 137
	grep -qxF "$line" leaks && exit "$leaks"
	grep -qxF "$line" wrong && exit 1
	grep -qxF "$line" fails && exit 4
	exit 0
END
chmod +x bin/stub
export leaks
for name in cordon reboot mount timeout mke2fs ip sleep sysctl; do ln -s stub bin/$name; done

# run SCRIPT: with the folders of this test for those of the box.
run() {
	sed "s,^export PATH=.*,export PATH=$work/bin:\$PATH,; s,/run/\(cordon\|boot\),$work/run/\1,g; s,> /dev/console,>> $work/console,
		s,/dev/\(watchdog\|pts\),$work/\1,g; s,/proc/uptime,$work/uptime,g; s, /data, $work/data,g" "$source/$1" > script
	echo wait >> script
	sh script
}
begin() {
	rm -rf run data ran ran.before console
	mkdir -p run/boot run/cordon data/lost+found
	echo '10 0' > uptime
	: > devices
	: > killed
	: > wrong
	: > leaks
	touch ran console
	printf '%s\n' "$@" > fails
}
check() {
	"$@" && return
	echo "line ${BASH_LINENO[0]}: failed: $*; ran:"
	sed 's/^/    /' ran console
	failures=$((failures + 1))
}
ran() { grep -qxF "$1" ran; }
order() { [ "$(grep -xFn "$1" ran | head -n 1 | cut -d: -f1)" -lt \
	"$(grep -xFn "$2" ran | head -n 1 | cut -d: -f1)" ]; }
not() { ! "$@"; }

# ---- start: the policy, then links, then forwarding, then the proof
begin 'cordon image on-trial'
run start
check order 'cordon status --in-force --wait 90s' 'cordon network up'
check order 'cordon network up' 'cordon network forward'
check order 'cordon network forward' 'cordon selftest --wait 30'
check order 'cordon selftest --wait 30' 'cordon image confirm'
check test -e run/boot/done -a -e run/boot/network

# No policy: no link; the console is there all the same.
begin 'cordon image on-trial' 'cordon status --in-force --wait 90s'
run start
check test "$(grep -c 'cordon network up' ran.before)" = 0
check grep -q 'no policy is in force after 90 s' console
check test "$(grep -c 'no policy is in force' console)" = 1
check not ran reboot
check test -e run/boot/done

# The same on trial: back, and where that fails the boot loader counts.
begin 'cordon status --in-force --wait 90s'
run start
check ran 'cordon image rollback --reboot'
check not ran reboot
begin 'cordon status --in-force --wait 90s' 'cordon image rollback --reboot'
run start
check ran reboot

# It does not block: the same.
begin 'cordon selftest --wait 30' 'cordon image rollback --reboot'
run start
check not ran 'cordon image confirm'
check ran reboot
begin 'cordon selftest --wait 30' 'cordon image on-trial'
run start
check not ran 'cordon image confirm'
check not ran reboot
check test ! -e run/boot/closed

# A vendor's packet passes, and this image is not on trial: nothing is forwarded any more.
begin 'cordon image on-trial'
echo 'cordon selftest --wait 30' > leaks
run start
check not ran 'cordon image confirm'
check test -e run/boot/closed
check ran \
	'sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.accept_redirects=0'

# The same on trial: back to the image before it.
begin
echo 'cordon selftest --wait 30' > leaks
run start
check ran 'cordon image rollback --reboot'
check test ! -e run/boot/closed

# ---- boot: settings that cannot be used
settings() { mkdir -p data/settings; echo x > data/settings/network.conf; }
begin 'cordon image on-trial'
echo 'cordon settings compose' > wrong
settings
run boot
check test -e data/settings.bad/network.conf -a ! -e data/settings/network.conf
check not ran reboot
check order 'cordon settings intake' 'cordon settings compose'
check ran 'cordon network sysctl'

# They stay when it is a new image that cannot, and it goes back.
begin 'cordon image rollback --reboot'
echo 'cordon settings compose' > wrong
settings
run boot
check test -e data/settings/network.conf
check ran reboot

# Nor are they wrong when there is no room to put them together, or no memory.
begin 'cordon image on-trial' 'cordon settings compose'
settings
run boot
check test -e data/settings/network.conf
check grep -q 'could not be put together (4), and stay' console

# A disk whose repair does not end is not waited for, and it is not made anew: memory takes its
# place.
disk() { echo /dev/vda4 > devices; rm -rf data/lost+found; }
repair() { echo "timeout -s KILL 600 e2fsck $1 /dev/vda4"; }
mounts() { grep -qx "mount -t $1 .*" ran; }
for kind in -p -y; do
	begin 'cordon image on-trial' "$(repair -p)"
	disk
	repair $kind > killed
	run boot
	check ran "$(repair $kind)"
	check mounts tmpfs
	check not mounts ext4
	check not grep -q mke2fs ran
	check grep -q 'not repaired after 10 minutes' console
	check test ! -e run/boot/repairs
done

# Beyond repair, which is known when it did end: made anew.
begin 'cordon image on-trial'
disk
run boot
check grep -q mke2fs ran
check not grep -q 'not repaired' console

# A start on trial that does not end.
begin nothing
settings
run boot
check ran 'reboot -f'
check ran 'cordon image rollback'
begin nothing
settings
touch run/boot/done
run boot
check not ran 'reboot -f'

[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
