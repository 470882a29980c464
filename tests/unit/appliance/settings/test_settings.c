/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>

#include "appliance/base/file.h"
#include "appliance/settings/settings.h"

static struct diag diag;
static struct settings settings;

static int parse(const char *text, size_t length)
{
	/* A copy of exactly that size, so that a sanitizer sees a step beyond it. */
	char *copy = malloc(length ? length : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, text, length);
	diag_init(&diag);
	error = settings_parse(&settings, "cordon.conf", copy, length, &diag);
	free(copy);
	return error;
}

static void good(const char *text)
{
	int error = parse(text, strlen(text));

	sample_no_errors(&diag);
	assert_int_equal(error, 0);
}

static void addr_is(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT];

	assert_string_equal(addr_print(addr, text), expected);
}

static void defaults(void **state)
{
	(void)state;
	good("");
	assert_int_equal(settings.lans, 0);
	assert_false(settings.masquerade);
	assert_false(settings.drop_others);
	assert_int_equal(settings.managements, 0);
	assert_string_equal(settings.watchdog, "");
	assert_int_equal(settings.upstreams, 0);
	assert_int_equal(settings.timeout_ms, 1000);
	assert_int_equal(settings.block_ttl, 60);
	assert_string_equal(settings.rules_dir, "/etc/cordon/rules");
	assert_int_equal(settings.max_v4_share, 64);
	assert_int_equal(settings.monitor_first, 0);
	assert_int_equal(settings.monitor_max, 86400);
	assert_int_equal(settings.log_budget, 0);
	assert_int_equal(settings.log_retention_days, 366);
	assert_int_equal(settings.log_write_budget, 256 << 20);
	assert_string_equal(settings.appliance_id, "");
	assert_int_equal(settings.action[CATEGORY_UPDATE], ACTION_BLOCK);
	assert_int_equal(settings.action[CATEGORY_WEB], ACTION_MONITOR);
	addr_is(&settings.listen[0].addr, "127.0.0.1");
}

