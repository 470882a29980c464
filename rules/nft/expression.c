/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/expression.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <string.h>

/*
 * What the rule has established so far: nft names a protocol once, before the first field that
 * needs it.
 */
struct writer {
	struct nftnl_rule *rule;
	bool ethernet;
	uint8_t family;
	uint8_t protocol;
	bool failed;
};

/* Adds an empty expression; if it could not be made, its attributes are ignored. */
static struct nftnl_expr *add(struct writer *writer, const char *name)
{
	struct nftnl_expr *expr = writer->failed ? NULL : nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(writer->rule, expr);
	else
		writer->failed = true;
	return expr;
}

static void put32(struct nftnl_expr *expr, uint16_t attribute, uint32_t value)
{
	if (expr)
		nftnl_expr_set_u32(expr, attribute, value);
}

static void put_data(struct writer *writer, struct nftnl_expr *expr, uint16_t attribute,
		     const void *data, uint32_t size)
{
	if (expr && nftnl_expr_set(expr, attribute, data, size) < 0)
		writer->failed = true;
}

static void put_text(struct writer *writer, struct nftnl_expr *expr, uint16_t attribute,
		     const char *text)
{
	if (expr && nftnl_expr_set_str(expr, attribute, text) < 0)
		writer->failed = true;
}

static void meta_load(struct writer *writer, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = add(writer, "meta");

	put32(expr, NFTNL_EXPR_META_KEY, key);
	put32(expr, NFTNL_EXPR_META_DREG, reg);
}

static void compare(struct writer *writer, bool negate, const void *data, uint32_t size)
{
	struct nftnl_expr *expr = add(writer, "cmp");

	put32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	put32(expr, NFTNL_EXPR_CMP_OP, negate ? NFT_CMP_NEQ : NFT_CMP_EQ);
	put_data(writer, expr, NFTNL_EXPR_CMP_DATA, data, size);
}

/* Register 1 becomes itself & mask ^ bits. */
static void bitwise(struct writer *writer, const void *mask, const void *bits, uint32_t size)
{
	struct nftnl_expr *expr = add(writer, "bitwise");

	put32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	put32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	put32(expr, NFTNL_EXPR_BITWISE_LEN, size);
	put32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	put_data(writer, expr, NFTNL_EXPR_BITWISE_MASK, mask, size);
	put_data(writer, expr, NFTNL_EXPR_BITWISE_XOR, bits, size);
}

static void immediate(struct writer *writer, uint32_t reg, const void *data, uint32_t size)
{
	struct nftnl_expr *expr = add(writer, "immediate");

	put32(expr, NFTNL_EXPR_IMM_DREG, reg);
	put_data(writer, expr, NFTNL_EXPR_IMM_DATA, data, size);
}

