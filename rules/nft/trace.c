/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/trace.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "appliance/base/text.h"
#include "rules/nft/attribute.h"

#define TABLE "cordon-selftest"
enum {
	FIRST = -500,		/* before every chain of other programs: raw is at -300 */
	DATAGRAM = 64 * 1024,
	MESSAGES_MOST = 4096	/* datagrams per reading */
};

/* ---- the table that asks ---- */

static void put_table(struct batch *batch)
{
	struct nlmsghdr *message = batch_begin(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
					       "table", TABLE);
	struct nftnl_table *table = nftnl_table_alloc();

	if (message && table) {
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, TABLE);
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, NFT_TABLE_F_OWNER);
		nftnl_table_nlmsg_build_payload(message, table);
		batch_end(batch, message);
	} else {
		batch->failed = true;
	}
	if (table)
		nftnl_table_free(table);
}

static void put_chain(struct batch *batch, const char *name, uint32_t hook)
{
	struct nlmsghdr *message = batch_begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "chain",
					       name);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (message && chain) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, TABLE);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, FIRST);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_nlmsg_build_payload(message, chain);
		batch_end(batch, message);
	} else {
		batch->failed = true;
	}
	if (chain)
		nftnl_chain_free(chain);
}

static struct nftnl_expr *add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(rule, expr);
	return expr;
}

/* iifname (or oifname) INTERFACE meta nftrace set 1; false: out of memory. */
static bool fill_rule(struct nftnl_rule *rule, uint32_t key, const char interface[IFNAMSIZ])
{
	struct nftnl_expr *load = add(rule, "meta"), *compare = add(rule, "cmp");
	struct nftnl_expr *one = add(rule, "immediate"), *set = add(rule, "meta");
	const uint8_t on = 1;

	if (!load || !compare || !one || !set)
		return false;
	nftnl_expr_set_u32(load, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(load, NFTNL_EXPR_META_DREG, NFT_REG_1);
	nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set_u32(one, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set_u32(set, NFTNL_EXPR_META_KEY, NFT_META_NFTRACE);
	nftnl_expr_set_u32(set, NFTNL_EXPR_META_SREG, NFT_REG_1);
	return nftnl_expr_set(compare, NFTNL_EXPR_CMP_DATA, interface, IFNAMSIZ) == 0 &&
	       nftnl_expr_set(one, NFTNL_EXPR_IMM_DATA, &on, sizeof(on)) == 0;
}

static void put_rule(struct batch *batch, const char *chain, uint32_t key,
		     const char interface[IFNAMSIZ])
{
	struct nlmsghdr *message = batch_begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
					       "rule of chain", chain);
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (message && rule && fill_rule(rule, key, interface)) {
		nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, TABLE);
		nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
		nftnl_rule_nlmsg_build_payload(message, rule);
		batch_end(batch, message);
	} else {
		batch->failed = true;
	}
	if (rule)
		nftnl_rule_free(rule);
}

static int ask(struct netlink *netlink, const char interface[IFNAMSIZ])
{
	struct batch_error refused;
	struct batch batch;
	int error;

	batch_init(&batch, netlink);
	put_table(&batch);
	put_chain(&batch, "in", NF_INET_PRE_ROUTING);
	put_rule(&batch, "in", NFT_META_IIFNAME, interface);
	put_chain(&batch, "out", NF_INET_LOCAL_OUT);
	put_rule(&batch, "out", NFT_META_OIFNAME, interface);
	error = batch_send(&batch, netlink, &refused);
	batch_release(&batch);
	return error;
}

int trace_open(struct trace *trace, const char *interface)
{
	const unsigned int group = NFNLGRP_NFTRACE;
	char name[IFNAMSIZ] = "";
	int error;

	*trace = (struct trace){ .rule = { .socket = NULL } };
	snprintf(name, sizeof(name), "%s", interface);
	error = netlink_open(&trace->events, NETLINK_NETFILTER);
	if (!error && mnl_socket_setsockopt(trace->events.socket, NETLINK_ADD_MEMBERSHIP,
					    (void *)(uintptr_t)&group, sizeof(group)) < 0)
		error = -errno;
	if (!error)
		error = netlink_open(&trace->rule, NETLINK_NETFILTER);
	if (!error)
		error = ask(&trace->rule, name);
	if (error)
		trace_close(trace);
	return error;
}

void trace_close(struct trace *trace)
{
	netlink_close(&trace->rule);
	netlink_close(&trace->events);
}

/* ---- what the kernel reports ---- */

static bool is_drop(struct attributes attributes, bool *policy)
{
	const struct nlattr *verdict = attribute_find(attributes, NFTA_TRACE_VERDICT);
	uint32_t code = UINT32_MAX;

	*policy = attribute_be32(attribute_find(attributes, NFTA_TRACE_TYPE), 0) ==
		  NFT_TRACETYPE_POLICY;
	if (*policy)
		code = attribute_be32(attribute_find(attributes, NFTA_TRACE_POLICY), UINT32_MAX);
	else if (verdict)
		code = attribute_be32(attribute_find(attributes_in(verdict), NFTA_VERDICT_CODE),
				      UINT32_MAX);
	return (code & NF_VERDICT_MASK) == NF_DROP;
}

static void take_name(const struct nlattr *attribute, char name[TRACE_NAME])
{
	char text[TRACE_NAME];

	attribute_text(attribute, text, sizeof(text));
	text_name(name, TRACE_NAME, text);
}

bool trace_message(struct trace_drop *drop, const struct nlmsghdr *message)
{
	struct attributes attributes = attributes_of(message, sizeof(struct nfgenmsg));
	const struct nfgenmsg *header = (const void *)(message + 1);
	bool policy;

	if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE) ||
	    message->nlmsg_len < NLMSG_HDRLEN + sizeof(*header) || !is_drop(attributes, &policy))
		return false;
	*drop = (struct trace_drop){ .family = header->nfgen_family, .policy = policy };
	take_name(attribute_find(attributes, NFTA_TRACE_TABLE), drop->table);
	take_name(attribute_find(attributes, NFTA_TRACE_CHAIN), drop->chain);
	return true;
}

void trace_read(struct trace *trace, struct trace_drop *drop)
{
	static _Alignas(struct nlmsghdr) uint8_t datagram[DATAGRAM];
	const int fd = mnl_socket_get_fd(trace->events.socket);
	ssize_t size;

	for (int i = 0; i < MESSAGES_MOST; i++) {
		const struct nlmsghdr *message = (const void *)datagram;
		int left;

		size = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
		if (size <= 0)
			return;
		for (left = (int)size; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			(void)trace_message(drop, message);
	}
}

/* ---- words ---- */

const char *trace_family_print(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	default:
		return "?";
	}
}

const char *trace_print(const struct trace_drop *drop, char text[TRACE_TEXT])
{
	text[0] = '\0';
	if (drop->table[0])
		snprintf(text, TRACE_TEXT, "%s %s, %schain %s", trace_family_print(drop->family),
			 drop->table, drop->policy ? "policy of " : "", drop->chain);
	return text;
}
