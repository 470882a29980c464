/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/rules/nft/fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rules/nft/kernel.h"
#include "rules/nft/pinhole.h"

/*
 * Real packets through the ruleset: a client, the gateway and the world are three network
 * namespaces of this one process. A socket stays in the namespace in which it was made, so that
 * the test reads as one conversation.
 *
 *	client 10.1.0.2 .3 -- 10.1.0.1 gateway 198.18.0.254 -- 198.18.0.1 world, all addresses
 */
enum place { CLIENT, GATEWAY, WORLD, PLACES };

enum {
	SOON = 10000,	/* ms for what must happen */
	NEVER = 300,	/* ms for what must not */
	DNS_USER = 7001,
	RULES_USER = 7003
};

static int place_fd[PLACES];
static struct fixture fixture;
static struct kernel *kernel;
static struct diag diag;

static void enter(enum place place)
{
	assert_int_equal(setns(place_fd[place], CLONE_NEWNET), 0);
}

static void sh(enum place place, const char *command)
{
	enter(place);
	if (system(command) != 0)
		fail_msg("%s", command);
	enter(GATEWAY);
}

static void make_places(void)
{
	for (enum place place = 0; place < PLACES; place++) {
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		place_fd[place] = open("/proc/self/ns/net", O_RDONLY);
		assert_true(place_fd[place] >= 0);
	}
	for (enum place place = 0; place < PLACES; place++)
		sh(place, "ip link set lo up; sysctl -qw net.ipv6.conf.all.accept_dad=0 "
			  "net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.rp_filter=1 "
			  "net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0");
}

static void make_links(void)
{
	char command[256];

	snprintf(command, sizeof(command), "ip link add lan0 type veth peer name eth0 netns "
		 "/proc/%d/fd/%d", getpid(), place_fd[CLIENT]);
	sh(GATEWAY, command);
	snprintf(command, sizeof(command), "ip link add wan0 type veth peer name eth0 netns "
		 "/proc/%d/fd/%d", getpid(), place_fd[WORLD]);
	sh(GATEWAY, command);
	sh(GATEWAY, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 && "
	   "ip link set lan0 up && ip link set wan0 up && "
	   "ip addr add 10.1.0.1/24 dev lan0 && ip addr add fd00:1::1/64 dev lan0 nodad && "
	   "ip addr add 198.18.0.254/24 dev wan0 && ip addr add fd00:2::254/64 dev wan0 nodad && "
	   "ip route add default via 198.18.0.1 && ip route add default via fd00:2::1");
	sh(CLIENT, "ip link set eth0 up && ip addr add 10.1.0.2/24 dev eth0 && "
	   "ip addr add 10.1.0.3/24 dev eth0 && ip addr add fd00:1::2/64 dev eth0 nodad && "
	   "ip addr add fd00:1::3/64 dev eth0 nodad && "
	   "ip route add default via 10.1.0.1 && ip route add default via fd00:1::1");
	sh(WORLD, "ip link set eth0 up && ip addr add 198.18.0.1/24 dev eth0 && "
	   "ip addr add fd00:2::1/64 dev eth0 nodad && "
	   "ip route add 10.1.0.0/24 via 198.18.0.254 && "
	   "ip route add fd00:1::/64 via fd00:2::254 && "
	   "for a in 77.74.176.9 77.74.178.5 77.74.180.16 77.74.180.17 8.8.8.8 9.9.9.9 "
	   "62.67.238.5 62.67.238.9 192.0.2.10 203.0.113.53 198.51.100.53; "
	   "do ip addr add $a dev lo; done && "
	   "for a in 64:ff9b::/96 64:ff9b:1::/48 2002::/16 ::/96 ::ffff:0:0:0/96 2001:db8:64::/96 "
	   "2001:db8:65::/64 2001:d00::/32 2001:db8:66::/56; "
	   "do ip route add local $a dev lo; done && "
	   "for a in 2a03:2480::9 2a03:2480:a::9 2001:4860:4860::8888 2001:db8:1::10; "
	   "do ip addr add $a dev lo nodad; done");
}

static bool apply(enum ruleset_mode mode)
{
	bool changed;
	int error = kernel_apply(kernel, fixture_build(&fixture, mode), &changed, &diag);

	if (error)
		fail_msg("%s", diag.entry[0].message);
	return changed;
}

static int setup(void **state)
{
	(void)state;
	make_places();
	make_links();
	fixture_init(&fixture);
	diag_init(&diag);
	assert_int_equal(kernel_open(&kernel), 0);
	apply(RULESET_ENFORCE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kernel_close(kernel);
	fixture_release(&fixture);
	for (enum place place = 0; place < PLACES; place++)
		close(place_fd[place]);
	return 0;
}

static uint64_t counted(const char *name)
{
	struct kernel_counter counter[KERNEL_COUNTERS];
	int count = kernel_counters(kernel, counter);

	for (int i = 0; i < count; i++) {
		if (strcmp(counter[i].name, name) == 0)
			return counter[i].packets;
	}
	fail_msg("no counter %s", name);
	return 0;
}

/* ---- sockets ---- */

static int make_socket(enum place place, bool v4, int type)
{
	static const int on = 1;
	int fd;

	enter(place);
	fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
	enter(GATEWAY);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static void bind_to(int fd, const char *address, uint16_t port)
{
	struct sockaddr_storage ss;
	struct addr addr = fixture_addr(address);
	socklen_t length = addr_to_sockaddr(&addr, port, &ss);

	if (bind(fd, (struct sockaddr *)&ss, length) != 0)
		fail_msg("bind %s: %s", address, strerror(errno));
}

static void make_transparent(int fd, bool v4)
{
	static const int on = 1;

	assert_int_equal(setsockopt(fd, v4 ? SOL_IP : SOL_IPV6,
				    v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof(on)), 0);
}

static int listener(enum place place, const char *address, uint16_t port, int type,
		    bool transparent)
{
	struct addr addr = fixture_addr(address);
	int fd = make_socket(place, addr_is_v4(&addr), type);

	if (transparent)
		make_transparent(fd, addr_is_v4(&addr));
	bind_to(fd, address, port);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* 0, ETIMEDOUT after ms, or the error that the network gave. */
static int connect_to(int fd, const char *address, uint16_t port, int ms)
{
	struct sockaddr_storage ss;
	struct addr addr = fixture_addr(address);
	socklen_t length = addr_to_sockaddr(&addr, port, &ss);
	struct pollfd event = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&ss, length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&event, 1, ms) == 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error;
}

/* A TCP connection from client (NULL: any address) to address; the error, 0 when it came about. */
static int try_tcp(enum place place, const char *client, const char *address, uint16_t port,
		   int ms)
{
	struct addr addr = fixture_addr(address);
	int fd = make_socket(place, addr_is_v4(&addr), SOCK_STREAM);
	int error;

	if (client)
		bind_to(fd, client, 0);
	error = connect_to(fd, address, port, ms);
	close(fd);
	return error;
}

/* Sends a datagram and waits for an answer: 0, ETIMEDOUT or what ICMP said. */
static int try_udp(enum place place, const char *address, uint16_t port, int ms)
{
	struct addr addr = fixture_addr(address);
	int fd = make_socket(place, addr_is_v4(&addr), SOCK_DGRAM);
	struct pollfd event = { .fd = fd, .events = POLLIN };
	char buffer[16];
	int error = connect_to(fd, address, port, ms);

	if (!error && send(fd, "ping", 4, 0) < 0)
		error = errno;
	if (!error && poll(&event, 1, ms) == 0)
		error = ETIMEDOUT;
	if (!error && recv(fd, buffer, sizeof(buffer), 0) < 0)
		error = errno;
	close(fd);
	return error;
}

static bool readable(int fd, int ms)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };

	return poll(&event, 1, ms) > 0;
}

