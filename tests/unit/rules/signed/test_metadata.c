/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"

static struct metadata *parse(struct forge *forge, enum metadata_type type)
{
	struct metadata *metadata = NULL;
	struct text bytes = TEXT_EMPTY;

	forge_sign(forge_role(forge, metadata_type_print(type)), &bytes);
	assert_int_equal(metadata_parse(&metadata, type, bytes.data, bytes.length, "test", NULL),
			 0);
	text_release(&bytes);
	return metadata;
}

static void root(void **state)
{
	struct forge *forge = *state;
	struct metadata *metadata = parse(forge, METADATA_ROOT);

	assert_int_equal(metadata->version, 1);
	assert_int_equal(metadata->expires, FORGE_NOW + 30 * FORGE_DAY);
	assert_true(metadata->consistent_snapshot);
	assert_int_equal(metadata->keys, 4);
	assert_int_equal(metadata->roles, 4);
	for (enum metadata_type type = METADATA_ROOT; type <= METADATA_TARGETS; type++) {
		const struct metadata_role *role = &metadata->role[type];
		const struct metadata_key *key;

		assert_string_equal(role->name, metadata_type_print(type));
		assert_int_equal(role->threshold, 1);
		assert_int_equal(role->keyids, 1);
		assert_string_equal(role->keyid[0], forge_p256(type)->id);
		key = metadata_key_lookup(metadata->key, metadata->keys, role->keyid[0]);
		assert_non_null(key);
		assert_true(key->usable);
		assert_memory_equal(&key->key, &forge_p256(type)->key, sizeof(key->key));
	}
	metadata_free(metadata);
}

static void says_which_repository_it_was_made_for(void **state)
{
	struct forge *forge = *state;
	struct forge_role *role = forge_role(forge, "timestamp");
	struct metadata *metadata = parse(forge, METADATA_ROOT);
	struct text bytes = TEXT_EMPTY;
	char id[METADATA_KEYID];

	assert_int_equal(metadata_fingerprint(metadata, id), 0);
	assert_int_equal(strlen(id), 64);
	assert_null(metadata_repository(metadata));
	metadata_free(metadata);
	json_object_set_new(role->document, "x-cordon-repository", json_string(id));
	metadata = parse(forge, METADATA_TIMESTAMP);
	assert_string_equal(metadata_repository(metadata), id);
	metadata_free(metadata);
	id[0] = 'A';
	json_object_set_new(role->document, "x-cordon-repository", json_string(id));
	forge_sign(role, &bytes);
	assert_int_equal(metadata_parse(&metadata, METADATA_TIMESTAMP, bytes.data, bytes.length,
					"test", NULL), -EINVAL);
	text_release(&bytes);
}

static void root_without_consistent_snapshots(void **state)
{
	struct forge *forge = *state;
	struct metadata *metadata;

	json_object_del(forge_role(forge, "root")->document, "consistent_snapshot");
	metadata = parse(forge, METADATA_ROOT);
	assert_false(metadata->consistent_snapshot);
	metadata_free(metadata);
}

static void timestamp(void **state)
{
	struct forge *forge = *state;
	json_t *document = forge_role(forge, "timestamp")->document;
	struct metadata *metadata = parse(forge, METADATA_TIMESTAMP);

	assert_int_equal(metadata->signed_at, 0);
	assert_int_equal(metadata->hold, 0);
	assert_int_equal(metadata->files, 1);
	assert_string_equal(metadata->file[0].name, "snapshot.json");
	assert_int_equal(metadata->file[0].version, 1);
	assert_int_equal(metadata->file[0].length, -1);
	metadata_free(metadata);
	json_object_set_new(document, "x-cordon-signed-at", json_string("2027-01-15T08:00:00Z"));
	json_object_set_new(document, "x-cordon-hold", json_integer(7));
	metadata = parse(forge, METADATA_TIMESTAMP);
	assert_int_equal(metadata->signed_at, FORGE_NOW);
	assert_int_equal(metadata->hold, 7);
	metadata_free(metadata);
}

static void targets_and_delegations(void **state)
{
	struct forge *forge = *state;
	const struct metadata_role *role;
	const struct metadata_file *file;
	struct metadata *metadata;
	uint8_t digest[DIGEST_SIZE];

	forge_target(forge, "targets", "z", "last");
	forge_target(forge, "targets", "a/b", "abc");
	forge_target(forge, "targets", "m", "middle");
	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_delegate(forge, "targets", "images", forge_p256(5), "images/*");
	metadata = parse(forge, METADATA_TARGETS);
	assert_int_equal(metadata->files, 3);
	file = metadata_file_lookup(metadata, "a/b");
	assert_non_null(file);
	assert_int_equal(file->length, 3);
	assert_int_equal(file->version, 0);
	assert_true(file->has_sha256);
	assert_false(file->has_sha512);
	assert_int_equal(digest_sha256("abc", 3, digest), 0);
	assert_memory_equal(file->sha256, digest, sizeof(digest));
	assert_null(file->custom);
	assert_null(metadata_file_lookup(metadata, "a"));
	assert_null(metadata_file_lookup(metadata, "zz"));
	/* In the order of the file, which is the order of search. */
	assert_int_equal(metadata->roles, 2);
	role = &metadata->role[0];
	assert_string_equal(role->name, "rules");
	assert_string_equal(metadata->role[1].name, "images");
	assert_false(role->terminating);
	assert_false(role->by_hash);
	assert_int_equal(role->patterns, 1);
	assert_string_equal(role->pattern[0], "rules/*");
	assert_int_equal(metadata->keys, 2);
	metadata_free(metadata);
}

