/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "nft/marks.h"

enum {
	REQUEST = 256,	/* bytes: headers and a handful of numbers */
	LOOPBACK = 1	/* index of lo in every network namespace */
};

static const char *const source = "policy route";

static struct nlmsghdr *rule_message(char *buffer, uint8_t family, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct fib_rule_hdr *rule;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	rule = mnl_nlmsg_put_extra_header(message, sizeof(*rule));
	rule->family = family;
	rule->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(message, FRA_TABLE, ROUTE_TABLE);
	mnl_attr_put_u32(message, FRA_PRIORITY, ROUTE_PRIORITY);
	mnl_attr_put_u32(message, FRA_FWMARK, MARK_LOCAL);
	mnl_attr_put_u32(message, FRA_FWMASK, MARK_LOCAL);
	return message;
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

/* IPv6 not built in, or switched off for lo: then no packet of it comes here either. */
static bool unused_family(uint8_t family, int error)
{
	return family == AF_INET6 &&
	       (error == -EAFNOSUPPORT || error == -EOPNOTSUPP || error == -EACCES);
}

static int add(struct netlink *netlink, struct nlmsghdr *message, uint8_t family, bool *changed)
{
	int error = netlink_talk(netlink, message, NULL, NULL);

	if (error == -EEXIST || unused_family(family, error))
		return 0;
	if (!error)
		*changed = true;
	return error;
}

static int family_apply(struct netlink *netlink, uint8_t family, bool *changed, struct diag *diag)
{
	const char *words = family == AF_INET ? "IPv4" : "IPv6";
	char buffer[REQUEST];
	int error;

	/* The route first: a rule that leads to an empty table lets packets through to the next. */
	error = add(netlink, route_message(buffer, family, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL),
		    family, changed);
	if (error) {
		diag_error(diag, source, 0, 0, "the kernel refused the local %s route of table %d: "
			   "%s; is the interface lo up?", words, ROUTE_TABLE, strerror(-error));
		return error;
	}
	error = add(netlink, rule_message(buffer, family, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL),
		    family, changed);
	if (error)
		diag_error(diag, source, 0, 0, "the kernel refused the %s rule for mark 0x%x: %s",
			   words, MARK_LOCAL, strerror(-error));
	return error;
}

int route_apply(struct netlink *netlink, bool *changed, struct diag *diag)
{
	int error = family_apply(netlink, AF_INET, changed, diag);

	return error ? error : family_apply(netlink, AF_INET6, changed, diag);
}

static int family_remove(struct netlink *netlink, uint8_t family, struct diag *diag)
{
	struct nlmsghdr *(*const build[])(char *, uint8_t, uint16_t, uint16_t) = {
		rule_message, route_message,
	};
	static const uint16_t type[] = { RTM_DELRULE, RTM_DELROUTE };
	char buffer[REQUEST];

	for (size_t i = 0; i < 2; i++) {
		int error = netlink_talk(netlink, build[i](buffer, family, type[i], 0), NULL, NULL);

		if (error && error != -ENOENT && error != -ESRCH && !unused_family(family, error)) {
			diag_error(diag, source, 0, 0, "the kernel did not remove it: %s",
				   strerror(-error));
			return error;
		}
	}
	return 0;
}

int route_remove(struct netlink *netlink, struct diag *diag)
{
	int error = family_remove(netlink, AF_INET, diag);

	return error ? error : family_remove(netlink, AF_INET6, diag);
}