static void assert_local(int fd, const char *address, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t length = sizeof(ss);
	struct addr addr, expected = fixture_addr(address);
	uint16_t actual;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &length), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, &addr, &actual), 0);
	assert_int_equal(addr_compare(&addr, &expected), 0);
	assert_int_equal(actual, port);
}

/* Does an ICMP echo come back? */
static bool ping(enum place place, const char *address, int ms)
{
	struct addr addr = fixture_addr(address);
	bool v4 = addr_is_v4(&addr);
	uint8_t echo[8] = { v4 ? 8 : 128 }, answer[256];
	bool answered = false;
	int fd;

	enter(place);
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC,
		    v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	enter(GATEWAY);
	assert_true(fd >= 0);
	/* The checksum of a request with all else zero; of ICMPv6 the kernel's own business. */
	echo[2] = 0xf7;
	echo[3] = 0xff;
	assert_int_equal(connect_to(fd, address, 0, ms), 0);
	assert_int_equal(send(fd, echo, sizeof(echo), 0), sizeof(echo));
	while (!answered && readable(fd, ms)) {
		ssize_t length = recv(fd, answer, sizeof(answer), 0);

		answered = length > 20 && v4 ? answer[20] == 0 : length > 0 && answer[0] == 129;
	}
	close(fd);
	return answered;
}

/* ---- capture ---- */

static void capture_tcp(const char *listen_address, const char *resolver)
{
	struct addr addr = fixture_addr(resolver);
	int server = listener(GATEWAY, listen_address, 5300, SOCK_STREAM, true);
	int client = make_socket(CLIENT, addr_is_v4(&addr), SOCK_STREAM);
	char buffer[8];
	int peer;

	assert_int_equal(connect_to(client, resolver, 53, SOON), 0);
	assert_true(readable(server, SOON));
	/* The connection belongs to the user who accepts it; its answers must pass all the same. */
	assert_int_equal(seteuid(DNS_USER), 0);
	peer = accept(server, NULL, NULL);
	assert_int_equal(seteuid(0), 0);
	assert_true(peer >= 0);
	assert_local(peer, resolver, 53);
	assert_int_equal(send(client, "ask", 3, 0), 3);
	assert_true(readable(peer, SOON));
	assert_int_equal(recv(peer, buffer, sizeof(buffer), 0), 3);
	assert_int_equal(send(peer, "answer", 6, 0), 6);
	assert_true(readable(client, SOON));
	assert_int_equal(recv(client, buffer, sizeof(buffer), 0), 6);
	close(client);
	close(peer);
	close(server);
}

static void answer_udp(int server, bool v4, const char *resolver)
{
	int fd = make_socket(GATEWAY, v4, SOCK_DGRAM);
	struct sockaddr_storage from;
	char control[256], buffer[8];
	struct iovec iov = { .iov_base = buffer, .iov_len = sizeof(buffer) };
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	struct addr addr, expected = fixture_addr(resolver);
	uint16_t port;

	assert_true(readable(server, SOON));
	assert_int_equal(recvmsg(server, &message, 0), 3);
	cmsg = CMSG_FIRSTHDR(&message);
	assert_non_null(cmsg);
	assert_int_equal(addr_from_sockaddr((void *)CMSG_DATA(cmsg), &addr, &port), 0);
	assert_int_equal(addr_compare(&addr, &expected), 0);
	assert_int_equal(port, 53);
	make_transparent(fd, v4);
	bind_to(fd, resolver, 53);
	assert_int_equal(sendto(fd, "answer", 6, 0, (struct sockaddr *)&from,
				message.msg_namelen), 6);
	close(fd);
}

static void capture_udp(const char *listen_address, const char *resolver)
{
	static const int on = 1;
	struct addr addr = fixture_addr(resolver);
	bool v4 = addr_is_v4(&addr);
	int server = listener(GATEWAY, listen_address, 5300, SOCK_DGRAM, true);
	int client = make_socket(CLIENT, v4, SOCK_DGRAM);
	char buffer[8];

	assert_int_equal(setsockopt(server, v4 ? SOL_IP : SOL_IPV6,
				    v4 ? IP_RECVORIGDSTADDR : IPV6_RECVORIGDSTADDR, &on,
				    sizeof(on)), 0);
	/* A connected socket takes an answer from the address alone that it asked. */
	assert_int_equal(connect_to(client, resolver, 53, SOON), 0);
	assert_int_equal(send(client, "ask", 3, 0), 3);
	answer_udp(server, v4, resolver);
	assert_true(readable(client, SOON));
	assert_int_equal(recv(client, buffer, sizeof(buffer), 0), 6);
	close(client);
	close(server);
}

static void test_capture(void **state)
{
	static const char *const v4[] = { "8.8.8.8", "9.9.9.9", "10.1.0.1", "192.0.2.10" };
	static const char *const v6[] = { "2001:4860:4860::8888", "fd00:1::1", "2001:db8:1::10" };

	(void)state;
	for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++) {
		capture_udp("127.0.0.1", v4[i]);
		capture_tcp("127.0.0.1", v4[i]);
	}
	for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++) {
		capture_udp("::1", v6[i]);
		capture_tcp("::1", v6[i]);
	}
	assert_int_equal(counted("capture_lost"), 0);
	/* No query is tracked, in either direction. */
	sh(GATEWAY, "test $(cat /proc/sys/net/netfilter/nf_conntrack_count) = 0");
}

static void test_capture_lost(void **state)
{
	int world = listener(WORLD, "9.9.9.9", 53, SOCK_STREAM, false);

	(void)state;
	assert_int_equal(try_tcp(CLIENT, NULL, "9.9.9.9", 53, NEVER), ETIMEDOUT);
	assert_int_equal(try_udp(CLIENT, "9.9.9.9", 53, NEVER), ETIMEDOUT);
	assert_true(counted("capture_lost") >= 2);
	assert_int_equal(try_tcp(GATEWAY, NULL, "9.9.9.9", 53, SOON), 0);
	close(world);
}

static void test_disarmed(void **state)
{
	int world = listener(WORLD, "9.9.9.9", 53, SOCK_STREAM, false);
	int vendor = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);

	(void)state;
	apply(RULESET_DISARMED);
	assert_int_equal(try_tcp(CLIENT, NULL, "9.9.9.9", 53, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), 0);
	capture_tcp("127.0.0.1", "10.1.0.1");
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 22, NEVER), ETIMEDOUT);
	close(world);
	close(vendor);
}

/* A socket of the gateway's, as a role has it. */
static int make_socket_of(uid_t user, bool v4, int type)
{
	int fd;

	assert_int_equal(seteuid(user), 0);
	fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(seteuid(0), 0);
	assert_true(fd >= 0);
	return fd;
}

/* A query relayed to an internal server leaves with the client's address, and its answer comes
 * back to the gateway's socket. */
