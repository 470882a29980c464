/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Too much of everything: bytes, keys, roles, signatures, time. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "rules/signed/strict.h"

/* What the daemon gives to JSON, and what a whole refresh may cost. */
enum { BUDGET = 40 << 20, MEMORY_KB = 64 << 10, MILLISECONDS = 2000 };

/* ---- 13: thousands of things ---- */

static int in_child(struct forge *forge, bool refresh, struct rusage *usage)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		strict_budget(BUDGET);
		_exit(refresh ? -forge_refresh(forge) : 0);
	}
	assert_int_equal(wait4(child, &status, 0, usage), child);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* Refreshes in a child; what it cost is what it used more than a child that does nothing. */
static void refresh_in_child(struct forge *forge, int error)
{
	struct rusage before, usage;
	long ms, memory;

	assert_int_equal(in_child(forge, false, &before), 0);
	assert_int_equal(in_child(forge, true, &usage), error);
	memory = usage.ru_maxrss - before.ru_maxrss;
	ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	     (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
	print_message("%ld ms, %ld KiB\n", ms, memory);
#ifndef CORDON_SANITIZE
	assert_true(ms < MILLISECONDS);
	assert_true(memory < MEMORY_KB);
#endif
}

/* The targets file becomes text that the test makes, below 5 MiB. */
static void serve_targets(struct forge *forge, const struct text *signed_, int error)
{
	struct text bytes = TEXT_EMPTY;
	struct forge_role *targets = forge_role(forge, "targets");

	forge_publish_all(forge);
	forge_sign_text(targets, signed_->data, signed_->length, &bytes);
	assert_true(bytes.length <= forge->options.targets_limit);
	forge_serve(forge, targets, &bytes);
	refresh_in_child(forge, error);
	assert_int_equal(forge_kept(forge, "targets.json"), 0);
	text_release(&bytes);
}

static void begin(struct text *out)
{
	text_puts(out, "{\"_type\":\"targets\",\"expires\":\"2027-02-14T08:00:00Z\",");
}

static void end(struct text *out)
{
	text_puts(out, "\"spec_version\":\"1.0.34\",\"version\":2}");
}

static void attack_13_memory_by_small_values(void **state)
{
	/* jansson has one null for all: those fit, and then the form is not the canonical one. */
	static const struct {
		const char *unit;
		int error;
	} row[] = {
		{ "0,", -ENOMEM }, { "{},", -ENOMEM }, { "[],", -ENOMEM }, { "[0],", -ENOMEM },
		{ "{\"a\":0},", -ENOMEM }, { "\"\",", -ENOMEM }, { "[[[[0]]]],", -ENOMEM },
		{ "null,", -EACCES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct forge *forge = forge_new();
		struct text out = TEXT_EMPTY;

		begin(&out);
		text_puts(&out, "\"targets\":{},\"x\":[");
		while (out.length < (5 << 20) - 1024)
			text_puts(&out, row[i].unit);
		text_puts(&out, "0],");
		end(&out);
		serve_targets(forge, &out, row[i].error);
		text_release(&out);
		forge_free(forge);
	}
}

static void attack_13_memory_by_small_members(void **state)
{
	struct forge *forge = *state;
	struct text out = TEXT_EMPTY;

	begin(&out);
	text_puts(&out, "\"targets\":{},\"x\":{");
	for (unsigned int i = 0; out.length < (5 << 20) - 1024; i++)
		text_printf(&out, "%s\"%x\":0", i ? "," : "", i);
	text_puts(&out, "},");
	end(&out);
	serve_targets(forge, &out, -ENOMEM);
	text_release(&out);
}

static void attack_13_targets(void **state)
{
	struct forge *forge = *state;
	struct text out = TEXT_EMPTY;

	begin(&out);
	text_puts(&out, "\"targets\":{");
	for (unsigned int i = 0; out.length < (5 << 20) - 1024; i++)
		text_printf(&out, "%s\"%x\":{\"hashes\":{\"x\":\"\"},\"length\":0}",
			    i ? "," : "", i);
	text_puts(&out, "},");
	end(&out);
	serve_targets(forge, &out, -ENOMEM);
	text_release(&out);
}

/* 5 MB of one string: large, and good. */
static void attack_13_one_long_string(void **state)
{
	struct forge *forge = *state;
	struct text out = TEXT_EMPTY, bytes = TEXT_EMPTY;
	struct forge_role *targets = forge_role(forge, "targets");

	text_puts(&out, "{\"_type\":\"targets\",\"a\":\"");
	while (out.length < 5000000)
		text_puts(&out, "aaaaaaaaaaaaaaaa\\\"");
	text_puts(&out, "\",\"expires\":\"2027-02-14T08:00:00Z\",\"spec_version\":\"1.0.34\","
			"\"targets\":{},\"version\":2}");
	forge_publish_all(forge);
	forge_sign_text(targets, out.data, out.length, &bytes);
	forge_serve(forge, targets, &bytes);
	refresh_in_child(forge, 0);
	assert_int_equal(forge_kept(forge, "targets.json"), 2);
	text_release(&bytes);
	text_release(&out);
}

/* What was kept and cannot be looked at may be what stops a rollback: no run goes on without it. */
static void attack_13_stored_file_beyond_the_budget(void **state)
{
	struct forge *forge = *state;
	struct text out = TEXT_EMPTY;
	char *before, *after;

	forge_accepts(forge);
	text_puts(&out, "[");
	while (out.length < (2 << 20) - 16)
		text_puts(&out, "[],");
	text_puts(&out, "0]");
	assert_int_equal(file_replace(forge->fd, "snapshot.json", out.data, out.length, 0644), 0);
	before = forge_state(forge);
	refresh_in_child(forge, -ENOMEM);
	after = forge_state(forge);
	assert_string_equal(before, after);
	free(before);
	free(after);
	text_release(&out);
}

/* Delegations with as many keys as a file may hold, and one more. */
static void delegate_keys(struct forge *forge, unsigned int count, int error)
{
	json_t *keys = json_object(), *key, *document = forge_role(forge, "targets")->document;
	char id[METADATA_KEYID];

	for (unsigned int i = 0; i < count; i++) {
		key = json_deep_copy(forge_p256(4)->json);
		json_object_set_new(key, "x", json_integer(i));
		assert_int_equal(metadata_keyid(key, id), 0);
		json_object_set_new(keys, id, key);
	}
	json_object_set_new(document, "delegations",
			    json_pack("{s:o, s:[]}", "keys", keys, "roles"));
	forge_publish_all(forge);
	refresh_in_child(forge, error);
}

static void attack_13_keys(void **state)
{
	delegate_keys(*state, 1024, 0);
	delegate_keys(*state, 1025, -EINVAL);
}

static void delegate_roles(struct forge *forge, unsigned int count, int error)
{
	json_t *document = forge_role(forge, "targets")->document;
	json_t *roles = json_array();

	for (unsigned int i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "role%u", i);
		json_array_append_new(roles, json_pack("{s:s, s:[s], s:i, s:b, s:[s]}",
						       "name", name, "keyids", forge_p256(4)->id,
						       "threshold", 1, "terminating", 0,
						       "paths", "*"));
	}
	json_object_set_new(document, "delegations",
			    json_pack("{s:{}, s:o}", "keys", "roles", roles));
	forge_publish_all(forge);
	refresh_in_child(forge, error);
}

static void attack_13_delegations(void **state)
{
	delegate_roles(*state, 1024, 0);
	delegate_roles(*state, 1025, -EINVAL);
	delegate_roles(*state, 10000, -EINVAL);
}

/* The parent of all costs: a role of many keys, each with a signature that looks right. */
static void sign_often(struct forge *forge, unsigned int count, int error)
{
	struct forge_role *timestamp = forge_role(forge, "timestamp");
	struct text bytes = TEXT_EMPTY, honest = TEXT_EMPTY;
	char *shown = json_dumps(timestamp->document, JSON_COMPACT), *sig;

	forge_sign(timestamp, &honest);
	sig = strndup(strstr(honest.data, "\"sig\": \"") + 8, 200);
	*strchr(sig, '"') = '\0';
	forge->options.timestamp_limit = 8 << 20;
	text_puts(&bytes, "{\"signatures\":[");
	for (unsigned int i = 0; i < count; i++)
		text_printf(&bytes, "%s{\"keyid\":\"%064x\",\"sig\":\"%s\"}", i ? "," : "", i, sig);
	text_printf(&bytes, "],\"signed\":%s}", shown);
	forge_put(forge, "metadata/timestamp.json", bytes.data, bytes.length);
	refresh_in_child(forge, error);
	free(shown);
	free(sig);
	text_release(&honest);
	text_release(&bytes);
}

static void attack_13_signatures(void **state)
{
	sign_often(*state, 1024, -EACCES);
	sign_often(*state, 1025, -EINVAL);
	sign_often(*state, 20000, -EINVAL);
}

/* A role of the slowest keys, as many as it may have, with a wrong signature of each. */
static void attack_13_role_of_many_slow_keys(void **state)
{
	struct forge *forge = *state;
	json_t *delegation = forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	json_t *keys = json_object_get(json_object_get(forge_role(forge, "targets")->document,
						       "delegations"), "keys");
	json_t *keyids = json_array(), *signatures = json_array(), *document, *key;
	struct text bytes = TEXT_EMPTY;
	char id[METADATA_KEYID], *shown;
	const struct metadata_file *target;
	const char *role;
	struct client *client;
	struct store *store;
	clock_t before;

	for (unsigned int i = 0; i < METADATA_ROLE_KEYS; i++) {
		key = json_deep_copy(forge_key(KEY_P384, i % 4)->json);
		json_object_set_new(key, "x", json_integer(i));
		assert_int_equal(metadata_keyid(key, id), 0);
		json_object_set_new(keys, id, key);
		json_array_append_new(keyids, json_string(id));
	}
	json_object_set_new(delegation, "keyids", keyids);
	json_object_set_new(delegation, "threshold", json_integer(METADATA_ROLE_KEYS));
	forge_publish_all(forge);
	forge_role(forge, "rules")->signer[0] = forge_key(KEY_P384, 5);
	forge_sign(forge_role(forge, "rules"), &bytes);
	document = json_loadb(bytes.data, bytes.length, 0, NULL);
	for (size_t i = 0; i < METADATA_ROLE_KEYS; i++)
		json_array_append_new(signatures, json_pack("{s:O, s:O}", "keyid",
			json_array_get(keyids, i), "sig", json_object_get(json_array_get(
			json_object_get(document, "signatures"), 0), "sig")));
	json_object_set_new(document, "signatures", signatures);
	shown = json_dumps(document, 0);
	forge_put(forge, "metadata/1.rules.json", shown, strlen(shown));
	forge_put(forge, "metadata/2.rules.json", shown, strlen(shown));
	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	assert_int_equal(client_new(&client, store, &forge->source, &forge->options, NULL), 0);
	assert_int_equal(client_refresh(client, NULL), 0);
	before = clock();
	assert_int_equal(client_lookup(client, "rules/x", &target, &role, NULL), -EACCES);
	print_message("%ld ms for %d signatures\n", (clock() - before) * 1000 / CLOCKS_PER_SEC,
		      METADATA_ROLE_KEYS);
#ifndef CORDON_SANITIZE
	assert_true((clock() - before) * 1000 / CLOCKS_PER_SEC < MILLISECONDS);
#endif
	client_free(client);
	store_free(store);
	json_decref(document);
	free(shown);
	text_release(&bytes);
}

/* ---- 14: data without end ---- */

/* Has always more than is asked for. */
static int endless(struct forge *forge, const char *path, size_t limit, void **data, size_t *size)
{
	(void)path;
	(void)data;
	(void)size;
	assert_true(limit <= forge->options.targets_limit);
	return -EFBIG;
}

static void attack_14_file_longer_than_its_limit(void **state)
{
	static const char *const name[] = { "metadata/2.root.json", "metadata/timestamp.json",
					    "metadata/1.snapshot.json", "metadata/1.targets.json" };
	char *big = calloc(1, 8 << 20);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct forge *forge = forge_new();

		forge_put(forge, name[i], big, 8 << 20);
		assert_int_equal(forge_refresh(forge), -EFBIG);
		forge_refuses(forge, -EFBIG);
		forge_free(forge);
	}
	free(big);
}

