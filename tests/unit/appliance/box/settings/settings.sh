#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon settings` on an appliance that is a folder: what is taken, what is refused, what comes
# back.
set -u
. "$(dirname "$0")/../../../box"
. "$lists/../../tests/unit/settings"

# ---- the first provisioning sets everything
new_box
expect 0 '' settings intake
check test ! -e "$box/data/provisioned"
provisioned_box
for file in cordon.conf network.conf authorized_keys root.json mirror-ca.pem admin-secret; do
	check test -s "$box/data/settings/$file"
	check test ! -e "$esp/$file"
done
check test "$(stat -c %a "$box/data/settings")" = 700
check test "$(stat -c %a "$box/data/settings/admin-secret")" = 600
expect 0 '' settings compose
check grep -q 'mirror = https://one.example/' "$box/run/cordon/cordon.conf"
check grep -q "mirror-ca = $box/data/settings/mirror-ca.pem" "$box/run/cordon/cordon.conf"
check test ! -e ran
new_box
echo 'a plain secret, long enough' >"$esp/admin-secret"
expect 0 'are taken' settings intake --activate
check grep -q '^pbkdf2-sha256\$600000\$' "$box/data/settings/admin-secret"
check test -z "$(grep -r 'plain secret' "$box")"
check grep -q 'cordon network up' ran

# ---- the set once more: a guess at the secret is answered by nothing, and its digest lies nowhere
for guess in a another; do
	echo "$guess plain secret, long enough" >"$esp/admin-secret"
	expect 0 'were taken before' settings intake
	cp said said.$guess
	check test ! -e "$esp/admin-secret" -a ! -e "$esp/errors.txt" -a ! -e \
		"$box/data/settings.waiting"
done
check cmp said.a said.another
check grep -q '^taken ' "$box/data/settings/ledger"
cp "$box/data/settings/ledger" ledger.one
new_box
echo 'another plain secret, long enough' >"$esp/admin-secret"
expect 0 'are taken' settings intake
check cmp ledger.one "$box/data/settings/ledger"

