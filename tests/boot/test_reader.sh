# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The analyst's own way in: `ssh reader@BOX` gets what the log and the status say, with a key file of
# its own, and no shell.

# as_reader WORD...: what the reader's ssh prints and returns.
as_reader() {
	"$HERE/lab" client 1 ssh -i "$VM/reader" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR reader@192.168.77.1 "$@" \
		</dev/null 2>&1
}

test_reader_over_ssh_asks_and_does_nothing_else() {
	local word key
	rm -f "$VM/reader" "$VM/reader.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$VM/reader"
	vm_disk
	provision_ssh
	provision "reader_keys=$(cat "$VM/reader.pub")"$'\n'
	vm_start direct
	vm_ready 90 || fail 'it does not come up'
	is "$(dns 1 @192.168.77.1 seen.upd.kaspersky.com)" NXDOMAIN 'the name'
	wait_until 20 reader_sees || fail "the log: $(as_reader cordon log --last 3)"
	like "$(as_reader hosts)" '*192.168.77.11*' 'hosts'
	is "$(as_reader cordon status --json | jq .in_force)" true 'status'
	# What the log says about that: who logged in, and whose story was looked at.
	as_reader host 192.168.77.11 >/dev/null || fail 'a host'
	key=$(ssh-keygen -lf "$VM/reader.pub" | cut -d ' ' -f 2)
	wait_until 20 login_is_told "$key" || fail "the log-in: $(on cordon log --notice login)"
	wait_until 20 look_is_told "$key" || fail "the look: $(on cordon log --notice looked)"
	like "$(as_reader 'log; cat /data/settings/cordon.conf')" '*a reader may use*' 'no shell'
	for word in 'cat /etc/passwd' sh 'mode monitor --for 1h --reason x' '--state /data log' \
		'console' '/bin/sh -c id' "explain --rules /data/settings x"; do
		as_reader "$word" >"$VM/said" && fail "a reader may: $word ($(cat "$VM/said"))"
	done
	# Not by the other key, and not root by this one.
	! "$HERE/lab" client 1 ssh -i "$VM/reader" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null root@192.168.77.1 true </dev/null 2>/dev/null ||
		fail 'it is a key of root'
	# A tunnel, a file transfer.
	! as_reader -s sftp || fail 'sftp'
	is "$(on cordon status --json | jq -r .mode)" enforce 'the mode'
}
reader_sees() { as_reader cordon log --json | grep -q seen.upd.kaspersky.com; }
login_is_told() {
	on cordon log --notice login --json | jq -e --arg key "$1" \
		'select(.service == "ssh" and .user == "reader" and .key == $key and
			.result == "accepted")'
}
look_is_told() {
	on cordon log --notice looked --json | jq -e --arg key "$1" \
		'select(.host == "192.168.77.11" and (.actor | contains($key)))'
}
