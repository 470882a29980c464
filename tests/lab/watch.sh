# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The watcher: whatever crosses the cable between the gateway and the internet with an address of
# the vendor's, of all lists that we ship, is seen from the internet's side, where the gateway has
# no say.
# Every test fails that did not declare it: the watcher asks nothing of the gateway, and no test can
# forget it. Sourced by run.

WATCH=$LAB_DIR/watch	# what the test that runs has declared

# vendor_addresses: networks and addresses of the lists; resolvers are nobody's secret.
vendor_addresses() {
	awk '
		/^[[:space:]]*(#|$)/ { next }
		/^\[/ { section = $1; gsub(/[][]/, "", section); next }
		$1 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(\/[0-9]+)?$/ || $1 ~ /^[0-9a-f]*:[0-9a-f:]*(\/[0-9]+)?$/ {
			category = section
			for (i = 2; i <= NF; i++)
				if ($i ~ /^category=/)
					category = substr($i, 10)
			if (category != "bypass")
				print $1
		}' "$ROOT"/rules/lists/*.rules | sort -u
}

watch_up() {
	local list4 list6
	mkdir -p "$WATCH"
	: >"$WATCH/expected"
	list4=$(vendor_addresses | grep -v : | paste -sd,)
	list6=$(vendor_addresses | grep : | paste -sd,)
	# Before anything there takes packets apart or drops them, and after everything that sends.
	nft_internet -f - <<-END
	table netdev watch {
		set vendor4 { type ipv4_addr; flags interval; auto-merge; elements = { $list4 } }
		set vendor6 { type ipv6_addr; flags interval; auto-merge; elements = { $list6 } }
		set seen4 { typeof ip saddr . ip daddr . meta l4proto . th dport; flags dynamic; size 4096; counter; }
		set seen6 { typeof ip6 saddr . ip6 daddr . meta l4proto . th dport; flags dynamic; size 4096; counter; }
		set bare4 { typeof ip saddr . ip daddr . meta l4proto; flags dynamic; size 4096; counter; }
		set bare6 { typeof ip6 saddr . ip6 daddr . meta l4proto; flags dynamic; size 4096; counter; }
		chain vendor4 {
			meta l4proto { tcp, udp } update @seen4 { ip saddr . ip daddr . meta l4proto . th dport } return
			update @bare4 { ip saddr . ip daddr . meta l4proto }
		}
		chain vendor6 {
			meta l4proto { tcp, udp } update @seen6 { ip6 saddr . ip6 daddr . meta l4proto . th dport } return
			update @bare6 { ip6 saddr . ip6 daddr . meta l4proto }
		}
		chain look {
			ip saddr @vendor4 goto vendor4
			ip daddr @vendor4 goto vendor4
			ip6 saddr @vendor6 goto vendor6
			ip6 daddr @vendor6 goto vendor6
		}
		chain from_gateway {
			type filter hook ingress device "eth0" priority -500; policy accept;
			jump look
		}
		chain to_gateway {
			type filter hook egress device "eth0" priority 500; policy accept;
			jump look
		}
	}
	END
}

nft_internet() { nsenter --net="/run/netns/$LAB-internet" nft "$@"; }

# watch_read: what was seen since the last time: SOURCE DESTINATION PROTOCOL [PORT] PACKETS. An
# element is deleted after it was read, so that what comes in between is read the next time.
watch_read() {
	local seen
	seen=$(nft_internet -j list table netdev watch) || return
	seen=$(jq -r \
		'.nftables[].set // empty | select(.stmt) | .name as $set | .elem // [] | .[].elem |
		"\($set) \(.val.concat | map(tostring) | join(" ")) \(.counter.packets)"' \
		<<<"$seen") || return
	[ -n "$seen" ] || return 0
	cut -d" " -f2- <<<"$seen"
	sed -E \
		's/ [0-9]+$//; s/ / . /g; s/^([a-z]+[46]) \. (.*)/delete element netdev watch \1 { \2 }/' <<<"$seen" |
		nft_internet -f -
}

# watch_end: what the test that just ended let cross and had not declared, for people; empty when
# nothing.
watch_end() {
	watch_read >>"$WATCH/undeclared" || echo "the watcher on the internet's side is blind"
	# A test that ended inside a window has failed for another reason.
	[ ! -e "$WATCH/window" ] || : >"$WATCH/undeclared"
	awk 'FILENAME ~ /expected$/ { expected[$1, $2] = 1; next }
		!(($1, $2) in expected || ($2, $1) in expected ||
			("any", $1) in expected || ("any", $2) in expected) {
			way = $1 " > " $2 " " $3
			port[way] = way in packets ? "" : NF > 4 ? "/" $4 : ""
			packets[way] += $NF
		}
		END {
			for (way in packets)
				text = text (text ? ", " : "") way port[way] " (" packets[way] ")"
			if (text)
				print "the vendor was on the wire: " text
		}' "$WATCH/expected" "$WATCH/undeclared"
	rm -f "$WATCH/window" "$WATCH/undeclared"
	: >"$WATCH/expected"
}

# ---- for the tests, which say why

# expect_vendor CLIENT ADDRESS...: until the end of this test packets may go to and fro between
# client 1 or 2, or "any" host, and these addresses.
expect_vendor() {
	local client=$1 address
	shift
	for address; do
		case $client$address in
		any*) echo "any $address" ;;
		*:*) echo "2001:db8:77::1$client $address" ;;
		*) echo "192.168.77.1$client $address" ;;
		esac
	done >>"$WATCH/expected"
}

# vendor_window WHY COMMAND...: while the command runs anything may cross; what was seen before
# counts.
vendor_window() {
	shift
	watch_read >>"$WATCH/undeclared"
	: >"$WATCH/window"
	"$@"
	# The end of its connections.
	sleep 0.2
	watch_read >/dev/null
	rm "$WATCH/window"
}
