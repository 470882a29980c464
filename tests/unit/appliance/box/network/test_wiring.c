/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/box/network/lease.h"

static struct diag diag;
static struct network network, other;
static struct wiring wiring;
static struct text shown;

static void parse(struct network *out, const char *text)
{
	diag_init(&diag);
	(void)!network_parse(out, "network.conf", text, strlen(text), &diag);
	sample_no_errors(&diag);
}

/* One line a step, as a person would write it. */
static const char *show(void)
{
	static const char *const kind[] = { "run", "write", "file", "service" };

	text_release(&shown);
	assert_false(wiring.failed);
	for (size_t i = 0; i < wiring.steps; i++) {
		const struct step *step = &wiring.step[i];

		text_puts(&shown, kind[step->kind]);
		if (step->kind == STEP_SERVICE)
			text_printf(&shown, " %s:", step->link);
		for (size_t word = 0; step->argv[word]; word++)
			text_printf(&shown, " %s", step->argv[word]);
		if (step->path)
			text_printf(&shown, " [%s]\n%s", step->path, step->text);
		if (step->unless)
			text_printf(&shown, " unless %s", step->unless);
		text_puts(&shown, "\n");
	}
	return shown.data ? shown.data : "";
}

static void has(const char *expected)
{
	const char *found = show();

	if (!strstr(found, expected))
		print_error("expected: %s\nin:\n%s", expected, found);
	assert_non_null(strstr(found, expected));
}

static void has_not(const char *unexpected)
{
	if (strstr(show(), unexpected))
		print_error("not expected: %s\nin:\n%s", unexpected, shown.data);
	assert_null(strstr(show(), unexpected));
}

/* a before b. */
static void order(const char *a, const char *b)
{
	has(a);
	has(b);
	assert_true(strstr(shown.data, a) < strstr(shown.data, b));
}

static void begin(void)
{
	wiring_release(&wiring);
	wiring_init(&wiring);
}

static int end(void **state)
{
	(void)state;
	wiring_release(&wiring);
	text_release(&shown);
	return 0;
}

static const struct wiring_facts everything = {
	.memory_kb = 65536, .has_keys = true, .has_radvd = true, .has_dropbear = true
};

static void sysctls(void **state)
{
	(void)state;
	begin();
	wiring_sysctls(&wiring, &everything);
	has("write [/proc/sys/net/ipv4/ip_forward]\n0\n");
	has("write [/proc/sys/net/ipv6/conf/all/forwarding]\n0\n");
	has("[/proc/sys/net/netfilter/nf_conntrack_max]\n16384\n");
	has("[/proc/sys/net/ipv6/neigh/default/gc_thresh3]\n4096\n");
	begin();
	wiring_sysctls(&wiring, &(struct wiring_facts){ .memory_kb = 16000000 });
	has("nf_conntrack_max]\n262144\n");
}

static void out_of_the_box(void **state)
{
	(void)state;
	parse(&network, "");
	begin();
	wiring_links(&wiring, &network, &everything);
	has("write [/proc/sys/net/ipv6/conf/eth0/accept_ra]\n2\n");
	has("write [/proc/sys/net/ipv6/conf/eth1/accept_ra]\n0\n");
	order("run /usr/bin/busybox ip link set eth1 up",
	      "run /usr/bin/busybox ip -4 addr replace 192.168.77.1/24 brd + dev eth1");
	has("file [/run/resolv.conf]\nnameserver 127.0.0.1\n");
	has_not("forward");
	begin();
	wiring_services(&wiring, &network, &everything);
	has("service udhcpc: /usr/bin/busybox udhcpc -f -i eth0 -s /usr/libexec/lease");
	has("service udhcpc6: /usr/bin/busybox udhcpc6 -f -i eth0");
	has("udhcpd -f /run/cordon/udhcpd.eth1.conf [/run/cordon/udhcpd.eth1.conf]\ninterface "
	    "eth1\n"
	    "start 192.168.77.100\nend 192.168.77.199\n");
	has("opt subnet 255.255.255.0\nopt router 192.168.77.1\nopt dns 192.168.77.1\nopt lease "
	    "43200\n");
	has("ntpd -n -p 0.debian.pool.ntp.org -p 1.debian.pool.ntp.org\n");
	has_not("radvd");	/* nothing to advertise before there is a prefix */
	has_not("dropbear");
	begin();
	wiring_forward(&wiring, &network);
	has("ip_forward]\n1\n");
}