static void payload_load(struct writer *writer, uint32_t base, uint32_t offset, uint32_t size,
			 uint32_t reg)
{
	struct nftnl_expr *expr = add(writer, "payload");

	put32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	put32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	put32(expr, NFTNL_EXPR_PAYLOAD_LEN, size);
	put32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void require_ethernet(struct writer *writer)
{
	const uint16_t type = ARPHRD_ETHER;

	meta_load(writer, NFT_META_IIFTYPE, NFT_REG_1);
	compare(writer, false, &type, sizeof(type));
	writer->ethernet = true;
}

/* If the link header was matched, nft takes the family from that too. */
static void require_family(struct writer *writer, uint8_t family)
{
	const uint16_t type = htons(family == NFPROTO_IPV4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);

	if (writer->ethernet) {
		payload_load(writer, NFT_PAYLOAD_LL_HEADER,
			     offsetof(struct ether_header, ether_type), sizeof(type), NFT_REG_1);
		compare(writer, false, &type, sizeof(type));
	} else {
		meta_load(writer, NFT_META_NFPROTO, NFT_REG_1);
		compare(writer, false, &family, 1);
	}
	writer->family = family;
}

static void require(struct writer *writer, const struct field_info *info)
{
	if (info->source == SOURCE_LINK && !writer->ethernet)
		require_ethernet(writer);
	if (info->family && writer->family != info->family)
		require_family(writer, info->family);
	if (info->protocol && writer->protocol != info->protocol) {
		meta_load(writer, NFT_META_L4PROTO, NFT_REG_1);
		compare(writer, false, &info->protocol, 1);
		writer->protocol = info->protocol;
	}
}

static void header_load(struct writer *writer, const struct field_info *info, uint32_t reg)
{
	uint32_t base = info->source == SOURCE_LINK ? NFT_PAYLOAD_LL_HEADER :
			info->source == SOURCE_NETWORK ? NFT_PAYLOAD_NETWORK_HEADER :
			NFT_PAYLOAD_TRANSPORT_HEADER;

	payload_load(writer, base, info->key, field_type_size(info->type), reg);
}

static uint32_t fib_flags(enum packet_field field)
{
	if (field == FIELD_LOCAL)
		return NFTA_FIB_F_DADDR;
	return field == FIELD_WAY_BACK_HERE ?
	       NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT :
					      NFTA_FIB_F_SADDR;
}

static void load(struct writer *writer, enum packet_field field, uint32_t reg)
{
	const struct field_info *info = field_info(field);
	struct nftnl_expr *expr;

	switch (info->source) {
	case SOURCE_META:
		meta_load(writer, info->key, reg);
		break;
	case SOURCE_CT:
		expr = add(writer, "ct");
		put32(expr, NFTNL_EXPR_CT_KEY, info->key);
		put32(expr, NFTNL_EXPR_CT_DREG, reg);
		break;
	case SOURCE_SOCKET:
		expr = add(writer, "socket");
		put32(expr, NFTNL_EXPR_SOCKET_KEY, info->key);
		put32(expr, NFTNL_EXPR_SOCKET_DREG, reg);
		break;
	case SOURCE_FIB:
		expr = add(writer, "fib");
		put32(expr, NFTNL_EXPR_FIB_RESULT, info->key);
		put32(expr, NFTNL_EXPR_FIB_FLAGS, fib_flags(field));
		put32(expr, NFTNL_EXPR_FIB_DREG, reg);
		break;
	case SOURCE_OPTION:
		expr = add(writer, "exthdr");
		put32(expr, NFTNL_EXPR_EXTHDR_DREG, reg);
		if (expr)
			nftnl_expr_set_u8(expr, NFTNL_EXPR_EXTHDR_TYPE, (uint8_t)info->key);
		put32(expr, NFTNL_EXPR_EXTHDR_OFFSET, 0);
		put32(expr, NFTNL_EXPR_EXTHDR_LEN, 1);
		put32(expr, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
		put32(expr, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV4);
		break;
	case SOURCE_LINK:
	case SOURCE_NETWORK:
	case SOURCE_TRANSPORT:
		header_load(writer, info, reg);
		break;
	}
}

static void mask_prefix(uint8_t mask[static FIELD_SIZE], uint8_t bits)
{
	for (uint32_t i = 0; i < bits; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static void match(struct writer *writer, const struct statement *statement)
{
	static const uint8_t zero[FIELD_SIZE];
	const struct field_info *info = field_info(statement->field[0]);
	uint32_t size = field_type_size(info->type);
	uint8_t mask[FIELD_SIZE] = { 0 };

	require(writer, info);
	load(writer, statement->field[0], NFT_REG_1);
	switch (statement->compare) {
	case COMPARE_EQUAL:
		compare(writer, statement->negate, statement->value, size);
		/* From here on the transport is known, in nft's view. */
		if (statement->field[0] == FIELD_PROTOCOL && !statement->negate)
			writer->protocol = statement->value[0];
		break;
	case COMPARE_PREFIX:
		mask_prefix(mask, statement->prefix);
		if (statement->prefix < 8 * size)
			bitwise(writer, mask, zero, size);
		compare(writer, statement->negate, statement->value, size);
		break;
	case COMPARE_ALL:
		bitwise(writer, statement->value, zero, size);
		compare(writer, false, statement->value, size);
		break;
	case COMPARE_ANY:
		bitwise(writer, statement->value, zero, size);
		compare(writer, true, zero, size);
		break;
	}
}

static void limit_put(struct nftnl_expr *expr, const struct statement *statement, uint32_t flags)
{
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, statement->number);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 1);
	put32(expr, NFTNL_EXPR_LIMIT_BURST, statement->number2);
	put32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	put32(expr, NFTNL_EXPR_LIMIT_FLAGS, flags);
}

/* Loads the fields from register 1 on. Registers of 16 bytes overlay those of 4; each field
 * directly follows the previous one. */
static void load_key(struct writer *writer, const struct statement *statement)
{
	uint32_t at = 0;

	/* Load all required protocols first, because they pass through register 1. */
	for (size_t i = 0; i < TABLE_FIELDS && statement->field[i] != FIELD_NONE; i++)
		require(writer, field_info(statement->field[i]));
	for (size_t i = 0; i < TABLE_FIELDS && statement->field[i] != FIELD_NONE; i++) {
		load(writer, statement->field[i],
		     at % 4 ? NFT_REG32_00 + at : NFT_REG_1 + at / 4);
		at += (field_type_size(field_info(statement->field[i])->type) + 3) / 4;
	}
}

static void over(struct writer *writer, const struct statement *statement)
{
	struct nftnl_expr *expr, *limit;

	load_key(writer, statement);
	expr = add(writer, "dynset");
	put32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	put32(expr, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	put_text(writer, expr, NFTNL_EXPR_DYNSET_SET_NAME, statement->name);
	/*
	 * Set even when 0, which is the set's own time-out: the kernel reports it when the rule is
	 * read back.
	 */
	if (expr)
		nftnl_expr_set_u64(expr, NFTNL_EXPR_DYNSET_TIMEOUT, 0);
	limit = expr ? nftnl_expr_alloc("limit") : NULL;
	if (!limit) {
		writer->failed = true;
		return;
	}
	limit_put(limit, statement, NFT_LIMIT_F_INV);
	nftnl_expr_add_expr(expr, NFTNL_EXPR_DYNSET_EXPR, limit);
}

static void lookup(struct writer *writer, const struct statement *statement)
{
	struct nftnl_expr *expr;

	load_key(writer, statement);
	expr = add(writer, "lookup");
	put32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	put_text(writer, expr, NFTNL_EXPR_LOOKUP_SET, statement->name);
	if (statement->kind == STATEMENT_VMAP)
		put32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	/* Set even when 0: the kernel reports it when the rule is read back. */
	put32(expr, NFTNL_EXPR_LOOKUP_FLAGS, statement->negate ? NFT_LOOKUP_F_INV : 0);
}

static void counter(struct writer *writer, const struct statement *statement)
{
	struct nftnl_expr *expr = add(writer, "objref");

	put32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	put_text(writer, expr, NFTNL_EXPR_OBJREF_IMM_NAME, statement->name);
}

static void limit(struct writer *writer, const struct statement *statement)
{
	struct nftnl_expr *expr = add(writer, "limit");

	if (expr)
		limit_put(expr, statement, 0);
}

static void log_packet(struct writer *writer, const struct statement *statement)
{
	struct nftnl_expr *expr = add(writer, "log");

	if (!expr)
		return;
	put_text(writer, expr, NFTNL_EXPR_LOG_PREFIX, statement->name);
	nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, (uint16_t)statement->number);
	put32(expr, NFTNL_EXPR_LOG_SNAPLEN, statement->number2);
	/* 0: the reader decides how many entries the kernel collects before waking it. */
	nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_QTHRESHOLD, 0);
}

static void reject(struct writer *writer, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expr = add(writer, "reject");

	if (!expr)
		return;
	put32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
}

static void tproxy(struct writer *writer, const struct statement *statement)
{
	bool v4 = statement->kind == STATEMENT_TPROXY4;
	uint16_t port = htons((uint16_t)statement->number);
	struct nftnl_expr *expr;

	immediate(writer, NFT_REG_1, statement->value, v4 ? 4 : 16);
	immediate(writer, NFT_REG_2, &port, sizeof(port));
	expr = add(writer, "tproxy");
	put32(expr, NFTNL_EXPR_TPROXY_FAMILY, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	put32(expr, NFTNL_EXPR_TPROXY_REG_ADDR, NFT_REG_1);
	put32(expr, NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG_2);
}

/* Only our own bits: the others belong to other programs. */
static void mark(struct writer *writer, const struct statement *statement)
{
	uint32_t others = ~(statement->number | statement->number2);
	struct nftnl_expr *expr;

	load(writer, FIELD_MARK, NFT_REG_1);
	bitwise(writer, &others, &statement->number, sizeof(others));
	expr = add(writer, "meta");
	put32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	put32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

static void ct_mark(struct writer *writer, const struct statement *statement)
{
	uint32_t others = ~statement->number;
	struct nftnl_expr *expr;

	load(writer, FIELD_CT_MARK, NFT_REG_1);
	bitwise(writer, &others, &statement->number, sizeof(others));
	expr = add(writer, "ct");
	put32(expr, NFTNL_EXPR_CT_KEY, NFT_CT_MARK);
	put32(expr, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

uint32_t expression_verdict(const struct table_target *target)
{
	switch (target->kind) {
	case TARGET_ACCEPT:
		return NF_ACCEPT;
	case TARGET_RETURN:
		return (uint32_t)NFT_RETURN;
	case TARGET_JUMP:
		return (uint32_t)NFT_JUMP;
	case TARGET_GOTO:
		return (uint32_t)NFT_GOTO;
	default:
		return NF_DROP;
	}
}

static void leave(struct writer *writer, const struct statement *statement)
{
	struct nftnl_expr *expr = add(writer, "immediate");

	put32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	put32(expr, NFTNL_EXPR_IMM_VERDICT, expression_verdict(&statement->target));
	if (statement->target.chain)
		put_text(writer, expr, NFTNL_EXPR_IMM_CHAIN, statement->target.chain);
}

static void statement_build(struct writer *writer, const struct statement *statement)
{
	switch (statement->kind) {
	case STATEMENT_NONE:
		break;
	case STATEMENT_MATCH:
		match(writer, statement);
		break;
	case STATEMENT_IN:
	case STATEMENT_VMAP:
		lookup(writer, statement);
		break;
	case STATEMENT_COUNTER:
		counter(writer, statement);
		break;
	case STATEMENT_LIMIT:
		limit(writer, statement);
		break;
	case STATEMENT_OVER:
		over(writer, statement);
		break;
	case STATEMENT_LOG:
		log_packet(writer, statement);
		break;
	case STATEMENT_REJECT_TCP:
		reject(writer, NFT_REJECT_TCP_RST, 0);
		break;
	case STATEMENT_REJECT:
		reject(writer, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
		break;
	case STATEMENT_NOTRACK:
		add(writer, "notrack");
		break;
	case STATEMENT_MASQUERADE:
		add(writer, "masq");
		break;
	case STATEMENT_TPROXY4:
	case STATEMENT_TPROXY6:
		tproxy(writer, statement);
		break;
	case STATEMENT_MARK:
		mark(writer, statement);
		break;
	case STATEMENT_CT_MARK:
		ct_mark(writer, statement);
		break;
	case STATEMENT_TARGET:
		leave(writer, statement);
		break;
	}
}

struct nftnl_rule *expression_rule(const struct table *table, const struct table_chain *chain,
				   const struct table_rule *rule)
{
	struct writer writer = { .rule = nftnl_rule_alloc() };

	if (!writer.rule)
		return NULL;
	nftnl_rule_set_u32(writer.rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	if (nftnl_rule_set_str(writer.rule, NFTNL_RULE_TABLE, table->name) < 0 ||
	    nftnl_rule_set_str(writer.rule, NFTNL_RULE_CHAIN, chain->name) < 0)
		writer.failed = true;
	for (const struct statement *s = rule->first; s; s = s->next)
		statement_build(&writer, s);
	if (writer.failed) {
		nftnl_rule_free(writer.rule);
		return NULL;
	}
	return writer.rule;
}