/* Long: one table, a line for each case. */
static void every_key(void **state)
{
	(void)state;
	good("\xef\xbb\xbf; a comment\n"
	     "[network]\n"
	     "wan = wan0 ppp0\n"
	     "lan = eth1 br-lan, wlan0\r\n"
	     "masquerade = yes\n"
	     "others = drop\n"
	     "management = eth9 eth1\n"
	     "internal-dns = 10.1.0.10 2001:db8::10\n"
	     "internal-dns = 10.1.0.11\n"
	     "sanctioned-resolver = 10.2.0.0/16 10.3.0.0/16, 192.0.2.53, 853\n"
	     "sanctioned-resolver=2001:db8:2::/48,2001:db8::53,53\n"
	     "forwarder = 10.1.0.10\n"
	     "[dns]\n"
	     "listen = 127.0.0.2:53 [::1]:53\n"
	     "upstream = 192.0.2.1 192.0.2.2:5300\n"
	     "internal-zone = Agency.example -> 10.1.0.10 [2001:db8::10]:5353\n"
	     "internal-zone = 10.in-addr.arpa \xe2\x86\x92 10.1.0.10\n"
	     "workers = 2\n"
	     "timeout = 250\n"
	     "blocked-reply = sinkhole\n"
	     "sinkhole-address = 192.0.2.80 2001:db8::80\n"
	     "block-ttl = 0\n"
	     "censored = update activation\n"
	     "[rules]\n"
	     "dir = /tmp/rules\n"
	     "lists = kaspersky resolvers\n"
	     "max-address-share = 128\n"
	     "max-rules = 1000\n"
	     "[update]\n"
	     "trust-root = /etc/cordon/root.json\n"
	     "mirror = https://Mirror.example:8443/cordon\n"
	     "mirror = http://192.0.2.80/\n"
	     "mirror-ca = /etc/cordon/ca.pem\n"
	     "mirror-pin = sha256:"
	     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
	     "collector = https://[2001:db8::9]/receipts/\n"
	     "interval = 10m\n"
	     "stale-after = 2d\n"
	     "ring = canary-1\n"
	     "[action]\n"
	     "update = monitor\n"
	     "relay = block\n"
	     "[mode]\n"
	     "monitor-first = 14d\n"
	     "monitor-max = 1w\n"
	     "[log]\n"
	     "level = debug\n"
	     "budget = 1M\n"
	     "retention = 90d\n"
	     "counts-only = 192.0.2.0/24 2001:db8::/64\n"
	     "write-budget = 8M\n"
	     "appliance-id = gw-1\n"
	     "[daemon]\n"
	     "uid-base = 7000\n"
	     "nflog-group = 5\n"
	     "watchdog = /dev/watchdog1\n"
	     "table-owner = no\n");
	assert_int_equal(settings.wans, 2);
	assert_string_equal(settings.wan[1], "ppp0");
	assert_false(settings.table_owner);
	assert_int_equal(settings.lans, 3);
	assert_string_equal(settings.lan[2], "wlan0");
	assert_true(settings.masquerade);
	assert_true(settings.drop_others);
	assert_int_equal(settings.managements, 2);
	assert_string_equal(settings.management[0], "eth9");
	assert_true(settings_is_aside(&settings, "eth9"));
	assert_false(settings_is_aside(&settings, "eth1"));
	assert_false(settings_is_aside(&settings, "wan0"));
	assert_string_equal(settings.watchdog, "/dev/watchdog1");
	assert_int_equal(settings.internal_dns_count, 3);
	assert_int_equal(settings.sanctioned_count, 2);
	assert_int_equal(settings.sanctioned[0].sources, 2);
	assert_int_equal(settings.sanctioned[0].resolver.port, 853);
	addr_is(&settings.sanctioned[1].resolver.addr, "2001:db8::53");
	assert_int_equal(settings.forwarders, 1);
	assert_int_equal(settings.listens, 2);
	assert_int_equal(settings.listen[1].port, 53);
	assert_int_equal(settings.upstreams, 2);
	assert_int_equal(settings.upstream[0].port, 53);
	assert_int_equal(settings.upstream[1].port, 5300);
	assert_int_equal(settings.zones, 2);
	assert_int_equal(settings.zone[0].servers, 2);
	assert_memory_equal(settings.zone[0].name.wire, "\6agency\7example", 16);
	assert_int_equal(settings.zone[0].server[1].port, 5353);
	assert_int_equal(settings.workers, 2);
	assert_int_equal(settings.timeout_ms, 250);
	assert_int_equal(settings.reply, REPLY_SINKHOLE);
	addr_is(&settings.sinkhole4, "192.0.2.80");
	addr_is(&settings.sinkhole6, "2001:db8::80");
	assert_int_equal(settings.block_ttl, 0);
	assert_int_equal(settings.censored, 1U << CATEGORY_UPDATE | 1U << CATEGORY_ACTIVATION);
	assert_string_equal(settings.rules_dir, "/tmp/rules");
	assert_int_equal(settings.lists, 2);
	assert_string_equal(settings.list[1], "resolvers");
	assert_int_equal(settings.max_v4_share, 128);
	assert_int_equal(settings.max_rules, 1000);
	assert_string_equal(settings.trust_root, "/etc/cordon/root.json");
	assert_int_equal(settings.mirrors, 2);
	assert_string_equal(settings.mirror[0].host, "mirror.example");
	assert_string_equal(settings.mirror[0].path, "/cordon/");
	assert_int_equal(settings.mirror[0].port, 8443);
	assert_false(settings.mirror[1].tls);
	assert_string_equal(settings.mirror_ca, "/etc/cordon/ca.pem");
	assert_int_equal(settings.mirror_pins, 1);
	assert_int_equal(settings.mirror_pin[0][31], 0xef);
	assert_string_equal(settings.collector.host, "2001:db8::9");
	assert_int_equal(settings.poll_interval, 600);
	assert_int_equal(settings.stale_after, 2 * 86400);
	assert_string_equal(settings.ring, "canary-1");
	assert_int_equal(settings.action[CATEGORY_UPDATE], ACTION_MONITOR);
	assert_int_equal(settings.action[CATEGORY_RELAY], ACTION_BLOCK);
	assert_int_equal(settings.monitor_first, 14 * 86400);
	assert_int_equal(settings.monitor_max, 7 * 86400);
	assert_int_equal(settings.level, LEVEL_DEBUG);
	assert_int_equal(settings.log_budget, 1 << 20);
	assert_int_equal(settings.log_retention_days, 90);
	assert_int_equal(settings.log_counts_onlys, 2);
	assert_int_equal(settings.log_write_budget, 8 << 20);
	assert_string_equal(settings.appliance_id, "gw-1");
	assert_int_equal(settings.uid_base, 7000);
	assert_int_equal(settings.nflog_group, 5);
	assert_int_equal(settings_uid(&settings, ROLE_PARENT), 0);
	assert_int_equal(settings_uid(&settings, ROLE_JOURNAL), 7004);
	assert_int_equal(settings_uid(&settings, ROLE_UPDATE), 7005);
	assert_string_equal(role_print(ROLE_COMPILE), "compile");
}

