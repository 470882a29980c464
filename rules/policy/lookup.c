/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "rules/policy/block.h"

static const void *section(const struct policy *policy, const struct block_section *section)
{
	return (const uint8_t *)policy->block + section->offset;
}

static const struct block_rule *rules_of(const struct policy *policy)
{
	return section(policy, &policy->block->rules);
}

static const char *string_of(const struct policy *policy, uint32_t offset)
{
	return (const char *)section(policy, &policy->block->strings) + offset;
}

/* ---- opening: no part of the block is trusted before all of it has been checked ---- */

static bool section_fits(const struct policy *policy, const struct block_section *part,
			 size_t entry)
{
	uint64_t bytes;

	return part->offset % BLOCK_ALIGN == 0 && part->offset >= sizeof(struct policy_block) &&
	       part->offset <= policy->size && part->count <= UINT32_MAX &&
	       !__builtin_mul_overflow(part->count, entry, &bytes) &&
	       bytes <= policy->size - part->offset;
}

static bool sections_fit(const struct policy *policy)
{
	const struct policy_block *block = policy->block;

	return section_fits(policy, &block->rules, sizeof(struct block_rule)) &&
	       section_fits(policy, &block->strings, 1) && section_fits(policy, &block->names, 1) &&
	       section_fits(policy, &block->slots, sizeof(struct block_slot)) &&
	       section_fits(policy, &block->ranges[0], sizeof(struct policy_range)) &&
	       section_fits(policy, &block->ranges[1], sizeof(struct policy_range)) &&
	       section_fits(policy, &block->ports, sizeof(struct policy_ports)) &&
	       section_fits(policy, &block->embeddings, sizeof(struct embedding)) &&
	       section_fits(policy, &block->rule_ports, sizeof(struct ports)) &&
	       section_fits(policy, &block->rule_networks, sizeof(struct prefix));
}

static bool reach_valid(const struct policy_block *block, const struct block_rule *rule)
{
	return rule->port_count <= RULE_PORTS && rule->network_count <= RULE_NETWORKS &&
	       (uint64_t)rule->port + rule->port_count <= block->rule_ports.count &&
	       (uint64_t)rule->network + rule->network_count <= block->rule_networks.count;
}

/* Every text ends inside the pool if the pool ends in NUL and the offset lies inside. */
static bool strings_valid(const struct policy *policy)
{
	const struct policy_block *block = policy->block;
	const struct block_rule *rule = rules_of(policy);
	uint64_t size = block->strings.count;

	if (size == 0 || string_of(policy, (uint32_t)size - 1)[0] != '\0' ||
	    block->versions >= size)
		return false;
	for (uint64_t i = 0; i < block->rules.count; i++) {
		if (rule[i].id >= size || rule[i].evidence >= size ||
		    rule[i].category >= CATEGORY_COUNT || rule[i].confidence >= CONFIDENCE_COUNT ||
		    rule[i].action >= ACTION_COUNT || rule[i].intended >= ACTION_COUNT ||
		    rule[i].kind > PATTERN_PORT || !reach_valid(block, &rule[i]))
			return false;
	}
	return true;
}

static bool rule_valid(const struct policy *policy, uint32_t rule)
{
	return rule == POLICY_NO_RULE || rule < policy->block->rules.count;
}

static bool name_valid(const struct policy *policy, uint32_t offset)
{
	const uint8_t *pool = section(policy, &policy->block->names);
	uint64_t size = policy->block->names.count;
	struct name name;

	return offset < size && size - offset > NAME_WIRE &&
	       name_from_wire(&name, pool + offset + NAME_WIRE, size - offset - NAME_WIRE) == 0 &&
	       name.labels == pool[offset + NAME_LABELS] &&
	       name.labels <= policy->block->deepest &&
	       memcmp(name.wire, pool + offset + NAME_WIRE, name.length) == 0;
}

