/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/route.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "rules/nft/attribute.h"
#include "rules/nft/kept.h"
#include "rules/nft/preference.h"

enum {
	REQUEST = 512,	/* bytes: headers and a few numbers */
	LOOPBACK = 1	/* index of lo in every network namespace */
};

static const char *const source = "policy route";

static const char *family_print(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* IPv6 not built in, or off for lo: then no IPv6 packet arrives here either. */
static bool unused_family(uint8_t family, int error)
{
	return family == AF_INET6 &&
	       (error == -EAFNOSUPPORT || error == -EOPNOTSUPP || error == -EACCES);
}

/* ---- routes ---- */

static bool route_matters(const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*route));

	return message->nlmsg_type == RTM_NEWROUTE &&
	       message->nlmsg_len >= NLMSG_HDRLEN + sizeof(*route) &&
	       attribute_u32(attribute_find(attributes, RTA_TABLE), route->rtm_table) ==
		       ROUTE_TABLE;
}

static struct nlmsghdr *route_message(char *buffer, uint8_t family, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
	route->rtm_family = family;
	route->rtm_type = RTN_LOCAL;
	route->rtm_scope = RT_SCOPE_HOST;
	route->rtm_protocol = RTPROT_STATIC;
	mnl_attr_put_u32(message, RTA_TABLE, ROUTE_TABLE);
	mnl_attr_put_u32(message, RTA_OIF, LOOPBACK);
	return message;
}

static bool route_is_ours(const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*route));
	const struct nlattr *attribute;

	if (route->rtm_type != RTN_LOCAL || route->rtm_dst_len || route->rtm_src_len ||
	    route->rtm_tos ||
	    attribute_u32(attribute_find(attributes, RTA_OIF), 0) != LOOPBACK)
		return false;
	while ((attribute = attribute_next(&attributes))) {
		switch (attribute_type(attribute)) {
		case RTA_TABLE:
		case RTA_OIF:
		case RTA_PRIORITY:
		case RTA_CACHEINFO:
		case RTA_PREF:
			break;
		default:
			return false;
		}
	}
	return true;
}

static int family_route(struct netlink *netlink, uint8_t family, bool *changed, struct diag *diag)
{
	struct kept kept = { .wanted = route_matters };
	char buffer[REQUEST];
	int error = kept_read(netlink, family, RTM_GETROUTE, &kept);
	bool found = false;

	for (size_t i = 0; !error && i < kept.count; i++)
		found |= route_is_ours(kept.message[i]);
	if (!error && !found) {
		error = netlink_talk(netlink, route_message(buffer, family, RTM_NEWROUTE,
							    NLM_F_CREATE | NLM_F_REPLACE),
				     NULL, NULL);
		*changed |= !error;
	}
	for (size_t i = 0; !error && i < kept.count; i++) {
		if (route_is_ours(kept.message[i]))
			continue;
		error = kept_delete(netlink, kept.message[i], RTM_DELROUTE);
		*changed = true;
	}
	kept_release(&kept);
	if (unused_family(family, error))
		return error;
	if (error)
		diag_error(diag, source, 0, 0, "the kernel refused the local %s route of table %d: "
			   "%s; is the interface lo up?", family_print(family), ROUTE_TABLE,
			   strerror(-error));
	return error;
}

/* ---- the reverse path ---- */

/*
 * Strict and loose checks (rp_filter) of a forwarded packet look up its source as if it came in
 * where the packet goes out. They use its mark only if the interface has "src_valid_mark". Without
 * it, the barrier would make them drop every packet.
 */
static int mark_source(struct netlink *netlink, const struct outside_link *link)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nlattr *families, *family, *values;
	struct ifinfomsg *info;
	int error;

	message->nlmsg_type = RTM_SETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	info->ifi_index = link->index;
	families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	family = mnl_attr_nest_start(message, AF_INET);
	values = mnl_attr_nest_start(message, IFLA_INET_CONF);
	mnl_attr_put_u32(message, IPV4_DEVCONF_SRC_VMARK, 1);
	mnl_attr_nest_end(message, values);
	mnl_attr_nest_end(message, family);
	mnl_attr_nest_end(message, families);
	error = netlink_talk(netlink, message, NULL, NULL);
	/* The interface is gone, or has no IPv4: it forwards nothing either. */
	return error == -ENODEV || error == -EAFNOSUPPORT || error == -EOPNOTSUPP ? 0 : error;
}

int route_mark_sources(struct netlink *netlink, const struct outside_links *links,
		       struct diag *diag)
{
	for (size_t i = 0; i < links->count; i++) {
		const struct outside_link *link = &links->link[i];
		int error = link->index == LOOPBACK || !link->checks_unmarked ? 0
							: mark_source(netlink, link);

		if (error) {
			diag_error(diag, source, 0, 0, "src_valid_mark of %s cannot be set: %s",
				   link->name, strerror(-error));
			return error;
		}
	}
	return 0;
}

/* ---- both families ---- */

static int family_apply(struct netlink *netlink, uint8_t family, bool *changed, struct diag *diag)
{
	/*
	 * The route first: a rule that leads to an empty table passes packets on to the next rule.
	 */
	int error = family_route(netlink, family, changed, diag);

	if (unused_family(family, error))
		return 0;
	if (error)
		return error;
	error = preference_apply(netlink, family, changed, diag);
	return unused_family(family, error) ? 0 : error;
}

int route_apply(struct netlink *netlink, bool *changed, struct diag *diag)
{
	int error = family_apply(netlink, AF_INET, changed, diag);

	return error ? error : family_apply(netlink, AF_INET6, changed, diag);
}

static int family_barrier(struct netlink *netlink, uint8_t family, bool on, bool *changed,
			  struct route_others *others, struct diag *diag)
{
	int error = preference_barrier(netlink, family, on, changed, others, diag);

	return unused_family(family, error) ? 0 : error;
}

int route_barrier(struct netlink *netlink, bool on, bool *changed, struct route_others *others,
		  struct diag *diag)
{
	int error;

	if (others)
		others->count = 0;
	error = family_barrier(netlink, AF_INET, on, changed, others, diag);
	return error ? error : family_barrier(netlink, AF_INET6, on, changed, others, diag);
}

static int family_remove(struct netlink *netlink, uint8_t family, struct diag *diag)
{
	struct kept kept = { .wanted = route_matters };
	int error = preference_remove(netlink, family, diag);

	if (!error)
		error = kept_read(netlink, family, RTM_GETROUTE, &kept);
	for (size_t i = 0; !error && i < kept.count; i++)
		error = kept_delete(netlink, kept.message[i], RTM_DELROUTE);
	kept_release(&kept);
	if (unused_family(family, error))
		return 0;
	if (error)
		diag_error(diag, source, 0, 0, "the kernel did not remove it: %s",
			   strerror(-error));
	return error;
}

int route_remove(struct netlink *netlink, struct diag *diag)
{
	bool changed;
	int error = route_barrier(netlink, false, &changed, NULL, diag);

	if (!error)
		error = family_remove(netlink, AF_INET, diag);
	return error ? error : family_remove(netlink, AF_INET6, diag);
}