/* Each has its one mistake in line 3. */
/* Long: one table, a line for each case. */
static void every_bad_value_names_its_line(void **state)
{
	static const struct { const char *text; const char *message;
	} bad[] = {
		{ "[network]\n\nlan = a-name-that-is-too-long\n", "lan: expected at most" },
		{ "[network]\n\nlan = a/b\n", "lan: expected at most" },
		{ "[network]\n\nlan = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", "at most 16" },
		{ "[network]\n\ninternal-dns = host\n", "found \"host\"" },
		{ "[network]\n\ninternal-dns = 10.1.0.0/16\n", "expected an address" },
		{ "[network]\n\nforwarder = 1.2.3\n", "expected an address" },
		{ "[network]\n\nsanctioned-resolver = 10.0.0.0/8\n", "SOURCES, ADDRESS, PORT" },
		{ "[network]\n\nsanctioned-resolver = 10.0.0.0/8, 1.2.3.4\n", "SOURCES, ADDRESS" },
		{ "[network]\n\nsanctioned-resolver = 10.0.0.0/8, x, 53\n",
		  "\"x\" is not an address" },
		{ "[network]\n\nsanctioned-resolver = 10.0.0.0/8, 1.2.3.4, 0\n", "1 to 65535" },
		{ "[network]\n\nsanctioned-resolver = x, 1.2.3.4, 53\n", "source networks" },
		{ "[network]\n\nsanctioned-resolver = 10.1.0.0/8, 1.2.3.4, 53\n",
		  "source networks" },
		{ "[network]\n\nsanctioned-resolver = ::/0, 1.2.3.4, 53\n",
		  "different address families" },
		{ "[dns]\n\nlisten = 127.0.0.1:0\n", "listen: expected ADDRESS" },
		{ "[dns]\n\nupstream = dns.example\n", "upstream: expected ADDRESS" },
		{ "[dns]\n\nupstream = 1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 "
		  "8.8.8.8 9.9.9.9\n",
		  "more than 8" },
		{ "[dns]\n\ninternal-zone = a.example 10.1.0.1\n", "NAME -> ADDRESS" },
		{ "[dns]\n\ninternal-zone = a..example -> 10.1.0.1\n", "domain name" },
		{ "[dns]\n\ninternal-zone = . -> 10.1.0.1\n", "domain name" },
		{ "[dns]\n\ninternal-zone = -> 10.1.0.1\n", "domain name" },
		{ "[dns]\n\ninternal-zone = a.example ->\n", "address after the arrow" },
		{ "[dns]\n\ninternal-zone = a b -> 10.1.0.1\n", "NAME -> ADDRESS" },
		{ "[dns]\n\ninternal-zone = a -> 1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5\n",
		  "more than 4" },
		{ "[dns]\n\nworkers = 17\n", "number from 0 to 16" },
		{ "[dns]\n\nworkers = -1\n", "number from 0 to 16" },
		{ "[dns]\n\nworkers = two\n", "found \"two\"" },
		{ "[dns]\n\nworkers =\n", "number from 0 to 16" },
		{ "[dns]\n\nworkers = 99999999999999999999\n", "number from 0 to 16" },
		{ "[dns]\n\ntimeout = 49\n", "from 50 to 10000" },
		{ "[dns]\n\ntimeout = 1000ms\n", "from 50 to 10000" },
		{ "[dns]\n\nblocked-reply = NXDOMAIN\n", "nxdomain, nodata, refused, zero" },
		{ "[dns]\n\nsinkhole-address = x\n", "expected an address" },
		{ "[dns]\n\nsinkhole-address = 1.1.1.1 2.2.2.2 3.3.3.3\n", "more than 2" },
		{ "[dns]\n\nblock-ttl = 61\n", "from 0 to 60" },
		{ "[dns]\n\ncensored = updates\n", "unknown category \"updates\"" },
		{ "[rules]\n\ndir =\n", "dir: expected a path" },
		{ "[rules]\n\nlists = a-name-that-is-much-too-long-for-a-list\n",
		  "names of rule lists" },
		{ "[rules]\n\nmax-address-share = 0\n", "from 1 to 65536" },
		{ "[rules]\n\nmax-rules = 0\n", "from 1 to 10000000" },
		{ "[update]\n\ntrust-root = root.json\n", "begins with /" },
		{ "[update]\n\nmirror = mirror.example\n", "https://HOST/" },
		{ "[update]\n\nmirror = https://user@mirror.example/\n", "without user" },
		{ "[update]\n\nmirror-pin = 0123\n", "sha256: and 64" },
		{ "[update]\n\nmirror-pin = sha256:"
		  "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n",
		  "lower case" },
		{ "[update]\n\ninterval = 9s\n", "from 10s to 1d" },
		{ "[update]\n\nstale-after = 1y\n", "from 10s to 366d" },
		{ "[update]\n\nring = Canary\n", "lower-case letters" },
		{ "[update]\n\nring =\n", "lower-case letters" },
		{ "[action]\n\nupdate = none\n", "block, monitor or allow" },
		{ "[action]\n\nupdate = Block\n", "block, monitor or allow" },
		{ "[action]\n\nexempt = block\n", "unknown category \"exempt\"" },
		{ "[action]\n\nnone = block\n", "unknown category \"none\"" },
		{ "[mode]\n\nmonitor-first = 14 days\n", "expected a duration" },
		{ "[mode]\n\nmonitor-max = 11y\n", "expected a duration" },
		{ "[mode]\n\nmonitor-max = 3651d\n", "expected a duration" },
		{ "[log]\n\nlevel = loud\n", "error, warning, info or debug" },
		{ "[log]\n\nbudget = 63K\n", "at least 64K" },
		{ "[log]\n\ncounts-only = 192.0.2.1/24\n", "networks without host bits" },
		{ "[log]\n\nretention = 12m\n", "like 90d, 52w, 12mo" },
		{ "[log]\n\nretention = 0d\n", "expected none, or 1d to 20y" },
		{ "[log]\n\nretention = 21y\n", "expected none, or 1d to 20y" },
		{ "[log]\n\nretention = mo\n", "expected none, or 1d to 20y" },
		{ "[log]\n\nretention = 99999999999d\n", "expected none, or 1d to 20y" },
		{ "[log]\n\nwrite-budget = 1K\n", "at least 1M" },
		{ "[log]\n\nbudget = K\n", "budget: expected a number" },
		{ "[log]\n\nbudget = 1T\n", "budget: expected a number" },
		{ "[log]\n\nbudget = 2000G\n", "budget: expected a number" },
		{ "[log]\n\nappliance-id = a/b\n", "letters, digits" },
		{ "[log]\n\nappliance-id = ..\n", "letters, digits" },
		{ "[log]\n\nappliance-id =\n", "at most 63" },
		{ "[log]\n\nappliance-id = "
		  "0123456789012345678901234567890123456789012345678901234567890123\n",
		  "at most 63" },
		{ "[daemon]\n\nuid-base = 0\n", "from 1 to" },
		{ "[daemon]\n\nnflog-group = 65536\n", "from 1 to 65535" },
		{ "[daemon]\n\ntable-owner = yes\n", "expected auto or no" },
		{ "[network]\n\nlans = eth0\n", "unknown key \"lans\" in [network]" },
		{ "[network]\n\nlevel = info\n", "unknown key \"level\" in [network]" },
		{ "[networks]\n\nlan = eth0\n", "unknown section [networks]" },
		{ "# nothing\n\nlan = eth0\n", "[section] before the first key" },
		{ "[network]\nlan = eth0\n  masquerade = yes\n", "continues the value before it" },
		{ "[network]\nlan = eth0\n\t[dns]\n", "continues the value before it" },
		{ "[network]\nlan = eth0\n  masquerade: yes\n", "continues the value before it" },
		{ "[network]\nmasquerade = no\n yes\n", "without a continuation line" },
		{ "[action]\nupdate = block\nupdate = monitor\n", "already given in line 2" },
		{ "[network]\nmasquerade = no\nmasquerade = yes\n", "already given in line 2" },
		{ "[dns]\ntimeout = 1000 # ms\ntimeout = 500\n", "already given in line 2" },
		{ "[dns]\n\nupstream = 0.0.0.0\n", "0.0.0.0 is not a host's address" },
		{ "[dns]\n\nupstream = fe80::1\n", "fe80::1 is a link-local address" },
		{ "[dns]\n\nupstream = 1.1.1.1 224.0.0.1\n", "224.0.0.1 is not a host's" },
		{ "[dns]\n\nupstream = 255.255.255.255\n", "is not a host's" },
		{ "[dns]\n\nupstream = ff02::1\n", "is not a host's" },
		{ "[dns]\n\nupstream = 127.0.0.1\n", "would query itself endlessly" },
		{ "[dns]\nlisten = 0.0.0.0:5300\nupstream = 127.0.0.9:5300\n", "query itself" },
		{ "[dns]\n\ninternal-zone = a.example -> [::1]:53\n", "query itself" },
		{ "[dns]\n[network]\ninternal-dns = 127.0.0.1\n", "query itself" },
		{ "[network]\n[dns]\nlisten = 127.0.0.1:5353\n[network]\nlan = eth0\n",
		  "expected port 53" },
		{ "[network]\nlan = eth0\n[dns] rebinding-protection = yes\n",
		  "nothing after the section's name" },
		{ "[network]\nlan = eth0\n[dns]x\n", "nothing after the section's name" },
		{ "[network]\n\njust words\n", "expected [section] or key = value" },
		{ "# nothing\n\n[network\n", "expected [section] or key = value" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(parse(bad[i].text, strlen(bad[i].text)), -EINVAL);
		if (diag.count != 1 || diag.entry[0].line != 3 ||
		    !strstr(diag.entry[0].message, bad[i].message))
			fail_msg("%s\n%zu errors, line %u: %s", bad[i].text, diag.count,
				 diag.entry[0].line, diag.entry[0].message);
	}
}

static void every_error_is_found(void **state)
{
	static const char text[] = "[network]\nlan = a/b\nwhat = 1\nno equals sign\n"
				   "[dns]\nworkers = 99\nagain no sign\n";

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1), -EINVAL);
	assert_int_equal(diag.count, 5);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(diag.entry[i].line, i < 3 ? i + 2 : i + 3);
}

