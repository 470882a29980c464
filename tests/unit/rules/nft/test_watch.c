/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include "rules/nft/attribute.h"
#include "rules/nft/route.h"
#include "rules/nft/watch.h"

enum { OURS = 77, THEIRS = 99 };

/* ---- a datagram in the making ---- */

static _Alignas(4) uint8_t bytes[8192];
static size_t length;
static struct nlmsghdr *message;

static void begin(uint16_t type, uint32_t port, const void *header, size_t size)
{
	message = (struct nlmsghdr *)(void *)(bytes + length);
	*message = (struct nlmsghdr){ .nlmsg_type = type, .nlmsg_pid = port,
				      .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(size)) };
	memcpy(message + 1, header, size);
	length += message->nlmsg_len;
}

static void put(uint16_t type, const void *data, size_t size)
{
	size_t step = (sizeof(struct nlattr) + size + 3) / 4 * 4;
	struct nlattr attribute = { .nla_len = (uint16_t)(sizeof(attribute) + size),
				    .nla_type = type };

	memset(bytes + length, 0, sizeof(attribute) + size + 4);
	memcpy(bytes + length, &attribute, sizeof(attribute));
	memcpy(bytes + length + sizeof(attribute), data, size);
	length += step;
	message->nlmsg_len += (uint32_t)step;
}

static void put_text(uint16_t type, const char *text)
{
	put(type, text, strlen(text) + 1);
}

static void put_be32(uint16_t type, uint32_t number)
{
	number = htonl(number);
	put(type, &number, sizeof(number));
}

static void put_u32(uint16_t type, uint32_t number)
{
	put(type, &number, sizeof(number));
}

static void object(uint16_t type, uint32_t port, uint8_t family, const char *table)
{
	const struct nfgenmsg header = { .nfgen_family = family };

	begin((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), port, &header, sizeof(header));
	put_text(1, table);
}

static void end(uint32_t port, uint32_t generation)
{
	const struct nfgenmsg header = { .nfgen_family = 0 };

	begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN, port, &header, sizeof(header));
	put_be32(NFTA_GEN_ID, generation);
	put_be32(NFTA_GEN_PROC_PID, 1234);
	put_text(NFTA_GEN_PROC_NAME, "n\nft");
}

/* ---- what is made of it ---- */

static struct table_watch watch;
static struct watch_change last;
static unsigned int calls;

static void note(const struct watch_change *change, void *data)
{
	assert_null(data);
	last = *change;
	calls++;
}

static void take(void)
{
	calls = 0;
	watch_nftables(&watch, bytes, length, note, NULL);
	length = 0;
}

static int setup(void **state)
{
	(void)state;
	length = 0;
	watch = (struct table_watch){ .table = "cordon", .port = OURS, .route_port = OURS,
				.generation = 10 };
	return 0;
}

static void says(const char *words)
{
	char text[256];

	watch_print(&last, text, sizeof(text));
	assert_string_equal(text, words);
}

/* Our own changes and those of other tables move the generation along, and are no matter. */
static void others_are_no_matter(void **state)
{
	(void)state;
	object(NFT_MSG_DELTABLE, OURS, NFPROTO_INET, "cordon");
	end(OURS, 11);
	object(NFT_MSG_DELTABLE, THEIRS, NFPROTO_IPV4, "cordon");
	end(THEIRS, 12);
	object(NFT_MSG_NEWRULE, THEIRS, NFPROTO_INET, "filter");
	end(THEIRS, 13);
	take();
	assert_int_equal(calls, 0);
	assert_int_equal(watch.generation, 13);
}

static void foreign_change(void **state)
{
	(void)state;
	object(NFT_MSG_DELRULE, THEIRS, NFPROTO_INET, "cordon");
	put_text(NFTA_RULE_CHAIN, "vendor");
	object(NFT_MSG_DELRULE, THEIRS, NFPROTO_INET, "cordon");
	put_text(NFTA_RULE_CHAIN, "vendor");
	take();
	assert_int_equal(calls, 0);
	end(THEIRS, 11);
	take();
	assert_int_equal(calls, 1);
	assert_int_equal(watch.generation, 0);
	says("rules of chain vendor removed and 1 more by n ft, process 1234");
	/* The next is another transaction. */
	object(NFT_MSG_NEWSETELEM, THEIRS, NFPROTO_INET, "cordon");
	put_text(NFTA_SET_ELEM_LIST_SET, "networks4");
	object(NFT_MSG_NEWCHAIN, THEIRS, NFPROTO_INET, "cordon");
	put_text(NFTA_CHAIN_NAME, "x\x1b[2J");
	end(THEIRS, 12);
	take();
	says("chain x?[2J changed and 1 more by n ft, process 1234");
	assert_int_equal(last.sets.count, 1);
	assert_true(scope_has(&last.sets, "networks4"));
}