static void relay(const char *client, const char *server, int type)
{
	struct addr addr = fixture_addr(server);
	int world = listener(WORLD, server, 53, type, false);
	int fd = make_socket_of(RULES_USER, addr_is_v4(&addr), type);
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	struct addr seen, expected = fixture_addr(client);
	char buffer[8];
	uint16_t port;
	int peer = world;

	make_transparent(fd, addr_is_v4(&addr));
	bind_to(fd, client, 0);
	assert_int_equal(connect_to(fd, server, 53, SOON), 0);
	if (type == SOCK_STREAM) {
		peer = accept(world, (struct sockaddr *)&from, &length);
		assert_true(peer >= 0);
	}
	assert_int_equal(send(fd, "ask", 3, 0), 3);
	assert_true(readable(peer, SOON));
	if (type == SOCK_STREAM)
		assert_int_equal(recv(peer, buffer, sizeof(buffer), 0), 3);
	else
		assert_int_equal(recvfrom(peer, buffer, sizeof(buffer), 0,
					  (struct sockaddr *)&from, &length), 3);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&from, &seen, &port), 0);
	assert_int_equal(addr_compare(&seen, &expected), 0);
	assert_int_equal(sendto(peer, "answer", 6, 0, (struct sockaddr *)&from,
				type == SOCK_STREAM ? 0 : length), 6);
	assert_true(readable(fd, SOON));
	assert_int_equal(recv(fd, buffer, sizeof(buffer), 0), 6);
	close(fd);
	if (peer != world)
		close(peer);
	close(world);
}

static void test_relay(void **state)
{
	(void)state;
	relay("10.1.0.2", "192.0.2.10", SOCK_DGRAM);
	relay("10.1.0.2", "192.0.2.10", SOCK_STREAM);
	relay("fd00:1::2", "2001:db8:1::10", SOCK_DGRAM);
	relay("fd00:1::2", "2001:db8:1::10", SOCK_STREAM);
	/* Also where the way out has source NAT. */
	sh(GATEWAY, "nft 'add table ip other; add chain ip other post { type nat hook postrouting "
	   "priority srcnat; }; add rule ip other post oifname wan0 ip daddr 192.0.2.10 "
	   "udp dport 53 snat to 10.1.0.3'");
	int world = listener(WORLD, "192.0.2.10", 53, SOCK_DGRAM, false);
	int fd = make_socket(GATEWAY, true, SOCK_DGRAM);
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char buffer[8];

	make_transparent(fd, true);
	bind_to(fd, "10.1.0.2", 0);
	assert_int_equal(connect_to(fd, "192.0.2.10", 53, SOON), 0);
	assert_int_equal(send(fd, "ask", 3, 0), 3);
	assert_true(readable(world, SOON));
	assert_int_equal(recvfrom(world, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
				  &length), 3);
	assert_int_equal(sendto(world, "answer", 6, 0, (struct sockaddr *)&from, length), 6);
	assert_true(readable(fd, SOON));
	close(fd);
	close(world);
}

/* A domain controller in the LAN is no blind spot: what it asks of the world is captured, and goes
 * on to the server that it asked, from its own address. */
static void test_internal_server_is_captured(void **state)
{
	(void)state;
	fixture.settings.internal_dns[2] = fixture_addr("10.1.0.2");
	fixture.settings.internal_dns[3] = fixture_addr("fd00:1::2");
	fixture.settings.internal_dns_count = 4;
	apply(RULESET_ENFORCE);
	capture_udp("127.0.0.1", "8.8.8.8");
	capture_tcp("127.0.0.1", "8.8.8.8");
	capture_udp("::1", "2001:4860:4860::8888");
	relay("10.1.0.2", "8.8.8.8", SOCK_DGRAM);
	relay("10.1.0.2", "8.8.8.8", SOCK_STREAM);
	relay("fd00:1::2", "2001:4860:4860::8888", SOCK_DGRAM);
	/* What one of them asks of another is theirs. */
	int world = listener(WORLD, "192.0.2.10", 53, SOCK_DGRAM, false);

	assert_int_equal(try_udp(CLIENT, "192.0.2.10", 53, NEVER), ETIMEDOUT);
	assert_true(readable(world, SOON));
	close(world);
}