static void long_lines(void **state)
{
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "[rules]\ndir = /", 15);
	memcpy(text + 8 + 198, "\nlists = a\n", 11);
	assert_int_equal(parse(text, 8 + 198 + 11), 0);
	assert_int_equal(strlen(settings.rules_dir), 198 - 6);
	memcpy(text + 8 + 198, "x\nlists = a\n", 12);
	assert_int_equal(parse(text, 8 + 199 + 11), -EINVAL);
	assert_int_equal(diag.count, 1);
	assert_int_equal(diag.entry[0].line, 2);
	assert_non_null(strstr(diag.entry[0].message, "at most 198 bytes"));
	assert_int_equal(parse("[rules]\ndir = /a\0b\n", 19), -EINVAL);
	assert_int_equal(diag.entry[0].line, 2);
}

static void size_limit(void **state)
{
	char *text = malloc(SETTINGS_TEXT_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', SETTINGS_TEXT_MAX + 1);
	assert_int_equal(parse(text, SETTINGS_TEXT_MAX), 0);
	assert_int_equal(parse(text, SETTINGS_TEXT_MAX + 1), -EINVAL);
	assert_int_equal(diag.count, 1);
	free(text);
}

/* The file that is shipped, and the same with every suggestion in it taken. */
static void the_example(void **state)
{
	struct text text = TEXT_EMPTY;
	char *data, *line, *save;
	size_t size;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "appliance/settings/cordon.conf.example", 1 << 16,
				   &data, &size), 0);
	good(data);
	for (line = strtok_r(data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		/* "#key = value" is a suggestion, "# text" is not; an empty one has no value. */
		bool suggested = line[0] == '#' && line[1] != ' ' && line[strlen(line) - 1] != '=';

		text_printf(&text, "%s\n", suggested ? line + 1 : line);
	}
	good(text.data);
	assert_int_equal(settings.lans, 1);
	text_release(&text);
	free(data);
}