# ---- wrong files: all errors at once, nothing taken, and written beside them
new_box
first_set "$esp"
printf '[wan]\ninterface = eth0\n\nadress = dhcp\n' >"$esp/network.conf"
printf 'command="sh" %s\n' "$ed" >"$esp/authorized_keys"
expect 1 'network.conf:4: error:' settings intake
says 'authorized_keys:1: error: expected a whole public key'
check grep -q 'network.conf:4: error:' "$esp/errors.txt"
check test -z "$(ls "$box/data/settings")"
check test -s "$esp/network.conf"
printf '[wan]\ninterface = eth0\n' >"$esp/network.conf"
printf '\n[dns]\nnothing = 1\n' >"$esp/cordon.conf"
expect 1 'cordon.conf:3: error: unknown key' settings intake
rm "$esp"/*
first_set "$esp"
touch "$esp/errors.txt"
expect 0 'are taken' settings intake
check test ! -e "$esp/errors.txt"

# ---- a set that cannot be written is no wrong one: an older note about the files ends
new_box
first_set "$esp"
echo old >"$esp/errors.txt"
mkdir -p "$box/data/settings.new" "$box/data/settings.gone/in-the-way"
expect 1 'cannot be written' settings intake
check test ! -e "$esp/errors.txt"
check test -e "$esp/admin-secret"

# ---- bytes that steer a terminal (C1, too): not in settings, and of a comment among keys only a
# mark is shown
new_box
for control in '\033' '\233' '\302\233'; do
	printf "# $control[2J\\n" >"$esp/cordon.conf"
	expect 1 'cordon.conf:1: error: expected a line of text' settings intake
done
rm "$esp"/*
printf '# \302\2332J \2332J\n%s anna\n' "$ed" >"$esp/authorized_keys"
expect 1 '+# ?2J ?2J' settings diff "$esp"
expect 0 'are taken' settings intake
expect 0 '# ?2J ?2J' settings show
printf '1970-01-01T00:00:00Z refused - would change \302\2332J\n' >"$box/data/settings.log"
expect 1 'would change ?2J' status
# ---- afterwards each of the protected things is refused, taken signed, confirmed, after a reset
file_of() {
	case $1 in
	'trust root') echo root.json ;;
	"administrator's secret") echo admin-secret ;;
	*) echo cordon.conf ;;
	esac
}
for thing in 'trust root' mode "administrator's secret"; do
	file=$(file_of "$thing")
	provisioned_box
	cp -r "$box/data/settings" before

	# refused, and what is free in the same set, too
	change "$thing" "$esp"
	printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-2\n' >"$esp/network.conf"
	expect 1 "are refused: they would change $thing (" settings intake
	says '[system] hostname was not taken either'
	check diff -r before "$box/data/settings"
	check grep -q 'are refused' "$esp/errors.txt"
	check grep -q ' refused .*would change' "$box/data/settings.log"
	check grep -q 'settings refused' "$box/dev/kmsg"
	expect 1 'are refused' settings intake
	check test "$(grep -c ' refused ' "$box/data/settings.log")" = 1

	# a signature too few, the wrong keys, then enough
	sign --key alice.pem --root "$root" >said 2>&1
	expect 1 '1 of 2 signatures' settings intake
	check diff -r before "$box/data/settings"
	sign --key bob.pem --root "$root" >said 2>&1
	if [ "$thing" = 'trust root' ]; then
		# of another repository: signatures do not suffice
		expect 1 "is another repository's: that takes the administrator's secret" settings \
			intake
		check diff -r before "$box/data/settings"
		expect 1 'nothing was changed' settings accept <<<$'not the secret\n'
		expect 0 'are taken' settings accept <<<"$secret"
		expect 0 '' settings intake
	else
		expect 0 'are taken' settings intake
	fi
	check test ! -e "$esp/settings.json"
	check grep -q 'gw-2' "$box/data/settings/network.conf"
	[ "$file" = admin-secret ] || { change "$thing" . &&
		check cmp "$file" "$box/data/settings/$file"; }
	rm -rf before

	# confirmed with the secret
	provisioned_box
	change "$thing" "$esp"
	expect 1 'are refused' settings intake
	expect 1 'nothing was changed' settings accept <<<$'not the secret\n'
	expect 0 'are taken' settings accept <<<"$secret"
	[ "$file" = admin-secret ] || { change "$thing" . &&
		check cmp "$file" "$box/data/settings/$file"; }
	expect 1 'no settings wait' settings accept
	# the set that they came in is done with
	expect 0 '' settings intake
	check test ! -e "$esp/$file"

	# after a factory reset
	provisioned_box
	echo line >"$box/data/state/log/current"
	echo x >"$box/data/state/bundle"
	echo x | tee "$box/data/state/seal" >"$box/data/state/seal.keys"
	expect 1 'nothing was changed' settings reset <<<''
	expect 0 'restarts now' settings reset <<<"$secret"
	check grep -q reboot ran
	first_set "$esp"
	change "$thing" "$esp"
	expect 0 'are taken' settings intake
	check test -e "$box/data/state/log/current"
	check test ! -e "$box/data/state/bundle"
	check test -e "$box/data/state/seal" -a -e "$box/data/state/seal.keys"
	[ "$file" = admin-secret ] || { change "$thing" . &&
		check cmp "$file" "$box/data/settings/$file"; }
done

# ---- a person at the question for the secret holds up nothing, and takes nothing that others
# changed
asked() { # ARGUMENT...: until it asks for the secret; what is typed goes to descriptor 9
	rm -f typed asked.said
	mkfifo typed
	(cordon "$@" <typed >asked.said 2>&1; echo $? >asked.code) &
	exec 9>typed
	for _ in $(seq 300); do grep -q "secret to take it" asked.said && break; sleep 0.1; done
	check grep -q "secret to take it" asked.said
}
typed() { # CODE TEXT
	echo "$secret" >&9
	exec 9>&-
	wait
	check test "$(cat asked.code)" = "$1"
	check grep -qF -- "$2" asked.said
}
waiting_box() {
	provisioned_box
	change mode "$esp"
	expect 1 'are refused' settings intake
	rm "$esp"/*
	rm -rf mine
	mkdir mine
	change mirrors mine
}
for ask in 'accept' 'import mine' 'apply mine --confirm 60'; do
	waiting_box
	asked settings $ask
	check timeout 30 "$build/bin/cordon" settings expire
	printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-2\n' >"$esp/network.conf"
	check timeout 30 "$build/bin/cordon" settings intake
	cp -r "$box/data/settings" before
	typed 1 'the settings were changed meanwhile'
	check diff -r before "$box/data/settings"
	rm -r before
	waiting_box
	asked settings $ask
	typed 0 ''
done
waiting_box
asked settings accept
echo '[mode]' >"$box/data/settings.waiting/cordon.conf"
typed 1 'the settings were changed meanwhile'
waiting_box
asked settings accept
expect 0 'cordon settings keep' settings apply mine --confirm 60 <<<"$secret"
typed 1 'a trial of settings is under way'
expect 0 '' settings revert
rm -rf mine

# ---- another trust root, with more changes than are named: what the old one signed goes, and stays
# away
# after a power cut in between
provisioned_box
expect 0 '' settings compose
cp "$box/run/cordon/cordon.conf" composed
echo x >"$box/data/state/bundle"
cp "$root2" "$esp/root.json"
{ echo '[action]'; for category in update activation telemetry distribution infrastructure portal \
	removal web mail relay; do
	echo "$category = block"; done
	printf \
		'[dns]\nworkers = 1\ntimeout = 2000\nblock-ttl = 5\nlisten = 127.0.0.1\ncensored = update\nblocked-reply = nodata\n'
	printf '[rules]\nmax-rules = 1000\nmax-address-share = 63\ndir = %s\nlists = kaspersky\n' \
		"$lists"
	printf \
		'[log]\nlevel = info\nbudget = 8M\nappliance-id = x\n[daemon]\nnflog-group = 7\nuid-base = 9000\n'
	printf \
		'[update]\ncollector = https://one.example/r/\nring = x\ninterval = 1h\nstale-after = 2d\n'
	printf '[mode]\nmonitor-first = 1h\nmonitor-max = 3h\n'
	printf \
		'[network]\nforwarder = 10.0.0.1\ninternal-dns = 10.0.0.2\nmanagement = eth1\nlan = eth1\nothers = drop\n'
} >"$esp/cordon.conf"
expect 1 ' more' settings intake
expect 0 'are taken' settings accept <<<"$secret"
check test ! -e "$box/data/state/bundle" -a ! -e "$box/data/root-changes"
provisioned_box
expect 0 '' settings compose
cp "$box/run/cordon/cordon.conf" composed
cp "$root2" "$box/data/settings/root.json"
echo x >"$box/data/state/bundle"
touch "$box/data/root-changes"
expect 0 '' settings intake
check test ! -e "$box/data/state/bundle" -a ! -e "$box/data/root-changes"
# cordond is told although the path is the same
expect 0 '' settings compose
check test "$(diff composed "$box/run/cordon/cordon.conf" | grep -c 'root.json has the SHA-256')" \
	= 2

# ---- signed sets: no old version, no other files, no stranger's key
provisioned_box
cp -r "$box/data/settings" before
change mode "$esp"
sign --key alice.pem --root "$root" --version 50 >said 2>&1
sign --key bob.pem --root "$root" >said 2>&1
cp -r "$esp" signed
printf '\n' >>"$esp/cordon.conf"
expect 1 'content differs from what was signed' settings intake
cp signed/* "$esp"
cp before/authorized_keys "$esp"
expect 1 'does not list this file' settings intake
rm "$esp/authorized_keys" "$esp/cordon.conf"
cp before/network.conf "$esp"
expect 1 'error' settings intake
rm "$esp"/*
cp signed/* "$esp"
expect 0 'are taken' settings intake
change mirrors "$esp"
forget
sign --key alice.pem --root "$root" --version 50 >said 2>&1
sign --key bob.pem --root "$root" >said 2>&1
expect 1 'version 50 was accepted already' settings intake
empty_esp
change mirrors "$esp"
sign --key eve.pem --root "$root2" --version 60 >said 2>&1
sign --key carol.pem --root "$root2" >said 2>&1
expect 1 'is signed in the repository' settings intake
empty_esp
rm -rf signed before

# ---- free things are free, the same set again does nothing
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-3\n' >"$esp/network.conf"
expect 0 'are taken: [system] hostname' settings intake
rm -f ran
mkdir -p "$box/dev/sdb1/cordon" "$box/sys/devices/sdb/sdb1" "$box/sys/class/block"
ln -s ../../devices/sdb "$box/sys/class/block/sdb"
ln -s ../../devices/sdb/sdb1 "$box/sys/class/block/sdb1"
echo 1 >"$box/sys/devices/sdb/sdb1/partition"
echo 1000 >"$box/sys/devices/sdb/sdb1/size"
echo 1000 >"$box/sys/devices/sdb/size"
stick=$box/dev/sdb1/cordon
expect 0 '' settings intake
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-4\n' >"$stick/network.conf"
expect 0 'settings of the stick sdb1 are taken: [system] hostname' settings intake --activate
check test -s "$stick/network.conf"
check grep -q 'network up' ran
rm ran
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-5\n' >"$esp/network.conf"
expect 0 'are taken' settings intake
expect 0 '' settings intake --activate
check test ! -e ran
check grep -q gw-5 "$box/data/settings/network.conf"
change exceptions "$stick"
expect 1 'the stick sdb1 are refused' settings intake
check grep -q refused "$stick/errors.txt"
rm "$stick/cordon.conf"
expect 0 '' settings intake
check test ! -e "$stick/errors.txt"
echo wrong >"$stick/network.conf"
expect 1 'network.conf:1: error:' settings intake
check grep -q 'network.conf:1' "$stick/errors.txt"
rm "$stick/network.conf"
ln -s "$box/data/settings/admin-secret" "$stick/admin-secret"
expect 1 'cannot be read' settings intake
# two sticks that differ
rm "$stick"/*
mkdir -p "$box/dev/sdc/cordon" "$box/sys/devices/sdc"
ln -s ../../devices/sdc "$box/sys/class/block/sdc"
echo 1000 >"$box/sys/devices/sdc/size"
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-6\n' >"$stick/network.conf"
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-7\n' >"$box/dev/sdc/cordon/network.conf"
expect 1 'the stick sdb1 and the stick sdc both have settings' settings intake
check grep -q gw-5 "$box/data/settings/network.conf"
cp "$stick/network.conf" "$box/dev/sdc/cordon/"
expect 0 'are taken' settings intake
rm -r "$box/sys/class/block"/*

# ---- a copy on a spare box gives the same
expect 0 '' settings compose
expect 0 '' settings export copy.json
# What stands there and is no file stays what it is: the copy goes through it, or is refused.
ln -s elsewhere link
expect 1 'this is a symbolic link' settings export link
check test -L link -a ! -e elsewhere
mkfifo pipe
cat pipe >piped &
expect 0 '' settings export pipe
wait $!
check test -p pipe
check cmp -s piped copy.json
expect 1 'No space left' settings export /dev/full
check test -c /dev/full
expect 0 '"files"' settings export -
rm link pipe piped
check test "$(stat -c %a copy.json)" = 600
cp "$box/run/cordon/cordon.conf" composed
expect 0 '' settings diff copy.json
new_box
expect 1 '+hostname = gw-6' settings diff copy.json
expect 0 'are taken' settings import copy.json
check cmp composed "$box/run/cordon/cordon.conf"
expect 0 'in force already' settings import copy.json
expect 0 '==> admin-secret: set' settings show
check test -z "$(grep -c pbkdf2 said | grep -v 0)"
mkdir mine
change mirrors mine
expect 1 '-mirror = https://one.example/' settings diff mine
expect 1 '+mirror = https://two.example/' settings diff mine/cordon.conf
expect 1 'nothing was changed' settings import mine <<<''
expect 0 'mirrors ([update] mirror)' settings import mine <<<"$secret"
expect 1 'cannot read' settings import nothing.json

# ---- power cuts: what lies half written is no settings; a reset is brought to its end
cp -r "$box/data/settings" before
mkdir "$box/data/settings.new"
echo broken >"$box/data/settings.new/cordon.conf"
expect 0 '' settings intake
check diff -r before "$box/data/settings"
check test ! -e "$box/data/settings.new"
rm -r before

# ---- a trial takes itself back
mkdir try
printf '[wan]\ninterface = eth0\n[lan]\ninterface = eth1.99\n[system]\nhostname = gw-8\n' \
	>try/network.conf
cp -r "$box/data/settings" before
expect 2 'expected seconds from 10 to 3600' settings apply try --confirm 5
# Which cards are guarded is protected: that takes the secret.
expect 0 'cordon settings keep' settings apply try --confirm 10 <<<"$secret"
check grep -q gw-8 "$box/data/settings/network.conf"
check grep -q 'eth1.99' "$box/run/cordon/cordon.conf"
expect 1 'under way already' settings apply try --confirm 10
expect 0 'a trial of settings is under way' settings intake
rm ran
for _ in $(seq 60); do [ -e "$box/data/settings/trial" ] || break; sleep 0.25; done
for _ in $(seq 20); do grep -q 'network forward' ran 2>/dev/null && break; sleep 0.25; done
check diff -r before "$box/data/settings"
check grep -q 'network up' ran
check test -z "$(grep eth1.99 "$box/run/cordon/cordon.conf")"
check test ! -e "$box/data/settings.old"
expect 1 'no trial' settings keep
# kept
expect 0 'cordon settings keep' settings apply try --confirm 600 <<<"$secret"
expect 0 'the new settings stay' settings keep
check grep -q gw-8 "$box/data/settings/network.conf"
check test ! -e "$box/data/settings.old"
# a restart within it
printf '[wan]\ninterface = eth0\n[lan]\ninterface = eth1.99\n[system]\nhostname = gw-9\n' \
	>try/network.conf
expect 0 'cordon settings keep' settings apply try --confirm 600
sed -i 's/^[^ ]*/another-boot/' "$box/data/settings/trial"
expect 0 '' settings intake
check grep -q gw-8 "$box/data/settings/network.conf"
check test ! -e "$box/data/settings.old"
expect 0 '' settings intake
check grep -q gw-8 "$box/data/settings/network.conf"
# at once
expect 0 'cordon settings keep' settings apply try --confirm 600
expect 0 '' settings revert
check grep -q gw-8 "$box/data/settings/network.conf"
# what does not work at all
echo 1 >fails
expect 1 'taken back at once' settings apply try --confirm 600
check grep -q gw-8 "$box/data/settings/network.conf"
rm fails

