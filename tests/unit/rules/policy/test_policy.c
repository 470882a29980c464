/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/base/crypto/digest.h"
#include "rules/policy/block.h"

static const char text[] =
	"list: l\nversion: 1\n[update]\na.com\n=b.a.com evidence=why\n[exempt]\nc.a.com\n"
	"[network]\n77.74.176.0/21 category=web\n2a03:2480::/32 category=portal\n"
	"[bypass]\n8.8.8.8\ntcp/853\nudp/1-9\n";

struct fixture {
	uint8_t *block;
	size_t size;
};

static int make(void **state)
{
	static struct fixture fixture;

	fixture.block = sample_block(text, NULL, &fixture.size);
	*state = &fixture;
	return 0;
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->block);
	return 0;
}

/* Everything that can be asked of a policy that was opened must stay inside it. */
static void ask_everything(const struct policy *policy)
{
	static const char *const names[] = { "a.com", "b.a.com", "x.c.a.com", "d.net", "." };
	static const char *const addrs[] = { "77.74.176.1", "2a03:2480::1", "8.8.8.8", "::",
					     "1.1.1.1" };

	for (size_t i = 0; i < 5; i++) {
		struct name name = sample_name(names[i]);
		struct addr addr = sample_addr(addrs[i]);
		struct verdict verdict = policy_lookup_name(policy, name.wire);

		assert_true(verdict.action < ACTION_COUNT && verdict.category < CATEGORY_COUNT);
		verdict = policy_lookup_packet(policy, &addr, 6, 853);
		assert_true(verdict.action < ACTION_COUNT && verdict.category < CATEGORY_COUNT);
	}
	for (uint32_t i = 0; i <= policy_rules(policy); i++) {
		struct policy_rule rule;

		if (policy_rule(policy, i, &rule))
			assert_true(strlen(rule.id) + strlen(rule.evidence) < policy->size);
	}
	assert_true(strlen(policy_versions(policy)) < policy->size);
}

static void reads_back(void **state)
{
	const struct fixture *fixture = *state;
	struct policy policy;
	struct policy_rule rule;
	struct policy_range range;
	char buffer[ADDR_TEXT];

	assert_int_equal(policy_open(&policy, fixture->block, fixture->size), 0);
	assert_string_equal(policy_versions(&policy), "l 1");
	assert_int_equal(policy_rules(&policy), 8);
	assert_true(policy_rule(&policy, 1, &rule));
	assert_string_equal(rule.id, "l:update:=b.a.com");
	assert_string_equal(rule.evidence, "why");
	assert_int_equal(rule.kind, PATTERN_EXACT);
	assert_false(policy_rule(&policy, 8, &rule));
	assert_false(policy_rule(&policy, POLICY_NO_RULE, &rule));
	assert_int_equal(policy_ranges(&policy, POLICY_NETWORKS), 2);
	assert_int_equal(policy_ranges(&policy, POLICY_RESOLVERS), 1);
	range = policy_range(&policy, POLICY_NETWORKS, 0);
	assert_string_equal(addr_print(&range.first, buffer), "77.74.176.0");
	assert_int_equal(policy_port_ranges(&policy), 2);
	assert_int_equal(policy_port_range(&policy, 1).ports.last, 9);
	assert_int_equal(policy_state(&policy) >> 24, policy_digest(&policy)[0]);
	ask_everything(&policy);
}

static void every_flipped_byte_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	struct policy policy;

	for (size_t at = 0; at < fixture->size; at++) {
		for (int bit = 0; bit < 8; bit++) {
			fixture->block[at] ^= (uint8_t)(1 << bit);
			assert_int_equal(policy_open(&policy, fixture->block, fixture->size),
					 -EBADMSG);
			fixture->block[at] ^= (uint8_t)(1 << bit);
		}
	}
	assert_int_equal(policy_open(&policy, fixture->block, fixture->size), 0);
}

static void every_other_size_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	struct policy policy;

	for (size_t size = 0; size < fixture->size; size++) {
		void *copy = malloc(size ? size : 1);

		assert_non_null(copy);
		memcpy(copy, fixture->block, size);
		assert_int_equal(policy_open(&policy, copy, size), -EBADMSG);
		free(copy);
	}
}

static void misaligned_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	uint8_t *copy = malloc(fixture->size + 1);
	struct policy policy;

	assert_non_null(copy);
	memcpy(copy + 1, fixture->block, fixture->size);
	assert_int_equal(policy_open(&policy, copy + 1, fixture->size), -EBADMSG);
	free(copy);
}

static void sign(struct fixture *fixture)
{
	const size_t skip = offsetof(struct policy_block, versions);

	assert_int_equal(digest_sha256(fixture->block + skip, fixture->size - skip,
				       ((struct policy_block *)(void *)fixture->block)->digest), 0);
}

/* With a digest that fits: what is then still accepted must be safe to ask. */
static void damage_with_a_valid_digest(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	const size_t skip = offsetof(struct policy_block, versions);
	unsigned int accepted = 0;

	for (size_t at = skip; at < fixture->size; at++) {
		uint8_t was = fixture->block[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			struct policy policy;

			fixture->block[at] = values[i];
			sign(fixture);
			if (policy_open(&policy, fixture->block, fixture->size) == 0) {
				ask_everything(&policy);
				accepted++;
			}
		}
		fixture->block[at] = was;
	}
	assert_true(accepted > 0);
}

#define with_block(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_block(reads_back),
		with_block(every_flipped_byte_is_refused),
		with_block(every_other_size_is_refused),
		with_block(misaligned_is_refused),
		with_block(damage_with_a_valid_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