static void durations(void **state)
{
	uint64_t seconds = 0;

	(void)state;
	assert_int_equal(duration_parse(&seconds, "90", 2), 0);
	assert_int_equal(seconds, 90);
	assert_int_equal(duration_parse(&seconds, "2h", 2), 0);
	assert_int_equal(seconds, 7200);
	assert_int_equal(duration_parse(&seconds, "3650d", 5), 0);
	assert_int_equal(duration_parse(&seconds, "3651d", 5), -ERANGE);
	assert_int_equal(duration_parse(&seconds, "18446744073709551617", 20), -ERANGE);
	assert_int_equal(duration_parse(&seconds, "", 0), -EINVAL);
	assert_int_equal(duration_parse(&seconds, "h", 1), -EINVAL);
	assert_int_equal(duration_parse(&seconds, "1hh", 3), -EINVAL);
	assert_int_equal(duration_parse(&seconds, "-1h", 3), -EINVAL);
	assert_int_equal(duration_parse(&seconds, "1y", 2), -EINVAL);
}

/* Comments as people write them, and lists that go on. */
static void what_looks_like_it_is_it(void **state)
{
	(void)state;
	good("[network] # who\nlan = eth0 # inside\nlan = eth1\t; too\n  # and\n  eth2\n"
	     "[dns]\nlisten = 127.0.0.2 # another\nlisten = 127.0.0.3\n");
	assert_int_equal(settings.lans, 3);
	assert_string_equal(settings.lan[2], "eth2");
	assert_int_equal(settings.listens, 2);
	/* Nobody is captured: any port will do. */
	good("[dns]\nlisten = 127.0.0.1:5353\n");
}

static void what_opens_everything_is_warned_about(void **state)
{
	struct diag warnings;

	(void)state;
	diag_init(&warnings);
	good("[network]\nsanctioned-resolver = 10.0.0.0/8, 192.0.2.53, 853\n");
	settings_warn(&settings, "cordon.conf", &warnings);
	assert_int_equal(warnings.count, 0);
	good("[network]\nsanctioned-resolver = 0.0.0.0/0, 192.0.2.53, 853\n"
	     "sanctioned-resolver = ::/0, 2001:db8::53, 853\n[action]\nupdate = allow\n");
	settings_warn(&settings, "cordon.conf", &warnings);
	assert_int_equal(warnings.count, 3);
	assert_non_null(strstr(warnings.entry[0].message, "any query of a client"));
	assert_non_null(strstr(warnings.entry[2].message, "update = allow"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(every_bad_value_names_its_line),
		cmocka_unit_test(every_error_is_found),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(the_example),
		cmocka_unit_test(durations),
		cmocka_unit_test(what_looks_like_it_is_it),
		cmocka_unit_test(what_opens_everything_is_warned_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
