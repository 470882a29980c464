/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/selftest_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "appliance/base/clock.h"
#include "appliance/base/selftest.h"
#include "appliance/box/health/probe.h"

#define FAR_NAME "selftest1"

/* As in linux/ipv6.h, which does not go together with the C library's headers. */
struct address6 {
	struct in6_addr addr;
	uint32_t prefix_length;
	int index;
};

/* index: 0 leaves it to the kernel. */
static int open_tun(const char *name, unsigned int index)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if ((index == 0 || ioctl(fd, TUNSETIFINDEX, &index) == 0) &&
	    ioctl(fd, TUNSETIFF, &request) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int set_address4(int fd, const char *name, const char *text, unsigned long what)
{
	struct ifreq request = { .ifr_flags = 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(&request.ifr_addr, &in, sizeof(in));
	return ioctl(fd, what, &request) < 0 ? -errno : 0;
}

static int bring_up(int fd, const char *name, const char *address)
{
	struct ifreq request = { .ifr_flags = 0 };
	int error = set_address4(fd, name, address, SIOCSIFADDR);

	if (!error)
		error = set_address4(fd, name, "255.255.255.252", SIOCSIFNETMASK);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (!error && ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		error = -errno;
	request.ifr_flags |= IFF_UP;
	if (!error && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		error = -errno;
	return error;
}

static int set_address6(int fd, const char *name, const char *text)
{
	struct address6 request = { .prefix_length = 64, .index = (int)if_nametoindex(name) };

	inet_pton(AF_INET6, text, &request.addr);
	return ioctl(fd, SIOCSIFADDR, &request) < 0 ? -errno : 0;
}

static int set_up(struct selftest_link *link)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	error = bring_up(fd, SELFTEST_LINK, SELFTEST_GATEWAY4);
	if (!error)
		error = bring_up(fd, FAR_NAME, "198.18.0.5");
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	link->v6 = !error && fd >= 0 && set_address6(fd, SELFTEST_LINK, "fdc0:7d01::1") == 0 &&
		   set_address6(fd, FAR_NAME, "fdc0:7d02::1") == 0;
	if (fd >= 0)
		close(fd);
	return error;
}

int selftest_link_open(struct selftest_link *link, const char **what)
{
	int error;

	*link = (struct selftest_link){ .client = open_tun(SELFTEST_LINK, SELFTEST_LINK_INDEX),
					.far = -1 };
	*what = "a tun device named " SELFTEST_LINK;
	if (link->client < 0)
		return link->client;
	link->far = open_tun(FAR_NAME, 0);
	*what = "a tun device named " FAR_NAME;
	if (link->far < 0) {
		error = link->far;
		selftest_link_close(link);
		return error;
	}
	*what = "the addresses of the test's links";
	error = set_up(link);
	if (error)
		selftest_link_close(link);
	return error;
}

void selftest_link_close(struct selftest_link *link)
{
	if (link->client >= 0)
		close(link->client);
	if (link->far >= 0)
		close(link->far);
	link->client = link->far = -1;
}

static int route4(int fd, const struct addr *addr)
{
	char name[] = FAR_NAME;
	struct rtentry route = { .rt_flags = RTF_UP | RTF_HOST, .rt_dev = name };
	struct sockaddr_storage to;

	(void)addr_to_sockaddr(addr, 0, &to);
	memcpy(&route.rt_dst, &to, sizeof(route.rt_dst));
	route.rt_genmask.sa_family = AF_INET;
	return ioctl(fd, SIOCADDRT, &route) < 0 && errno != EEXIST ? -errno : 0;
}

static int route6(int fd, const struct addr *addr)
{
	struct in6_rtmsg route = { .rtmsg_dst_len = 128,
				   .rtmsg_flags = RTF_UP | RTF_HOST,
				   .rtmsg_metric = 1,
				   .rtmsg_ifindex = (int)if_nametoindex(FAR_NAME) };

	memcpy(&route.rtmsg_dst, addr->bytes, 16);
	return ioctl(fd, SIOCADDRT, &route) < 0 && errno != EEXIST ? -errno : 0;
}

int selftest_link_route(const struct addr *addr)
{
	bool v4 = addr_is_v4(addr);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	error = v4 ? route4(fd, addr) : route6(fd, addr);
	close(fd);
	return error;
}

/* Everything that waits there; PROBE_OTHER when none of it belongs to the probe. */
static bool drain(int fd, const struct probe *probe, uint16_t id, struct probe_reply *reply)
{
	uint8_t packet[PROBE_PACKET];
	ssize_t size;

	while ((size = read(fd, packet, sizeof(packet))) > 0) {
		probe_read(reply, probe, id, packet, (size_t)size);
		if (reply->kind != PROBE_OTHER)
			return true;
	}
	return false;
}

void selftest_link_ask(const struct selftest_link *link, const struct probe *probe, uint16_t id,
		       const uint8_t *packet, size_t size, int wait_ms, struct probe_reply *reply)
{
	int64_t end = clock_uptime_ms() + wait_ms, left;

	*reply = (struct probe_reply){ .kind = PROBE_OTHER };
	if (write(link->client, packet, size) != (ssize_t)size)
		return;
	while ((left = end - clock_uptime_ms()) > 0) {
		struct pollfd waiting[] = { { link->client, POLLIN, 0 }, { link->far, POLLIN, 0 } };

		(void)poll(waiting, 2, (int)left);
		if (drain(link->far, probe, id, reply) || drain(link->client, probe, id, reply))
			return;
	}
	*reply = (struct probe_reply){ .kind = PROBE_OTHER };
}
