/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "rules/policy/rule.h"

static void words(void **state)
{
	(void)state;
	for (int i = 0; i < CATEGORY_COUNT; i++) {
		const char *word = category_print((enum category)i);
		enum category category;

		assert_int_equal(category_parse(&category, word, strlen(word)), 0);
		assert_int_equal(category, i);
	}
	for (int i = ACTION_ALLOW; i < ACTION_COUNT; i++) {
		const char *word = action_print((enum action)i);
		enum action action;

		assert_int_equal(action_parse(&action, word, strlen(word)), 0);
		assert_int_equal(action, i);
	}
	for (int i = 0; i < CONFIDENCE_COUNT; i++) {
		const char *word = confidence_print((enum confidence)i);
		enum confidence confidence;

		assert_int_equal(confidence_parse(&confidence, word, strlen(word)), 0);
		assert_int_equal(confidence, i);
	}
}

static void wrong_words(void **state)
{
	enum category category;
	enum action action;
	enum confidence confidence;

	(void)state;
	assert_int_equal(category_parse(&category, "updat", 5), -EINVAL);
	assert_int_equal(category_parse(&category, "updates", 7), -EINVAL);
	assert_int_equal(category_parse(&category, "Update", 6), -EINVAL);
	assert_int_equal(category_parse(&category, "", 0), -EINVAL);
	/* Nobody can ask for no action at all. */
	assert_int_equal(action_parse(&action, "none", 4), -EINVAL);
	assert_int_equal(confidence_parse(&confidence, "sure", 4), -EINVAL);
}

static void ports(void **state)
{
	static const char *const bad[] = { "tcp/", "tcp/0", "tcp/65536", "tcp/080", "tcp/1-1",
		"tcp/2-1", "tcp/1-", "tcp/-1", "tcp/1-2-3", "icmp/1", "tcp", "TCP/1", "tcp/1 ",
		"tcp/99999", "tcp/123456", "udp/x" };
	struct ports ports;

	(void)state;
	assert_int_equal(ports_parse(&ports, "tcp/853", 7), 0);
	assert_int_equal(ports.protocol, 6);
	assert_int_equal(ports.first, 853);
	assert_int_equal(ports.last, 853);
	assert_int_equal(ports_parse(&ports, "udp/1-65535", 11), 0);
	assert_int_equal(ports.protocol, 17);
	assert_int_equal(ports.first, 1);
	assert_int_equal(ports.last, 65535);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(ports_parse(&ports, bad[i], strlen(bad[i])), -EINVAL);
}

static void default_actions(void **state)
{
	(void)state;
	for (int i = 0; i < CATEGORY_COUNT; i++) {
		bool monitored = i == CATEGORY_REMOVAL || i == CATEGORY_WEB ||
				 i == CATEGORY_MAIL || i == CATEGORY_RELAY;

		assert_int_equal(category_default_action((enum category)i),
				 i == CATEGORY_EXEMPT ? ACTION_ALLOW :
				 monitored ? ACTION_MONITOR : ACTION_BLOCK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(wrong_words),
		cmocka_unit_test(ports),
		cmocka_unit_test(default_actions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