static void delegated(void **state)
{
	struct wiring_facts facts = everything;

	(void)state;
	parse(&network,
	      "[lan a]\ninterface = eth1\naddress = 10.0.1.1/24\n[lan b]\ninterface = eth2\n"
	      "address = 10.0.2.1/24\naddress6 = 2001:db8:ff::1/64\n"
	      "[lan c]\ninterface = eth3\naddress = 10.0.3.1/24\n");
	facts.has_delegated = true;
	assert_int_equal(prefix_parse(&facts.delegated, "2001:db8:1:10::/60", 18), 0);
	begin();
	wiring_links(&wiring, &network, &facts);
	wiring_services(&wiring, &network, &facts);
	has("-6 addr replace 2001:db8:1:10::1/64 dev eth1");
	has("-6 addr replace 2001:db8:1:11::1/64 dev eth3");
	has("-6 route replace unreachable 2001:db8:1:10::/60 dev lo");
	/* Before what a router advertisement says is on-link. */
	has("-6 rule add priority 200 table 200");
	has("-6 route replace 2001:db8:1:10::/64 dev eth1 table 200");
	has("prefix 2001:db8:1:11::/64 {");
	has("prefix 2001:db8:ff::/64 {");
	has("RDNSS 2001:db8:1:11::1 { };");
	/* RFC 7084, L-13; RFC 9096, 3.5: what was delegated before is deprecated, and no router by
	 * itself. */
	facts.preferred = 300;
	facts.valid = 600;
	facts.counts_down = true;
	facts.stales = 1;
	facts.stale[0].valid = 500;
	assert_int_equal(prefix_parse(&facts.stale[0].prefix, "2001:db8:2:10::/60", 18), 0);
	begin();
	wiring_services(&wiring, &network, &facts);
	has("prefix 2001:db8:1:10::/64 {\n\t\tAdvPreferredLifetime 300;\n\t\tAdvValidLifetime "
	    "600;\n"
	    "\t\tDecrementLifetimes on;\n");
	has("prefix 2001:db8:2:11::/64 {\n\t\tAdvPreferredLifetime 0;\n\t\tAdvValidLifetime "
	    "500;\n\t};\n"
	    "\tRDNSS 2001:db8:2:11::1 { AdvRDNSSLifetime 0; };");
	has("prefix 2001:db8:ff::/64 {\n\t\tAdvPreferredLifetime 2700;\n\t\tAdvValidLifetime "
	    "5400;\n\t};");
	has_not("AdvDefaultLifetime");
	facts.has_delegated = false;
	begin();
	wiring_services(&wiring, &network, &facts);
	has("interface eth1 {\n\tAdvSendAdvert on;\n\tIgnoreIfMissing on;\n\tMaxRtrAdvInterval "
	    "200;\n\tAdvDefaultLifetime 0;\n"
	    "\tprefix 2001:db8:2:10::/64 {");
	facts.has_delegated = true;
	facts.stales = 0;
	/* One /64 is enough for one LAN, and the other goes without. */
	assert_int_equal(prefix_parse(&facts.delegated, "2001:db8:1:10::/64", 18), 0);
	begin();
	wiring_links(&wiring, &network, &facts);
	has("-6 addr replace 2001:db8:1:10::1/64 dev eth1");
	has_not("2001:db8:1:11");
}

