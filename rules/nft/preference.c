/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/preference.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "rules/nft/attribute.h"
#include "rules/nft/kept.h"
#include "rules/nft/marks.h"

enum { REQUEST = 512 };	/* bytes: headers and a few numbers */

static const char *const source = "policy rule";

static const char *family_print(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* True up to our last rule: rules after it have no effect on ours. */
static bool rule_matters(const struct nlmsghdr *message)
{
	struct attributes attributes = attributes_of(message, sizeof(struct fib_rule_hdr));

	return message->nlmsg_type == RTM_NEWRULE &&
	       message->nlmsg_len >= NLMSG_HDRLEN + sizeof(struct fib_rule_hdr) &&
	       attribute_u32(attribute_find(attributes, FRA_PRIORITY), 0) <= ROUTE_LAST_PRIORITY;
}

struct wanted {
	uint32_t preference;
	uint8_t action;
	uint32_t mark, mask;	/* mask 0: any mark */
	uint32_t target;	/* FR_ACT_GOTO */
	uint32_t table;		/* FR_ACT_TO_TBL */
	bool from_here;
};

/*
 * In the order in which they are added, so that each goto finds its target and the last one finds
 * every packet that passes. "iif lo" comes first, to skip the capture. A reverse path check for a
 * packet to this machine asks as if the packet came from here (with its mark, see below), and is
 * not about capture.
 */
static const struct wanted capture[] = {
	{ .preference = 104, .action = FR_ACT_NOP },
	{ .preference = 100, .action = FR_ACT_GOTO, .target = 104, .from_here = true },
	{ .preference = 101, .action = FR_ACT_TO_TBL, .table = ROUTE_TABLE,
	  .mark = MARK_LOCAL, .mask = MARK_LOCAL },
};
static const struct wanted barrier[] = {
	{ .preference = 102, .action = FR_ACT_GOTO, .target = 104,
	  .mark = MARK_GUARDED, .mask = MARK_GUARDED },
	{ .preference = 103, .action = FR_ACT_PROHIBIT },
};
enum {
	CAPTURE = sizeof(capture) / sizeof(capture[0]),
	BARRIER = sizeof(barrier) / sizeof(barrier[0])
};

static struct nlmsghdr *rule_message(char *buffer, uint8_t family, const struct wanted *rule,
				     uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct fib_rule_hdr *header;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->family = family;
	header->action = rule->action;
	mnl_attr_put_u32(message, FRA_PRIORITY, rule->preference);
	if (rule->mask) {
		mnl_attr_put_u32(message, FRA_FWMARK, rule->mark);
		mnl_attr_put_u32(message, FRA_FWMASK, rule->mask);
	}
	if (rule->action == FR_ACT_TO_TBL)
		mnl_attr_put_u32(message, FRA_TABLE, rule->table);
	if (rule->action == FR_ACT_GOTO)
		mnl_attr_put_u32(message, FRA_GOTO, rule->target);
	if (rule->from_here)
		mnl_attr_put_strz(message, FRA_IIFNAME, "lo");
	return message;
}

static uint32_t preference_of(const struct nlmsghdr *message)
{
	return attribute_u32(attribute_find(attributes_of(message, sizeof(struct fib_rule_hdr)),
					    FRA_PRIORITY), 0);
}

static uint32_t table_of(const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);

	return attribute_u32(attribute_find(attributes_of(message, sizeof(*header)), FRA_TABLE),
			     header->table);
}

/* Does it use only the conditions that ours use? */
static bool plain_rule(const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*header));
	const struct nlattr *attribute;

	if (header->dst_len || header->src_len || header->tos || header->flags & FIB_RULE_INVERT)
		return false;
	while ((attribute = attribute_next(&attributes))) {
		switch (attribute_type(attribute)) {
		case FRA_PRIORITY:
		case FRA_FWMARK:
		case FRA_FWMASK:
		case FRA_TABLE:
		case FRA_GOTO:
		case FRA_IIFNAME:
		case FRA_PROTOCOL:
		case FRA_PAD:
			break;
		case FRA_SUPPRESS_PREFIXLEN:
		case FRA_SUPPRESS_IFGROUP:
			if (attribute_u32(attribute, 0) != UINT32_MAX)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

static bool rule_is(const struct nlmsghdr *message, const struct wanted *rule)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*header));
	const struct nlattr *mark = attribute_find(attributes, FRA_FWMARK);
	char interface[16];

	attribute_text(attribute_find(attributes, FRA_IIFNAME), interface, sizeof(interface));
	return plain_rule(message) && header->action == rule->action &&
	       preference_of(message) == rule->preference &&
	       attribute_u32(mark, 0) == rule->mark &&
	       attribute_u32(attribute_find(attributes, FRA_FWMASK), mark ? UINT32_MAX : 0) ==
		       rule->mask &&
	       strcmp(interface, rule->from_here ? "lo" : "") == 0 &&
	       (rule->action != FR_ACT_TO_TBL || table_of(message) == rule->table) &&
	       (rule->action != FR_ACT_GOTO ||
		attribute_u32(attribute_find(attributes, FRA_GOTO), 0) == rule->target);
}

static bool is_ours(const struct nlmsghdr *message)
{
	bool ours = false;

	for (int i = 0; i < CAPTURE; i++)
		ours |= rule_is(message, &capture[i]);
	for (int i = 0; i < BARRIER; i++)
		ours |= rule_is(message, &barrier[i]);
	return ours;
}

