#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cordon setup` and `cordon console` as a person types them: on a pipe, and on a terminal of their
# own.
set -u
. "$(dirname "$0")/../../../box"
check() {
	"$@" >checked 2>&1 && return
	echo "line ${BASH_LINENO[0]}: failed: $*"
	tail -n 20 checked | sed 's/^/    /'
	failures=$((failures + 1))
}
says() {
	grep -qF -- "$1" said && return
	echo "line ${BASH_LINENO[0]}: expected \"$1\" in:"
	sed 's/^/    /' said
	failures=$((failures + 1))
}
new_box() {
	rm -rf "$box"
	mkdir -p "$box"/{etc/cordon,data/settings,data/state,run/cordon,usr/bin,sbin,bin}
	mkdir -p "$box"/sys/class/net/{eth0,eth1,lo}
	echo 02:00:00:00:00:01 >"$box/sys/class/net/eth0/address"
	echo 1 >"$box/sys/class/net/eth0/carrier"
	echo '{"version":"1","arch":"x86_64","build":1,"supported-until":2}' \
		>"$box/etc/cordon/image.json"
	printf '#!/bin/sh\necho "cordon $*" >> %s/ran\n' "$work" >"$box/usr/bin/cordon"
	printf '#!/bin/sh\necho reboot >> %s/ran\n' "$work" >"$box/sbin/reboot"
	printf '#!/bin/sh\necho shell >> %s/ran\n' "$work" >"$box/bin/sh"
	chmod +x "$box"/{usr/bin/cordon,sbin/reboot,bin/sh}
	fake_cordond
	rm -f ran
}
# Each argument is a line that is typed.
types() { printf '%s\n' "$@"; }
ed='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8Gf3rJc8aF'

# ---- a new box; a wrong answer is asked for again
new_box
types 'a b' gw-1 \
	eth0 192.0.2.7/24 192.0.2.1 \
	eth1 10.1.0.1/24 \
	'bad name!' guests eth1.20 10.2.0.1/24 '' \
	'9.9.9.9 149.112.112.112' \
	lan \
	"command=x $ed" "$ed anna" \
	short 'a secret of some length' 'another' 'a secret of some length' \
		'a secret of some length' \
	yes | cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 0
says '  eth0     02:00:00:00:00:01, cable in'
says '  eth1     not there'
says 'hostname: expected at most 31 letters'
says 'expected [lan] or [lan NAME] with a name'
says 'expected a whole public key of OpenSSH without options'
says 'expected at least 12 characters'
says 'the two differ'
says '+upstream = 9.9.9.9 149.112.112.112'
says 'done'
check test "$(grep -c 'a secret of some length' said)" = 0
check test -s "$box/data/settings/admin-secret"
check test -z "$(grep -r 'a secret of some length' "$box")"
check grep -q "^$ed anna$" "$box/data/settings/authorized_keys"
check cordon network check "$box/data/settings/network.conf"
cordon network show --json >said
check jq -e '.hostname == "gw-1" and .management == "eth1" and .ssh and
	([.links[].interface] == ["eth0", "eth1", "eth1.20"])' said
check grep -q 'upstream = 9.9.9.9 149.112.112.112' "$box/run/cordon/cordon.conf"
check grep -q 'network up' ran

# ---- another person sets the box up while it asks: their secret is not passed by
mv "$box" done
new_box
{ types '' '' '' '' '' '' '' '' ''; sleep 1; touch "$box/data/provisioned"; types yes; } |
	cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 1
says 'another session has set this box up meanwhile'
check test ! -e "$box/data/settings/network.conf"
rm -r "$box"
mv done "$box"

# ---- a second time: the secret first; Enter everywhere changes nothing; what nobody asks for stays
printf '\n[routing]\nmasquerade = no\n' >>"$box/data/settings/network.conf"
cp "$box/data/settings/network.conf" before
types 'not the secret' | cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 1
says 'that is not'
types 'a secret of some length' '' '' '' '' '' '' '' '' '' '' '' '' '' yes | cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 0
says 'nothing changes'
check cmp before "$box/data/settings/network.conf"
# another person changes the settings while it asks
{ types 'a secret of some length' gw-2 '' '' '' '' '' '' '' '' '' '' '' ''; sleep 1
	echo >>"$box/data/settings/cordon.conf"; types yes; } | cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 1
says 'another session has changed the settings meanwhile'
check cmp before "$box/data/settings/network.conf"
# given up in the middle, and at the end
types 'a secret of some length' gw-2 | cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 1
says 'nothing was changed'
types 'a secret of some length' gw-2 '' '' '' '' '' '' '' '' '' '' '' '' no |
	cordon setup >said 2>&1
says '+hostname = gw-2'
says 'nothing was changed'
check cmp before "$box/data/settings/network.conf"

# ---- nobody but who sets it up chooses resolvers, and without a WAN the LAN leads out
mv "$box" done
new_box
types '' none eth0 10.1.0.2/24 10.1.0.1 '' 10.1.0.1 '' '' yes | cordon setup >said 2>&1
check test "${PIPESTATUS[1]}" = 0
cordon network show --json >said
check jq -e \
	'[.links[] | .name, .address, .dhcp] == ["lan", "10.1.0.2/24", false] and (.forward | not)' said
check grep -q '^gateway = 10.1.0.1$' "$box/data/settings/network.conf"
rm -r "$box"
mv done "$box"

# ---- the console
types s 'not the secret' '' l x r no r yes u '' u 'a secret of some length' |
	cordon console >said 2>&1
check test "${PIPESTATUS[1]}" = 0
says 'u: shell'
says 'expected one of these letters'
says "administrator's secret for a shell"
check grep -q reboot ran
check test "$(grep -c shell ran)" = 1
new_box
types u | cordon console >said 2>&1
says 'nobody has set this box up yet'
check grep -q shell ran
printf '[system]\nhostname = gw-3\n' >"$box/data/settings/network.conf"
rm ran
types u | cordon console >said 2>&1
says 'no administrator'
says 'f on the console'
check test ! -e ran
# and that leads on
types a k f gw-3 | cordon console >said 2>&1
says 'no settings wait to be accepted'
says 'no trial of settings is under way'
says "no administrator's secret is set; to go on, type gw-3"
check grep -q reboot ran
check test -e "$box/data/reset"

# ---- on a terminal: what is typed as a secret is not seen
if command -v script >/dev/null; then
	new_box
	(for line in gw-4 '' '' '' '' '' '' '' 'a secret of some length' 'a secret of some length' \
		yes; do
		sleep 0.2
		echo "$line"
	done; sleep 1) | script -qec "$build/bin/cordon setup" /dev/null >said 2>&1
	says 'new administrator'
	says 'gw-4'
	check test "$(grep -c 'a secret of some length' said)" = 0
	check test -s "$box/data/settings/admin-secret"
fi
exit $((failures > 0))
