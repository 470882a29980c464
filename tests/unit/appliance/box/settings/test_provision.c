/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/box/settings/provision.h"

static struct provision old, new;
static struct provision_changes changes;
static struct text out;

static void put(struct provision *set, enum provision_file file, const char *text)
{
	assert_int_equal(provision_put(set, file, text, strlen(text)), 0);
}

static void begin(const char *old_conf, const char *new_conf)
{
	provision_release(&old);
	provision_release(&new);
	put(&old, PROVISION_CORDON, old_conf);
	put(&new, PROVISION_CORDON, new_conf);
}

/* What is protected of the changes, as people read it. */
static const char *protected(void)
{
	text_release(&out);
	provision_compare(&old, &new, &changes);
	provision_print(&changes, true, &out);
	return out.data ? out.data : "";
}

static int teardown(void **state)
{
	(void)state;
	provision_release(&old);
	provision_release(&new);
	text_release(&out);
	return 0;
}

static void free_things_are_free(void **state)
{
	(void)state;
	begin("[dns]\ntimeout = 1s\n[log]\nlevel = info\n",
	      "# ours\n[dns]\ntimeout = 2s\nworkers = 2\n[log]\nlevel = debug\n");
	put(&new, PROVISION_NETWORK, "[wan]\naddress = 192.0.2.9/24\n[lan office]\ndhcp = no\n");
	assert_string_equal(protected(), "");
	assert_int_equal(changes.protected, 0);
	assert_int_equal(changes.count, 5);
	text_release(&out);
	provision_print(&changes, false, &out);
	assert_string_equal(out.data, "[dns] timeout, [dns] workers, [log] level, [wan] address, "
				      "[lan office] dhcp");
	begin("[dns]\nworkers = 2\n", "[dns]\n# a word\nworkers = 2\n");
	assert_string_equal(protected(), "");
	assert_int_equal(changes.count, 1);
	begin("a = 1\n", "a = 1\n");
	assert_string_equal(protected(), "");
	assert_int_equal(changes.count, 0);
}

