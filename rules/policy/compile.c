/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/compile.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/text.h"
#include "rules/policy/block.h"
#include "rules/policy/flatten.h"
#include "rules/policy/sanity.h"

/* Everything on its way into the block: growing byte strings, joined at the end. */
struct builder {
	const struct policy_options *options;
	struct text rules;	/* struct block_rule */
	struct text strings;
	struct text names;
	struct text ranges[2];
	struct text ports;
	struct text rule_ports;
	struct text rule_networks;
	struct block_slot *slots;
	size_t slot_count;
	uint32_t deepest;
	uint32_t versions;
	const char *last_evidence;
	uint32_t last_evidence_at;
	bool too_large;
};

void policy_options_init(struct policy_options *options)
{
	*options = (struct policy_options){ .max_v4_share = POLICY_DEFAULT_V4_SHARE };
	for (int category = 0; category < CATEGORY_COUNT; category++)
		options->action[category] = category_default_action((enum category)category);
}

static enum action intended_action(const struct policy_options *options, const struct rule *rule)
{
	enum action action = options->action[rule->category];

	if (rule->category == CATEGORY_EXEMPT)
		return ACTION_ALLOW;
	if (action == ACTION_BLOCK && rule->confidence == CONFIDENCE_LOW)
		return ACTION_MONITOR;
	return action;
}

static enum action present_action(const struct policy_options *options, enum category category,
				  enum action intended)
{
	if (options->disarmed)
		return ACTION_ALLOW;
	if (intended == ACTION_BLOCK && options->monitor & 1U << category)
		return ACTION_MONITOR;
	return intended;
}

/* The offset at which put appends next. */
static uint32_t offset_of(struct builder *builder, const struct text *pool)
{
	if (pool->length >= UINT32_MAX / 2)
		builder->too_large = true;
	return (uint32_t)pool->length;
}

static uint32_t add_string(struct builder *builder, const char *string)
{
	uint32_t offset = offset_of(builder, &builder->strings);

	text_put(&builder->strings, string, strlen(string) + 1);
	return offset;
}

static void add_rule(struct builder *builder, const struct rule *rule)
{
	enum action intended = intended_action(builder->options, rule);
	struct block_rule entry = {
		.id = add_string(builder, rule->id),
		.category = (uint8_t)rule->category,
		.confidence = (uint8_t)rule->confidence,
		.action = (uint8_t)present_action(builder->options, rule->category, intended),
		.intended = (uint8_t)intended,
		.kind = (uint8_t)rule->kind,
		.port = (uint32_t)(builder->rule_ports.length / sizeof(*rule->port)),
		.port_count = (uint8_t)rule->port_count,
		.network = (uint32_t)(builder->rule_networks.length / sizeof(*rule->network)),
		.network_count = (uint8_t)rule->network_count,
	};

	text_put(&builder->rule_ports, rule->port, rule->port_count * sizeof(*rule->port));
	text_put(&builder->rule_networks, rule->network,
		 rule->network_count * sizeof(*rule->network));

	/* Neighbours often share their evidence. */
	if (!builder->last_evidence || strcmp(builder->last_evidence, rule->evidence) != 0) {
		builder->last_evidence_at = add_string(builder, rule->evidence);
		builder->last_evidence = rule->evidence;
	}
	entry.evidence = builder->last_evidence_at;
	text_put(&builder->rules, &entry, sizeof(entry));
}

static const struct block_rule *rule_at(const struct builder *builder, uint32_t index)
{
	return (const struct block_rule *)(const void *)builder->rules.data + index;
}

/*
 * At equal depth: exempt, then exact, then suffix, then block over monitor. Then the rule that was
 * read first, so that the same lists give the same policy.
 */
static bool beats(const struct builder *builder, uint32_t new, uint32_t old)
{
	const struct block_rule *a = rule_at(builder, new), *b;
	bool a_exempt = a->category == CATEGORY_EXEMPT, b_exempt;

	if (old == POLICY_NO_RULE)
		return true;
	b = rule_at(builder, old);
	b_exempt = b->category == CATEGORY_EXEMPT;
	if (a_exempt != b_exempt)
		return a_exempt;
	if ((a->kind == PATTERN_EXACT) != (b->kind == PATTERN_EXACT))
		return a->kind == PATTERN_EXACT;
	return a->intended > b->intended;
}

