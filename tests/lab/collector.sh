# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The collector of receipts, nginx beside the mirror, and whom it knows. Sourced by lib.sh and by
# lab.

# device_enrol NAME STATE: the collector knows an appliance before it starts for the first time; its
# key is made here, as cordond would.
device_enrol() {
	mkdir -p "$2"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj \
		"/CN=$1" -addext basicConstraints=critical,CA:FALSE -keyout "$2/key" -out \
		"$2/certificate" 2>/dev/null
	{ echo "# $1"; cat "$2/key" "$2/certificate"; } >"$2/collector.pem"
	chmod 600 "$2/collector.pem"
	collector_takes "$2/certificate"
	rm "$2/key" "$2/certificate"
}

# collector_takes FILE: the certificate in it, too.
collector_takes() {
	cat "$1" >>"$LAB_DIR/internet/cordon-devices.pem"
	kill -HUP "$(cat "$LAB_DIR/internet/nginx.pid")"
	sleep 0.3
}
