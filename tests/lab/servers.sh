# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The servers of the lab, each with its pid in $LAB_DIR/pids; sourced by lab.

# A confined server may not read below the project's folder; AppArmor goes by the program's path.
server_program() {
	local program copy=$LAB_DIR/bin/$1
	program=$(command -v "$1")
	if [ -d /sys/kernel/security/apparmor ] && [ -e "/etc/apparmor.d/usr.sbin.$1" ]; then
		cp "$program" "$copy"
		program=$copy
	fi
	echo "$program"
}

# server_start NAME HOST FOLDER CMD...: in the background, messages to FOLDER/NAME.out.
server_start() {
	local name=$1 host=$2 folder=$3
	shift 3
	(
		cd "$folder" || exit
		exec setsid nsenter --net="/run/netns/$LAB-$host" -- "$@" \
			</dev/null >>"$name.out" 2>&1
	) &
	echo $! >"$LAB_DIR/pids/$name"
	wait_for 5 "$name" server_began "$name"
}

# It counts as the lab's own once it is in its namespace; one that has ended never gets there.
server_began() {
	server_alive "$1" || ! kill -0 "$(cat "$LAB_DIR/pids/$1")" 2>/dev/null
}

# True while the recorded process lives and is one of this lab's: pids come round again, and one
# that has ended but is not yet reaped has no namespace.
server_alive() {
	local pid host
	[ -e "$LAB_DIR/pids/$1" ] || return 1
	pid=$(cat "$LAB_DIR/pids/$1")
	for host in $HOSTS; do
		[ "/proc/$pid/ns/net" -ef "/run/netns/$LAB-$host" ] && return 0
	done
	return 1
}

server_stop() {
	local pid end=$((SECONDS + 10))
	if server_alive "$1"; then
		pid=$(cat "$LAB_DIR/pids/$1")
		kill "$pid" 2>/dev/null || :
		while server_alive "$1"; do
			if [ "$SECONDS" -ge "$end" ]; then
				echo "lab: $1 did not stop when asked to; killed" >&2
				kill -KILL "$pid" 2>/dev/null || :
				break
			fi
			sleep 0.05
		done
	fi
	rm -f "$LAB_DIR/pids/$1"
}

# A certificate authority for one lab, and one certificate for every name and address in it.
internet_certificates() {
	local name='[a-z0-9*][a-z0-9.*-]*\.[a-z]*' names
	names=$({
		sed -n "s/^\($name\)[[:space:]].*/DNS:\1/p" root.zone
		echo DNS:www.signed.example
		sed 's/#.*//; s/^[a-z]*//' addresses | tr -s ' ' '\n' | sed -n 's/./IP:&/p'
	} | sort -u | paste -sd,)
	{
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
			-subj '/CN=Lab CA' -addext basicConstraints=critical,CA:TRUE \
			-addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
			-subj '/CN=lab' -CA ca.pem -CAkey ca.key -addext "subjectAltName=$names" \
			-addext basicConstraints=critical,CA:FALSE \
			-keyout server.key -out server.pem
		# nginx reads the collector's list only if a certificate is in it.
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
			-subj '/CN=somebody' -keyout somebody.key -out cordon-devices.pem
	} 2>>certificates.out || fail "openssl refused; see $PWD/certificates.out"
}

# The zone's key-signing key is what a validating client trusts.
internet_sign() {
	local key
	{
		dnssec-keygen -q -a ECDSAP256SHA256 -n ZONE signed.example >zsk
		dnssec-keygen -q -a ECDSAP256SHA256 -f KSK -n ZONE signed.example >ksk
		key=$(cat ksk)
		cat "$(cat zsk).key" "$key.key" >>signed.zone
		dnssec-signzone -o signed.example -s now-3600 -e now+2592000 -f signed.zone.signed \
			signed.zone
	} >>sign.out 2>&1 || fail "the zone signed.example cannot be signed; see $PWD/sign.out"
	grep -h 'IN DNSKEY 257' "$key.key" >trust-anchor
}

internet_start() {
	cp -r "$HERE/internet" "$LAB_DIR/"
	cp "$ROOT/rules/signed/collector.nginx.conf" "$LAB_DIR/internet/"
	mkdir -p "$LAB_DIR/mirror/receipts"
	: >"$LAB_DIR/internet/mirror.conf"
	cd "$LAB_DIR/internet" || exit
	internet_certificates
	internet_sign
	server_start unbound internet . "$(server_program unbound)" -d -c unbound.conf
	server_start nginx internet . "$(server_program nginx)" -p "$PWD/" -e nginx-error.log \
		-c nginx.conf -g 'user root;'
	cd "$ROOT" || exit
}

internet_wait() {
	wait_for 10 "the internet's resolver (unbound)" \
		inside internet dig +time=1 +tries=1 @198.51.100.1 ns.internet.example
	wait_for 10 "the internet's web server (nginx)" \
		inside internet curl -s --max-time 1 http://198.51.200.10/
}

agency_start() {
	cp -r "$HERE/agency" "$LAB_DIR/"
	tsig-keygen lab. >"$LAB_DIR/agency/tsig.key"
	server_start named agency "$LAB_DIR/agency" "$(server_program named)" -f -c named.conf
}

agency_wait() {
	wait_for 10 "the agency's DNS server (named)" \
		inside agency dig +time=1 +tries=1 @203.0.113.53 agency.test SOA
}

gateway_prepare() {
	mkdir -p "$LAB_DIR/state" "$LAB_DIR/run"
	printf 'nameserver 192.168.77.1\nnameserver 2001:db8:77::1\n' >"$LAB_DIR/resolv.conf"
	echo 'hosts: files dns' >"$LAB_DIR/nsswitch.conf"
	cat >"$LAB_DIR/bin/cordon" <<-END
	#!/bin/sh
	exec '$CORDON_BIN/cordon' --config '$LAB_DIR/cordon.conf' --state '$LAB_DIR/state' \\
		--run '$LAB_DIR/run' "\$@"
	END
	chmod +x "$LAB_DIR/bin/cordon"
}

# mirror_take REPOSITORY: on the mirror, and the gateway believes its root.
mirror_take() {
	cp -r "$1/metadata" "$1/targets" "$LAB_DIR/mirror/"
	cp "$1/metadata/1.root.json" "$LAB_DIR/root.json"
	device_enrol lab-gateway "$LAB_DIR/state"
	cp "$LAB_CONF" "$LAB_DIR/mirror.conf"
	LAB_CONF=$LAB_DIR/mirror.conf
	cat >>"$LAB_CONF" <<-END

	[update]
	trust-root = $LAB_DIR/root.json
	mirror = https://mirror.agency.example/
	mirror-ca = $LAB_DIR/internet/ca.pem
	collector = https://mirror.agency.example/receipts/
	END
}

gateway_ready() {
	"$LAB_DIR/bin/cordon" status --json | grep -q '"in_force": *true' || ! server_alive cordond
}

gateway_start() {
	! server_alive cordond || fail "cordond runs already, pid $(cat "$LAB_DIR/pids/cordond")"
	sed "s|@ROOT@|$ROOT|g; s|@DIR@|$LAB_DIR|g" "$LAB_CONF" >"$LAB_DIR/cordon.conf"
	server_start cordond gateway "$LAB_DIR" "$CORDON_BIN/cordond" \
		--config "$LAB_DIR/cordon.conf" --state "$LAB_DIR/state" --run "$LAB_DIR/run"
	wait_for 10 "the gateway's daemon (cordond)" gateway_ready
	server_alive cordond || fail "cordond ended at once: $(tail -n 5 "$LAB_DIR/cordond.out")"
}
