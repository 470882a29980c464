/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/outside.h"

#include <errno.h>
#include <net/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "rules/nft/attribute.h"
#include "rules/nft/netlink.h"

/* IFLA_INET6_CONF is an array of these. <linux/ipv6.h> has them, but collides with libc. */
enum { REQUEST = 128, FORWARDING6 = 0 };

static struct outside_link *link_at(struct outside_links *links, int index)
{
	for (size_t i = 0; i < links->count; i++) {
		if (links->link[i].index == index)
			return &links->link[i];
	}
	return NULL;
}

/* Does this array of numbers report at place that packets are forwarded? */
static bool number_set(const struct nlattr *array, size_t place)
{
	uint32_t number;

	if (!array || attribute_size(array) < (place + 1) * sizeof(number))
		return false;
	memcpy(&number, attribute_bytes(array) + place * sizeof(number), sizeof(number));
	return number != 0;
}

/* The array of numbers of one family, or NULL. */
static const struct nlattr *link_numbers(struct attributes link, uint16_t family, uint16_t type)
{
	const struct nlattr *families = attribute_find(link, IFLA_AF_SPEC), *found = NULL;

	if (families)
		found = attribute_find(attributes_in(families), family);
	return found ? attribute_find(attributes_in(found), type) : NULL;
}

static void link_flags(struct outside_link *link, struct attributes attributes)
{
	const struct nlattr *v4 = link_numbers(attributes, AF_INET, IFLA_INET_CONF);
	const struct nlattr *v6 = link_numbers(attributes, AF_INET6, IFLA_INET6_CONF);

	link->forwards = number_set(v4, IPV4_DEVCONF_FORWARDING - 1) ||
			 number_set(v6, FORWARDING6);
	link->checks_unmarked = v4 && !number_set(v4, IPV4_DEVCONF_SRC_VMARK - 1);
}

static int link_read(const struct nlmsghdr *message, void *data)
{
	struct outside_links *links = data;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*info));
	struct outside_link *link = &links->link[links->count];

	if (links->count == OUTSIDE_LINKS || mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return MNL_CB_OK;
	*link = (struct outside_link){ .index = info->ifi_index, .up = info->ifi_flags & IFF_UP,
				       .metric = UINT32_MAX };
	link_flags(link, attributes);
	link->master = (int)attribute_u32(attribute_find(attributes, IFLA_MASTER), 0);
	/* An index in another namespace, as a veth's peer has, is not one of our links. */
	if (!attribute_find(attributes, IFLA_LINK_NETNSID))
		link->lower = (int)attribute_u32(attribute_find(attributes, IFLA_LINK), 0);
	attribute_text(attribute_find(attributes, IFLA_IFNAME), link->name, sizeof(link->name));
	if (link->name[0])
		links->count++;
	return MNL_CB_OK;
}

static int address_read(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(message);
	struct outside_link *link;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*address) ||
	    address->ifa_scope >= RT_SCOPE_LINK)
		return MNL_CB_OK;
	link = link_at(data, (int)address->ifa_index);
	if (link)
		link->reaches = true;
	return MNL_CB_OK;
}

static void lead(struct outside_links *links, int index, const struct rtmsg *route,
		 uint32_t metric)
{
	struct outside_link *link = link_at(links, index);

	if (!link)
		return;
	if (route->rtm_dst_len == 0) {
		link->leads_out = true;
		link->metric = metric < link->metric ? metric : link->metric;
	}
	link->reaches = true;
}

/* The next hops of a multipath route. */
static void lead_hops(struct outside_links *links, const struct nlattr *hops,
		      const struct rtmsg *route, uint32_t metric)
{
	const uint8_t *at = attribute_bytes(hops);
	size_t left = attribute_size(hops);
	struct rtnexthop hop;
	size_t step;

	while (left >= sizeof(hop)) {
		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return;
		lead(links, hop.rtnh_ifindex, route, metric);
		step = (size_t)RTNH_ALIGN(hop.rtnh_len);
		if (step >= left)
			return;
		at += step;
		left -= step;
	}
}

/* Every IPv6 link has fe80::/64 and ff00::/8. */
static bool leads_nowhere(const struct nlattr *to)
{
	const uint8_t *bytes = to && attribute_size(to) == 16 ? attribute_bytes(to) : NULL;

	return bytes && (bytes[0] == 0xff || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80));
}

static int route_read(const struct nlmsghdr *message, void *data)
{
	struct outside_links *links = data;
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*route));
	const struct nlattr *hops = attribute_find(attributes, RTA_MULTIPATH);
	uint32_t metric, table, index;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*route))
		return MNL_CB_OK;
	table = attribute_u32(attribute_find(attributes, RTA_TABLE), route->rtm_table);
	metric = attribute_u32(attribute_find(attributes, RTA_PRIORITY), 0);
	index = attribute_u32(attribute_find(attributes, RTA_OIF), 0);
	if (table != RT_TABLE_MAIN || route->rtm_type != RTN_UNICAST ||
	    leads_nowhere(attribute_find(attributes, RTA_DST)))
		return MNL_CB_OK;
	if (index)
		lead(links, (int)index, route, metric);
	if (hops)
		lead_hops(links, hops, route, metric);
	return MNL_CB_OK;
}

static int dump(struct netlink *netlink, uint16_t type, uint8_t family, size_t header,
		mnl_cb_t callback, struct outside_links *links)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	uint8_t *first;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	/* The family is the first byte of each of these headers; the rest is zero. */
	first = mnl_nlmsg_put_extra_header(message, header);
	*first = family;
	return netlink_talk(netlink, message, callback, links);
}

int outside_read(struct netlink *netlink, struct outside_links *links)
{
	enum { TRIES = 8 };
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		links->count = 0;
		error = dump(netlink, RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), link_read,
			     links);
		if (!error)
			error = dump(netlink, RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg),
				     address_read, links);
		if (!error)
			error = dump(netlink, RTM_GETROUTE, AF_INET, sizeof(struct rtmsg),
				     route_read, links);
		if (!error)
			error = dump(netlink, RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg),
				     route_read, links);
		if (error == -EAFNOSUPPORT)
			error = 0;
	}
	return error;
}