static void attack_14_every_request_has_a_limit(void **state)
{
	struct forge *forge = *state;

	forge->answer = endless;
	forge_refuses(forge, -EFBIG);
}

/* What is signed of a length is the limit, when it is smaller. */
static size_t asked;

static int note_limit(struct forge *forge, const char *path, size_t limit, void **data,
		      size_t *size)
{
	(void)forge;
	(void)data;
	(void)size;
	if (strstr(path, "snapshot") || strstr(path, ".a"))
		asked = limit;
	return 1;
}

static void attack_14_signed_length_is_the_limit(void **state)
{
	struct forge *forge = *state;
	char *content = NULL;

	forge->hashes = true;
	forge->answer = note_limit;
	forge_target(forge, "targets", "rules/a", "four");
	forge_publish_all(forge);
	forge_accepts(forge);
	assert_true(asked > 0 && asked < 4096);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_int_equal(asked, 4);
}

static void attack_14_target_larger_than_the_client_takes(void **state)
{
	struct forge *forge = *state;

	forge_target(forge, "targets", "rules/a", "four");
	forge_publish_all(forge);
	forge_accepts(forge);
	forge->options.target_limit = 3;
	forge_refuses_target(forge, "rules/a", -EFBIG);
	assert_null(strstr(forge->requests.data, "rules/"));
}