static void trunk(void **state)
{
	(void)state;
	parse(&network, "[wan]\ninterface = eth0.7\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\n"
			"address6 = none\n[lan]\ninterface = eth0.20\naddress = 198.51.100.1/24\n"
			"dhcp = off\n[routing]\nroute = 10.0.0.0/8 via 198.51.100.2\n"
			"[management]\ninterface = eth0.99\naddress = 10.99.0.1/24\nssh = on\n");
	begin();
	wiring_links(&wiring, &network, &everything);
	order("ip link set eth0 up", "ip link add link eth0 name eth0.7 type vlan id 7 "
				     "unless /sys/class/net/eth0.7");
	order("ip link set eth0.7 up", "-4 route replace default via 192.0.2.1 dev eth0.7");
	order("addr replace 198.51.100.1/24", "-4 route replace 10.0.0.0/8 via 198.51.100.2");
	has("write [/proc/sys/net/ipv6/conf/eth0.7/disable_ipv6]\n1\n");
	/* Untagged frames are nobody's. */
	order("write [/proc/sys/net/ipv6/conf/eth0/disable_ipv6]\n1\n", "ip link set eth0 up");
	begin();
	wiring_services(&wiring, &network, &everything);
	has_not("udhcp");
	has_not("radvd");
	order("run /usr/bin/dropbearkey -t ecdsa -f /data/ssh_host_key unless /data/ssh_host_key",
	      "-p 10.99.0.1:22\n");
	begin();
	wiring_services(&wiring, &network, &(struct wiring_facts){ .has_dropbear = true });
	has_not("dropbear");	/* nobody has a key */
	begin();
	wiring_forward(&wiring, &network);
	order("net/ipv4/ip_forward]\n1\n", "net/ipv4/conf/eth0.99/forwarding]\n0\n");
	/* It may have been the management's until now. */
	order("net/ipv4/ip_forward]\n1\n", "net/ipv4/conf/eth0.7/forwarding]\n1\n");
}

static void dns_only(void **state)
{
	(void)state;
	parse(&network, "[lan]\ninterface = eth0\naddress = 10.1.2.3/16\ngateway = 10.1.0.1\n");
	begin();
	wiring_links(&wiring, &network, &everything);
	wiring_services(&wiring, &network, &everything);
	wiring_forward(&wiring, &network);
	has("-4 route replace default via 10.1.0.1 dev eth0");
	has("ip_forward]\n0\n");
	has_not("udhcp");
	has_not("ip_forward]\n1\n");
}

static void difference(void **state)
{
	(void)state;
	parse(&network,
	      "[wan]\ninterface = eth0.7\n[lan a]\ninterface = eth1\naddress = 10.0.1.1/24\n"
	      "[lan b]\ninterface = eth2\naddress = 10.0.2.1/24\n"
	      "[routing]\nroute = 10.9.0.0/16 via 10.0.1.2\nroute = 10.8.0.0/16 via 10.0.1.2\n");
	parse(&other,
	      "[wan]\ninterface = eth0.8\n[lan a]\ninterface = eth1\naddress = 10.0.1.1/24\n"
	      "[lan b]\ninterface = eth2\naddress = 10.0.3.1/24\n"
	      "[routing]\nroute = 10.8.0.0/16 via 10.0.1.2\n");
	begin();
	wiring_leave(&wiring, &network, &other);
	has("-4 route del 10.9.0.0/16");
	has_not("10.8.0.0");
	has("link del eth0.7");
	has("-4 addr flush dev eth2");
	has_not("eth1");
	has_not("link del eth2");
	begin();
	wiring_leave(&wiring, &network, &network);
	assert_int_equal(wiring.steps, 0);
}

/* ---- leases ---- */

static const char *environment[16][2];

static const char *get(const char *name)
{
	for (size_t i = 0; environment[i][0]; i++) {
		if (strcmp(environment[i][0], name) == 0)
			return environment[i][1];
	}
	return NULL;
}