static void what_says_who_is_trusted_is_protected(void **state)
{
	static const struct {
		enum provision_file file;
		const char *said;
	} row[] = {
		{ PROVISION_ROOT, "trust root (root.json)" },
		{ PROVISION_KEYS, "keys for ssh (authorized_keys)" },
		{ PROVISION_CA, "mirrors (mirror-ca.pem)" },
		{ PROVISION_SECRET, "administrator's secret (admin-secret)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		begin("", "");
		put(&new, row[i].file, "new\n");
		assert_string_equal(protected(), row[i].said);
		put(&old, row[i].file, "new\n");
		assert_string_equal(protected(), "");
		put(&old, row[i].file, "old\n");
		assert_string_equal(protected(), row[i].said);
		free(new.file[row[i].file].data);
		new.file[row[i].file].data = NULL;
		assert_string_equal(protected(), row[i].said);
	}
}

static void what_loosens_is_protected(void **state)
{
	static const char *const row[][2] = {
		{ "[mode]\nmonitor-first = 1d\n", "mode ([mode] monitor-first)" },
		{ "[action]\nupdate = allow\n", "mode ([action] update)" },
		{ "[network]\nsanctioned-resolver = 192.0.2.0/24, 9.9.9.9, 53\n",
		  "exceptions ([network] sanctioned-resolver)" },
		{ "[network]\ninternal-dns = 192.0.2.1\n", "exceptions ([network] internal-dns)" },
		{ "[network]\nlan = eth9\n", "exceptions ([network] lan)" },
		{ "[dns]\ninternal-zone = x -> 192.0.2.1\n", "exceptions ([dns] internal-zone)" },
		{ "[rules]\nlists = resolvers\n", "exceptions ([rules] lists)" },
		{ "[update]\nmirror = https://evil.example/\n", "mirrors ([update] mirror)" },
		{ "[update]\ncollector = https://evil.example/\n", "mirrors ([update] collector)" },
		{ "[update]\ntrust-root = /x\n", "trust root ([update] trust-root)" },
		/* Nobody has thought about it, so nobody has said that it is harmless. */
		{ "[dns]\nbrand-new = 1\n", "policy ([dns] brand-new)" },
		{ "[dns]\nlisten = 0.0.0.0\n", "policy ([dns] listen)" },
		{ "[brand-new]\nx = 1\n", "policy ([brand-new] x)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		begin("[dns]\nworkers = 1\n", row[i][0]);
		assert_string_equal(protected(), row[i][1]);
		begin(row[i][0], "[dns]\nworkers = 1\n");	/* taken away */
		assert_string_equal(protected(), row[i][1]);
	}
	begin("[update]\nmirror = https://a/\nmirror = https://b/\n",
	      "[update]\nmirror = https://b/\nmirror = https://a/\n");
	assert_string_equal(protected(), "mirrors ([update] mirror)");
	/* The same things, said elsewhere. */
	begin("[update]\nmirror = https://a/\n[mode]\nmonitor-max = 1h\n",
	      "[mode]\nmonitor-max=1h\n\n[update]\nmirror=https://a/\n");
	assert_string_equal(protected(), "");
}

/* A stick shortened the log, named the box otherwise, and led it to other servers. */
static void a_stick_does_not_shrink_the_evidence(void **state)
{
	static const struct {
		enum provision_file file;
		const char *text, *said;
	} row[] = {
		{ PROVISION_CORDON, "[log]\nbudget = 1M\n", "evidence ([log] budget)" },
		{ PROVISION_CORDON, "[log]\nappliance-id = other\n",
		  "evidence ([log] appliance-id)" },
		{ PROVISION_CORDON, "[log]\nbrand-new = 1\n", "evidence ([log] brand-new)" },
		{ PROVISION_CORDON, "[dns]\nupstream = 192.0.2.1\n",
		  "servers and routes ([dns] upstream)" },
		{ PROVISION_CORDON, "[network]\nwan = lan0\n", "exceptions ([network] wan)" },
		{ PROVISION_CORDON, "[network]\nguard-gateway = no\n",
		  "policy ([network] guard-gateway)" },
		{ PROVISION_NETWORK, "[time]\nntp = 192.0.2.1\n",
		  "servers and routes ([time] ntp)" },
		{ PROVISION_NETWORK, "[routing]\nroute = 192.0.2.0/24 via 10.0.0.1\n",
		  "servers and routes ([routing] route)" },
		{ PROVISION_NETWORK, "[wan]\ninterface = eth1\n", "exceptions ([wan] interface)" },
		{ PROVISION_NETWORK, "[lan office]\ninterface = eth0\n",
		  "exceptions ([lan office] interface)" },
		{ PROVISION_NETWORK, "[management]\nssh = yes\n",
		  "keys for ssh ([management] ssh)" },
		{ PROVISION_NETWORK, "[brand-new]\nx = 1\n", "policy ([brand-new] x)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		begin("", "");
		put(&new, row[i].file, row[i].text);
		assert_string_equal(protected(), row[i].said);
	}
}

static void many_changes_are_counted(void **state)
{
	struct text conf = TEXT_EMPTY;

	(void)state;
	text_puts(&conf, "[daemon]\n");
	for (int i = 0; i < 200; i++)
		text_printf(&conf, "key%d = 1\n", i);
	begin("", conf.data);
	assert_non_null(strstr(protected(), "policy ([daemon] key0, [daemon] key1,"));
	assert_non_null(strstr(out.data, "[daemon] key31) and 168 more"));
	assert_int_equal(changes.protected, 200);
	text_release(&conf);
}

static void sets_complete_each_other(void **state)
{
	uint8_t before[DIGEST_SIZE], after[DIGEST_SIZE];

	(void)state;
	provision_release(&old);
	provision_release(&new);
	assert_true(provision_is_empty(&new));
	put(&old, PROVISION_CORDON, "old");
	put(&old, PROVISION_KEYS, "keys");
	put(&new, PROVISION_CORDON, "new");
	assert_int_equal(provision_digest(&new, before), 0);
	assert_int_equal(provision_complete(&new, &old), 0);
	assert_string_equal(new.file[PROVISION_CORDON].data, "new");
	assert_string_equal(new.file[PROVISION_KEYS].data, "keys");
	assert_int_equal(provision_digest(&new, after), 0);
	assert_memory_not_equal(before, after, DIGEST_SIZE);
	/* An empty file is another set than none. */
	put(&new, PROVISION_CA, "");
	assert_int_equal(provision_digest(&new, before), 0);
	assert_memory_not_equal(before, after, DIGEST_SIZE);
	/* Of a plain secret it says that there is one. */
	put(&new, PROVISION_SECRET, "a secret, long enough");
	assert_int_equal(provision_digest(&new, after), 0);
	assert_memory_not_equal(before, after, DIGEST_SIZE);
	put(&new, PROVISION_SECRET, "a guess at it");
	assert_int_equal(provision_digest(&new, before), 0);
	assert_memory_equal(before, after, DIGEST_SIZE);
	put(&new, PROVISION_SECRET, "pbkdf2-sha256$100000$00$00");
	assert_int_equal(provision_digest(&new, before), 0);
	assert_memory_not_equal(before, after, DIGEST_SIZE);
	assert_int_equal(provision_lookup("network.conf"), PROVISION_NETWORK);
	assert_int_equal(provision_lookup("passwd"), PROVISION_FILES);
}

static int check(int (*judge)(const struct provision_part *, const char *, struct diag *),
		 const char *text)
{
	static struct diag diag;
	struct provision_part part = { (char *)(uintptr_t)text, strlen(text) };

	diag_init(&diag);
	return judge(&part, "x", &diag);
}

#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8Gf3rJc8aF"

static void keys_have_no_options(void **state)
{
	(void)state;
	assert_int_equal(check(provision_check_keys, ""), 0);
	assert_int_equal(check(provision_check_keys, "# ours\n\n" ED "\n" ED " anna's laptop\n" ED),
			 0);
	assert_int_equal(check(provision_check_keys, "command=\"x\" " ED "\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys, " " ED "\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys, ED "\r\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys,
			       "ssh-dss AAAAB3NzaC1kc3MAAACBAJ1Z2lDsRg4q6Cx3aZCkrGlVrIVB\n"),
			 -EINVAL);
	/* Cut off, of another type than it says, and with something behind it. */
	assert_int_equal(
		check(provision_check_keys,
		      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8G\n"),
		-EINVAL);
	assert_int_equal(
		check(provision_check_keys,
		      "ssh-rsa "
		      "AAAAC3NzaC1lZDI1NTE5AAAAIJ1Z2lDsRg4q6Cx3aZCkrGlVrIVBBSWl7x8Gf3rJc8aF"),
		-EINVAL);
	assert_int_equal(check(provision_check_keys, ED "AAAA\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys, "ssh-ed25519\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys, "ssh-ed25519 BBBB\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys, ED "\033[2J\n"), -EINVAL);
	assert_int_equal(check(provision_check_keys, "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
			 -EINVAL);
}

static void secrets_are_long(void **state)
{
	(void)state;
	assert_int_equal(check(provision_check_secret, "twelve chars"), 0);
	assert_int_equal(check(provision_check_secret, "twelve chars\r\n"), 0);
	assert_int_equal(check(provision_check_secret, "eleven char\n"), -EINVAL);
	assert_int_equal(check(provision_check_secret, "\xef\xbb\xbftwelve chars\n"), -EINVAL);
	assert_int_equal(check(provision_check_secret, ""), -EINVAL);
	assert_int_equal(check(provision_check_secret, "two lines of it\nand more\n"), -EINVAL);
	assert_int_equal(check(provision_check_secret, "pbkdf2-sha256$1000$00$00"), -EINVAL);
}

#define HASH                                                               \
	"pbkdf2-sha256$100000$000102030405060708090a0b0c0d0e0f$"           \
	"f916a407876205b22be0a1548a21a9c51f26444d6d5948d8cf0b8e5688e07166"

/* However a secret came, one line with its hash is kept. */
static void a_secret_is_kept_as_its_hash(void **state)
{
	(void)state;
	assert_int_equal(provision_hash_secret(&new), 0);
	assert_null(new.file[PROVISION_SECRET].data);
	put(&new, PROVISION_SECRET, HASH "\r\n\n\n\n");
	assert_int_equal(provision_hash_secret(&new), 0);
	assert_string_equal(new.file[PROVISION_SECRET].data, HASH "\n");
	assert_int_equal(new.file[PROVISION_SECRET].size, strlen(HASH) + 1);
	put(&new, PROVISION_SECRET, "a secret of some length\n");
	assert_true(provision_has_plain_secret(&new));
	assert_int_equal(provision_hash_secret(&new), 0);
	assert_false(provision_has_plain_secret(&new));
	assert_null(strstr(new.file[PROVISION_SECRET].data, "of some length"));
	assert_int_equal(check(provision_check_secret, new.file[PROVISION_SECRET].data), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(free_things_are_free, teardown),
		cmocka_unit_test_teardown(what_says_who_is_trusted_is_protected, teardown),
		cmocka_unit_test_teardown(what_loosens_is_protected, teardown),
		cmocka_unit_test_teardown(a_stick_does_not_shrink_the_evidence, teardown),
		cmocka_unit_test_teardown(many_changes_are_counted, teardown),
		cmocka_unit_test_teardown(sets_complete_each_other, teardown),
		cmocka_unit_test(keys_have_no_options),
		cmocka_unit_test(secrets_are_long),
		cmocka_unit_test_teardown(a_secret_is_kept_as_its_hash, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