static bool slots_valid(const struct policy *policy)
{
	const struct block_slot *slot = section(policy, &policy->block->slots);
	uint64_t count = policy->block->slots.count, empty = 0;

	if (count == 0 || (count & (count - 1)) != 0 ||
	    policy->block->deepest > NAME_LABELS_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (slot[i].name == SLOT_EMPTY)
			empty++;
		else if (!name_valid(policy, slot[i].name) || !rule_valid(policy, slot[i].full) ||
			 !rule_valid(policy, slot[i].below))
			return false;
	}
	return empty > 0;
}

static bool ranges_valid(const struct policy *policy, enum policy_table table)
{
	const struct policy_range *range = section(policy, &policy->block->ranges[table]);

	for (uint64_t i = 0; i < policy->block->ranges[table].count; i++) {
		if (addr_compare(&range[i].first, &range[i].last) > 0 ||
		    addr_is_v4(&range[i].first) != addr_is_v4(&range[i].last) ||
		    range[i].rule >= policy->block->rules.count ||
		    (i && addr_compare(&range[i - 1].last, &range[i].first) >= 0))
			return false;
	}
	return true;
}

static bool ports_valid(const struct policy *policy)
{
	const struct policy_ports *entry = section(policy, &policy->block->ports);

	for (uint64_t i = 0; i < policy->block->ports.count; i++) {
		const struct ports *ports = &entry[i].ports;

		if (ports->first > ports->last || entry[i].rule >= policy->block->rules.count ||
		    (ports->protocol != IPPROTO_TCP && ports->protocol != IPPROTO_UDP) ||
		    (i && entry[i - 1].ports.protocol == ports->protocol &&
		     entry[i - 1].ports.last >= ports->first))
			return false;
	}
	return true;
}

static bool embeddings_valid(const struct policy *policy)
{
	size_t count = policy_embeddings(policy);

	for (size_t i = 0; i < count; i++) {
		const struct embedding *embedding = policy_embedding(policy, i);

		if (embedding->prefix.length > 128)
			return false;
		for (int byte = 0; byte < 4; byte++) {
			if (embedding->at[byte] > 15)
				return false;
		}
	}
	return count <= EMBED_MOST;
}

static bool reach_in_range(const struct policy *policy)
{
	const struct ports *ports = section(policy, &policy->block->rule_ports);
	const struct prefix *prefix = section(policy, &policy->block->rule_networks);

	for (uint64_t i = 0; i < policy->block->rule_ports.count; i++) {
		if (ports[i].first != ports[i].last ||
		    (ports[i].protocol != IPPROTO_TCP && ports[i].protocol != IPPROTO_UDP))
			return false;
	}
	for (uint64_t i = 0; i < policy->block->rule_networks.count; i++) {
		if (prefix[i].length > 128)
			return false;
	}
	return true;
}

static bool digest_valid(const struct policy *policy)
{
	const size_t skip = offsetof(struct policy_block, versions);
	uint8_t digest[DIGEST_SIZE];

	return digest_sha256((const uint8_t *)policy->block + skip, policy->size - skip,
			     digest) == 0 &&
	       memcmp(digest, policy->block->digest, sizeof(digest)) == 0;
}

int policy_open(struct policy *policy, const void *block, size_t size)
{
	*policy = (struct policy){ .block = block, .size = size };
	if (size < sizeof(struct policy_block) || (uintptr_t)block % BLOCK_ALIGN != 0 ||
	    policy->block->magic != BLOCK_MAGIC || policy->block->version != BLOCK_VERSION ||
	    policy->block->size != size || !sections_fit(policy) || !strings_valid(policy) ||
	    !slots_valid(policy) || !ranges_valid(policy, POLICY_NETWORKS) ||
	    !ranges_valid(policy, POLICY_RESOLVERS) || !ports_valid(policy) ||
	    !embeddings_valid(policy) || !reach_in_range(policy) || !digest_valid(policy))
		return -EBADMSG;
	return 0;
}

/* ---- look-ups ---- */

static struct verdict verdict_of(const struct policy *policy, uint32_t index)
{
	struct verdict verdict = { .rule = POLICY_NO_RULE };

