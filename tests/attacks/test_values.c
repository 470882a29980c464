/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers, times, words and JSON that two parsers could read in two ways, signed by the right
 * keys. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything at version 2 (root: 1) and accepted. */
static struct forge *prepare(void)
{
	struct forge *forge = forge_new();

	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	forge_accepts(forge);
	return forge;
}

/* The role's next file with one value edited in its canonical text: refused, and nothing is kept of
 * that role. Then it is as before. */
static void refuse_edit(struct forge *forge, const char *role, const char *from, const char *to)
{
	int64_t version = forge_get_version(forge, role);
	char kept[64];

	snprintf(kept, sizeof(kept), "%s.json", role);
	forge_publish_edited(forge, role, from, to);
	if (strcmp(role, "targets") == 0)
		forge_publish(forge, "snapshot");
	if (strcmp(role, "targets") == 0 || strcmp(role, "snapshot") == 0)
		forge_publish(forge, "timestamp");
	/* What comes before this role is good and stays. */
	if (forge_refresh(forge) != -EINVAL)
		fail_msg("%s: %s was accepted", role, to);
	assert_int_equal(forge_kept(forge, kept), version);
	forge_set_version(forge, role, version);
}

/* Each value in turn behind "member". */
static void refuse_values(const char *role, const char *member, const char *from,
			  const char *const *value, size_t count)
{
	struct forge *forge = prepare();
	char before[64], after[96];

	snprintf(before, sizeof(before), "\"%s\":%s", member, from);
	for (size_t i = 0; i < count; i++) {
		snprintf(after, sizeof(after), "\"%s\":%s", member, value[i]);
		refuse_edit(forge, role, before, after);
	}
	forge_refuses(forge, -EINVAL);
	forge_free(forge);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- 21: numbers ---- */

static const char *const bad_number[] = {
	"0", "1.0", "3.0", "1e0", "3e0", "3E0", "30e-1", "3.5", "\"3\"", "true", "null", "-1", "-3",
	"9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
	"18446744073709551615", "18446744073709551616", "1e400", "[3]", "03", "+3", "0x3", "3,4",
	"Infinity", "NaN",
};

static void attack_21_version_that_is_no_version(void **state)
{
	(void)state;
	refuse_values("root", "version", "2", bad_number, COUNT(bad_number));
	refuse_values("timestamp", "version", "3", bad_number, COUNT(bad_number));
	refuse_values("snapshot", "version", "3", bad_number, COUNT(bad_number));
	refuse_values("targets", "version", "3", bad_number, COUNT(bad_number));
}

/* The first "version" of a timestamp and of a snapshot is what they say of another file. */
static void attack_21_version_of_another_file(void **state)
{
	(void)state;
	refuse_values("timestamp", "version", "2", bad_number, COUNT(bad_number));
	refuse_values("snapshot", "version", "2", bad_number, COUNT(bad_number));
}

/* 0 comes first in the list, and an empty target may be. */
static void attack_21_length_that_is_no_length(void **state)
{
	(void)state;
	refuse_values("targets", "length", "1", bad_number + 1, COUNT(bad_number) - 1);
}

/* ---- 21: JSON ---- */

static void attack_21_json_of_two_meanings(void **state)
{
	static const struct {
		const char *from, *to;
	} row[] = {
		{ "\"version\":3", "\"version\":3,\"version\":4" },
		{ "\"version\":3", "\"version\":4,\"version\":3" },
		{ "\"version\":3", "\"v\\u0065rsion\":4,\"version\":3" },
		{ "\"spec_version\"", "\"x\":\"\xff\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":\"\xc0\x80\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":\"\xed\xa0\x80\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":\"\\ud800\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":\"\\udc00\\ud800\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":\"\\u0000\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\\u0000\":1,\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":\"\n\",\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":'1',\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":1,,\"spec_version\"" },
		{ "\"spec_version\"", "/* */\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":1.5,\"spec_version\"" },
		{ "\"spec_version\"", "\"x\":[1,],\"spec_version\"" },
		{ "\"spec_version\"", "x:1,\"spec_version\"" },
		{ "\"version\":3}", "\"version\":3,}" },
		{ "\"version\":3}", "\"version\":3" },
	};

	struct forge *forge = prepare();

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		refuse_edit(forge, "timestamp", row[i].from, row[i].to);
	forge_free(forge);
}

/* Before and after the document, which is good in itself. */
static void attack_21_bytes_around_the_document(void **state)
{
	static const struct {
		const char *before, *after;
		size_t size;	/* of after */
	} row[] = {
		{ "\xef\xbb\xbf", "", 0 }, { "", "x", 1 }, { "", "{}", 2 }, { "", "\0", 1 },
		{ "", ",", 1 }, { "", "]", 1 }, { "", "}", 1 }, { "x", "", 0 }, { "[", "]", 1 },
		{ "\xfe\xff", "", 0 },
	};
	struct forge *forge = *state;

	forge_accepts(forge);
	forge_publish(forge, "timestamp");
	for (size_t i = 0; i < COUNT(row); i++) {
		struct text bytes = TEXT_EMPTY;

		text_puts(&bytes, row[i].before);
		forge_sign(forge_role(forge, "timestamp"), &bytes);
		text_put(&bytes, row[i].after, row[i].size);
		forge_serve(forge, forge_role(forge, "timestamp"), &bytes);
		forge_refuses(forge, -EINVAL);
		text_release(&bytes);
	}
}

static void attack_21_depth_of_a_million(void **state)
{
	struct forge *forge = *state;
	struct text deep = TEXT_EMPTY;

	forge_accepts(forge);
	forge->options.timestamp_limit = 4 << 20;
	text_puts(&deep, "\"x\":");
	for (int i = 0; i < 1000000; i++)
		text_put(&deep, "[", 1);
	for (int i = 0; i < 1000000; i++)
		text_put(&deep, "]", 1);
	text_puts(&deep, ",\"spec_version\"");
	forge_publish_edited(forge, "timestamp", "\"spec_version\"", deep.data);
	forge_refuses(forge, -EINVAL);
	text_release(&deep);
}

/* ---- 22: times ---- */

static void attack_22_expiry_that_is_no_time(void **state)
{
	static const char *const bad[] = {
		"\"2027-02-14T08:00:00\"", "\"2027-02-14T08:00:00+00:00\"",
		"\"2027-02-14T08:00:00-06:00\"", "\"2027-02-14T08:00:00.5Z\"",
		"\"2027-02-14T08:00:00,5Z\"", "\"2027-13-01T08:00:00Z\"",
		"\"2027-00-01T08:00:00Z\"",
		"\"2027-02-31T08:00:00Z\"", "\"2027-02-29T08:00:00Z\"", "\"2027-02-00T08:00:00Z\"",
		"\"2027-02-14T24:00:00Z\"", "\"2027-02-14T08:60:00Z\"", "\"2027-06-30T23:59:60Z\"",
		"\"10000-01-01T00:00:00Z\"", "\"1969-12-31T23:59:59Z\"", "\"0000-01-01T00:00:00Z\"",
		"\"2027-02-14t08:00:00Z\"", "\"2027-02-14T08:00:00z\"", "\"2027-02-14 08:00:00Z\"",
		"\"2027-2-14T08:00:00Z\"", "\"20270214T080000Z\"", "\"2027-02-14\"",
		"\" 2027-02-14T08:00:00Z\"", "\"2027-02-14T08:00:00Z \"",
		"\"2027-02-14T08:00:00Zx\"",
		"\"+027-02-14T08:00:00Z\"", "\"2027-02-14T 8:00:00Z\"", "\"2027-02-14T08:00:-1Z\"",
		"\"never\"", "\"\"", "\"99999999999\"", "\"2027-W07-7T08:00:00Z\"",
	};

	(void)state;
	refuse_values("timestamp", "expires", "\"2027-02-14T08:00:00Z\"", bad, COUNT(bad));
}

/* ---- 23: what kind of file ---- */

static void attack_23_specification_version(void **state)
{
	static const char *const bad[] = {
		"\"2.0.0\"", "\"2.1\"", "\"0.9\"", "\"1\"", "\"1.\"", "\"1.0.\"", "\"1.0.0.0\"",
		"\"1.x\"", "\"10.0\"", "\"01.0\"", "\" 1.0\"", "\"1.0 \"", "\"\"", "1", "1.0",
		"null", "[\"1.0\"]",
	};
	static const char *const two[] = { "\"2.0.0\"", "\"0.1\"" };

	(void)state;
	refuse_values("timestamp", "spec_version", "\"1.0.34\"", bad, COUNT(bad));
	refuse_values("root", "spec_version", "\"1.0.34\"", two, COUNT(two));
	refuse_values("snapshot", "spec_version", "\"1.0.34\"", two, COUNT(two));
	refuse_values("targets", "spec_version", "\"1.0.34\"", two, COUNT(two));
}

static void attack_23_type_of_another_role(void **state)
{
	static const char *const type[] = { "\"root\"", "\"timestamp\"", "\"snapshot\"",
					    "\"targets\"", "\"Root\"", "\"\"" };

	(void)state;
	refuse_values("root", "_type", type[0], type + 1, 5);
	refuse_values("timestamp", "_type", type[1], type + 2, 4);
	refuse_values("timestamp", "_type", type[1], type, 1);
	refuse_values("snapshot", "_type", type[2], type + 3, 3);
	refuse_values("snapshot", "_type", type[2], type, 2);
	refuse_values("targets", "_type", type[3], type + 4, 2);
	refuse_values("targets", "_type", type[3], type, 3);
}

/* One key signs snapshot and timestamp; a snapshot that looks like a timestamp is served as one. */
static void attack_23_file_of_another_role(void **state)
{
	struct forge *forge = *state;
	struct forge_role *snapshot = forge_role(forge, "snapshot");
	struct text bytes = TEXT_EMPTY;

	forge_grant(forge, "snapshot", (const struct forge_key *[]){ forge_p256(1) }, 1, 1);
	forge_publish(forge, "root");
	json_object_set_new(snapshot->document, "meta",
			    json_pack("{s:{s:i}}", "snapshot.json", "version", 1));
	forge_sign(snapshot, &bytes);
	forge_put(forge, "metadata/timestamp.json", bytes.data, bytes.length);
	text_release(&bytes);
	assert_int_equal(forge_refresh(forge), -EINVAL);
	forge_refuses(forge, -EINVAL);
	assert_int_equal(forge_kept(forge, "root.json"), 2);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_21_version_that_is_no_version),
		cmocka_unit_test(attack_21_version_of_another_file),
		cmocka_unit_test(attack_21_length_that_is_no_length),
		cmocka_unit_test(attack_21_json_of_two_meanings),
		FORGE_TEST(attack_21_bytes_around_the_document),
		FORGE_TEST(attack_21_depth_of_a_million),
		cmocka_unit_test(attack_22_expiry_that_is_no_time),
		cmocka_unit_test(attack_23_specification_version),
		cmocka_unit_test(attack_23_type_of_another_role),
		FORGE_TEST(attack_23_file_of_another_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