/* ---- names ---- */

static uint32_t hash_name(const uint8_t *wire, uint8_t *labels, size_t *length)
{
	uint8_t start[NAME_LABELS_MAX];
	uint32_t hash = NAME_HASH_ROOT;
	size_t end = 0;

	*labels = 0;
	while (wire[end]) {
		start[(*labels)++] = (uint8_t)end;
		end += wire[end] + 1U;
	}
	for (uint8_t at = *labels; at > 0; at--)
		hash = name_hash_label(hash, wire + start[at - 1]);
	*length = end + 1;
	return hash;
}

/* The slot of a name; made if new. */
static struct block_slot *slot_for(struct builder *builder, const uint8_t *wire)
{
	uint8_t labels, head[NAME_WIRE];
	size_t length;
	uint32_t hash = hash_name(wire, &labels, &length);
	size_t mask = builder->slot_count - 1;
	struct block_slot *slot = NULL;

	for (size_t at = name_hash_slot(hash) & mask;; at = (at + 1) & mask) {
		const uint8_t *entry;

		slot = &builder->slots[at];
		if (slot->name == SLOT_EMPTY)
			break;
		entry = (const uint8_t *)builder->names.data + slot->name;
		if (slot->hash == hash && entry[NAME_LABELS] == labels &&
		    length <= builder->names.length - slot->name - NAME_WIRE &&
		    memcmp(entry + NAME_WIRE, wire, length) == 0)
			return slot;
	}
	*slot = (struct block_slot){ .hash = hash, .full = POLICY_NO_RULE, .below = POLICY_NO_RULE,
				     .name = offset_of(builder, &builder->names) };
	head[NAME_FLAGS] = 0;
	head[NAME_LABELS] = labels;
	text_put(&builder->names, head, sizeof(head));
	text_put(&builder->names, wire, length);
	if (labels > builder->deepest)
		builder->deepest = labels;
	return slot;
}

/* Marks a name and every name above it: something at or below stays reachable (RFC 8020). */
static void carve(struct builder *builder, const uint8_t *wire)
{
	while (wire[0] && !builder->names.failed) {
		struct block_slot *slot = slot_for(builder, wire);

		if (!builder->names.failed)
			builder->names.data[slot->name + NAME_FLAGS] |= NAME_CARVE;
		wire += wire[0] + 1;
	}
}

static void add_name(struct builder *builder, const struct rule *rule, uint32_t index)
{
	struct block_slot *slot = slot_for(builder, rule->name);

	if (beats(builder, index, slot->full))
		slot->full = index;
	if (rule->kind == PATTERN_SUFFIX && beats(builder, index, slot->below))
		slot->below = index;
	if (rule_at(builder, index)->action != ACTION_BLOCK)
		carve(builder, rule->name);
}

/*
 * Room for every name and, for those that are not blocked, every name above it; at most 3/4 full.
 */
static int slots_init(struct builder *builder, const struct rule_list *lists, size_t count)
{
	size_t names = 0, size = 16;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < lists[i].count; j++) {
			const struct rule *rule = &lists[i].rules[j];

			if (rule->kind > PATTERN_EXACT)
				continue;
			names++;
			if (intended_action(builder->options, rule) == ACTION_BLOCK &&
			    !builder->options->monitor && !builder->options->disarmed)
				continue;
			for (const uint8_t *at = rule->name; *at; at += *at + 1)
				names++;
		}
	}
	while (size / 4 * 3 <= names)
		size *= 2;
	builder->slots = calloc(size, sizeof(*builder->slots));
	if (!builder->slots)
		return -ENOMEM;
	builder->slot_count = size;
	for (size_t i = 0; i < size; i++)
		builder->slots[i].name = SLOT_EMPTY;
	return 0;
}

/* ---- networks and ports ---- */

/* Among equal networks or ports: exempt, then block over monitor. */
static uint8_t rank_of(const struct builder *builder, uint32_t index)
{
	const struct block_rule *rule = rule_at(builder, index);

	return rule->category == CATEGORY_EXEMPT ? UINT8_MAX : rule->intended;
}

