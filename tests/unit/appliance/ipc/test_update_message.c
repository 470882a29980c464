/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "appliance/ipc/update_message.h"

static struct bundle_info sample(void)
{
	struct bundle_info info = { .release = 7, .digest = { 1, 2, 3 }, .published = 1795000000,
				    .signed_at = 1795000100, .expires = 1796000000,
				    .due = INT64_MAX, .root_version = 3, .withdrawn = true,
				    .owner = "online" };

	memset(info.online, 'f', UPDATE_KEYID - 1);
	for (info.signers = 0; info.signers < UPDATE_SIGNERS; info.signers++)
		memset(info.signer[info.signers], 'a' + (int)info.signers, UPDATE_KEYID - 1);
	return info;
}

static void bundle_info_round_trip(void **state)
{
	struct bundle_info info = sample(), back;
	uint8_t body[UPDATE_BODY_MAX];
	int size = bundle_info_encode(&info, body);

	(void)state;
	assert_true(size > 0);
	assert_int_equal(bundle_info_decode(&back, body, (size_t)size), 0);
	assert_memory_equal(&info, &back, sizeof(info));
	for (int cut = 0; cut < size; cut++)
		assert_int_equal(bundle_info_decode(&back, body, (size_t)cut), -EBADMSG);
	assert_int_equal(bundle_info_decode(&back, body, (size_t)size + 1), -EBADMSG);
}

static void more_signers_than_there_is_room_for_are_refused(void **state)
{
	struct bundle_info info = { .release = 1 }, back;
	uint8_t body[UPDATE_BODY_MAX];
	int size = bundle_info_encode(&info, body);

	(void)state;
	body[size - 1] = UPDATE_SIGNERS + 1;
	assert_int_equal(bundle_info_decode(&back, body, sizeof(body)), -EBADMSG);
}

/* The name of a key is any text that people signed. */
static void name_of_a_key_is_made_visible(void **state)
{
	struct bundle_info info = sample(), back;
	uint8_t body[UPDATE_BODY_MAX];
	int size;

	(void)state;
	snprintf(info.owner, sizeof(info.owner), "on\x1b[2Jline");
	size = bundle_info_encode(&info, body);
	assert_int_equal(bundle_info_decode(&back, body, (size_t)size), 0);
	assert_string_equal(back.owner, "on?[2Jline");
}

static void attempt_round_trip(void **state)
{
	struct attempt attempt = { .result = ATTEMPT_FAILED, .poll = 7, .requests = 2,
				   .source = "mirror.example" }, back;
	uint8_t body[UPDATE_BODY_MAX];
	int size;

	(void)state;
	memset(attempt.text, 'x', sizeof(attempt.text) - 1);
	size = attempt_encode(&attempt, body);
	assert_true(size > 0);
	assert_int_equal(attempt_decode(&back, body, (size_t)size), 0);
	assert_int_equal(back.result, ATTEMPT_FAILED);
	assert_int_equal(back.poll, 7);
	assert_int_equal(back.requests, 2);
	assert_string_equal(back.source, attempt.source);
	assert_string_equal(back.text, attempt.text);
	assert_int_equal(attempt_decode(&back, body, (size_t)size - 1), -EBADMSG);
	body[0] = ATTEMPT_FAILED + 1;
	assert_int_equal(attempt_decode(&back, body, (size_t)size), -EBADMSG);
}

/* What is no text would be missing in the status, which then says that all is well. */
static void attempt_text_is_made_visible(void **state)
{
	struct attempt attempt = { .result = ATTEMPT_FAILED, .source = "a\xff\n",
				   .text = "\x1b[2J\xc3\x28 one\ntwo\x7f\t" }, back;
	uint8_t body[UPDATE_BODY_MAX];
	int size = attempt_encode(&attempt, body);

	(void)state;
	assert_int_equal(attempt_decode(&back, body, (size_t)size), 0);
	assert_string_equal(back.source, "a?\n");
	assert_string_equal(back.text, "?[2J?( one\ntwo??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bundle_info_round_trip),
		cmocka_unit_test(more_signers_than_there_is_room_for_are_refused),
		cmocka_unit_test(name_of_a_key_is_made_visible),
		cmocka_unit_test(attempt_round_trip),
		cmocka_unit_test(attempt_text_is_made_visible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