static long connections(void)
{
	char text[16] = "";
	int fd = open("/proc/sys/net/netfilter/nf_conntrack_count", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtol(text, NULL, 10);
}

/* Of so many questions each would take an entry for half a minute, and nobody else would get one.
 */
static void test_own_questions_take_no_connection(void **state)
{
	enum { QUESTIONS = 50 };
	int world = listener(WORLD, "203.0.113.53", 53, SOCK_DGRAM, false);
	long before = connections();

	(void)state;
	for (int i = 0; i < QUESTIONS; i++) {
		struct sockaddr_storage from;
		socklen_t length = sizeof(from);
		char buffer[8];
		int fd = make_socket_of(DNS_USER, true, SOCK_DGRAM);

		assert_int_equal(connect_to(fd, "203.0.113.53", 53, SOON), 0);
		assert_int_equal(send(fd, "ask", 3, 0), 3);
		assert_true(readable(world, SOON));
		assert_int_equal(recvfrom(world, buffer, sizeof(buffer), 0,
					  (struct sockaddr *)&from, &length), 3);
		assert_int_equal(sendto(world, "answer", 6, 0, (struct sockaddr *)&from, length),
				 6);
		assert_true(readable(fd, SOON));
		assert_int_equal(recv(fd, buffer, sizeof(buffer), 0), 6);
		close(fd);
	}
	assert_true(connections() < before + QUESTIONS / 2);
	close(world);
}

/* ---- forwarding ---- */

static void test_vendor(void **state)
{
	(void)state;
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_int_equal(try_udp(CLIENT, "77.74.176.9", 443, SOON), EHOSTUNREACH);
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.180.16", 80, SOON), ECONNREFUSED);
	assert_int_equal(try_tcp(CLIENT, NULL, "2a03:2480::9", 443, SOON), ECONNREFUSED);
	assert_int_equal(try_udp(CLIENT, "2a03:2480::9", 443, SOON), EACCES);
	assert_int_equal(counted("block_infrastructure"), 4);
	assert_int_equal(counted("block_update"), 1);
	/* The gateway itself is not a client. */
	assert_int_equal(try_tcp(GATEWAY, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_int_equal(counted("block_infrastructure"), 4);
}

/* What the ruleset does with a packet is what policy_lookup_packet says of it. */
static void test_agrees_with_policy(void **state)
{
	static const char *const address[] = {
		"77.74.176.9", "77.74.178.5", "77.74.180.16", "77.74.180.17", "8.8.8.8", "9.9.9.9",
		"62.67.238.5", "62.67.238.9", "2a03:2480::9", "2a03:2480:a::9",
		"2001:4860:4860::8888", "2001:db8:1::10",
		/* IPv4 inside: NAT64 by three lengths, 6to4, IPv4-compatible, IPv4-translated. */
		"64:ff9b::4d4a:b009", "64:ff9b::909:909", "64:ff9b:1::4d4a:b009",
		"64:ff9b:1:4d4a:b0:900::", "64:ff9b:1:4d4a:b4:1100::", "64:ff9b:1:4d4a:b8:100::",
		"2002:4d4a:b009::1", "2002:909:909::1", "::77.74.176.9", "::ffff:0:77.74.176.9",
		"64:ff9b::808:808", "2002:808:808::53",
		"2001:db8:64::4d4a:b009", "2001:db8:65:0:4d:4ab0:900:0", "2001:d00:4d4a:b009::",
		"2001:db8:66:4d:4a:b009::", "2001:db8:66:9:9:909::",
	};
	static const uint16_t port[] = {
		80, 443, 784, 5353, 853, 8853, 13000, 13001, 13002, 65535
	};
	int server[2][sizeof(port) / sizeof(port[0])];

	(void)state;
	for (size_t k = 0; k < sizeof(port) / sizeof(port[0]); k++) {
		server[0][k] = listener(WORLD, "0.0.0.0", port[k], SOCK_STREAM, false);
		server[1][k] = make_socket(WORLD, false, SOCK_STREAM);
		assert_int_equal(setsockopt(server[1][k], SOL_IPV6, IPV6_V6ONLY, &(int){ 1 },
					    sizeof(int)), 0);
		bind_to(server[1][k], "::", port[k]);
		assert_int_equal(listen(server[1][k], 16), 0);
	}
	for (size_t i = 0; i < sizeof(address) / sizeof(address[0]); i++) {
		struct addr addr = fixture_addr(address[i]);

		for (size_t k = 0; k < sizeof(port) / sizeof(port[0]); k++) {
			struct verdict verdict = policy_lookup_packet(&fixture.policy, &addr,
								      IPPROTO_TCP, port[k]);
			int error = try_tcp(CLIENT, NULL, address[i], port[k], SOON);

			if (error != (verdict.action == ACTION_BLOCK ? ECONNREFUSED : 0))
				fail_msg("%s port %u: %s, the policy says %s", address[i], port[k],
					 strerror(error), action_print(verdict.action));
		}
	}
	for (size_t k = 0; k < sizeof(port) / sizeof(port[0]); k++) {
		close(server[0][k]);
		close(server[1][k]);
	}
	assert_true(counted("monitor_web") > 0);
	assert_true(counted("monitor_removal") > 0);
	assert_true(counted("monitor_relay") > 0);
	assert_true(counted("block_bypass") > 0);
}

/* The connection is dead for the client: what it sends is answered by a reset. */
static void assert_cut(int fd)
{
	char byte;

	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	assert_true(readable(fd, SOON));
	assert_true(recv(fd, &byte, 1, 0) < 0);
	assert_int_equal(errno, ECONNRESET);
}

static struct pinhole hole_to(const char *address, uint16_t port)
{
	struct pinhole pinhole = { .address = fixture_addr(address),
				   .port = { IPPROTO_TCP, port, port } };

	assert_int_equal(name_parse(&pinhole.name, "exempt.example", 14, NULL), 0);
	return pinhole;
}

static bool keep_no_pinhole(const struct pinhole *pinhole, void *context)
{
	(void)context;
	assert_int_equal(pinhole->name.length, 16);
	return false;
}

static bool keep_no_connection(const struct addr *address, const struct ports *port, void *context)
{
	(void)address;
	(void)context;
	assert_int_equal(port->protocol, IPPROTO_TCP);
	assert_int_equal(port->first, 443);
	return false;
}

static void close_pinholes(void)
{
	assert_int_equal(kernel_pinholes_judge(kernel, keep_no_pinhole, NULL), 0);
	assert_int_equal(kernel_connections_judge(kernel, keep_no_connection, NULL), 0);
}

static void test_pinhole(void **state)
{
	struct pinhole pinhole = hole_to("77.74.176.9", 443);
	int world = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);
	int other = listener(WORLD, "77.74.176.9", 13000, SOCK_STREAM, false);
	int fd = make_socket(CLIENT, true, SOCK_STREAM);

	(void)state;
	pinhole.client = fixture_addr("10.1.0.2");
	assert_int_equal(try_tcp(CLIENT, "10.1.0.2", "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_int_equal(kernel_pinhole(kernel, &pinhole, 1), 0);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.3", "77.74.176.9", 443, SOON), ECONNREFUSED);
	bind_to(fd, "10.1.0.2", 0);
	assert_int_equal(connect_to(fd, "77.74.176.9", 443, SOON), 0);
	usleep(1300 * 1000);
	/* Shut for new connections; the one that began through it goes on, also over an apply. */
	assert_int_equal(try_tcp(CLIENT, "10.1.0.2", "77.74.176.9", 443, SOON), ECONNREFUSED);
	apply(RULESET_DISARMED);
	apply(RULESET_ENFORCE);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	assert_false(readable(fd, NEVER));
	close_pinholes();
	assert_cut(fd);
	close(fd);
	close(world);
	close(other);
}

/* A pinhole was open for all ports and protocols. */
static void test_pinhole_is_for_its_ports(void **state)
{
	struct pinhole pinhole = hole_to("77.74.176.9", 443);
	int world = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);
	int other = listener(WORLD, "77.74.176.9", 13000, SOCK_STREAM, false);

	(void)state;
	pinhole.client = fixture_addr("10.1.0.2");
	assert_int_equal(kernel_pinhole(kernel, &pinhole, 60), 0);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.2", "77.74.176.9", 443, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.2", "77.74.176.9", 13000, SOON), ECONNREFUSED);
	assert_int_equal(try_udp(CLIENT, "77.74.176.9", 443, SOON), EHOSTUNREACH);
	assert_false(ping(CLIENT, "77.74.176.9", NEVER));
	close(world);
	close(other);
}

