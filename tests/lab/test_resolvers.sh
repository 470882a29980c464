# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The agency's other resolvers, behind Cordon, on client 2 port 5353.

resolver_answers() { [ "$(ask www.agency.example)" = 'NOERROR 198.51.200.10' ]; }
ask() { dns 2 @127.0.0.1 -p 5353 "$@"; }

# with_resolver CMD...: the server, then the body of the test, then the server's end.
with_resolver() {
	local body=$1 result=0
	shift
	"$HERE/lab" client 2 "$@" >"$LAB_DIR/resolver.out" 2>&1 </dev/null &
	RESOLVER=$!
	trap 'kill $RESOLVER 2>/dev/null; wait' EXIT
	wait_until 10 resolver_answers ||
		fail "$1 does not answer: $(tail -n 1 "$LAB_DIR/resolver.out")"
	"$body" || result=$?
	return "$result"
}

# The copy that the lab made where the program itself is confined.
unbound_program() { [ -x "$LAB_DIR/bin/unbound" ] && echo "$LAB_DIR/bin/unbound" || echo unbound; }

unbound_conf() {
	mkdir -p "$LAB_DIR/unbound"
	cat >"$LAB_DIR/unbound/unbound.conf" <<-END
	server:
		chroot: ""
		username: ""
		directory: "$LAB_DIR/unbound"
		pidfile: ""
		use-syslog: no
		interface: 127.0.0.1@5353
		num-threads: 1
		harden-below-nxdomain: yes
		qname-minimisation: yes
		local-zone: "example." nodefault
		domain-insecure: "com."
		$1
	remote-control:
		control-enable: no
	forward-zone:
		name: "."
		forward-addr: 192.168.77.1
	END
}

pdns_conf() {
	mkdir -p "$LAB_DIR/pdns"
	cat >"$LAB_DIR/pdns/recursor.conf" <<-END
	local-address=127.0.0.1
	local-port=5353
	socket-dir=$LAB_DIR/pdns
	forward-zones-recurse=.=192.168.77.1
	dnssec=off
	nothing-below-nxdomain=yes
	root-nx-trust=yes
	hint-file=no
	threads=1
	disable-syslog=yes
	END
	# The same for version 5, which reads this file instead.
	cat >"$LAB_DIR/pdns/recursor.yml" <<-END
	incoming:
	  listen: ['127.0.0.1:5353']
	dnssec:
	  validation: 'off'
	recursor:
	  socket_dir: $LAB_DIR/pdns
	  forward_zones_recurse:
	    - zone: .
	      forwarders: [192.168.77.1]
	  nothing_below_nxdomain: 'yes'
	  root_nx_trust: true
	  hint_file: 'no'
	  threads: 1
	logging:
	  disable_syslog: true
	END
}

# RFC 8020: after NXDOMAIN for a name these resolvers take everything below it for missing.
exempt_survives_its_parent() {
	is "$(ask kaspersky.com)" NOERROR 'the blocked parent'
	is "$(ask tip.kaspersky.com)" 'NOERROR 77.74.181.30' 'the exempt name'
	is "$(ask support.kaspersky.com)" 'NOERROR 185.85.12.5' 'the monitored name'
	is "$(ask downloads.upd.kaspersky.com)" NXDOMAIN 'a blocked name'
}

validates() {
	local reply
	reply=$(lab client 2 dig @127.0.0.1 -p 5353 +dnssec www.signed.example)
	like "$reply" '*status: NOERROR*' 'the signed name'
	grep -q '^;; flags:[a-z ]* ad[ ;]' <<<"$reply" || fail 'the signed name was not validated'
	reply=$(lab client 2 dig @127.0.0.1 -p 5353 +dnssec missing.signed.example)
	like "$reply" '*status: NXDOMAIN*' 'a name that the signed zone denies'
	grep -q '^;; flags:[a-z ]* ad[ ;]' <<<"$reply" || fail 'the denial was not validated'
	is "$(ask downloads.upd.kaspersky.com)" NXDOMAIN 'a blocked name'
}

test_rfc8020_unbound_keeps_exempt_names() {
	unbound_conf 'module-config: "iterator"'
	with_resolver exempt_survives_its_parent "$(unbound_program)" -d \
		-c "$LAB_DIR/unbound/unbound.conf"
}

test_rfc8020_pdns_recursor_keeps_exempt_names() {
	pdns_conf
	with_resolver exempt_survives_its_parent pdns_recursor --config-dir="$LAB_DIR/pdns" \
		--daemon=no
}

test_validating_unbound_still_validates() {
	unbound_conf "trust-anchor-file: \"$LAB_DIR/internet/trust-anchor\""
	with_resolver validates "$(unbound_program)" -d -c "$LAB_DIR/unbound/unbound.conf"
}