static int lease(struct lease *out, bool v6, const char *event, const char *const words[])
{
	size_t at = 0;

	memset(environment, 0, sizeof(environment));
	for (; words[2 * at]; at++) {
		environment[at][0] = words[2 * at];
		environment[at][1] = words[2 * at + 1];
	}
	diag_init(&diag);
	return lease_parse(out, &network, event, v6, get, &diag);
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void lease_v4(void **state)
{
	struct lease got, old = { .event = LEASE_OTHER }, again;
	struct text line = TEXT_EMPTY;

	(void)state;
	parse(&network, "");
	assert_int_equal(
		lease(&got, false, "bound",
		      WORDS("interface", "eth0", "ip", "192.0.2.50", "mask", "24", "router",
			    "192.0.2.1 192.0.2.2", "dns",
			    "192.0.2.53 127.0.0.1 192.168.77.1 x 2001:db8::1 198.51.100.53")),
		0);
	assert_int_equal(got.dns_count, 2);
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	order("-4 addr replace 192.0.2.50/24 brd + dev eth0",
	      "-4 route replace default via 192.0.2.1 dev eth0");
	has_not("flush");
	lease_print(&got, &line);
	assert_string_equal(line.data,
			    "4 192.0.2.50/24 192.0.2.1 192.0.2.53 198.51.100.53 valid=3600\n");
	*strchr(line.data, '\n') = '\0';
	assert_int_equal(lease_read(&again, line.data), 0);
	assert_int_equal(again.dns_count, 2);
	text_release(&line);
	/* Another address, and a router that is not on the link. */
	assert_int_equal(lease(&got, false, "renew",
			       WORDS("interface", "eth0", "ip", "192.0.2.51", "mask", "32",
				     "router", "203.0.113.1")),
			 0);
	begin();
	lease_wiring(&wiring, &network, &got, &again);
	order("-4 addr flush dev eth0", "-4 addr replace 192.0.2.51/32");
	order("-4 route replace 203.0.113.1 dev eth0", "-4 route replace default via 203.0.113.1");
	/* A router that is a client of the LAN: nobody's packets are led to the WAN. */
	assert_int_equal(lease(&got, false, "renew",
			       WORDS("interface", "eth0", "ip", "192.0.2.51", "mask", "32",
				     "router", "192.168.77.50")),
			 0);
	assert_false(got.has_router);
	assert_int_equal(lease(&got, false, "deconfig", WORDS("interface", "eth0")), 0);
	begin();
	lease_wiring(&wiring, &network, &got, &again);
	has("-4 addr flush dev eth0");
	assert_int_equal(lease(&got, false, "leasefail", WORDS("interface", "eth0")), 0);
	assert_int_equal(got.event, LEASE_FAILED);
	begin();
	lease_wiring(&wiring, &network, &got, &again);
	assert_int_equal(wiring.steps, 0);
}

static void lease_v6(void **state)
{
	struct lease got, old = { .event = LEASE_OTHER };

	(void)state;
	parse(&network, "");
	assert_int_equal(lease(&got, true, "bound",
			       WORDS("interface", "eth0", "ipv6prefix", "2001:db8:5:0:0:0:0:0/56",
				     "dns", "2001:0db8:0000:0000:0000:0000:0000:0053")),
			 0);
	assert_true(got.has_prefix);
	assert_int_equal(got.dns_count, 1);
	assert_int_equal(prefix_parse(&old.prefix, "2001:db8:4::/56", 15), 0);
	old.has_prefix = true;
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	order("-6 addr del 2001:db8:4::1/64 dev eth1", "-6 addr replace 2001:db8:5::1/64 dev eth1");
	assert_int_equal(lease(&got, true, "deconfig", WORDS("interface", "eth0")), 0);
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	has("-6 addr del 2001:db8:4::1/64 dev eth1");
	has_not("replace");
}

/* RFC 3442: option 3 does not count beside option 121. */
static void option_121_replaces_the_router(void **state)
{
	struct lease got, old = { .v6 = false }, none = { .event = LEASE_GONE };

	(void)state;
	parse(&network, "");
	assert_int_equal(
		lease(&got, false, "bound",
		      WORDS("interface", "eth0", "ip", "10.99.0.7", "mask", "24", "router",
			    "10.99.0.254", "staticroutes",
			    "10.60.0.0/16 0.0.0.0 0.0.0.0/0 10.99.0.1 10.50.0.0/16 10.60.0.2")),
		0);
	assert_int_equal(diag.count, 0);
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	has("-4 route replace default via 10.99.0.1 dev eth0");
	has_not("10.99.0.254");
	order("-4 route replace 10.60.0.0/16 dev eth0",
	      "-4 route replace 10.50.0.0/16 via 10.60.0.2 dev eth0");
	/* What the next lease does not have goes, a default route too. */
	old = got;
	assert_int_equal(lease(&got, false, "renew",
			       WORDS("interface", "eth0", "ip", "10.99.0.7", "mask", "24", "router",
				     "10.99.0.254", "staticroutes", "10.60.0.0/16 0.0.0.0")),
			 0);
	assert_false(got.has_router);
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	has("-4 route del 10.50.0.0/16 dev eth0");
	has("-4 route del default dev eth0");
	has_not("route del 10.60");
	begin();
	lease_wiring(&wiring, &network, &none, &got);
	has("-4 addr flush dev eth0");
}

static void option_121_takes_no_network_of_ours(void **state)
{
	static const char *const own[] = {
		"192.168.77.0/24 10.99.0.1",
		"192.168.77.128/25 10.99.0.1",
		"192.168.77.9/32 0.0.0.0",
		"10.20.0.0/16 10.99.0.1",
		"10.20.3.0/24 10.99.0.1",
		/* no way, or no network */
		"10.50.0.0/16 192.168.77.9",
		"10.50.0.0/16 10.99.0.7",
		"10.50.0.0/16 127.0.0.1",
		"0.0.0.0/0 0.0.0.0",
		"0.0.0.0/0 224.0.0.1",
		"127.0.0.0/8 10.99.0.1",
		"224.0.0.0/4 10.99.0.1",
		"10.50.0.0/99 10.99.0.1",
		"10.50.0.0 10.99.0.1",
		"x/8 10.99.0.1",
		"10.50.0.0/16 $(reboot)",
		"2001:db8::/16 10.99.0.1",
	};
	static char many[4096];
	struct lease got, old;

	(void)state;
	parse(&network, "[routing]\nroute = 10.20.0.0/16 via 192.168.77.2\n");
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		assert_int_equal(lease(&got, false, "bound",
				       WORDS("interface", "eth0", "ip", "10.99.0.7", "mask", "24",
					     "staticroutes", own[i])),
				 0);
		assert_int_equal(got.routes, 0);
		assert_false(got.has_router);
		assert_int_equal(diag.count, 1);
	}
	/* A wider one loses against the LAN's own, and may be the way to others. */
	assert_int_equal(lease(&got, false, "bound",
			       WORDS("interface", "eth0", "ip", "10.99.0.7", "mask", "24",
				     "staticroutes", "192.168.0.0/16 10.99.0.1")),
			 0);
	assert_int_equal(got.routes, 1);
	/* Nor does one that other settings have since. */
	old = got;
	parse(&network, "[lan]\ninterface = eth1\naddress = 192.168.0.1/16\n");
	lease_refit(&got, &network);
	assert_int_equal(got.routes, 0);
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	has("-4 route del 192.168.0.0/16 dev eth0");
	parse(&network, "");
	for (int i = 0; i < 100; i++)
		snprintf(many + strlen(many), 32, "10.50.%d.0/24 10.99.0.1 ", i);
	assert_int_equal(lease(&got, false, "bound",
			       WORDS("interface", "eth0", "ip", "10.99.0.7", "mask", "24",
				     "staticroutes", many)),
			 0);
	assert_int_equal(got.routes, LEASE_ROUTES);
	assert_int_equal(diag.count, 1);
}