/* What a forwarder resolved is open for every client. */
static void test_pinhole_for_anybody(void **state)
{
	struct pinhole pinhole = hole_to("77.74.176.9", 443),
		       pinhole6 = hole_to("2a03:2480::9", 443);
	int world = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);
	int world6 = listener(WORLD, "2a03:2480::9", 443, SOCK_STREAM, false);

	(void)state;
	pinhole.kind = pinhole6.kind = PINHOLE_ANY;
	assert_int_equal(kernel_pinhole(kernel, &pinhole, 60), 0);
	assert_int_equal(kernel_pinhole(kernel, &pinhole6, 60), 0);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.2", "77.74.176.9", 443, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.3", "77.74.176.9", 443, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, NULL, "2a03:2480::9", 443, SOON), 0);
	close_pinholes();
	assert_int_equal(try_tcp(CLIENT, "10.1.0.3", "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_int_equal(try_tcp(CLIENT, NULL, "2a03:2480::9", 443, SOON), ECONNREFUSED);
	close(world);
	close(world6);
}

static void client_mac(uint8_t mac[static ETH_ALEN])
{
	struct ifreq request = { .ifr_name = "eth0" };
	int fd = make_socket(CLIENT, true, SOCK_DGRAM);

	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

/* Whatever address the client has, of either family. */
static void pinhole_mac(const char *text, const char *client, const char *other)
{
	struct pinhole pinhole = hole_to(text, 443);
	int world = listener(WORLD, text, 443, SOCK_STREAM, false);
	int fd = make_socket(CLIENT, addr_is_v4(&pinhole.address), SOCK_STREAM);

	pinhole.kind = PINHOLE_MAC;
	client_mac(pinhole.mac);
	pinhole.mac[5] ^= 1;
	assert_int_equal(kernel_pinhole(kernel, &pinhole, 60), 0);
	assert_int_equal(try_tcp(CLIENT, NULL, text, 443, SOON), ECONNREFUSED);
	pinhole.mac[5] ^= 1;
	assert_int_equal(kernel_pinhole(kernel, &pinhole, 60), 0);
	assert_int_equal(try_tcp(CLIENT, other, text, 443, SOON), 0);
	bind_to(fd, client, 0);
	assert_int_equal(connect_to(fd, text, 443, SOON), 0);
	close_pinholes();
	assert_int_equal(try_tcp(CLIENT, client, text, 443, SOON), ECONNREFUSED);
	assert_cut(fd);
	close(fd);
	close(world);
}

static void test_pinhole_mac(void **state)
{
	(void)state;
	pinhole_mac("77.74.176.9", "10.1.0.2", "10.1.0.3");
	pinhole_mac("2a03:2480::9", "fd00:1::2", "fd00:1::3");
	/* The same look-up takes nothing of the other family for it. */
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
}

/* ---- forged packets ---- */

static uint16_t checksum(const uint8_t *data, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t ip4(uint8_t *packet, const char *source, const char *destination, uint8_t protocol,
		  size_t payload)
{
	struct addr from = fixture_addr(source), to = fixture_addr(destination);

	memset(packet, 0, 20);
	packet[0] = 0x45;
	put16(packet + 2, (uint16_t)(20 + payload));
	packet[8] = 64;
	packet[9] = protocol;
	memcpy(packet + 12, from.bytes + 12, 4);
	memcpy(packet + 16, to.bytes + 12, 4);
	put16(packet + 10, checksum(packet, 20));
	return 20;
}

static void udp4(uint8_t *packet, uint16_t source, uint16_t destination)
{
	memset(packet, 0, 16);
	put16(packet, source);
	put16(packet + 2, destination);
	put16(packet + 4, 16);
	memcpy(packet + 8, "forgery", 8);
}

static void send_raw(enum place place, const uint8_t *packet, size_t size)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd;

	memcpy(&to.sin_addr, packet + 16, 4);
	enter(place);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	enter(GATEWAY);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, packet, size, 0, (struct sockaddr *)&to, sizeof(to)),
			 (ssize_t)size);
	close(fd);
}

/* Every IPv4 packet that a place hears, its own host's among them. */
static int ear(enum place place, int protocol)
{
	int fd;

	enter(place);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol);
	enter(GATEWAY);
	assert_true(fd >= 0);
	return fd;
}

/* Our own refusal carried a client's data to whom the client named as its sender. */
static void test_forged_source_carries_nothing_out(void **state)
{
	int icmp = ear(WORLD, IPPROTO_ICMP), udp = ear(WORLD, IPPROTO_UDP);
	uint8_t packet[36];

	(void)state;
	ip4(packet, "77.74.180.16", "77.74.176.9", IPPROTO_UDP, 16);
	udp4(packet + 20, 4000, 443);
	send_raw(CLIENT, packet, sizeof(packet));
	/* An echo of the gateway, a closed port of it, and an innocent host. */
	ip4(packet, "77.74.180.16", "10.1.0.1", IPPROTO_UDP, 16);
	send_raw(CLIENT, packet, sizeof(packet));
	ip4(packet, "77.74.180.16", "198.18.0.1", IPPROTO_UDP, 16);
	send_raw(CLIENT, packet, sizeof(packet));
	assert_false(readable(icmp, NEVER));
	assert_false(readable(udp, 0));
	assert_int_equal(counted("spoofed"), 3);
	close(icmp);
	close(udp);
}

static void test_forged_source6_carries_nothing_out(void **state)
{
	int innocent = listener(WORLD, "fd00:2::1", 4000, SOCK_DGRAM, false);
	int vendor = listener(WORLD, "2a03:2480::9", 4000, SOCK_DGRAM, false);
	int fd = make_socket(CLIENT, false, SOCK_DGRAM), icmp;

	(void)state;
	enter(WORLD);
	icmp = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	enter(GATEWAY);
	assert_true(ping(CLIENT, "fd00:1::1", SOON));	/* the gateway's MAC is known from now on */
	while (readable(icmp, 0))
		recv(icmp, &(char){ 0 }, 1, 0);
	sh(CLIENT, "ip addr add 2a03:2480::77/128 dev eth0 nodad");
	bind_to(fd, "2a03:2480::77", 0);
	assert_int_equal(connect_to(fd, "fd00:2::1", 4000, SOON), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(connect_to(fd, "2a03:2480::9", 4000, SOON), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(connect_to(fd, "fd00:1::1", 4000, SOON), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_false(readable(icmp, NEVER));
	assert_false(readable(innocent, 0));
	assert_false(readable(vendor, 0));
	assert_true(counted("spoofed") >= 3);
	close(innocent);
	close(vendor);
	close(fd);
	close(icmp);
}

/* An error of the vendor that quotes an innocent connection of a client was "related". */
static void error_reaches(const char *sender, bool expected)
{
	int client = listener(CLIENT, "10.1.0.2", 4000, SOCK_DGRAM, false);
	int icmp = ear(CLIENT, IPPROTO_ICMP);
	uint8_t packet[20 + 8 + 28];
	bool got = false;

	assert_int_equal(connect_to(client, "198.18.0.1", 9, SOON), 0);
	assert_int_equal(send(client, "x", 1, 0), 1);
	while (readable(icmp, 100))
		recv(icmp, packet, sizeof(packet), 0);
	ip4(packet, sender, "10.1.0.2", IPPROTO_ICMP, 36);
	memset(packet + 20, 0, 8);
	packet[20] = 3;		/* unreachable: fragmentation needed */
	packet[21] = 4;
	put16(packet + 26, 1400);
	ip4(packet + 28, "10.1.0.2", "198.18.0.1", IPPROTO_UDP, 9);
	put16(packet + 48, 4000);
	put16(packet + 50, 9);
	put16(packet + 52, 9);
	put16(packet + 54, 0);
	put16(packet + 22, checksum(packet + 20, 36));
	send_raw(WORLD, packet, sizeof(packet));
	while (readable(icmp, NEVER)) {
		struct addr from, wanted = fixture_addr(sender);

		assert_true(recv(icmp, packet, sizeof(packet), 0) >= 20);
		from = addr_from_bytes(packet + 12, 4);
		got |= addr_compare(&from, &wanted) == 0;
	}
	assert_int_equal(got, expected);
	close(client);
	close(icmp);
}

static void test_vendor_error_reaches_no_client(void **state)
{
	(void)state;
	error_reaches("192.0.2.10", true);
	error_reaches("77.74.176.9", false);
	assert_true(counted("block_infrastructure") > 0);
}

/* What a vendor went on sending in a connection from before the block arrived. */
static void test_vendor_stream_ends_with_the_policy(void **state)
{
	int vendor = listener(WORLD, "77.74.176.9", 4444, SOCK_DGRAM, false);
	int fd = listener(CLIENT, "10.1.0.2", 4445, SOCK_DGRAM, false);
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char buffer[8];

	(void)state;
	apply(RULESET_DISARMED);
	assert_int_equal(connect_to(fd, "77.74.176.9", 4444, SOON), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_true(readable(vendor, SOON));
	assert_int_equal(recvfrom(vendor, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
				  &length), 1);
	assert_int_equal(sendto(vendor, "y", 1, 0, (struct sockaddr *)&from, length), 1);
	assert_true(readable(fd, SOON));
	assert_int_equal(recv(fd, buffer, sizeof(buffer), 0), 1);
	apply(RULESET_ENFORCE);
	assert_int_equal(sendto(vendor, "z", 1, 0, (struct sockaddr *)&from, length), 1);
	assert_false(readable(fd, NEVER));
	/* Nor is the vendor told that it is refused. */
	assert_false(readable(vendor, 0));
	close(vendor);
	close(fd);
}

/* What the gateway itself answers goes to no vendor; its own programs go where they like, unless
 * the settings say otherwise. */
static void test_gateway_answers_no_vendor(void **state)
{
	int vendor = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);

	(void)state;
	fixture.settings.lans = 0;	/* the gateway's own ports are open to all */
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(WORLD, "198.18.0.1", "198.18.0.254", 81, SOON), ECONNREFUSED);
	assert_int_equal(try_tcp(WORLD, "77.74.180.16", "198.18.0.254", 81, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(GATEWAY, NULL, "77.74.176.9", 443, SOON), 0);
	fixture.settings.guard_gateway = true;
	apply(RULESET_ENFORCE);
	assert_int_not_equal(try_tcp(GATEWAY, NULL, "77.74.176.9", 443, NEVER), 0);
	close(vendor);
}

/* A network card that no setting names passed everything. */
static void test_unknown_interface_is_guarded(void **state)
{
	int vendor = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);
	int world = listener(WORLD, "198.18.0.1", 80, SOCK_STREAM, false);

	(void)state;
	sh(GATEWAY, "ip link set lan0 down && ip link set lan0 name new7 && ip link set new7 up && "
	   "ip addr add fd00:1::1/64 dev new7 nodad");
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_int_equal(try_tcp(CLIENT, NULL, "8.8.8.8", 853, SOON), ECONNREFUSED);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 80, SOON), 0);
	capture_udp("127.0.0.1", "8.8.8.8");
	capture_tcp("::1", "2001:4860:4860::8888");
	/* Also when nothing is known to lead outside. */
	fixture.outside.count = 0;
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	capture_udp("127.0.0.1", "8.8.8.8");
	close(vendor);
	close(world);
}

