/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "rules/signed/canary.h"

static const char text[] =
	"list: l\nversion: 1\n[update]\na.com\n[exempt]\ntip.a.com\n[network]\n"
	"77.74.176.0/21 category=update\n77.74.178.0/24 category=exempt\n"
	"[relay]\ntcp/13000\nwatched.com\n";

static struct diag diag;

static void put(char canary[RELEASE_CANARIES][RELEASE_CANARY], size_t *count, const char *query)
{
	*count = 0;
	if (query)
		snprintf(canary[(*count)++], RELEASE_CANARY, "%s", query);
}

/* One name that must block and one that must pass, NULL: none; 0 or -EINVAL. */
static int check(const struct policy_options *options, const char *block, const char *pass,
		 uint64_t max_rules)
{
	static struct release release;
	struct policy policy;
	size_t size;
	void *bytes = sample_block(text, options, &size);
	int error;

	release = (struct release){ .version = 1, .max_rules = max_rules };
	put(release.block, &release.blocks, block);
	put(release.pass, &release.passes, pass);
	diag_init(&diag);
	assert_int_equal(policy_open(&policy, bytes, size), 0);
	error = canary_check(&release, &policy, &diag);
	assert_int_equal(error, diag.count ? -EINVAL : 0);
	free(bytes);
	return error;
}

static void what_must_block_blocks(void **state)
{
	static const char *const blocked[] = { "a.com", "x.a.com", "77.74.176.1" };
	static const char *const open[] = { "b.com", "tip.a.com", "77.74.178.1", "192.0.2.1",
					    "com" };

	(void)state;
	for (size_t i = 0; i < sizeof(blocked) / sizeof(*blocked); i++)
		assert_int_equal(check(NULL, blocked[i], NULL, 0), 0);
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		assert_int_equal(check(NULL, open[i], NULL, 0), -EINVAL);
	/* A category that only watches by default. */
	assert_int_equal(check(NULL, "watched.com", NULL, 0), -EINVAL);
}

/* An exemption of a resolver's network was clean, although it opens encrypted DNS. */
static void packets_are_canaries_too(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, "77.74.176.1:tcp/443", NULL, 0), 0);
	assert_int_equal(check(NULL, NULL, "192.0.2.1:tcp/443", 0), 0);
	assert_int_equal(check(NULL, NULL, "77.74.176.1:tcp/443", 0), -EINVAL);
	assert_int_equal(check(NULL, "192.0.2.1:tcp/853", NULL, 0), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "--canary-block"));
}

static void what_must_pass_passes(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, NULL, "b.com", 0), 0);
	assert_int_equal(check(NULL, NULL, "tip.a.com", 0), 0);
	assert_int_equal(check(NULL, NULL, "77.74.178.1", 0), 0);
	assert_int_equal(check(NULL, NULL, "x.a.com", 0), -EINVAL);
	assert_non_null(strstr(diag.entry[0].message, "l:update:a.com"));
	assert_int_equal(check(NULL, NULL, "77.74.183.255", 0), -EINVAL);
}

/* Local settings and modes are the appliance's business: they neither make a release good nor bad.
 */
static void settings_do_not_change_what_must_block(void **state)
{
	struct policy_options options;

	(void)state;
	policy_options_init(&options);
	options.action[CATEGORY_UPDATE] = ACTION_ALLOW;
	assert_int_equal(check(&options, "a.com", NULL, 0), 0);
	policy_options_init(&options);
	options.monitor = UINT32_MAX;
	assert_int_equal(check(&options, "a.com", NULL, 0), 0);
	assert_int_equal(check(&options, NULL, "a.com", 0), -EINVAL);
	policy_options_init(&options);
	options.disarmed = true;
	assert_int_equal(check(&options, "a.com", NULL, 0), 0);
}

static void number_of_rules(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, NULL, NULL, 6), 0);
	assert_int_equal(check(NULL, NULL, NULL, 5), -EINVAL);
	assert_string_equal(diag.entry[0].source, "limits");
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const odd[] = { "", "a..com", "-", "a com", "300.1.1.1:tcp/x" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		if (check(NULL, NULL, odd[i], 0) == 0)
			assert_int_equal(check(NULL, odd[i], NULL, 0), -EINVAL);
	}
	assert_int_equal(check(NULL, NULL, "a..com", 0), -EINVAL);
}

static void every_reason_is_said(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, "b.com", "a.com", 1), -EINVAL);
	assert_int_equal(diag.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_block_blocks),
		cmocka_unit_test(packets_are_canaries_too),
		cmocka_unit_test(what_must_pass_passes),
		cmocka_unit_test(settings_do_not_change_what_must_block),
		cmocka_unit_test(number_of_rules),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(every_reason_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