	if (index != POLICY_NO_RULE) {
		const struct block_rule *rule = &rules_of(policy)[index];

		verdict.rule = index;
		verdict.action = (enum action)rule->action;
		verdict.intended = (enum action)rule->intended;
		verdict.category = (enum category)rule->category;
		verdict.confidence = (enum confidence)rule->confidence;
	}
	return verdict;
}

/* The slot of the name's suffix of so many labels, or NULL. */
static const struct block_slot *find(const struct policy *policy, uint32_t hash,
				     const uint8_t *wire, size_t length, uint8_t labels)
{
	const struct block_slot *slots = section(policy, &policy->block->slots);
	const uint8_t *pool = section(policy, &policy->block->names);
	uint32_t mask = (uint32_t)policy->block->slots.count - 1;

	for (uint32_t at = name_hash_slot(hash) & mask;; at = (at + 1) & mask) {
		const struct block_slot *slot = &slots[at];

		if (slot->name == SLOT_EMPTY)
			return NULL;
		if (slot->hash == hash && pool[slot->name + NAME_LABELS] == labels &&
		    length <= policy->block->names.count - slot->name - NAME_WIRE &&
		    memcmp(pool + slot->name + NAME_WIRE, wire, length) == 0)
			return slot;
	}
}

struct verdict policy_lookup_name(const struct policy *policy, const uint8_t *wire)
{
	const uint8_t *pool = section(policy, &policy->block->names);
	uint8_t start[NAME_LABELS_MAX];
	uint32_t hash = NAME_HASH_ROOT, best = POLICY_NO_RULE;
	uint8_t depth = 0, labels = 0;
	size_t end = 0;
	bool carve = false;
	struct verdict verdict;

	while (wire[end] && labels < NAME_LABELS_MAX) {
		start[labels++] = (uint8_t)end;
		end += wire[end] + 1U;
	}
	for (uint8_t at = 1; at <= labels && at <= policy->block->deepest; at++) {
		const uint8_t *suffix = wire + start[labels - at];
		const struct block_slot *slot;
		uint32_t rule;

		hash = name_hash_label(hash, suffix);
		slot = find(policy, hash, suffix, end + 1 - start[labels - at], at);
		if (!slot)
			continue;
		rule = at == labels ? slot->full : slot->below;
		if (rule != POLICY_NO_RULE) {
			best = rule;
			depth = at;
		}
		if (at == labels)
			carve = pool[slot->name + NAME_FLAGS] & NAME_CARVE;
	}
	verdict = verdict_of(policy, best);
	verdict.depth = depth;
	verdict.carve = carve;
	return verdict;
}

static struct verdict lookup_range(const struct policy *policy, enum policy_table table,
				   const struct addr *addr)
{
	const struct policy_range *range = section(policy, &policy->block->ranges[table]);
	size_t low = 0, high = (size_t)policy->block->ranges[table].count;

	/* invariant: the range that holds addr, if any, is in [low, high) */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(addr, &range[middle].first) < 0)
			high = middle;
		else if (addr_compare(addr, &range[middle].last) > 0)
			low = middle + 1;
		else
			return verdict_of(policy, range[middle].rule);
	}
	return verdict_of(policy, POLICY_NO_RULE);
}

static bool decided(const struct verdict *verdict)
{
	return verdict->action == ACTION_ALLOW || verdict->action == ACTION_BLOCK;
}

/* Tries the address, then each IPv4 address inside it, until one decides. */
static struct verdict lookup_unwrapped(const struct policy *policy, enum policy_table table,
				       const struct addr *addr)
{
	struct verdict best = lookup_range(policy, table, addr);
	size_t count = addr_is_v4(addr) ? 0 : policy_embeddings(policy);
	struct addr v4;

	for (size_t i = 0; i < count && !decided(&best); i++) {
		struct verdict next;

		if (!embed_unwrap(policy_embedding(policy, i), addr, &v4))
			continue;
		next = lookup_range(policy, table, &v4);
		if (next.action > best.action || next.action == ACTION_ALLOW)
			best = next;
	}
	return best;
}

struct verdict policy_lookup_addr(const struct policy *policy, const struct addr *addr)
{
	return lookup_unwrapped(policy, POLICY_NETWORKS, addr);
}

