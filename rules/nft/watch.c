/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/watch.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/text.h"
#include "rules/nft/attribute.h"
#include "rules/nft/objects.h"
#include "rules/nft/route.h"

enum { TABLE_NAME = 1, LOOPBACK = 1 };	/* NFTA_*_TABLE */

const char *watch_kind_print(enum watch_kind kind)
{
	static const char *const words[WATCH_KINDS] = {
		"table", "chain", "set", "object", "rules of chain", "elements of set",
		"policy rule", "route of table",
	};

	return words[kind];
}

/* The next whole message of a datagram, or NULL. */
static const struct nlmsghdr *message_next(const uint8_t **at, size_t *left)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)*at;
	size_t step;

	if (*left < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
	    message->nlmsg_len > *left)
		return NULL;
	step = NLMSG_ALIGN(message->nlmsg_len);
	step = step < *left ? step : *left;
	*at += step;
	*left -= step;
	return message;
}

/* ---- nftables ---- */

struct told {
	enum watch_kind kind;
	bool removed;
	uint16_t name;	/* attribute; 0: it is the table itself */
};

/* What a message is about; false for messages that change nothing. */
static bool told_of(uint16_t type, struct told *told)
{
	static const struct {
		uint16_t added, removed;
		enum watch_kind kind;
		uint16_t name;
	} all[] = {
		{ NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, WATCH_TABLE, NFTA_TABLE_NAME },
		{ NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN, WATCH_CHAIN, NFTA_CHAIN_NAME },
		{ NFT_MSG_NEWRULE, NFT_MSG_DELRULE, WATCH_RULE, NFTA_RULE_CHAIN },
		{ NFT_MSG_NEWSET, NFT_MSG_DELSET, WATCH_SET, NFTA_SET_NAME },
		{ NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, WATCH_ELEMENT, NFTA_SET_ELEM_LIST_SET },
		{ NFT_MSG_NEWOBJ, NFT_MSG_DELOBJ, WATCH_OBJECT, NFTA_OBJ_NAME },
		{ NFT_MSG_NEWFLOWTABLE, NFT_MSG_DELFLOWTABLE, WATCH_OBJECT, NFTA_FLOWTABLE_NAME },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (type != all[i].added && type != all[i].removed)
			continue;
		*told = (struct told){ all[i].kind, type == all[i].removed, all[i].name };
		return true;
	}
	return false;
}

/* One object of a transaction. */
static void take_object(struct table_watch *watch, const struct nlmsghdr *message)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));
	const struct nfgenmsg *header = (const struct nfgenmsg *)(const void *)(message + 1);
	struct watch_change *change = &watch->change;
	char table[WATCH_NAME], name[WATCH_NAME];
	struct told told;

	if (message->nlmsg_pid == watch->port || header->nfgen_family != NFPROTO_INET ||
	    !told_of(NFNL_MSG_TYPE(message->nlmsg_type), &told))
		return;
	attribute_text(attribute_find(attributes, TABLE_NAME), table, sizeof(table));
	if (strcmp(table, watch->table) != 0)
		return;
	attribute_text(attribute_find(attributes, told.name), name, sizeof(name));
	if (told.kind == WATCH_ELEMENT || told.kind == WATCH_SET)
		scope_add(&change->sets, name);
	if (!change->objects || told.kind < change->kind) {
		change->kind = told.kind;
		change->removed = told.removed;
		snprintf(change->name, sizeof(change->name), "%s", name);
		text_mask(change->name);
	}
	if (told.kind == WATCH_TABLE && !told.removed)
		change->dormant = attribute_be32(attribute_find(attributes, NFTA_TABLE_FLAGS), 0) &
				  TABLE_DORMANT;
	change->objects++;
}

/* Transactions are numbered consecutively and wrap past 0. */
static bool follows(uint32_t before, uint32_t generation)
{
	return before + 1 == generation || (before == UINT32_MAX && generation == 1);
}

/* The end of a transaction. */
static void take_generation(struct table_watch *watch, const struct nlmsghdr *message,
			    watch_callback *callback, void *context)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));
	uint32_t generation = attribute_be32(attribute_find(attributes, NFTA_GEN_ID), 0);
	struct watch_change *change = &watch->change;
	/* If the table was found whole after this transaction, that comparison included it. */
	bool old = watch->generation && (int32_t)(generation - watch->generation) <= 0;

	if (change->objects) {
		change->process = attribute_be32(attribute_find(attributes, NFTA_GEN_PROC_PID), 0);
		attribute_text(attribute_find(attributes, NFTA_GEN_PROC_NAME), change->program,
			       sizeof(change->program));
		text_mask(change->program);
		callback(change, context);
	}
	if (!old)
		watch->generation = !change->objects && follows(watch->generation, generation)
					    ? generation : 0;
	*change = (struct watch_change){ .objects = 0 };
}