static void option_26_is_the_mtu(void **state)
{
	static const char *const wrong[] = { "0", "575", "65536", "-1", "1400x", "$(reboot)", "" };
	struct lease got, old = { .v6 = false };

	(void)state;
	parse(&network, "");
	begin();
	assert_int_equal(
		lease(&got, false, "bound",
		      WORDS("interface", "eth0", "ip", "192.0.2.9", "mask", "24", "mtu", "1400")),
		0);
	lease_wiring(&wiring, &network, &got, &old);
	has("link set eth0 mtu 1400");
	/* Given no longer: what is usual. */
	old = got;
	assert_int_equal(lease(&got, false, "renew",
			       WORDS("interface", "eth0", "ip", "192.0.2.9", "mask", "24")),
			 0);
	begin();
	lease_wiring(&wiring, &network, &got, &old);
	has("link set eth0 mtu 1500");
	/* IPv6 would be off with less. */
	assert_int_equal(
		lease(&got, false, "bound",
		      WORDS("interface", "eth0", "ip", "192.0.2.9", "mask", "24", "mtu", "600")),
		0);
	assert_int_equal(got.mtu, 1280);
	parse(&network, "[wan]\ninterface = eth0\naddress6 = none\n");
	assert_int_equal(
		lease(&got, false, "bound",
		      WORDS("interface", "eth0", "ip", "192.0.2.9", "mask", "24", "mtu", "600")),
		0);
	assert_int_equal(got.mtu, 600);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(lease(&got, false, "bound",
				       WORDS("interface", "eth0", "ip", "192.0.2.9", "mask", "24",
					     "mtu", wrong[i])),
				 0);
		assert_int_equal(got.mtu, 0);
		assert_int_equal(diag.count, 1);
	}
}

