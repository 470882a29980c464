/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/status.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Cables and default routes of this machine, from the kernel: no daemon has to know them. */

enum { ROUTES_UP = 1, ROUTES_REJECT = 0x200, LINE = 256 };

/* Of an interface that is down, nobody knows: it has none then. */
static json_t *link_json(int fd, const char *name, const char *role)
{
	struct ifreq request = { .ifr_flags = 0 };
	bool exists;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	exists = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
	return json_pack("{s:s, s:s, s:b, s:b}", "name", name, "role", role, "exists", exists, "carrier",
			 exists && request.ifr_flags & IFF_RUNNING);
}

/* The WANs of the settings, or where cordond saw default routes lead. */
static void add_wans(json_t *list, int fd, const struct settings *settings, const json_t *status)
{
	const json_t *outside = json_object_get(json_object_get(status, "guard"), "outside"), *name;
	size_t index;

	for (size_t i = 0; i < settings->wans; i++)
		(void)json_array_append_new(list, link_json(fd, settings->wan[i], "wan"));
	json_array_foreach(outside, index, name) {
		if (settings->wans == 0 && json_is_string(name))
			(void)json_array_append_new(list, link_json(fd, json_string_value(name), "wan"));
	}
}

/* A line of /proc/net/route: interface, destination, gateway, flags, three numbers, mask. */
static bool is_default_v4(const char *line)
{
	unsigned int destination, flags, mask;

	return sscanf(line, "%*s %x %*x %x %*d %*d %*d %x", &destination, &flags, &mask) == 3 &&
	       destination == 0 && mask == 0 && flags & ROUTES_UP && !(flags & ROUTES_REJECT);
}

/* A line of /proc/net/ipv6_route: destination, its length, source, its length, gateway, four numbers: the
 * last are the flags; interface. */
static bool is_default_v6(const char *line)
{
	char destination[33];
	unsigned int length, flags;

	return sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x", destination, &length, &flags) == 3 &&
	       length == 0 && strspn(destination, "0") == 32 && flags & ROUTES_UP && !(flags & ROUTES_REJECT);
}

static bool has_route(const char *path, bool (*is_default)(const char *line))
{
	FILE *file = fopen(path, "re");
	char line[LINE];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = is_default(line);
	if (file)
		fclose(file);
	return found;
}

void status_add_links(const struct cli *cli, json_t *status)
{
	static struct settings settings;
	json_t *links = json_array();
	int fd;

	if (command_settings(cli, &settings) != EXIT_YES) {
		json_decref(links);
		return;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	add_wans(links, fd, &settings, status);
	for (size_t i = 0; i < settings.lans; i++)
		(void)json_array_append_new(links, link_json(fd, settings.lan[i], "lan"));
	if (fd >= 0)
		close(fd);
	(void)json_object_set_new(status, "links", links);
	(void)json_object_set_new(status, "default_route",
				  json_pack("{s:b, s:b}", "v4", has_route("/proc/net/route", is_default_v4),
					    "v6", has_route("/proc/net/ipv6_route", is_default_v6)));
}