/* ---- 15: slow retrieval: the source gives up, at whichever request ---- */

static unsigned int until;

static int time_out(struct forge *forge, const char *path, size_t limit, void **data, size_t *size)
{
	(void)forge;
	(void)path;
	(void)limit;
	(void)data;
	(void)size;
	return until-- == 0 ? -ETIMEDOUT : 1;
}

static void attack_15_source_that_gives_up(void **state)
{
	(void)state;
	/* 2.root.json, timestamp, snapshot, targets, and the target. */
	for (unsigned int i = 0; i < 5; i++) {
		struct forge *forge = forge_new();
		char *content = NULL, *before, *after;

		forge_target(forge, "targets", "rules/a", "a");
		forge_publish_all(forge);
		forge->answer = time_out;
		until = i;
		assert_int_equal(forge_download(forge, "rules/a", &content), -ETIMEDOUT);
		before = forge_state(forge);
		/* One more request that fails: not a byte more than before. */
		until = 0;
		assert_int_equal(forge_download(forge, "rules/a", &content), -ETIMEDOUT);
		after = forge_state(forge);
		assert_string_equal(before, after);
		free(before);
		free(after);
		/* And when the source is well again, nothing stands in the way. */
		forge->answer = NULL;
		assert_int_equal(forge_download(forge, "rules/a", &content), 0);
		free(content);
		forge_free(forge);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_13_memory_by_small_values),
		FORGE_TEST(attack_13_memory_by_small_members),
		FORGE_TEST(attack_13_targets),
		FORGE_TEST(attack_13_one_long_string),
		FORGE_TEST(attack_13_stored_file_beyond_the_budget),
		FORGE_TEST(attack_13_keys),
		FORGE_TEST(attack_13_delegations),
		FORGE_TEST(attack_13_signatures),
		FORGE_TEST(attack_13_role_of_many_slow_keys),
		cmocka_unit_test(attack_14_file_longer_than_its_limit),
		FORGE_TEST(attack_14_every_request_has_a_limit),
		FORGE_TEST(attack_14_signed_length_is_the_limit),
		FORGE_TEST(attack_14_target_larger_than_the_client_takes),
		cmocka_unit_test(attack_15_source_that_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
