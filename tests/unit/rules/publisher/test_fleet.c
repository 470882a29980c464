/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "rules/signed/strict.h"
#include "tests/unit/cmocka.h"

/* 200 appliances, and what may be wrong with one of them. */

enum { APPLIANCES = 200, DAY = 24 * 3600 };

static const int64_t now = 1795600000;
static const uint8_t digest[32] = { 0xab };
static struct secret *secret[APPLIANCES];
static struct release newest = { .version = 7, .published = 1795600000 - 5 * DAY,
				 .ring = { { "canary", 0 }, { "broad", DAY } }, .rings = 2 };

struct sample {
	int64_t time;
	int64_t sequence;
	int64_t release;
	const char *result;
	const char *refusal;
	const char *ring;
	const char *freshness;
	uint64_t batches;	/* of its log, which was signed; 0: no checkpoint */
	uint8_t root;
};

static const struct sample usual = { .time = 1795600000 - 3600, .sequence = 40, .release = 7,
				     .result = "unchanged", .refusal = "", .ring = "broad",
				     .freshness = "fresh" };

static json_t *key_json(const struct secret *of)
{
	struct text text = TEXT_EMPTY;
	struct key key;
	json_t *json;

	secret_public(of, &key);
	assert_int_equal(key_public_print(&key, &text), 0);
	json = json_pack("{s:s, s:s, s:{s:s}}", "keytype", key_type_print(key.type), "scheme",
			 key_scheme_print(key.type), "keyval", "public", text.data);
	text_release(&text);
	return json;
}

/* An appliance before checkpoints has no such member. */
static void add_note(json_t *content, const char *id, const struct secret *of,
		     const struct sample *sample)
{
	struct checkpoint log = { .size = sample->batches, .last = 2 * sample->batches,
				  .wall_ms = sample->time * 1000, .boot_id = "0e7c",
				  .root = { sample->root } };
	struct text note = TEXT_EMPTY;

	if (!sample->batches)
		return;
	assert_int_equal(checkpoint_origin(log.origin, id), 0);
	assert_int_equal(checkpoint_sign(&log, of, &note), 0);
	json_object_set_new(content, "checkpoint", json_string(note.data));
	text_release(&note);
}

static json_t *content_json(const char *id, const struct secret *of, const struct sample *sample)
{
	char time[32], bundle[65];

	metadata_time_print(sample->time, time);
	hex_print(digest, sizeof(digest), bundle);
	return json_pack(
		"{s:s, s:i, s:s, s:o, s:s, s:s, s:i, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, "
		"s:s, s:s, s:I, s:s}",
		"_type", "receipt", "spec", 1, "appliance", id, "key", key_json(of), "time", time,
		"clock", "set", "uptime", 5, "boot", "0e7c", "image", "0.1.0", "release",
		(json_int_t)sample->release, "bundle", bundle, "state", "01234567", "mode",
		"enforce", "freshness", sample->freshness, "result", sample->result, "refusal",
		sample->refusal, "ring", sample->ring, "sequence", (json_int_t)sample->sequence,
		"since", time);
}

static char *receipt(const char *id, const struct secret *of, const struct sample *sample)
{
	json_t *content = content_json(id, of, sample), *key = key_json(of), *envelope;
	struct text canonical = TEXT_EMPTY;
	uint8_t signature[KEY_SIGNATURE];
	char hex[2 * KEY_SIGNATURE + 1], keyid[METADATA_KEYID], *text;
	size_t length;

	add_note(content, id, of, sample);
	assert_int_equal(strict_canonical(content, &canonical), 0);
	assert_int_equal(secret_sign(of, canonical.data, canonical.length, signature, &length), 0);
	hex_print(signature, length, hex);
	assert_int_equal(metadata_keyid(key, keyid), 0);
	envelope = json_pack("{s:[{s:s, s:s}], s:o}", "signatures", "keyid", keyid, "sig", hex,
			     "signed", content);
	text = json_dumps(envelope, JSON_COMPACT);
	assert_non_null(text);
	json_decref(envelope);
	json_decref(key);
	text_release(&canonical);
	return text;
}

static void add(struct fleet *fleet, const char *id, const struct secret *of,
		const struct sample *sample, const char *file)
{
	char *text = receipt(id, of, sample), name[80];

	snprintf(name, sizeof(name), "%s.json", file ? file : id);
	assert_int_equal(fleet_add(fleet, name, text, strlen(text)), 0);
	free(text);
}

static void name(char id[16], size_t index)
{
	snprintf(id, 16, "box-%03zu", index);
}