/* Until there is a policy. */
static void test_closed(void **state)
{
	int world = listener(WORLD, "198.18.0.1", 80, SOCK_STREAM, false);
	int ssh = listener(GATEWAY, "0.0.0.0", 22, SOCK_STREAM, false);

	(void)state;
	apply(RULESET_CLOSED);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 80, NEVER), ETIMEDOUT);
	assert_int_equal(try_udp(CLIENT, "8.8.8.8", 53, NEVER), ETIMEDOUT);
	assert_false(ping(CLIENT, "fd00:2::1", NEVER));
	assert_true(counted("closed") > 1);
	assert_int_equal(try_tcp(CLIENT, NULL, "10.1.0.1", 22, SOON), 0);
	assert_int_equal(try_tcp(GATEWAY, NULL, "198.18.0.1", 80, SOON), 0);
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 80, SOON), 0);
	close(world);
	close(ssh);
}

/* With no interface on the inside the gateway's own services are open, and the vendor's are not. */
static void test_no_lan(void **state)
{
	int client = listener(CLIENT, "10.1.0.2", 80, SOCK_STREAM, false);
	int ssh = listener(GATEWAY, "0.0.0.0", 22, SOCK_STREAM, false);
	int vendor = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);

	(void)state;
	fixture.settings.lans = 0;
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 22, SOON), 0);
	assert_int_equal(try_tcp(WORLD, NULL, "10.1.0.2", 80, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, NULL, "10.1.0.1", 22, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	apply(RULESET_DISARMED);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 22, SOON), 0);
	close(client);
	close(ssh);
	close(vendor);
}

/* A connection that lives when its destination becomes forbidden. */
static void test_cut(void **state)
{
	int world = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);
	int fd = make_socket(CLIENT, true, SOCK_STREAM);

	(void)state;
	apply(RULESET_DISARMED);
	assert_int_equal(connect_to(fd, "77.74.176.9", 443, SOON), 0);
	apply(RULESET_ENFORCE);
	assert_cut(fd);
	close(fd);
	close(world);
}

static void test_sanctioned(void **state)
{
	int world = listener(WORLD, "198.51.100.53", 53, SOCK_STREAM, false);
	int other;

	(void)state;
	/* The fixture names other sources than this client. */
	assert_int_equal(try_tcp(CLIENT, NULL, "198.51.100.53", 53, NEVER), ETIMEDOUT);
	fixture.settings.sanctioned[0].source[0] = fixture_prefix("10.1.0.0/30");
	fixture.settings.sanctioned[1] = (struct sanctioned_resolver){
		.source = { fixture_prefix("10.1.0.2") }, .sources = 1,
		.resolver = fixture_endpoint("8.8.8.8", 853),
	};
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.51.100.53", 53, SOON), 0);
	other = listener(WORLD, "8.8.8.8", 853, SOCK_STREAM, false);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.2", "8.8.8.8", 853, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, "10.1.0.3", "8.8.8.8", 853, SOON), ECONNREFUSED);
	assert_true(counted("sanctioned") > 2);
	close(other);
	close(world);
}

/* ---- the log ---- */

static struct mnl_socket *nflog_open(uint16_t group)
{
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;
	struct nfulnl_msg_config_cmd bind_group = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(UINT16_MAX), .copy_mode = NFULNL_COPY_PACKET,
	};
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);

	assert_non_null(socket);
	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	message->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->res_id = htons(group);
	mnl_attr_put(message, NFULA_CFG_CMD, sizeof(bind_group), &bind_group);
	mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(1));
	assert_true(mnl_socket_sendto(socket, message, message->nlmsg_len) > 0);
	return socket;
}

static int prefix_attribute(const struct nlattr *attribute, void *data)
{
	if (mnl_attr_get_type(attribute) == NFULA_PREFIX)
		snprintf(data, 64, "%s", mnl_attr_get_str(attribute));
	return MNL_CB_OK;
}

/* The prefix of the next entry, "" when there is none. */
static const char *nflog_next(struct mnl_socket *socket)
{
	static char prefix[64];
	char buffer[8192];

	prefix[0] = '\0';
	if (readable(mnl_socket_get_fd(socket), NEVER)) {
		assert_true(mnl_socket_recvfrom(socket, buffer, sizeof(buffer)) > 0);
		mnl_attr_parse((struct nlmsghdr *)(void *)buffer, sizeof(struct nfgenmsg),
			       prefix_attribute, prefix);
	}
	return prefix;
}

static void assert_logged(struct mnl_socket *log, const char *category)
{
	const uint8_t *digest = policy_digest(&fixture.policy);
	char expected[64];

	snprintf(expected, sizeof(expected), "cordon %02x%02x%02x%02x %s", digest[0], digest[1],
		 digest[2], digest[3], category);
	assert_string_equal(nflog_next(log), expected);
}

static void send_udp(int fd, int count)
{
	for (int i = 0; i < count; i++)
		send(fd, "x", 1, 0);
}

