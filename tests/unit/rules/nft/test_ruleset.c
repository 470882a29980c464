/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/rules/nft/fixture.h"

#include <sched.h>
#include <unistd.h>

#include "appliance/base/config.h"

/*
 * The golden files stand beside this one; run from the top of the tree. To write them anew after
 * an intended change: GOLDEN=write test_ruleset, and read the difference.
 */
static void golden_path(const char *name, char *path, size_t size)
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(path, size, "%.*s/%s.nft", (int)(slash - __FILE__), __FILE__, name);
}

static void golden_write(const char *path, const struct text *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text->data, 1, text->length, file), text->length);
	assert_int_equal(fclose(file), 0);
}

static void golden_compare(const char *path, const struct text *text)
{
	FILE *file = fopen(path, "r");
	char *expected = calloc(1, text->length + 2);
	size_t length;

	assert_non_null(file);
	assert_non_null(expected);
	length = fread(expected, 1, text->length + 1, file);
	fclose(file);
	if (length != text->length || memcmp(expected, text->data, length) != 0)
		fail_msg("%s differs from:\n%s", path, text->data);
	free(expected);
}

/* nft's own opinion, in a network namespace that nobody else has. */
static void nft_check(const struct text *text)
{
	FILE *nft;

	if (geteuid() != 0 || access("/usr/sbin/nft", X_OK) != 0) {
		print_message("nft -c not asked: it needs root and nft\n");
		return;
	}
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	nft = popen("/usr/sbin/nft -c -f -", "w");
	assert_non_null(nft);
	fwrite(text->data, 1, text->length, nft);
	assert_int_equal(pclose(nft), 0);
}

/* The digest changes with every version of the policy's block; the golden files have zeros. */
static void digest_hide(const struct fixture *fixture, struct text *text)
{
	const uint8_t *digest = policy_digest(&fixture->policy);
	char state[16];

	snprintf(state, sizeof(state), "%02x%02x%02x%02x", digest[0], digest[1], digest[2],
		 digest[3]);
	for (char *at = text->data; (at = strstr(at, state)); at += 8)
		memset(at, '0', 8);
}

static void golden(struct fixture *fixture, enum ruleset_mode mode, const char *name)
{
	struct text text = TEXT_EMPTY;
	char path[512];

	ruleset_print(fixture_build(fixture, mode), &text);
	assert_false(text_failed(&text));
	nft_check(&text);
	digest_hide(fixture, &text);
	golden_path(name, path, sizeof(path));
	if (getenv("GOLDEN"))
		golden_write(path, &text);
	if (ENABLED(CONFIG_IPV6) && ENABLED(CONFIG_DNS_TCP))
		golden_compare(path, &text);
	text_release(&text);
}

static void test_enforce(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	golden(&fixture, RULESET_ENFORCE, "enforce");
	fixture_release(&fixture);
}

static void test_disarmed(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	golden(&fixture, RULESET_DISARMED, "disarmed");
	fixture_release(&fixture);
}

/* What the kernel gets before there is a policy. */
static void test_closed(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	fixture_managed(&fixture.settings);
	golden(&fixture, RULESET_CLOSED, "closed");
	fixture_release(&fixture);
}

static void test_managed(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	fixture_managed(&fixture.settings);
	golden(&fixture, RULESET_DISARMED, "managed");
	fixture_release(&fixture);
}

static void test_no_lan(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	settings_init(&fixture.settings);
	fixture_managed(&fixture.settings);
	fixture.settings.managements = 0;
	golden(&fixture, RULESET_ENFORCE, "no-lan");
	fixture_release(&fixture);
}

/* What two lines of the settings say twice is in its set once. */
static void test_duplicates(void **state)
{
	struct fixture fixture;
	struct text once = TEXT_EMPTY, twice = TEXT_EMPTY;

	(void)state;
	fixture_init(&fixture);
	ruleset_print(fixture_build(&fixture, RULESET_ENFORCE), &once);
	strcpy(fixture.settings.lan[2], "lan0");
	fixture.settings.lans = 3;
	fixture.settings.internal_dns[2] = fixture.settings.internal_dns[0];
	fixture.settings.internal_dns_count = 3;
	fixture.settings.upstream[2] = fixture.settings.upstream[1];
	fixture.settings.upstreams = 3;
	ruleset_print(fixture_build(&fixture, RULESET_ENFORCE), &twice);
	assert_string_equal(once.data, twice.data);
	text_release(&once);
	text_release(&twice);
	fixture_release(&fixture);
}

static void test_no_memory(void **state)
{
	struct fixture fixture;
	bool built = false;

	(void)state;
	fixture_init(&fixture);
	for (size_t budget = 0; !built; budget += 16 * 1024) {
		struct arena arena;

		arena_init(&arena, budget);
		built = ruleset_build(&arena, &fixture.settings, &fixture.policy, RULESET_ENFORCE,
				      &fixture.outside);
		arena_release(&arena);
		assert_true(budget < 16 * 1024 * 1024);
	}
	fixture_release(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enforce),
		cmocka_unit_test(test_disarmed),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_managed),
		cmocka_unit_test(test_no_lan),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