static const struct fleet_entry *find(const struct fleet *fleet, const char *id)
{
	for (size_t i = 0; i < fleet->count; i++) {
		if (strcmp(fleet->entry[i]->id, id) == 0)
			return fleet->entry[i];
	}
	return NULL;
}

static size_t judge(struct fleet *fleet)
{
	const struct fleet_options options = { .now = now, .late = 2 * DAY, .newest = &newest,
					       .digest = digest };

	return fleet_judge(fleet, &options);
}

static void expect_key(struct fleet *fleet, const char *id, const struct secret *of)
{
	char csv[160], keyid[METADATA_KEYID];
	json_t *key = key_json(of);
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(metadata_keyid(key, keyid), 0);
	json_decref(key);
	snprintf(csv, sizeof(csv), "%s, %s", id, keyid);
	assert_int_equal(fleet_expect(fleet, csv, "fleet.csv", &diag), 0);
}

static void expect_all(struct fleet *fleet)
{
	struct text csv = TEXT_EMPTY;
	struct diag diag;

	diag_init(&diag);
	text_puts(&csv, "# id,key,ring\n\n");
	for (size_t i = 0; i < APPLIANCES; i++) {
		char keyid[METADATA_KEYID];
		json_t *key = key_json(secret[i]);

		assert_int_equal(metadata_keyid(key, keyid), 0);
		json_decref(key);
		text_printf(&csv, "box-%03zu,%s,%s\n", i, keyid, i % 2 ? "broad" : "");
	}
	assert_int_equal(fleet_expect(fleet, csv.data, "fleet.csv", &diag), 0);
	text_release(&csv);
}

static void assert_state(const struct fleet *fleet, const char *id, enum fleet_state state,
			 const char *why)
{
	const struct fleet_entry *entry = find(fleet, id);

	assert_non_null(entry);
	assert_string_equal(fleet_state_print(entry->state), fleet_state_print(state));
	if (!strstr(entry->why, why))
		fail_msg("%s: \"%s\" says nothing of \"%s\"", id, entry->why, why);
}

/* One dead, one frozen, one refusing, one forged, one silent; the others are well. */
static void test_two_hundred(void **state)
{
	struct fleet fleet;
	char id[16];

	(void)state;
	fleet_init(&fleet);
	expect_all(&fleet);
	for (size_t i = 0; i < APPLIANCES; i++) {
		struct sample sample = usual;
		const struct secret *of = secret[i];

		name(id, i);
		if (i == 20)
			sample.time = now - 3 * DAY;
		if (i == 21)
			sample.release = 6;
		if (i == 22) {
			sample.result = "refused";
			sample.refusal = "rules: 1 of 2 signatures \033[2J";
		}
		if (i == 25)
			sample.freshness = "ahead";
		if (i == 24)
			continue;
		add(&fleet, id, of, &sample, i == 23 ? "box-999" : NULL);
	}
	assert_int_equal(judge(&fleet), 7);
	assert_int_equal(fleet.count, APPLIANCES + 1);
	assert_state(&fleet, "box-000", FLEET_GOOD, "");
	assert_state(&fleet, "box-020", FLEET_LATE, "no contact for 3 days");
	assert_state(&fleet, "box-021", FLEET_BEHIND, "enforces release 6, but 7 is due");
	assert_state(&fleet, "box-022", FLEET_REFUSING, "1 of 2 signatures ?[2J");
	assert_state(&fleet, "box-025", FLEET_REFUSING, "the online key was stolen");
	assert_state(&fleet, "box-999", FLEET_FORGED, "another appliance");
	assert_state(&fleet, "box-023", FLEET_SILENT, "never heard of");
	assert_state(&fleet, "box-024", FLEET_SILENT, "never heard of");
	fleet_release(&fleet);
}

static void again(struct fleet *fleet, const struct fleet *before)
{
	struct text pins = TEXT_EMPTY;
	struct diag diag;

	diag_init(&diag);
	fleet_init(fleet);
	assert_int_equal(fleet_pins_print(before, &pins), 0);
	assert_int_equal(fleet_pins_parse(fleet, pins.data, pins.length, "fleet.json", &diag), 0);
	text_release(&pins);
}