static void hostile_leases(void **state)
{
	static const char *const v4[][8] = {
		{ "interface", "eth1", "ip", "192.0.2.5", "mask", "24" },
		{ "interface", "eth0", "ip", "127.0.0.1", "mask", "8" },
		{ "interface", "eth0", "ip", "224.0.0.1", "mask", "8" },
		{ "interface", "eth0", "ip", "192.0.2.5; reboot", "mask", "24" },
		{ "interface", "eth0", "ip", "192.0.2.5", "mask", "0" },
		{ "interface", "eth0", "ip", "192.0.2.5", "mask", "99" },
		{ "interface", "eth0", "ip", "192.168.77.40", "mask", "24" },
		{ "interface", "eth0", "ip", "192.168.1.40", "mask", "16" },
		{ "interface", "eth0", "mask", "24" },
		{ "ip", "192.0.2.5", "mask", "24" },
	};
	static const char *const v6[] = { "::/0",	"2001:db8::/128", "ff00::/56", "fe80::/64",
					  "10.0.0.0/8", "2001:db8::1/56", "$(reboot)", "2001::/3" };
	struct lease got;

	(void)state;
	parse(&network, "");
	for (size_t i = 0; i < sizeof(v4) / sizeof(*v4); i++) {
		assert_int_not_equal(lease(&got, false, "bound", v4[i]), 0);
		assert_int_equal(diag.count, 1);
	}
	for (size_t i = 0; i < sizeof(v6) / sizeof(*v6); i++)
		assert_int_not_equal(lease(&got, true, "bound",
					   WORDS("interface", "eth0", "ipv6prefix", v6[i])), 0);
	assert_int_not_equal(lease_read(&got, "5 x"), 0);
	assert_int_not_equal(lease_read(&got, ""), 0);
	assert_int_not_equal(lease_read(&got, "4 1.2.3.4 -"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(sysctls, end),
		cmocka_unit_test_teardown(out_of_the_box, end),
		cmocka_unit_test_teardown(delegated, end),
		cmocka_unit_test_teardown(trunk, end),
		cmocka_unit_test_teardown(dns_only, end),
		cmocka_unit_test_teardown(difference, end),
		cmocka_unit_test_teardown(lease_v4, end),
		cmocka_unit_test_teardown(lease_v6, end),
		cmocka_unit_test_teardown(option_121_replaces_the_router, end),
		cmocka_unit_test_teardown(option_121_takes_no_network_of_ours, end),
		cmocka_unit_test_teardown(option_26_is_the_mtu, end),
		cmocka_unit_test_teardown(hostile_leases, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
