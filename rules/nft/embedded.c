/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/build.h"

#include <string.h>

/* How many IPv4 bytes precede the gap; the rest follow it. */
static unsigned int bytes_before_gap(const struct embedding *embedding)
{
	unsigned int count = 1;

	while (embedding->at[count] == embedding->at[0] + count)
		count++;
	return count;
}

/* v4 with all bytes from index on set to value. */
static struct addr filled(const struct addr *v4, unsigned int index, uint8_t value)
{
	struct addr addr = *v4;

	memset(addr.bytes + 12 + index, value, 4 - index);
	return addr;
}

static void split_put(struct table_set *set, const struct embedding *embedding,
		      const struct addr *first, const struct addr *last, struct table_target target)
{
	struct policy_range range = { .first = embed_wrap(embedding, first),
				      .last = embed_wrap(embedding, last) };
	unsigned int from = embedding->at[3] + 1U;

	/* For whole blocks before the gap, neither the gap nor the bytes after it matter. */
	if (memcmp(filled(first, bytes_before_gap(embedding), 0).bytes, first->bytes, 16) == 0 &&
	    memcmp(filled(last, bytes_before_gap(embedding), 0xff).bytes, last->bytes, 16) == 0)
		from = embedding->at[bytes_before_gap(embedding) - 1] + 1U;
	memset(range.last.bytes + from, 0xff, 16 - from);
	build_range_put(set, &range, false, target);
}

/* An IPv4 range becomes at most three IPv6 ranges: up to the end of its first block before the gap,
 * the whole blocks, and from the start of its last block. */
static void split_range(struct table_set *set, const struct embedding *embedding,
			const struct policy_range *range, struct table_target target)
{
	unsigned int gap = bytes_before_gap(embedding);
	struct addr first = range->first, last = range->last, end = filled(&first, gap, 0xff);
	struct addr start = filled(&last, gap, 0);

	if (memcmp(first.bytes, last.bytes, 12 + gap) == 0) {
		split_put(set, embedding, &first, &last, target);
		return;
	}
	if (memcmp(filled(&first, gap, 0).bytes, first.bytes, 16) != 0) {
		split_put(set, embedding, &first, &end, target);
		first = end;
		addr_next(&first);
	}
	if (memcmp(filled(&last, gap, 0xff).bytes, last.bytes, 16) == 0) {
		split_put(set, embedding, &first, &last, target);
		return;
	}
	if (addr_compare(&first, &start) < 0) {
		end = start;
		addr_previous(&end);
		split_put(set, embedding, &first, &end, target);
	}
	split_put(set, embedding, &start, &last, target);
}

const char *build_split_map(struct build *build, enum policy_table table, size_t index)
{
	const struct embedding *embedding = policy_embedding(build->policy, index);

	if (embed_contiguous(embedding) || build_range_count(build->policy, table, true) == 0)
		return "";
	return table_text(build->table, "%s6_in%zu",
			  table == POLICY_NETWORKS ? "networks" : "resolvers", index);
}

static void build_split(struct build *build, enum policy_table table, size_t index)
{
	enum { PIECES = 3 };
	const struct embedding *embedding = policy_embedding(build->policy, index);
	const char *name = build_split_map(build, table, index);
	struct table_set *set;

	if (!name[0])
		return;
	set = table_set_add(build->table, (struct table_set){
		.name = name, .type = { TYPE_IPV6 }, .map = true, .interval = true },
		PIECES * build_range_count(build->policy, table, true));
	for (size_t i = 0; i < policy_ranges(build->policy, table); i++) {
		struct policy_range range = policy_range(build->policy, table, i);
		struct table_target target = { 0 };

		if (addr_is_v4(&range.first) && build_range_counts(build, table, &range, &target))
			split_range(set, embedding, &range, target);
	}
}

void build_splits(struct build *build)
{
	for (size_t i = 0; i < policy_embeddings(build->policy); i++) {
		build_split(build, POLICY_NETWORKS, i);
		build_split(build, POLICY_RESOLVERS, i);
	}
}