static void switched_off(void **state)
{
	(void)state;
	object(NFT_MSG_NEWTABLE, THEIRS, NFPROTO_INET, "cordon");
	put_be32(NFTA_TABLE_FLAGS, 1);
	end(THEIRS, 11);
	take();
	says("table cordon switched off by n ft, process 1234");
}

/* What was lost may have been ours; what was seen by a later look is old. */
static void gaps(void **state)
{
	(void)state;
	end(THEIRS, 12);
	take();
	assert_int_equal(watch.generation, 0);
	end(THEIRS, 13);
	take();
	assert_int_equal(watch.generation, 0);
	watch.generation = 20;
	object(NFT_MSG_DELTABLE, THEIRS, NFPROTO_INET, "cordon");
	end(THEIRS, 15);
	take();
	assert_int_equal(calls, 1);
	assert_int_equal(watch.generation, 20);
	watch.generation = UINT32_MAX;
	end(THEIRS, 1);
	take();
	assert_int_equal(watch.generation, 1);
}

static unsigned int take_route(void)
{
	unsigned int about = watch_route(&watch, bytes, length, &last);

	length = 0;
	return about;
}

static void rule(uint16_t type, uint32_t port, uint8_t family, uint32_t preference)
{
	const struct fib_rule_hdr header = { .family = family };

	begin(type, port, &header, sizeof(header));
	put_u32(FRA_PRIORITY, preference);
}

static void routing(void **state)
{
	struct rtmsg route = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN };
	const struct ifinfomsg lo = { .ifi_index = 1 }, other = { .ifi_index = 2 };

	(void)state;
	rule(RTM_DELRULE, OURS, AF_INET, 100);
	assert_int_equal(take_route(), 0);
	rule(RTM_NEWRULE, THEIRS, AF_INET, 50);
	assert_int_equal(take_route(), WATCH_RULES);
	assert_int_equal(last.objects, 0);
	rule(RTM_DELRULE, THEIRS, AF_INET6, 103);
	assert_int_equal(take_route(), WATCH_RULES);
	says("policy rule 103 (IPv6) removed by netlink port 99");
	begin(RTM_NEWROUTE, THEIRS, &route, sizeof(route));
	assert_int_equal(take_route(), WATCH_OUTSIDE);
	route.rtm_dst_len = 24;
	begin(RTM_NEWROUTE, THEIRS, &route, sizeof(route));
	assert_int_equal(take_route(), 0);
	route.rtm_dst_len = 0;
	begin(RTM_DELROUTE, 0, &route, sizeof(route));
	put_u32(RTA_TABLE, ROUTE_TABLE);
	assert_int_equal(take_route(), WATCH_ROUTES);
	says("route of table 3085 (IPv4) removed");
	begin(RTM_NEWLINK, 0, &other, sizeof(other));
	assert_int_equal(take_route(), WATCH_OUTSIDE);
	begin(RTM_NEWLINK, 0, &lo, sizeof(lo));
	assert_int_equal(take_route(), WATCH_OUTSIDE | WATCH_ROUTES);
}

/* Nothing is read beyond what is there, and nothing of it counts. */
static void cut_short(void **state)
{
	uint8_t *copy;
	size_t whole;

	(void)state;
	object(NFT_MSG_DELRULE, THEIRS, NFPROTO_INET, "cordon");
	put_text(NFTA_RULE_CHAIN, "vendor");
	end(THEIRS, 11);
	rule(RTM_DELRULE, THEIRS, AF_INET, 100);
	whole = length;
	for (size_t size = 0; size < whole; size++) {
		copy = malloc(size ? size : 1);
		assert_non_null(copy);
		memcpy(copy, bytes, size);
		watch_nftables(&watch, copy, size, note, NULL);
		(void)watch_route(&watch, copy, size, &last);
		watch.change.objects = 0;
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(others_are_no_matter, setup),
		cmocka_unit_test_setup(foreign_change, setup),
		cmocka_unit_test_setup(switched_off, setup),
		cmocka_unit_test_setup(gaps, setup),
		cmocka_unit_test_setup(routing, setup),
		cmocka_unit_test_setup(cut_short, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