/* What was seen counts in the next run. */
static void test_pins(void **state)
{
	struct fleet first, fleet;
	struct sample sample = usual;

	(void)state;
	fleet_init(&first);
	expect_key(&first, "a", secret[0]);
	add(&first, "a", secret[0], &usual, NULL);
	assert_int_equal(judge(&first), 0);

	again(&fleet, &first);
	add(&fleet, "a", secret[0], &usual, NULL);
	assert_int_equal(judge(&fleet), 0);
	fleet_release(&fleet);

	again(&fleet, &first);
	add(&fleet, "a", secret[1], &usual, NULL);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_FORGED, "known for this appliance");
	fleet_release(&fleet);

	again(&fleet, &first);
	sample.sequence = 39;
	add(&fleet, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_FORGED, "number 39, but number 40 was seen");
	fleet_release(&fleet);

	/* The same number for two different things. */
	again(&fleet, &first);
	sample.sequence = 40;
	sample.time--;
	add(&fleet, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_FORGED, "two receipts");
	fleet_release(&fleet);

	/* A forged receipt teaches nothing, a missing one is missed. */
	again(&fleet, &first);
	add(&fleet, "a", secret[1], &usual, NULL);
	assert_int_equal(fleet.entry[0]->pinned_sequence, 40);
	assert_string_equal(fleet.entry[0]->pinned_key, first.entry[0]->pinned_key);
	fleet_release(&fleet);
	again(&fleet, &first);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_SILENT, "gone");
	fleet_release(&fleet);
	fleet_release(&first);
}

/* A list that names a key settles whose receipt it is, and lets an exchanged one begin anew. */
static void test_expected_key(void **state)
{
	struct sample sample = usual;
	struct fleet first, fleet;

	(void)state;
	fleet_init(&first);
	expect_key(&first, "a", secret[0]);
	add(&first, "a", secret[0], &usual, NULL);

	again(&fleet, &first);
	expect_key(&fleet, "a", secret[1]);
	add(&fleet, "a", secret[0], &usual, NULL);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_FORGED, "expected is");
	fleet_release(&fleet);

	again(&fleet, &first);
	expect_key(&fleet, "a", secret[1]);
	sample.sequence = 1;
	add(&fleet, "a", secret[1], &sample, NULL);
	assert_int_equal(judge(&fleet), 0);
	fleet_release(&fleet);
	fleet_release(&first);
}

/* A log that got shorter, and two of one length. */
static void test_logs(void **state)
{
	struct sample sample = usual, forked = usual;
	struct fleet first, fleet;

	(void)state;
	fleet_init(&first);
	expect_key(&first, "a", secret[0]);
	sample.batches = 100;
	add(&first, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&first), 0);
	assert_true(first.entry[0]->news);
	assert_int_equal(first.entry[0]->receipt.log.size, 100);

	/* Nothing new, and then more. */
	again(&fleet, &first);
	sample.sequence++;
	add(&fleet, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&fleet), 0);
	assert_false(fleet.entry[0]->news);
	fleet_release(&fleet);
	again(&fleet, &first);
	sample.batches = 101;
	sample.sequence++;
	add(&fleet, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&fleet), 0);
	assert_true(fleet.entry[0]->news);
	fleet_release(&fleet);

	again(&fleet, &first);
	sample.batches = 99;
	add(&fleet, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_ALTERED, "cut off");
	assert_true(fleet.entry[0]->news);
	assert_int_equal(fleet.entry[0]->pinned_size, 100);
	fleet_release(&fleet);

	again(&fleet, &first);
	forked.batches = 100;
	forked.root = 1;
	forked.sequence++;
	add(&fleet, "a", secret[0], &forked, NULL);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_ALTERED, "two logs of 100");
	fleet_release(&fleet);

	/* An older version says nothing of its log. */
	again(&fleet, &first);
	sample = usual;
	sample.sequence++;
	add(&fleet, "a", secret[0], &sample, NULL);
	assert_int_equal(judge(&fleet), 0);
	assert_int_equal(fleet.entry[0]->pinned_size, 100);
	fleet_release(&fleet);
	fleet_release(&first);
}

/* The first to write to the collector is not known by that, with or without a line that names no
 * key. */
static void test_strangers_first_receipt_pins_nothing(void **state)
{
	struct fleet first, fleet;
	struct diag diag;
	struct text pins = TEXT_EMPTY;

	(void)state;
	diag_init(&diag);
	fleet_init(&first);
	assert_int_equal(fleet_expect(&first, "a\n", "fleet.csv", &diag), 0);
	add(&first, "a", secret[1], &usual, NULL);
	add(&first, "b", secret[1], &usual, NULL);
	assert_int_equal(judge(&first), 2);
	assert_state(&first, "a", FLEET_UNKNOWN, "add the line a,");
	assert_state(&first, "b", FLEET_UNKNOWN, "no list names the owner");
	assert_int_equal(fleet_pins_print(&first, &pins), 0);
	assert_null(strstr(pins.data, "keyid"));
	text_release(&pins);

	again(&fleet, &first);
	expect_key(&fleet, "a", secret[0]);
	add(&fleet, "a", secret[0], &usual, NULL);
	assert_int_equal(judge(&fleet), 0);
	assert_state(&fleet, "a", FLEET_GOOD, "");
	fleet_release(&fleet);
	fleet_release(&first);
}