# ---- wrong secrets wait longer each time, and a right one ends that
printf '[mode]\nmonitor-max = 2h\n' >try/cordon.conf
echo 3 >"$box/data/secret-attempts"
start=$(date +%s)
expect 1 '3 wrong answers: wait 2 s' settings import try <<<'wrong'
check test $(($(date +%s) - start)) -ge 2
check test "$(cat "$box/data/secret-attempts")" = 4
echo 2 >"$box/data/secret-attempts"
expect 0 'are taken' settings import try <<<"$secret"
check test ! -e "$box/data/secret-attempts"

# where they cannot be counted, the first waits as long as any
printf '[mode]\nmonitor-max = 3h\n' >try/cordon.conf
mkdir -p "$box/data/secret-attempts.new/in-the-way"
timeout 2 "$build/bin/cordon" settings import try <<<'wrong' >said 2>&1
check test $? = 124
rm -r "$box/data/secret-attempts.new"

# ---- what was refused is shown, and waits until the administrator decides
provisioned_box
printf 'userland 0.8\npolicy 1.94\nlinks 2.11\nforwarding 2.30\n' >"$box/run/boot/times"
expect 1 'NOT HEALTHY: cordond does not answer' status
says 'settings   set up'
says 'supported until 1970-01-01'
change mode "$esp"
expect 1 'are refused' settings intake
expect 1 'settings were refused and wait; cordon settings accept (a on the console)' status
says 'last refused: '
says 'mode ([mode] monitor-max)'
cordon status --json >said 2>/dev/null
check jq -e '.box.settings.waiting and .box.settings.provisioned and .box.settings.secret and
	(.box.settings.refused | contains("monitor-max")) and .box.slot == null' said
