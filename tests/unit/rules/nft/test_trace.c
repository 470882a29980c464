/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <arpa/inet.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "rules/nft/trace.h"

static _Alignas(8) uint8_t bytes[1024];
static struct nlmsghdr *const message = (void *)bytes;

static void begin(uint16_t type, uint8_t family)
{
	struct nfgenmsg *header;

	memset(bytes, 0, sizeof(bytes));
	mnl_nlmsg_put_header(bytes)->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = family;
}

static void put_place(const char *table, const char *chain, uint32_t type)
{
	mnl_attr_put_strz(message, NFTA_TRACE_TABLE, table);
	mnl_attr_put_strz(message, NFTA_TRACE_CHAIN, chain);
	mnl_attr_put_u32(message, NFTA_TRACE_TYPE, htonl(type));
}

static void put_verdict(uint32_t code)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_TRACE_VERDICT);

	mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(code));
	mnl_attr_nest_end(message, nest);
}

static void a_rule_that_drops(void **state)
{
	struct trace_drop drop = { .table = "" };
	char text[TRACE_TEXT];

	(void)state;
	assert_string_equal(trace_print(&drop, text), "");
	begin(NFT_MSG_TRACE, NFPROTO_INET);
	put_place("firewalld", "filter_FORWARD", NFT_TRACETYPE_RULE);
	put_verdict(NF_DROP);
	assert_true(trace_message(&drop, message));
	assert_string_equal(trace_print(&drop, text), "inet firewalld, chain filter_FORWARD");
}

static void a_policy_that_drops(void **state)
{
	struct trace_drop drop = { .table = "" };
	char text[TRACE_TEXT];

	(void)state;
	begin(NFT_MSG_TRACE, NFPROTO_IPV4);
	put_place("filter", "FORWARD", NFT_TRACETYPE_POLICY);
	mnl_attr_put_u32(message, NFTA_TRACE_POLICY, htonl(NF_DROP));
	assert_true(trace_message(&drop, message));
	assert_true(drop.policy);
	assert_string_equal(trace_print(&drop, text), "ip filter, policy of chain FORWARD");
}

/* Verdicts of nftables itself are negative; a policy without its verdict says nothing. */
static void what_passes_is_no_drop(void **state)
{
	static const uint32_t passing[] = { NF_ACCEPT, (uint32_t)NFT_CONTINUE, (uint32_t)NFT_JUMP,
					    (uint32_t)NFT_GOTO, (uint32_t)NFT_RETURN };
	struct trace_drop drop = { .table = "kept" };

	(void)state;
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		begin(NFT_MSG_TRACE, NFPROTO_INET);
		put_place("t", "c", NFT_TRACETYPE_RULE);
		put_verdict(passing[i]);
		assert_false(trace_message(&drop, message));
	}
	begin(NFT_MSG_TRACE, NFPROTO_INET);
	put_place("t", "c", NFT_TRACETYPE_POLICY);
	assert_false(trace_message(&drop, message));
	begin(NFT_MSG_NEWRULE, NFPROTO_INET);
	put_place("t", "c", NFT_TRACETYPE_RULE);
	put_verdict(NF_DROP);
	assert_false(trace_message(&drop, message));
	begin(NFT_MSG_TRACE, NFPROTO_INET);
	message->nlmsg_len = NLMSG_HDRLEN;
	assert_false(trace_message(&drop, message));
	assert_string_equal(drop.table, "kept");
}

static void a_name_does_not_steer_a_terminal(void **state)
{
	struct trace_drop drop = { .table = "" };
	char text[TRACE_TEXT], name[2 * TRACE_NAME];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin(NFT_MSG_TRACE, NFPROTO_IPV6);
	put_place("a\033[2J", name, NFT_TRACETYPE_RULE);
	put_verdict(NF_DROP);
	assert_true(trace_message(&drop, message));
	assert_int_equal(strlen(drop.chain), TRACE_NAME - 1);
	assert_null(strchr(trace_print(&drop, text), '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_that_drops),
		cmocka_unit_test(a_policy_that_drops),
		cmocka_unit_test(what_passes_is_no_drop),
		cmocka_unit_test(a_name_does_not_steer_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