static int add_networks(struct builder *builder, const struct rule_list *lists, size_t count,
			enum policy_table table)
{
	struct text flat = TEXT_EMPTY;
	uint32_t index = 0;
	int error;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < lists[i].count; j++, index++) {
			const struct rule *rule = &lists[i].rules[j];
			struct flatten_item item = { .prefix = rule->prefix, .rule = index };

			if (rule->kind != PATTERN_PREFIX ||
			    (rule->category == CATEGORY_BYPASS) != (table == POLICY_RESOLVERS))
				continue;
			item.rank = rank_of(builder, index);
			text_put(&flat, &item, sizeof(item));
		}
	}
	error = text_failed(&flat) ? -ENOMEM :
		flatten_prefixes((struct flatten_item *)(void *)flat.data,
				 flat.length / sizeof(struct flatten_item),
				 &builder->ranges[table]);
	text_release(&flat);
	return error;
}

static int add_ports(struct builder *builder, const struct rule_list *lists, size_t count)
{
	struct text flat = TEXT_EMPTY;
	uint32_t index = 0;
	int error;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < lists[i].count; j++, index++) {
			const struct rule *rule = &lists[i].rules[j];
			struct flatten_ports item = { .ports = rule->ports, .rule = index };

			if (rule->kind != PATTERN_PORT)
				continue;
			item.rank = rank_of(builder, index);
			text_put(&flat, &item, sizeof(item));
		}
	}
	error = text_failed(&flat) ? -ENOMEM :
		flatten_port_rules((struct flatten_ports *)(void *)flat.data,
				   flat.length / sizeof(struct flatten_ports), &builder->ports);
	text_release(&flat);
	return error;
}

/* ---- the block ---- */

static void add_versions(struct builder *builder, const struct rule_list *lists, size_t count)
{
	builder->versions = offset_of(builder, &builder->strings);
	for (size_t i = 0; i < count; i++)
		text_printf(&builder->strings, "%s%s %s", i ? ", " : "", lists[i].name,
			    lists[i].version);
	text_put(&builder->strings, "", 1);
}

/* Appends one section at the block's alignment and records its place. */
static void join(struct text *block, struct block_section *section, const void *data, size_t size,
		 size_t entry)
{
	static const uint8_t zeros[BLOCK_ALIGN];

	text_put(block, zeros, (BLOCK_ALIGN - block->length % BLOCK_ALIGN) % BLOCK_ALIGN);
	section->offset = block->length;
	section->count = size / entry;
	text_put(block, data, size);
}

/*
 * Where the bytes of the IPv4 address are not adjacent, nftables needs a second map of all
 * networks. That is worth it for a prefix that the settings name. For a prefix that might be in use
 * somewhere, it is worth it only while the lists have at most this many ranges.
 */
enum { SPLIT_RANGES = 16384 };

static size_t choose_embeddings(const struct builder *builder,
				struct embedding embeddings[static EMBED_MOST])
{
	size_t ranges = builder->ranges[POLICY_NETWORKS].length / sizeof(struct policy_range);
	size_t count = 0;

	for (size_t i = 0; i < EMBED_KNOWN; i++) {
		if (embed_contiguous(&embed_known[i]) || ranges <= SPLIT_RANGES)
			embeddings[count++] = embed_known[i];
	}
	for (size_t i = 0; i < builder->options->nat64s && count < EMBED_MOST; i++)
		embeddings[count++] = builder->options->nat64[i];
	return count;
}