static void test_log(void **state)
{
	struct mnl_socket *log = nflog_open(5);
	int world = listener(WORLD, "77.74.178.5", 443, SOCK_STREAM, false);
	int vendor = listener(WORLD, "77.74.176.9", 443, SOCK_STREAM, false);
	int fd = make_socket(CLIENT, true, SOCK_DGRAM);
	int live = make_socket(CLIENT, true, SOCK_STREAM);

	(void)state;
	/* Each refused attempt; a monitored connection once, whatever it sends. */
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_logged(log, "infrastructure");
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.178.5", 443, SOON), 0);
	assert_logged(log, "web");
	assert_string_equal(nflog_next(log), "");
	assert_int_equal(connect_to(fd, "77.74.178.5", 443, SOON), 0);
	send_udp(fd, 5);
	assert_logged(log, "web");
	assert_string_equal(nflog_next(log), "");
	/* A connection that is cut in its middle is logged once, too. */
	apply(RULESET_DISARMED);
	assert_int_equal(connect_to(live, "77.74.176.9", 443, SOON), 0);
	apply(RULESET_ENFORCE);
	assert_cut(live);
	assert_logged(log, "infrastructure");
	assert_string_equal(nflog_next(log), "");
	mnl_socket_close(log);
	close(fd);
	close(live);
	close(world);
	close(vendor);
}

/* ---- while rulesets change ---- */

static volatile bool stop;

static void *flood(void *argument)
{
	int fd = *(int *)argument;

	while (!stop)
		send(fd, "x", 1, 0);
	return NULL;
}

/* Not one packet slips through while one policy takes the place of another. */
static void test_no_gap(void **state)
{
	int world = listener(WORLD, "77.74.176.9", 4444, SOCK_DGRAM, false);
	int fd = make_socket(CLIENT, true, SOCK_DGRAM);
	char list[4096];
	pthread_t thread;

	(void)state;
	assert_int_equal(connect_to(fd, "77.74.176.9", 4444, SOON), 0);
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, flood, &fd), 0);
	for (int i = 0; i < 20; i++) {
		/* The flooded address itself: in another interval, with another category. */
		snprintf(list, sizeof(list), "%s[network]\n77.74.176.9 category=%s "
			 "confidence=high\n77.74.176.%d category=portal confidence=high\n",
			 fixture_list, i % 2 ? "update" : "telemetry", 10 + i);
		fixture_policy(&fixture, list);
		assert_true(apply(RULESET_ENFORCE));
	}
	stop = true;
	pthread_join(thread, NULL);
	assert_true(counted("block_update") > 100);
	assert_false(readable(world, 0));
	close(fd);
	close(world);
}

/* ---- from the outside ---- */

static void test_world_sees_nothing(void **state)
{
	int client = listener(CLIENT, "10.1.0.2", 80, SOCK_STREAM, false);
	int client6 = listener(CLIENT, "fd00:1::2", 80, SOCK_STREAM, false);
	int ssh = listener(GATEWAY, "0.0.0.0", 22, SOCK_STREAM, false);
	int dns = listener(GATEWAY, "127.0.0.1", 5300, SOCK_STREAM, true);

	(void)state;
	assert_int_equal(try_tcp(WORLD, NULL, "10.1.0.2", 80, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "fd00:1::2", 80, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "10.1.0.2", 81, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 22, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "10.1.0.1", 22, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 23, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 53, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 5300, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(WORLD, NULL, "fd00:2::254", 53, NEVER), ETIMEDOUT);
	assert_int_equal(try_udp(WORLD, "198.18.0.254", 53, NEVER), ETIMEDOUT);
	assert_int_equal(try_udp(WORLD, "fd00:2::254", 9, NEVER), ETIMEDOUT);
	assert_false(ping(WORLD, "198.18.0.254", NEVER));
	assert_false(ping(WORLD, "10.1.0.2", NEVER));
	assert_false(ping(WORLD, "fd00:2::254", NEVER));
	assert_false(ping(WORLD, "fd00:1::2", NEVER));
	assert_true(counted("wan_input") > 5);
	assert_true(counted("wan_forward") >= 3);
	/* Clients reach the gateway, each other and the world. */
	assert_int_equal(try_tcp(CLIENT, NULL, "10.1.0.1", 22, SOON), 0);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 81, SOON), ECONNREFUSED);
	assert_true(ping(CLIENT, "198.18.0.1", SOON));
	assert_true(ping(CLIENT, "fd00:2::1", SOON));
	assert_true(ping(CLIENT, "fd00:1::1", SOON));
	close(client);
	close(client6);
	close(ssh);
	close(dns);
}

/* ---- source addresses on the way out ---- */

/* The world's side of a connection from the client sees whom? */
static void seen_as(const char *client, const char *server, const char *expected)
{
	int world = listener(WORLD, server, 80, SOCK_STREAM, false);
	struct addr seen, wanted = fixture_addr(expected);
	int fd = make_socket(CLIENT, addr_is_v4(&wanted), SOCK_STREAM), peer;
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	uint16_t port;

	bind_to(fd, client, 0);
	assert_int_equal(connect_to(fd, server, 80, SOON), 0);
	peer = accept(world, (struct sockaddr *)&from, &length);
	assert_true(peer >= 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&from, &seen, &port), 0);
	assert_int_equal(addr_compare(&seen, &wanted), 0);
	close(peer);
	close(fd);
	close(world);
}

static void test_masquerade(void **state)
{
	(void)state;
	seen_as("10.1.0.2", "198.18.0.1", "10.1.0.2");
	fixture.settings.masquerade = true;
	apply(RULESET_ENFORCE);
	seen_as("10.1.0.3", "198.18.0.1", "198.18.0.254");
	seen_as("fd00:1::2", "fd00:2::1", "fd00:1::2");
	assert_int_equal(try_tcp(CLIENT, NULL, "77.74.176.9", 443, SOON), ECONNREFUSED);
	assert_int_equal(try_tcp(WORLD, NULL, "10.1.0.2", 80, NEVER), ETIMEDOUT);
	capture_udp("127.0.0.1", "8.8.8.8");
	capture_tcp("127.0.0.1", "8.8.8.8");
	apply(RULESET_DISARMED);
	seen_as("10.1.0.2", "198.18.0.1", "198.18.0.254");
}

/* A relayed query of the rules role's socket, the world seeing whom. */
static void relay_seen_as(const char *server, const char *client, const char *expected)
{
	uid_t rules = settings_uid(&fixture.settings, ROLE_RULES);
	int world = listener(WORLD, server, 53, SOCK_DGRAM, false), fd;
	struct addr addr = fixture_addr(server), seen, wanted = fixture_addr(expected);
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char buffer[8];
	uint16_t port;

	assert_int_equal(seteuid(rules), 0);
	fd = socket(addr_is_v4(&addr) ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(seteuid(0), 0);
	assert_true(fd >= 0);
	make_transparent(fd, addr_is_v4(&addr));
	bind_to(fd, client, 0);
	assert_int_equal(connect_to(fd, server, 53, SOON), 0);
	assert_int_equal(send(fd, "ask", 3, 0), 3);
	assert_true(readable(world, SOON));
	assert_int_equal(recvfrom(world, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
				  &length), 3);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&from, &seen, &port), 0);
	assert_int_equal(addr_compare(&seen, &wanted), 0);
	assert_int_equal(sendto(world, "answer", 6, 0, (struct sockaddr *)&from, length), 6);
	assert_true(readable(fd, SOON));
	close(fd);
	close(world);
}