/* The same twice. */
static bool again(const struct kept *kept, size_t at)
{
	const struct nlmsghdr *one = kept->message[at];

	for (size_t i = 0; i < at; i++) {
		const struct nlmsghdr *other = kept->message[i];

		if (one->nlmsg_len == other->nlmsg_len &&
		    memcmp(mnl_nlmsg_get_payload(one), mnl_nlmsg_get_payload(other),
			   one->nlmsg_len - NLMSG_HDRLEN) == 0)
			return is_ours(one);
	}
	return false;
}

/* One of our rules that was altered, or one of an earlier version. */
static bool was_ours(const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
	struct attributes attributes = attributes_of(message, sizeof(*header));

	if (preference_of(message) < ROUTE_PRIORITY || is_ours(message))
		return false;
	return (header->action == FR_ACT_TO_TBL && table_of(message) == ROUTE_TABLE) ||
	       (header->action == FR_ACT_GOTO &&
		attribute_u32(attribute_find(attributes, FRA_GOTO), 0) == ROUTE_LAST_PRIORITY);
}

static const struct nlmsghdr *rule_find(const struct kept *kept, const struct wanted *rule)
{
	for (size_t i = 0; i < kept->count; i++) {
		if (rule_is(kept->message[i], rule))
			return kept->message[i];
	}
	return NULL;
}

static int complain(struct diag *diag, uint8_t family, uint32_t preference, int error)
{
	diag_error(diag, source, 0, 0, "the kernel refused the %s rule with preference %u: %s",
		   family_print(family), preference, strerror(-error));
	return error;
}

static int rule_add(struct netlink *netlink, uint8_t family, const struct wanted *rule,
		    const struct kept *kept, bool *changed, struct diag *diag)
{
	char buffer[REQUEST];
	int error;

	if (rule_find(kept, rule))
		return 0;
	/* Without NLM_F_EXCL, which treats a rule with more conditions as the same. */
	error = netlink_talk(netlink, rule_message(buffer, family, rule, RTM_NEWRULE,
						   NLM_F_CREATE), NULL, NULL);
	if (!error) {
		*changed = true;
		return 0;
	}
	return complain(diag, family, rule->preference, error);
}

static int rule_delete(struct netlink *netlink, uint8_t family, const struct wanted *rule,
		       const struct kept *kept, bool *changed, struct diag *diag)
{
	char buffer[REQUEST];
	int error;

	if (!rule_find(kept, rule))
		return 0;
	error = netlink_talk(netlink, rule_message(buffer, family, rule, RTM_DELRULE, 0), NULL,
			     NULL);
	*changed = true;
	if (!error || error == -ENOENT || error == -ESRCH)
		return 0;
	return complain(diag, family, rule->preference, error);
}

static int delete_altered(struct netlink *netlink, struct kept *kept, bool *changed)
{
	int error = 0;

	for (size_t i = 0; !error && i < kept->count; i++) {
		if (!was_ours(kept->message[i]) && !again(kept, i))
			continue;
		error = kept_delete(netlink, kept->message[i], RTM_DELRULE);
		*changed = true;
	}
	return error;
}

/*
 * A rule that ends the look-up leads a packet nowhere; and the table local is always asked first.
 */
static bool leads_past(const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);

	if (preference_of(message) >= ROUTE_LAST_PRIORITY - 1 || is_ours(message) ||
	    (header->action != FR_ACT_TO_TBL && header->action != FR_ACT_GOTO))
		return false;
	return header->action == FR_ACT_GOTO || table_of(message) != RT_TABLE_LOCAL;
}

static void note_others(const struct kept *kept, uint8_t family, struct route_others *others)
{
	for (size_t i = 0; i < kept->count; i++) {
		const struct nlmsghdr *message = kept->message[i];
		const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);

		if (!leads_past(message))
			continue;
		if (others->count < ROUTE_OTHERS && header->action == FR_ACT_GOTO)
			snprintf(others->text[others->count], ROUTE_OTHER_TEXT, "%u (%s): goto",
				 preference_of(message), family_print(family));
		else if (others->count < ROUTE_OTHERS)
			snprintf(others->text[others->count], ROUTE_OTHER_TEXT,
				 "%u (%s): lookup %u", preference_of(message),
				 family_print(family), table_of(message));
		others->count++;
	}
}

int preference_apply(struct netlink *netlink, uint8_t family, bool *changed, struct diag *diag)
{
	struct kept kept = { .wanted = rule_matters };
	int error = kept_read(netlink, family, RTM_GETRULE, &kept);

	for (int i = 0; !error && i < CAPTURE; i++)
		error = rule_add(netlink, family, &capture[i], &kept, changed, diag);
	if (!error)
		error = delete_altered(netlink, &kept, changed);
	kept_release(&kept);
	return error;
}

int preference_barrier(struct netlink *netlink, uint8_t family, bool on, bool *changed,
		       struct route_others *others, struct diag *diag)
{
	struct kept kept = { .wanted = rule_matters };
	int error = kept_read(netlink, family, RTM_GETRULE, &kept);

	for (int i = 0; on && !error && i < BARRIER; i++)
		error = rule_add(netlink, family, &barrier[i], &kept, changed, diag);
	for (int i = BARRIER; !on && !error && i-- > 0;)
		error = rule_delete(netlink, family, &barrier[i], &kept, changed, diag);
	if (!error && others)
		note_others(&kept, family, others);
	kept_release(&kept);
	return error;
}

int preference_remove(struct netlink *netlink, uint8_t family, struct diag *diag)
{
	struct kept kept = { .wanted = rule_matters };
	bool changed;
	int error = kept_read(netlink, family, RTM_GETRULE, &kept);

	for (int i = CAPTURE; !error && i-- > 0;)
		error = rule_delete(netlink, family, &capture[i], &kept, &changed, diag);
	if (!error)
		error = delete_altered(netlink, &kept, &changed);
	kept_release(&kept);
	return error;
}