static int assemble(struct builder *builder, struct text *block)
{
	struct policy_block head = { .magic = BLOCK_MAGIC, .version = BLOCK_VERSION,
				     .versions = builder->versions, .deepest = builder->deepest };
	const size_t skip = offsetof(struct policy_block, versions);
	struct embedding embeddings[EMBED_MOST];
	size_t count = choose_embeddings(builder, embeddings);

	text_put(block, &head, sizeof(head));
	join(block, &head.rules, builder->rules.data, builder->rules.length,
	     sizeof(struct block_rule));
	join(block, &head.strings, builder->strings.data, builder->strings.length, 1);
	join(block, &head.names, builder->names.data, builder->names.length, 1);
	join(block, &head.slots, builder->slots, builder->slot_count * sizeof(*builder->slots),
	     sizeof(*builder->slots));
	for (int i = 0; i < 2; i++)
		join(block, &head.ranges[i], builder->ranges[i].data, builder->ranges[i].length,
		     sizeof(struct policy_range));
	join(block, &head.ports, builder->ports.data, builder->ports.length,
	     sizeof(struct policy_ports));
	join(block, &head.embeddings, embeddings, count * sizeof(*embeddings),
	     sizeof(*embeddings));
	join(block, &head.rule_ports, builder->rule_ports.data, builder->rule_ports.length,
	     sizeof(struct ports));
	join(block, &head.rule_networks, builder->rule_networks.data,
	     builder->rule_networks.length, sizeof(struct prefix));
	if (text_failed(block))
		return -ENOMEM;
	head.size = block->length;
	memcpy(block->data, &head, sizeof(head));
	return digest_sha256(block->data + skip, block->length - skip,
			     ((struct policy_block *)(void *)block->data)->digest);
}

static bool builder_failed(const struct builder *builder)
{
	return text_failed(&builder->rules) || text_failed(&builder->strings) ||
	       text_failed(&builder->names) || text_failed(&builder->ranges[0]) ||
	       text_failed(&builder->ranges[1]) || text_failed(&builder->ports) ||
	       text_failed(&builder->rule_ports) || text_failed(&builder->rule_networks);
}

static int build(struct builder *builder, const struct rule_list *lists, size_t count)
{
	uint32_t index = 0;
	int error;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < lists[i].count; j++)
			add_rule(builder, &lists[i].rules[j]);
	}
	add_versions(builder, lists, count);
	error = slots_init(builder, lists, count);
	for (size_t i = 0; !error && i < count; i++) {
		for (size_t j = 0; j < lists[i].count && !builder_failed(builder); j++, index++) {
			if (lists[i].rules[j].kind <= PATTERN_EXACT)
				add_name(builder, &lists[i].rules[j], index);
		}
	}
	for (int table = 0; !error && table < 2; table++)
		error = add_networks(builder, lists, count, (enum policy_table)table);
	if (!error)
		error = add_ports(builder, lists, count);
	return error || !builder_failed(builder) ? error : -ENOMEM;
}

static void builder_release(struct builder *builder)
{
	text_release(&builder->rules);
	text_release(&builder->strings);
	text_release(&builder->names);
	text_release(&builder->ranges[0]);
	text_release(&builder->ranges[1]);
	text_release(&builder->ports);
	text_release(&builder->rule_ports);
	text_release(&builder->rule_networks);
	free(builder->slots);
}

int policy_compile(const struct rule_list *lists, size_t count,
		   const struct policy_options *options, void **block, size_t *size,
		   struct diag *diag)
{
	struct builder builder = { .options = options };
	struct text out = TEXT_EMPTY;
	size_t errors = diag->count;
	int error;

	for (size_t i = 0; i < count; i++)
		sanity_check_list(&lists[i], diag);
	if (diag->count != errors)
		return -EINVAL;
	error = build(&builder, lists, count);
	if (!error && builder.too_large) {
		diag_error(diag, "rule lists", 0, 0, "together larger than the compiled policy can "
						     "hold (2 GiB of names or texts)");
		error = -EINVAL;
	}
	if (!error)
		error = sanity_check_share((const struct policy_range *)(const void *)
						   builder.ranges[POLICY_NETWORKS].data,
					   builder.ranges[POLICY_NETWORKS].length /
						   sizeof(struct policy_range),
					   (const struct block_rule *)(const void *)
						   builder.rules.data,
					   options->max_v4_share, diag);
	if (!error)
		error = sanity_check_ports((const struct policy_ports *)(const void *)
						   builder.ports.data,
					   builder.ports.length / sizeof(struct policy_ports),
					   (const struct block_rule *)(const void *)
						   builder.rules.data, diag);
	if (!error)
		error = assemble(&builder, &out);
	builder_release(&builder);
	if (error) {
		text_release(&out);
		return error;
	}
	*block = out.data;
	*size = out.length;
	return 0;
}
