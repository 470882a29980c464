/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/links.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A default route comes first in the kernel's list, which may have a million lines. */
enum { ROUTE_UP = 1, ROUTE_REJECT = 0x200, LINE = 256, LINES = 1000 };

/* Of an interface that is down, nobody knows: it has none then. */
static json_t *link_json(int fd, const char *name, const char *role)
{
	struct ifreq request = { .ifr_flags = 0 };
	bool exists;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	exists = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
	return json_pack("{s:s, s:s, s:b, s:b}", "name", name, "role", role, "exists", exists,
			 "carrier", exists && request.ifr_flags & IFF_RUNNING);
}

bool links_default_v4(const char *line)
{
	unsigned int destination, flags, mask;

	return sscanf(line, "%*s %x %*x %x %*d %*d %*d %x", &destination, &flags, &mask) == 3 &&
	       destination == 0 && mask == 0 && flags & ROUTE_UP && !(flags & ROUTE_REJECT);
}

bool links_default_v6(const char *line)
{
	char destination[33], interface[IFNAMSIZ];
	unsigned int length, flags;

	/* It lists all tables: what leads to this machine itself is no way out. */
	return sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x %15s", destination, &length, &flags,
		      interface) == 4 &&
	       strcmp(interface, "lo") != 0 && length == 0 && strspn(destination, "0") == 32 &&
	       flags & ROUTE_UP && !(flags & ROUTE_REJECT);
}

static bool has_route(const char *path, bool (*is_default)(const char *line))
{
	FILE *file = fopen(path, "re");
	char line[LINE];
	bool found = false;

	for (int i = 0; file && !found && i < LINES && fgets(line, sizeof(line), file); i++)
		found = is_default(line);
	if (file)
		fclose(file);
	return found;
}

json_t *links_json(const struct settings *settings, const struct guard_names *outside)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	json_t *list = json_array();

	for (size_t i = 0; i < settings->wans; i++)
		(void)json_array_append_new(list, link_json(fd, settings->wan[i], "wan"));
	for (size_t i = 0; settings->wans == 0 && i < outside->total && i < GUARD_NAMES; i++)
		(void)json_array_append_new(list, link_json(fd, outside->name[i], "wan"));
	for (size_t i = 0; i < settings->lans; i++)
		(void)json_array_append_new(list, link_json(fd, settings->lan[i], "lan"));
	if (fd >= 0)
		close(fd);
	return list;
}

json_t *links_routes_json(void)
{
	return json_pack("{s:b, s:b}", "v4", has_route("/proc/net/route", links_default_v4), "v6",
			 has_route("/proc/net/ipv6_route", links_default_v6));
}
