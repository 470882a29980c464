/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/evidence/why.h"
#include "appliance/journal/batch.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/store.h"

#define DAY_MS (24LL * 3600 * 1000)

static const struct entry_rule rule = {
	.state = 0x11, .index = 3, .id = "one:update:=upd.example.com", .category = CATEGORY_UPDATE,
	.confidence = CONFIDENCE_HIGH, .evidence = "https://example.com/\x1b[2J",
	.versions = "one 2026.11.29",
};

static struct reader_entry event(void)
{
	return (struct reader_entry){
		.entry = { .type = ENTRY_EVENT, .sequence = 9,
			   .event = { .event = { .action = ACTION_BLOCK, .count = 1,
						 .state = 0x11 } } },
		.context = { .appliance = "gw", .boot_id = "3f2a91c4-1111", .rule = &rule },
	};
}

static void of_an_event(void **state)
{
	struct policy_notice policy = {
		.sequence = 4, .wall_ms = 1000, .boot = "3f2a91c4", .actor = "keys:00ff",
		.members = json_pack("{s:s, s:i, s:s, s:[s, s]}", "state", "00000011", "release",
				     12, "digest", "ab12", "signers", "k1", "k2"),
	};
	const struct reader_entry entry = event();
	struct text out = TEXT_EMPTY;
	json_t *why;

	(void)state;
	assert_int_equal(why_json(&entry, &policy, &why), 0);
	why_print(why, &out);
	assert_non_null(strstr(out.data, "event       3f2a91c4:9\n"));
	assert_non_null(strstr(out.data, "pattern     =upd.example.com\n"));
	assert_non_null(strstr(out.data, "confidence  high\n"));
	assert_non_null(strstr(out.data, "evidence    https://example.com/?[2J\n"));
	assert_non_null(strstr(out.data, "actor       signatures of 00ff\n"));
	assert_non_null(strstr(out.data, "release     12\n"));
	assert_non_null(strstr(out.data, "bundle      ab12\n"));
	assert_non_null(strstr(out.data, "signers     k1\n            k2\n"));
	assert_string_equal(json_string_value(json_object_get(json_object_get(why, "policy"),
							      "id")), "3f2a91c4:4");
	text_release(&out);
	json_decref(why);
	json_decref(policy.members);
}

static void without_rule_and_policy(void **state)
{
	struct reader_entry entry = event();
	struct text out = TEXT_EMPTY;
	json_t *why;

	(void)state;
	entry.context.rule = NULL;
	assert_int_equal(why_json(&entry, NULL, &why), 0);
	assert_true(json_is_null(json_object_get(why, "rule")));
	assert_true(json_is_null(json_object_get(why, "policy")));
	why_print(why, &out);
	assert_non_null(strstr(out.data, "release     not known"));
	text_release(&out);
	json_decref(why);
}

static void of_a_notice(void **state)
{
	const struct reader_entry entry = {
		.entry = { .type = ENTRY_NOTICE, .sequence = 9,
			   .notice = { .kind = "mode", .actor = "user:0:root",
				       .body = "\"mode\":\"enforce\",\"by\":\"x\"" } },
		.context = { .appliance = "gw", .boot_id = "3f2a91c4-1111" },
	};
	struct text out = TEXT_EMPTY;
	json_t *why;

	(void)state;
	assert_int_equal(why_json(&entry, NULL, &why), 0);
	why_print(why, &out);
	assert_non_null(strstr(out.data, "actor       root (uid 0)\n"));
	assert_non_null(strstr(out.data, "note by     x\n"));
	text_release(&out);
	json_decref(why);
}

/* ---- which policy ---- */

static struct log_batch *batch;

static void add(uint64_t *number, const char *kind, const char *body)
{
	struct log_entry entry = { .type = ENTRY_NOTICE,
				   .notice = { .kind = kind, .actor = "box", .body = body } };

	assert_int_equal(batch_add(batch, &entry), 0);
	*number = entry.sequence;
}

static void write_day(struct log_store *store, int64_t wall_ms)
{
	assert_int_equal(store_write(store, batch, wall_ms), 0);
	batch_clear(batch);
}

/* Before the event, else behind it, over days, and none of another state. */
static void nearest_policy(void **state)
{
	char path[] = "/tmp/cordon-why-XXXXXX";
	struct policy_notice notice;
	struct store_options options = { .budget = 1 << 30, .appliance = "gw",
					 .boot_id = "3f2a91c4-1111" };
	struct log_store *store;
	struct day_end end;
	uint64_t first, other, second, later, at, lost;
	int parent;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	options.folder = open(path, O_RDONLY | O_DIRECTORY);
	batch = batch_attach(calloc(1, batch_size()), &lost);
	assert_int_equal(store_open(&store, &options, &end), 0);
	batch_continue(batch, store_next(store));
	add(&first, NOTICE_POLICY, "\"state\":\"00000011\",\"release\":1");
	add(&other, NOTICE_POLICY, "\"state\":\"00000022\",\"release\":2");
	write_day(store, DAY_MS);
	add(&at, NOTICE_MODE, "\"state\":\"00000011\"");
	add(&second, NOTICE_POLICY, "\"state\":\"00000011\",\"release\":3");
	add(&later, NOTICE_POLICY, "\"state\":\"00000033\",\"release\":4");
	write_day(store, 2 * DAY_MS);
	store_close(store);

	assert_int_equal(policies_find(".", at, 0x11, &notice), 0);
	assert_int_equal(notice.sequence, first);
	assert_string_equal(notice.boot, "3f2a91c4");
	json_decref(notice.members);
	assert_int_equal(policies_find(".", later, 0x11, &notice), 0);
	assert_int_equal(notice.sequence, second);
	json_decref(notice.members);
	assert_int_equal(policies_find(".", at, 0x33, &notice), 0);
	assert_int_equal(notice.sequence, later);
	json_decref(notice.members);
	assert_int_equal(policies_find(".", at, 0x44, &notice), -ENOENT);
	assert_int_equal(policies_find("/nowhere", at, 0x44, &notice), -ENOENT);

	assert_int_equal(chdir("/"), 0);
	close(options.folder);
	parent = open("/tmp", O_RDONLY | O_DIRECTORY);
	assert_int_equal(file_remove_tree(parent, strrchr(path, '/') + 1), 0);
	close(parent);
	free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_an_event), cmocka_unit_test(without_rule_and_policy),
		cmocka_unit_test(of_a_notice), cmocka_unit_test(nearest_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