/* Each byte of a receipt counts, and none of what is left of it leads astray. */
static void test_damaged(void **state)
{
	char *good = receipt("a", secret[0], &usual);
	size_t length = strlen(good);

	(void)state;
	for (size_t i = 0; i < length; i += 7) {
		struct receipt parsed;
		char byte = good[i];

		good[i] = byte == '1' ? '2' : '1';
		assert_int_not_equal(receipt_parse(&parsed, good, length, "a.json", NULL), 0);
		good[i] = byte;
	}
	for (size_t i = 0; i < length; i += 11) {
		struct receipt parsed;

		assert_int_equal(receipt_parse(&parsed, good, i, "a.json", NULL), -EINVAL);
	}
	free(good);
}

static void test_files(void **state)
{
	static const char *const other[] = { ".json", "a.txt", "..json", "../x.json", "a b.json" };
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet);
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		assert_int_equal(fleet_add(&fleet, other[i], "", 0), 0);
	assert_int_equal(fleet.count, 0);
	assert_int_equal(fleet_add(&fleet, "a.json", "", 0), 0);
	assert_int_equal(judge(&fleet), 1);
	assert_state(&fleet, "a", FLEET_FORGED, "");
	fleet_release(&fleet);
}

static void test_rings(void **state)
{
	struct release release = newest;
	struct fleet_options options = { .now = now, .late = 2 * DAY, .newest = &release,
					 .digest = digest };
	struct sample sample = usual;
	struct fleet fleet;

	(void)state;
	/* Published 2.5 days ago: due in canary for longer than late, in broad not yet. */
	release.published = now - 2 * DAY - DAY / 2;
	sample.release = 6;
	fleet_init(&fleet);
	expect_key(&fleet, "b", secret[0]);
	expect_key(&fleet, "c", secret[1]);
	add(&fleet, "b", secret[0], &sample, NULL);
	sample.ring = "canary";
	add(&fleet, "c", secret[1], &sample, NULL);
	assert_int_equal(fleet_judge(&fleet, &options), 1);
	assert_state(&fleet, "b", FLEET_GOOD, "");
	assert_state(&fleet, "c", FLEET_BEHIND, "");
	fleet_release(&fleet);
	options.held = true;
	fleet_init(&fleet);
	expect_key(&fleet, "c", secret[1]);
	add(&fleet, "c", secret[1], &sample, NULL);
	assert_int_equal(fleet_judge(&fleet, &options), 0);
	fleet_release(&fleet);
	/* A release of this number with another content, and one that nobody published. */
	options = (struct fleet_options){ .now = now, .late = 2 * DAY, .newest = &release,
					  .digest = (const uint8_t[32]){ 1 } };
	fleet_init(&fleet);
	expect_key(&fleet, "d", secret[1]);
	expect_key(&fleet, "e", secret[2]);
	add(&fleet, "d", secret[1], &usual, NULL);
	sample.release = 8;
	add(&fleet, "e", secret[2], &sample, NULL);
	assert_int_equal(fleet_judge(&fleet, &options), 2);
	assert_state(&fleet, "d", FLEET_BEHIND, "not in this repository");
	assert_state(&fleet, "e", FLEET_BEHIND, "not in this repository");
	fleet_release(&fleet);
}

static void test_expect_lines(void **state)
{
	static const char *const wrong[] = { "../a", "a,xyz", ",", "a b", "a,,r,x" };
	struct fleet fleet;
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		diag_init(&diag);
		fleet_init(&fleet);
		assert_int_equal(fleet_expect(&fleet, wrong[i], "x", &diag),
				 strcmp(wrong[i], ",") == 0 ? 0 : -EINVAL);
		fleet_release(&fleet);
	}
	diag_init(&diag);
	fleet_init(&fleet);
	assert_int_equal(fleet_expect(&fleet, "a\r\n#b\n c , , broad \n", "x", &diag), 0);
	assert_int_equal(fleet.count, 2);
	assert_string_equal(fleet.entry[1]->id, "c");
	assert_string_equal(fleet.entry[1]->expected_ring, "broad");
	fleet_release(&fleet);
}

static int make_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < APPLIANCES; i++) {
		if (secret_generate(&secret[i], KEY_P256))
			return -1;
	}
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < APPLIANCES; i++)
		secret_free(secret[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_hundred),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_expected_key),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_strangers_first_receipt_pins_nothing),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_expect_lines),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