/* A key of a kind that is not known here is kept and counts for nothing; the file holds. */
static void unknown_kinds_of_keys(void **state)
{
	struct forge *forge = *state;
	json_t *keys = json_object_get(forge_role(forge, "root")->document, "keys");
	json_t *key = json_pack("{s:s, s:s, s:{s:s, s:s}}", "keytype", "sigstore-oidc", "scheme",
				"Fulcio", "keyval", "identity", "somebody", "issuer", "https://x");
	struct metadata *metadata;
	char id[METADATA_KEYID];

	assert_int_equal(metadata_keyid(key, id), 0);
	json_object_set_new(keys, id, key);
	metadata = parse(forge, METADATA_ROOT);
	assert_int_equal(metadata->keys, 5);
	assert_false(metadata_key_lookup(metadata->key, metadata->keys, id)->usable);
	metadata_free(metadata);
}

/* A key of a repository that is in use, and its id there. */
static void key_id(void **state)
{
	json_t *key = json_pack(
		"{s:s, s:s, s:{s:s}, s:s}", "keytype", "ecdsa", "scheme", "ecdsa-sha2-nistp256",
		"keyval", "public",
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEohqIdE+yTl4OxpX8ZxNUPrg3SL9H\n"
		"BDnhZuceKkxy2oMhUOxhWweZeG3bfM1T4ZLnJimC6CAYVU5+F5jZCoftRw==\n"
		"-----END PUBLIC KEY-----\n", "x-tuf-on-ci-keyowner", "@jku");
	char id[METADATA_KEYID];

	(void)state;
	assert_int_equal(metadata_keyid(key, id), 0);
	assert_string_equal(id, "aa61e09f6af7662ac686cf0c6364079f63d3e7a86836684eeced93eace3acd81");
	json_decref(key);
}

static void counts_and_names_signers(void **state)
{
	struct forge *forge = *state;
	const struct forge_key *three[] = { forge_p256(0), forge_p256(5), forge_p256(6) };
	char signer[3][METADATA_KEYID];
	struct metadata *metadata;
	struct metadata_role role;
	struct diag diag;
	size_t count;

	forge_grant(forge, "root", three, 3, 2);
	metadata = parse(forge, METADATA_ROOT);
	role = metadata->role[METADATA_ROOT];
	assert_int_equal(metadata_verify(metadata, &role, metadata->key, metadata->keys, "t",
					 signer, 3, &count, NULL), 0);
	/* All who signed, not only as many as are needed. */
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(signer[i], three[i]->id);
	assert_int_equal(metadata_verify(metadata, &role, metadata->key, metadata->keys, "t",
					 signer, 1, &count, NULL), 0);
	assert_int_equal(count, 1);
	metadata_free(metadata);
	forge_role(forge, "root")->signers = 1;
	metadata = parse(forge, METADATA_ROOT);
	diag_init(&diag);
	role = metadata->role[METADATA_ROOT];
	assert_int_equal(metadata_verify(metadata, &role, metadata->key, metadata->keys,
					 "root.json", NULL, 0, NULL, &diag),
			 -EACCES);
	assert_non_null(strstr(diag.entry[0].message, "1 of 2 signatures"));
	metadata_free(metadata);
}

static void time_there_and_back(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} row[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-24T10:00:00Z", 1795514400 },
		{ "2028-02-29T23:59:59Z", 1835481599 },
		{ "2100-03-01T00:00:00Z", 4107542400 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	char text[32];
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_int_equal(metadata_time_parse(&seconds, row[i].text), 0);
		assert_int_equal(seconds, row[i].seconds);
		metadata_time_print(seconds, text);
		assert_string_equal(text, row[i].text);
	}
	assert_int_equal(metadata_time_parse(&seconds, "2100-02-29T00:00:00Z"), -EINVAL);
}

static void checks_a_file(void **state)
{
	struct metadata_file file = { .name = "a", .version = 1, .length = -1 };
	struct diag diag;

	(void)state;
	/* Of a metadata file nothing but the version need be said. */
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", NULL), 0);
	file.version = 0;
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", NULL), -EINVAL);
	file.has_sha256 = true;
	assert_int_equal(digest_sha256("abc", 3, file.sha256), 0);
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", NULL), 0);
	assert_int_equal(metadata_file_check(&file, "abd", 3, "a", NULL), -EINVAL);
	file.length = 4;
	diag_init(&diag);
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", &diag), -EINVAL);
	assert_string_equal(diag.entry[0].message, "has 3 bytes: expected 4");
	file.length = 3;
	file.has_unknown = true;
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", NULL), 0);
	file.has_sha512 = true;
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", NULL), -EINVAL);
	assert_int_equal(digest_sha512("abc", 3, file.sha512), 0);
	assert_int_equal(metadata_file_check(&file, "abc", 3, "a", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(root),
		FORGE_TEST(root_without_consistent_snapshots),
		FORGE_TEST(says_which_repository_it_was_made_for),
		FORGE_TEST(timestamp),
		FORGE_TEST(targets_and_delegations),
		FORGE_TEST(unknown_kinds_of_keys),
		cmocka_unit_test(key_id),
		FORGE_TEST(counts_and_names_signers),
		cmocka_unit_test(time_there_and_back),
		cmocka_unit_test(checks_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