void watch_nftables(struct table_watch *watch, const void *data, size_t size,
		    watch_callback *callback, void *context)
{
	const uint8_t *at = data;
	const struct nlmsghdr *message;

	while ((message = message_next(&at, &size))) {
		if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
		    message->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg))
			continue;
		if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN)
			take_generation(watch, message, callback, context);
		else
			take_object(watch, message);
	}
}

/* ---- routing ---- */

static const char *family_print(uint8_t family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

static void note(struct watch_change *change, const struct nlmsghdr *message, enum watch_kind kind,
		 bool removed, uint32_t number)
{
	const uint8_t *family = (const uint8_t *)(message + 1);

	change->kind = kind;
	change->removed = removed;
	change->process = message->nlmsg_pid;
	change->objects++;
	snprintf(change->name, sizeof(change->name), "%u (%s)", number, family_print(*family));
}

static unsigned int take_rule(const struct table_watch *watch, const struct nlmsghdr *message,
			      struct watch_change *change)
{
	struct attributes attributes = attributes_of(message, sizeof(struct fib_rule_hdr));
	uint32_t preference = attribute_u32(attribute_find(attributes, FRA_PRIORITY), 0);

	if (message->nlmsg_pid == watch->route_port)
		return 0;
	if (preference >= ROUTE_PRIORITY && preference <= ROUTE_LAST_PRIORITY)
		note(change, message, WATCH_POLICY_RULE, message->nlmsg_type == RTM_DELRULE,
		     preference);
	return WATCH_RULES;
}

static unsigned int take_route(const struct table_watch *watch, const struct nlmsghdr *message,
			       struct watch_change *change)
{
	const struct rtmsg *route = (const struct rtmsg *)(const void *)(message + 1);
	struct attributes attributes = attributes_of(message, sizeof(*route));
	uint32_t table = attribute_u32(attribute_find(attributes, RTA_TABLE), route->rtm_table);

	if (message->nlmsg_pid == watch->route_port)
		return 0;
	if (table == RT_TABLE_MAIN && route->rtm_dst_len == 0)
		return WATCH_OUTSIDE;
	if (table != ROUTE_TABLE)
		return 0;
	note(change, message, WATCH_ROUTE, message->nlmsg_type == RTM_DELROUTE, table);
	return WATCH_ROUTES;
}

static unsigned int take_link(const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = (const struct ifinfomsg *)(const void *)(message + 1);

	/* Our routes go through lo and disappear with it. */
	return link->ifi_index == LOOPBACK ? WATCH_ROUTES | WATCH_OUTSIDE : WATCH_OUTSIDE;
}

unsigned int watch_route(const struct table_watch *watch, const void *data, size_t size,
			 struct watch_change *change)
{
	const uint8_t *at = data;
	const struct nlmsghdr *message;
	unsigned int about = 0;

	*change = (struct watch_change){ .objects = 0 };
	while ((message = message_next(&at, &size))) {
		size_t body = message->nlmsg_len - NLMSG_HDRLEN;

		switch (message->nlmsg_type) {
		case RTM_NEWRULE:
		case RTM_DELRULE:
			if (body >= sizeof(struct fib_rule_hdr))
				about |= take_rule(watch, message, change);
			break;
		case RTM_NEWROUTE:
		case RTM_DELROUTE:
			if (body >= sizeof(struct rtmsg))
				about |= take_route(watch, message, change);
			break;
		case RTM_NEWLINK:
		case RTM_DELLINK:
			if (body >= sizeof(struct ifinfomsg))
				about |= take_link(message);
			break;
		default:
			break;
		}
	}
	return about;
}

/* ---- words ---- */

void watch_print(const struct watch_change *change, char *text, size_t size)
{
	char count[32] = "", who[64] = "";

	if (change->objects > 1)
		snprintf(count, sizeof(count), " and %u more", change->objects - 1);
	if (change->program[0])
		snprintf(who, sizeof(who), " by %s, process %u", change->program, change->process);
	else if (change->process)
		snprintf(who, sizeof(who), " by netlink port %u", change->process);
	snprintf(text, size, "%s %s %s%s%s", watch_kind_print(change->kind), change->name,
		 change->dormant ? "switched off" : change->removed ? "removed" : "changed", count,
		 who);
}
