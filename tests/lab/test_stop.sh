# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Stop, start, disarm without the daemon; what is none of Cordon's is left alone.

test_second_daemon_is_refused() {
	local text pid
	pid=$(cat "$LAB_DIR/pids/cordond")
	if text=$(lab gateway timeout 10 "$CORDON_BIN/cordond" --config "$LAB_DIR/cordon.conf" \
		--state "$LAB_DIR/state" --run "$LAB_DIR/run" 2>&1); then
		fail 'a second daemon on the same folders was started'
	fi
	like "$text" '*run*' 'its message'
	kill -0 "$pid" || fail 'the first daemon has ended'
	is "$(status .mode)" enforce 'the first daemon'
}

test_stop_keeps_block_and_capture() {
	lab stop
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	is "$(connection 1 2a03:2480:68::10 443)" refused 'a vendor address, IPv6'
	like "$(dns 1 @8.8.8.8 www.agency.example)" '@(silence|refused)' 'a query to 8.8.8.8'
	is "$(connection 1 198.51.200.10 443)" open 'an innocent address'
	lab start
	is "$(dns 1 @8.8.8.8 www.agency.example)" 'NOERROR 198.51.200.10' 'after the start'
}

test_kill_of_the_parent_keeps_the_block() {
	local pid
	pid=$(cat "$LAB_DIR/pids/cordond")
	kill -KILL "$pid"
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address'
	lab start
	is "$(status .mode)" enforce 'after the start'
	is "$(dns 1 @192.168.77.1 downloads.upd.kaspersky.com)" NXDOMAIN 'a vendor name'
}

foreign_tables() {
	nft_gateway list table inet site | sed 's/counter packets [0-9]* bytes [0-9]*/counter/'
	nft_gateway list table ip6 other
}

test_other_tables_are_untouched() {
	local before
	nft_gateway -f - <<-'END'
	table inet site {
		set admins { type ipv4_addr; elements = { 10.0.0.1 } }
		counter seen { packets 7 bytes 700 }
		chain forward {
			type filter hook forward priority 10; policy accept;
			ip saddr @admins counter accept
		}
	}
	table ip6 other {
		chain cordon { accept; }
	}
	END
	before=$(foreign_tables)
	cordon rules reload >/dev/null
	lab stop
	is "$(foreign_tables)" "$before" 'after a reload and a stop'
	lab gateway cordon disarm --for 1h --reason 'a test of the lab' --by tester >/dev/null
	is "$(foreign_tables)" "$before" 'after disarming'
	lab start
	cordon mode enforce >/dev/null
	is "$(foreign_tables)" "$before" 'after a start'
	nft_gateway delete table inet site
	nft_gateway delete table ip6 other
}

test_disarm_without_the_daemon_removes_everything() {
	lab stop
	nft_gateway list table inet cordon >/dev/null || fail 'nothing was there to remove'
	lab gateway cordon disarm --for 1h --reason 'a test of the lab' --by tester >/dev/null
	is "$(nft_gateway list tables)" '' 'the tables'
	is "$(lab gateway ip rule list | grep -c fwmark)" 0 'the policy routes'
	is "$(lab gateway ip -6 rule list | grep -c fwmark)" 0 'the policy routes of IPv6'
	is "$(vendor_window disarmed connection 1 77.74.176.10 443)" open 'a vendor address'
	lab start
	cordon mode enforce >/dev/null
	is "$(connection 1 77.74.176.10 443)" refused 'a vendor address after start and enforce'
}

# Handles are given anew to what is made anew; sets of log entries fill and empty by themselves.
handles() { nft_gateway -a -t list table inet cordon | sed 's/packets [0-9]* bytes [0-9]*//'; }

test_a_second_apply_changes_nothing() {
	local before
	before=$(handles)
	cordon rules reload >/dev/null
	is "$(handles)" "$before" 'the table after a reload of the same lists'
}