expect 0 'wait no longer' settings discard
expect 1 'no settings wait' settings accept
check test -s "$esp/cordon.conf"

# ---- how the start went, by the kernel's own counters
printf 'Ip: Forwarding ForwDatagrams\nIp: 1 0\n' >"$box/proc/snmp"
mkdir -p "$box/proc/net"
mv "$box/proc/snmp" "$box/proc/net/snmp"
expect 0 '' network forward
check grep -qx '4 0' "$box/run/boot/forwarded"
# what the self-test closed stays closed, also after settings change
touch "$box/run/boot/closed"
expect 1 'nothing is forwarded until this box starts again' network forward
rm "$box/run/boot/closed"
expect 0 'forwarding at 2.3 s; packets forwarded before: 0' status --boot
says 'policy 1.94'
check grep -q 'policy in force at 1.9 s' "$box/dev/kmsg"
expect 0 '' status --boot
check test "$(grep -c 'in force at' "$box/dev/kmsg")" = 1
printf '4 1\n6 0\n' >"$box/run/boot/forwarded"
expect 1 'WRONG: packets passed before' status --boot
expect 1 '' status --in-force
check test ! -s said
expect 2 'expected one of' status --json --boot

# ---- a start without a policy in force: links come up when it has one, not by new settings
new_box
rm -f ran "$box/run/boot/network"
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-6\n' >"$esp/network.conf"
expect 0 'are taken' settings intake --activate
check test ! -e ran