static void test_masquerade_relay(void **state)
{
	(void)state;
	relay_seen_as("192.0.2.10", "10.1.0.2", "10.1.0.2");
	fixture.settings.masquerade = true;
	apply(RULESET_ENFORCE);
	relay_seen_as("192.0.2.10", "10.1.0.3", "198.18.0.254");
	relay_seen_as("2001:db8:1::10", "fd00:1::2", "fd00:1::2");
}

/* ---- management ---- */

static bool heard(enum place place, int server, const char *address, uint16_t port)
{
	char buffer[8];
	bool got;

	(void)try_udp(place, address, port, NEVER);
	got = readable(server, 0);
	while (readable(server, 0))
		assert_true(recv(server, buffer, sizeof(buffer), 0) >= 0);
	return got;
}

static void test_managed(void **state)
{
	int ssh = listener(GATEWAY, "0.0.0.0", 22, SOCK_STREAM, false);
	int dhcp = listener(GATEWAY, "0.0.0.0", 67, SOCK_DGRAM, false);
	int dhcp6 = listener(GATEWAY, "::", 547, SOCK_DGRAM, false);
	int ntp = listener(GATEWAY, "0.0.0.0", 123, SOCK_DGRAM, false);

	(void)state;
	assert_true(heard(CLIENT, ntp, "10.1.0.1", 123));
	fixture_managed(&fixture.settings);
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "10.1.0.1", 22, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.254", 22, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(CLIENT, NULL, "fd00:1::1", 22, NEVER), ETIMEDOUT);
	assert_false(heard(CLIENT, ntp, "10.1.0.1", 123));
	assert_true(counted("lan_input") > 3);
	assert_true(heard(CLIENT, dhcp, "10.1.0.1", 67));
	assert_true(heard(CLIENT, dhcp6, "fd00:1::1", 547));
	assert_true(ping(CLIENT, "10.1.0.1", SOON));
	assert_true(ping(CLIENT, "fd00:1::1", SOON));
	capture_udp("127.0.0.1", "10.1.0.1");
	capture_tcp("::1", "fd00:1::1");
	assert_true(ping(CLIENT, "198.18.0.1", SOON));
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 22, NEVER), ETIMEDOUT);
	assert_false(heard(WORLD, dhcp, "198.18.0.254", 67));
	assert_false(ping(WORLD, "198.18.0.254", NEVER));
	/* A lan that manages, too. */
	strcpy(fixture.settings.management[1], "lan0");
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "10.1.0.1", 22, SOON), 0);
	assert_true(ping(CLIENT, "198.18.0.1", SOON));
	close(ssh);
	close(dhcp);
	close(dhcp6);
	close(ntp);
}

/* From the interface that only manages to the gateway, and no further. */
static void test_aside(void **state)
{
	int ssh = listener(GATEWAY, "0.0.0.0", 22, SOCK_STREAM, false);
	int client = listener(CLIENT, "10.1.0.2", 80, SOCK_STREAM, false);

	(void)state;
	strcpy(fixture.settings.management[0], "wan0");
	fixture.settings.managements = 1;
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(WORLD, NULL, "198.18.0.254", 22, SOON), 0);
	assert_true(ping(WORLD, "fd00:2::254", SOON));
	assert_int_equal(try_tcp(WORLD, NULL, "10.1.0.2", 80, NEVER), ETIMEDOUT);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 80, NEVER), ETIMEDOUT);
	assert_false(ping(CLIENT, "fd00:2::1", NEVER));
	assert_true(counted("management_forward") > 2);
	apply(RULESET_DISARMED);
	assert_false(ping(CLIENT, "198.18.0.1", NEVER));
	close(ssh);
	close(client);
}

/* A link that is no lan (any more, or in one file and not in the other) passes nothing unjudged. */
static void test_others(void **state)
{
	int world = listener(WORLD, "198.18.0.1", 80, SOCK_STREAM, false);

	(void)state;
	memset(fixture.settings.lan, 0, sizeof(fixture.settings.lan));
	strcpy(fixture.settings.lan[0], "lan9");
	fixture.settings.lans = 1;
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 80, SOON), 0);
	fixture.settings.drop_others = true;
	apply(RULESET_ENFORCE);
	assert_int_equal(try_tcp(CLIENT, NULL, "198.18.0.1", 80, NEVER), ETIMEDOUT);
	assert_false(ping(CLIENT, "fd00:2::1", NEVER));
	assert_true(counted("wan_forward") > 1);
	apply(RULESET_DISARMED);
	assert_false(ping(CLIENT, "198.18.0.1", NEVER));
	close(world);
}

/* A DHCP client of the outside renews by UDP what it got by raw packets. */
static void test_dhcp_renewal(void **state)
{
	int world = listener(WORLD, "198.18.0.1", 67, SOCK_DGRAM, false);
	int fd = listener(GATEWAY, "0.0.0.0", 68, SOCK_DGRAM, false);
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char buffer[8];

	(void)state;
	assert_int_equal(connect_to(fd, "198.18.0.1", 67, SOON), 0);
	assert_int_equal(send(fd, "ask", 3, 0), 3);
	assert_true(readable(world, SOON));
	assert_int_equal(recvfrom(world, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
				  &length), 3);
	assert_int_equal(sendto(world, "ack", 3, 0, (struct sockaddr *)&from, length), 3);
	assert_true(readable(fd, SOON));
	close(fd);
	close(world);
}

/* The dns role talks to the upstreams of the settings and to nobody else. */
static void test_confined(void **state)
{
	int upstream = listener(WORLD, "203.0.113.53", 53, SOCK_STREAM, false);
	int other = listener(WORLD, "9.9.9.9", 53, SOCK_STREAM, false);
	int allowed, denied;

	(void)state;
	assert_int_equal(try_tcp(GATEWAY, NULL, "9.9.9.9", 53, SOON), 0);
	assert_int_equal(seteuid(DNS_USER), 0);
	allowed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	denied = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(connect_to(allowed, "203.0.113.53", 53, SOON), 0);
	assert_int_not_equal(connect_to(denied, "9.9.9.9", 53, NEVER), 0);
	assert_true(counted("upstream_denied") > 0);
	close(allowed);
	close(denied);
	close(upstream);
	close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_capture),
		TEST(test_capture_lost),
		TEST(test_disarmed),
		TEST(test_relay),
		TEST(test_internal_server_is_captured),
		TEST(test_own_questions_take_no_connection),
		TEST(test_vendor),
		TEST(test_agrees_with_policy),
		TEST(test_pinhole),
		TEST(test_pinhole_is_for_its_ports),
		TEST(test_pinhole_for_anybody),
		TEST(test_forged_source_carries_nothing_out),
		TEST(test_forged_source6_carries_nothing_out),
		TEST(test_vendor_error_reaches_no_client),
		TEST(test_vendor_stream_ends_with_the_policy),
		TEST(test_gateway_answers_no_vendor),
		TEST(test_unknown_interface_is_guarded),
		TEST(test_closed),
		TEST(test_pinhole_mac),
		TEST(test_no_lan),
		TEST(test_cut),
		TEST(test_sanctioned),
		TEST(test_log),
		TEST(test_no_gap),
		TEST(test_world_sees_nothing),
		TEST(test_masquerade),
		TEST(test_masquerade_relay),
		TEST(test_managed),
		TEST(test_aside),
		TEST(test_others),
		TEST(test_dhcp_renewal),
		TEST(test_confined),
	};

	if (geteuid() != 0) {
		print_message("skipped: network namespaces and nftables need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
