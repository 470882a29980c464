/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/daemon/updates.h"

/* What the parent decides about offers and polls, without an update role; its folder is a fresh
 * one. */

static struct daemon home;
static struct child role;
static struct generation current;
static struct mode_record mode;
static struct updates updates;
static char path[32], heard[256];
static uint32_t heard_poll;
static int heard_code;

static void polled(void *context, uint32_t poll, int code, const char *text)
{
	(void)context;
	heard_poll = poll;
	heard_code = code;
	snprintf(heard, sizeof(heard), "%s", text);
}

static int begin(void **state)
{
	(void)state;
	strcpy(path, "/tmp/updates-XXXXXX");
	assert_non_null(mkdtemp(path));
	home = (struct daemon){ .state_path = path, .now = 100000,
				.state = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	settings_init(&home.settings);
	updates = (struct updates){ .daemon = &home, .role = &role, .current = &current,
				    .mode = &mode, .polled = polled };
	updates_init(&updates);
	updates.on = updates.restored = true;
	updates.save_ms = updates.receipt_ms = INT64_MAX;
	current.number = 1;
	heard_poll = 0;
	heard[0] = '\0';
	return home.state < 0;
}

static int finish(void **state)
{
	char command[64];

	(void)state;
	close(home.state);
	snprintf(command, sizeof(command), "rm -r %s", path);
	return system(command);
}

/* The poll's number, and a sealed archive of some bytes. */
static struct message offer(uint32_t poll)
{
	struct message message = { .type = MESSAGE_OFFER, .size = 4,
				   .fd = message_seal("offer", "bytes", 5) };

	message.body[0] = (uint8_t)(poll >> 24);
	message.body[1] = (uint8_t)(poll >> 16);
	message.body[2] = (uint8_t)(poll >> 8);
	message.body[3] = (uint8_t)poll;
	return message;
}

static void the_newest_offer_counts(void **state)
{
	struct message first = offer(1), second = offer(2);

	(void)state;
	updates_offer(&updates, &first);
	assert_int_equal(first.fd, -1);
	updates_offer(&updates, &second);
	assert_int_equal(heard_poll, 1);
	assert_int_equal(heard_code, 1);
	assert_true(updates_tick(&updates, true));
	assert_int_equal(updates.judged_poll, 2);
	assert_true(updates.judged >= 0);
	assert_int_equal(updates.offer, -1);
	assert_false(updates_tick(&updates, true));
}

static void an_offer_waits_for_the_change_under_way(void **state)
{
	struct message message = offer(1);

	(void)state;
	updates_offer(&updates, &message);
	assert_false(updates_tick(&updates, false));
	current.number = 0;	/* nor is one judged before anything is in force */
	assert_false(updates_tick(&updates, true));
	current.number = 1;
	assert_true(updates_tick(&updates, true));
}

static void offers_are_rationed(void **state)
{
	int judged = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct message message = offer(1);

		updates_offer(&updates, &message);
		judged += updates_tick(&updates, true);
	}
	assert_int_equal(judged, 16);
}

static void what_is_not_sealed_is_no_offer(void **state)
{
	struct message message = offer(1);

	(void)state;
	close(message.fd);
	message.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	updates_offer(&updates, &message);
	assert_int_equal(updates.offer, -1);
	assert_true(message.fd >= 0);
	close(message.fd);
}

static void a_flood_of_messages_is_seen(void **state)
{
	int taken = 0;

	(void)state;
	while (taken < 1000 && !updates_flooded(&updates))
		taken++;
	assert_int_equal(taken, 64);
}

static void who_asked_hears_why_a_poll_failed(void **state)
{
	struct attempt attempt = { .result = ATTEMPT_FAILED, .poll = 7,
				   .text = "no mirror answers\n" };
	struct message message = { .type = MESSAGE_ATTEMPT, .fd = -1 };
	uint8_t body[UPDATE_BODY_MAX];

	(void)state;
	current.number = 0;	/* no block whose state the history could name */
	message.size = (size_t)attempt_encode(&attempt, body);
	memcpy(message.body, body, message.size);
	updates_attempt(&updates, &message);
	assert_int_equal(heard_poll, 7);
	assert_int_equal(heard_code, 1);
	assert_string_equal(heard, "no mirror answers\n");
	assert_int_equal(updates.contact_at, 0);
}

static void no_poll_without_a_role_or_a_root(void **state)
{
	const char *text = NULL;

	(void)state;
	assert_int_equal(updates_poll(&updates, "", &text), 0);
	assert_non_null(text);
	updates.on = false;
	assert_int_equal(updates_poll(&updates, "", &text), 0);
	assert_non_null(strstr(text, "off"));
}

static void a_hold_outlives_a_restart(void **state)
{
	struct control_request request = { .type = CONTROL_HOLD };
	struct diag diag;

	(void)state;
	diag_init(&diag);
	current.number = 0;
	strcpy(request.reason, "a \xff test");
	assert_int_equal(updates_hold(&updates, true, &request), 0);
	updates.held = updates.restored = updates.on = false;
	(void)!updates_open(&updates, &diag);
	assert_true(updates.held);
	assert_string_equal(updates.held_reason, "a ? test");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		CASE(the_newest_offer_counts),
		CASE(an_offer_waits_for_the_change_under_way),
		CASE(offers_are_rationed),
		CASE(what_is_not_sealed_is_no_offer),
		CASE(a_flood_of_messages_is_seen),
		CASE(who_asked_hears_why_a_poll_failed),
		CASE(no_poll_without_a_role_or_a_root),
		CASE(a_hold_outlives_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