struct verdict policy_lookup_resolver(const struct policy *policy, const struct addr *addr)
{
	return lookup_unwrapped(policy, POLICY_RESOLVERS, addr);
}

struct verdict policy_lookup_port(const struct policy *policy, uint8_t protocol, uint16_t port)
{
	const struct policy_ports *entry = section(policy, &policy->block->ports);

	for (uint64_t i = 0; i < policy->block->ports.count; i++) {
		if (entry[i].ports.protocol == protocol && entry[i].ports.first <= port &&
		    port <= entry[i].ports.last)
			return verdict_of(policy, entry[i].rule);
	}
	return verdict_of(policy, POLICY_NO_RULE);
}

static bool names_port(const struct policy_rule *rule, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		if (rule->port[i].protocol == protocol && rule->port[i].first == port)
			return true;
	}
	return false;
}

/* A resolver is refused on every port of TCP and UDP, unless its rule names ports. */
static bool refused_there(const struct policy *policy, const struct verdict *resolver,
			  uint8_t protocol, uint16_t port)
{
	struct policy_rule rule;

	return (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) &&
	       policy_rule(policy, resolver->rule, &rule) &&
	       (rule.port_count == 0 || names_port(&rule, protocol, port));
}

struct verdict policy_lookup_packet(const struct policy *policy, const struct addr *addr,
				    uint8_t protocol, uint16_t port)
{
	struct verdict best = policy_lookup_addr(policy, addr);
	struct verdict next;

	if (best.action == ACTION_ALLOW || best.action == ACTION_BLOCK)
		return best;
	next = policy_lookup_resolver(policy, addr);
	if (next.action > best.action && refused_there(policy, &next, protocol, port))
		best = next;
	next = policy_lookup_port(policy, protocol, port);
	return next.action > best.action ? next : best;
}

/* ---- as data ---- */

size_t policy_embeddings(const struct policy *policy)
{
	return (size_t)policy->block->embeddings.count;
}

const struct embedding *policy_embedding(const struct policy *policy, size_t index)
{
	const struct embedding *embedding = section(policy, &policy->block->embeddings);

	return &embedding[index];
}

uint32_t policy_rules(const struct policy *policy)
{
	return (uint32_t)policy->block->rules.count;
}

bool policy_rule(const struct policy *policy, uint32_t index, struct policy_rule *rule)
{
	const struct block_rule *from;

	if (index >= policy->block->rules.count)
		return false;
	from = &rules_of(policy)[index];
	*rule = (struct policy_rule){
		.id = string_of(policy, from->id),
		.evidence = string_of(policy, from->evidence),
		.category = (enum category)from->category,
		.confidence = (enum confidence)from->confidence,
		.action = (enum action)from->action,
		.intended = (enum action)from->intended,
		.kind = (enum pattern_kind)from->kind,
		.port = (const struct ports *)section(policy, &policy->block->rule_ports) +
			from->port,
		.port_count = from->port_count,
		.network = (const struct prefix *)section(policy, &policy->block->rule_networks) +
			   from->network,
		.network_count = from->network_count,
	};
	return true;
}

const uint8_t *policy_digest(const struct policy *policy)
{
	return policy->block->digest;
}

uint32_t policy_state(const struct policy *policy)
{
	const uint8_t *digest = policy->block->digest;

	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
	       digest[3];
}

const char *policy_versions(const struct policy *policy)
{
	return string_of(policy, policy->block->versions);
}

size_t policy_ranges(const struct policy *policy, enum policy_table table)
{
	return (size_t)policy->block->ranges[table].count;
}

struct policy_range policy_range(const struct policy *policy, enum policy_table table, size_t index)
{
	const struct policy_range *range = section(policy, &policy->block->ranges[table]);

	return range[index];
}

size_t policy_port_ranges(const struct policy *policy)
{
	return (size_t)policy->block->ports.count;
}

struct policy_ports policy_port_range(const struct policy *policy, size_t index)
{
	const struct policy_ports *entry = section(policy, &policy->block->ports);

	return entry[index];
}