# ---- an image that has a broken list: that is not the settings' fault, whose secret its console needs
new_box
mkdir -p broken
echo 'this is no list' >broken/kaspersky.rules
sed -i "s,$lists,$work/broken," "$box/usr/sbin/cordond"
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-7\n' >"$esp/network.conf"
expect 0 'are taken' settings intake
printf '[dns]\nupstream = nonsense\n' >"$esp/cordon.conf"
expect 1 'are wrong' settings intake

# ---- a box without a secret: nobody guesses it, and a reset asks for its name
new_box
printf '[system]\nhostname = gw-10\n' >"$esp/network.conf"
expect 0 'are taken' settings intake
printf '[mode]\nmonitor-max = 20h\n' >"$esp/cordon.conf"
expect 1 'are refused' settings intake
expect 1 'no administrator' settings accept
expect 1 'type gw-10' settings reset <<<'gw-11'
mkdir -p "$box/data/state/log"
echo x >"$box/data/state/seal"
expect 0 'restarts now' settings reset --log <<<'gw-10'
rm "$esp"/*
expect 0 '' settings intake
check test ! -e "$box/data/provisioned" -a ! -e "$esp/provisioned"
check test ! -e "$box/data/state/log"
check test -e "$box/data/state/seal.reset" -a ! -e "$box/data/state/seal"

# ---- a data partition that was made anew: nobody sets the box up again but by a factory reset
provisioned_box
rm -r "$box/data"
mkdir -p "$box/data"/{settings,state}
printf '[mode]\nmonitor-max = 20h\n' >"$esp/cordon.conf"
expect 1 'are refused' settings intake
expect 1 'no administrator' settings accept
expect 0 'restarts now' settings reset <<<'cordon'
rm "$esp"/*.conf "$esp/errors.txt"
first_set "$esp"
expect 0 'are taken' settings intake

# ---- what cordond would not start with is not taken from any source, and status says so
unusable() { # TEXT LINE...: with these lines in cordon.conf
	local text=$1
	shift
	provisioned_box
	rm -rf before
	cp -r "$box/data/settings" before
	cp "$box/data/settings/cordon.conf" "$esp"
	printf '%s\n' "$@" >>"$esp/cordon.conf"
	expect 1 "$text" settings intake
	check grep -qF -- "$text" "$esp/errors.txt"
	check grep -qF -- "$text" <(cordon status --json 2>/dev/null | jq -r .box.settings.wrong)
	expect 1 "$text" settings import "$esp/cordon.conf" <<<"$secret"
	check diff -r before "$box/data/settings"
	rm -r before "$esp/cordon.conf"
	expect 0 '' settings intake
	check test "$(cordon status --json 2>/dev/null | jq .box.settings.wrong)" = null
}
unusable 'no file in the folder contains the rule list "kasperski"' '[rules]' 'lists = kasperski'
unusable 'cannot open the folder of rule lists' '[rules]' 'dir = /nowhere'
unusable '[dns] upstream: expected at least one' '[dns]' 'upstream ='
new_box
printf '[update]\nmirror = https://one.example/\n' >"$esp/cordon.conf"
expect 1 'expected mirror-ca or mirror-pin too' settings intake
says 'mirror without trust-root'
new_box
printf '[wan]\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\naddress6 = none\n' >"$esp/network.conf"
expect 1 '[dns] upstream: expected the DNS servers to ask' settings intake
rm "$box/usr/sbin/cordond"
printf '[system]\nhostname = gw-1\n' >"$esp/network.conf"
expect 1 'could not be asked whether it would start' settings intake

# ---- texts that Windows makes
new_box
printf '\xef\xbb\xbf[wan]\r\ninterface = eth7\r\n' >"$esp/network.conf"
expect 0 'are taken' settings intake
check grep -q '^outside *eth7\|^wan *eth7' <(cordon network show)
printf '\xef\xbb\xbfa secret of some length\n' >"$esp/admin-secret"
expect 1 'begins with a byte order mark' settings intake
rm "$esp"/*

# ---- a plain secret that is refused lies nowhere in plain text
provisioned_box
echo 'another secret, long enough' >"$esp/admin-secret"
expect 1 'are refused' settings intake
check grep -q '^pbkdf2' "$box/data/settings.waiting/admin-secret"
check test -z "$(grep -r 'another secret' "$box/data")"

# ---- a full data partition: a set that did not reach the disk is not reported as taken
provisioned_box
printf '[wan]\ninterface = eth0\n[system]\nhostname = gw-full\n' >network.conf
cp -r "$box/data" kept
if mount -t tmpfs -o size=256k none "$box/data" 2>said; then
	cp -r kept/. "$box/data/"
	head -c 1m /dev/zero >"$box/data/filler" 2>/dev/null
	expect 1 'cannot be written: No space left' settings import network.conf
	check test -z "$(grep 'are taken' said)"
	cp network.conf "$esp/"
	expect 1 'cannot be written: No space left' settings intake
	check test -z "$(grep 'are taken' said)"
	check test -s "$esp/network.conf"
	check test -z "$(grep -r gw-full "$box/data/settings" "$box/data/settings.log")"
	rm "$box/data/filler"
	expect 0 'are taken' settings intake
	umount "$box/data"
fi
exit $((failures > 0))
