/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that do not belong together, and targets that are not what was signed. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"

static json_t *named(struct forge *forge, const char *parent, const char *file)
{
	return json_object_get(json_object_get(forge_role(forge, parent)->document, "meta"), file);
}

/* Publishes everything with lengths and digests, then lets break change the entry of file in
 * parent, which is signed again. */
static void mix(const char *parent, const char *role, void break_(json_t *entry), int error)
{
	struct forge *forge = forge_new();
	char file[64], *content = NULL;

	snprintf(file, sizeof(file), "%s.json", role);
	forge->hashes = true;
	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(forge, "rules", "rules/a", "a");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	for (size_t i = 3; i < forge->roles; i++)
		forge_publish(forge, forge->role[i].name);
	if (strcmp(parent, "snapshot") == 0)
		break_(named(forge, parent, file));
	forge_publish(forge, "snapshot");
	if (strcmp(parent, "timestamp") == 0)
		break_(named(forge, parent, file));
	forge_publish(forge, "timestamp");
	assert_int_not_equal(forge_download(forge, "rules/a", &content), 0);
	forge_refuses_target(forge, "rules/a", error);
	assert_int_not_equal(forge_kept(forge, file), forge_get_version(forge, role));
	forge_free(forge);
}

static void wrong_hash(json_t *entry)
{
	json_object_set_new(entry, "hashes", json_pack("{s:s}", "sha256",
			    "0000000000000000000000000000000000000000000000000000000000000000"));
}

static void longer(json_t *entry)
{
	json_object_set_new(entry, "length",
			    json_integer(json_integer_value(json_object_get(entry, "length")) + 1));
}

static void shorter(json_t *entry)
{
	json_object_set_new(entry, "length",
			    json_integer(json_integer_value(json_object_get(entry, "length")) - 1));
}

static void unknown_hash(json_t *entry)
{
	json_object_set_new(entry, "hashes", json_pack("{s:s}", "blake2s", "00"));
}

static void attack_08_wrong_hash_or_length(void **state)
{
	static const char *const row[][2] = { { "timestamp", "snapshot" },
					      { "snapshot", "targets" },
					      { "snapshot", "rules" } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		mix(row[i][0], row[i][1], wrong_hash, -EINVAL);
		mix(row[i][0], row[i][1], longer, -EINVAL);
		/* The signed length bounds what is read at all. */
		mix(row[i][0], row[i][1], shorter, -EFBIG);
		mix(row[i][0], row[i][1], unknown_hash, -EINVAL);
	}
}

/* Under the name of the version that is wanted lies another version, signed well. */
static void attack_08_wrong_version(void **state)
{
	static const char *const role[] = { "snapshot", "targets", "rules" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct forge *forge = forge_new();
		struct text bytes = TEXT_EMPTY;
		char name[64], *content = NULL;

		forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
		forge_target(forge, "rules", "rules/a", "a");
		forge_publish_all(forge);
		forge_sign(forge_role(forge, role[i]), &bytes);
		forge_publish_all(forge);
		snprintf(name, sizeof(name), "metadata/%lld.%s.json",
			 (long long)forge_get_version(forge, role[i]), role[i]);
		forge_put(forge, name, bytes.data, bytes.length);
		assert_int_equal(forge_download(forge, "rules/a", &content), -EEXIST);
		forge_refuses_target(forge, "rules/a", -EEXIST);
		text_release(&bytes);
		forge_free(forge);
	}
}

/* Without consistent snapshots a mirror can mix the files of two releases under their plain
 * names. */
static void attack_08_two_releases_mixed(void **state)
{
	struct forge *forge = *state;
	struct text old = TEXT_EMPTY;

	json_object_set_new(forge_role(forge, "root")->document, "consistent_snapshot",
			    json_false());
	forge_publish(forge, "root");
	forge_sign(forge_role(forge, "targets"), &old);
	forge_publish_all(forge);
	forge_put(forge, "metadata/targets.json", old.data, old.length);
	assert_int_equal(forge_refresh(forge), -EEXIST);
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "targets.json"), 0);
	assert_non_null(strstr(forge->requests.data, "\ntargets.json\n"));
	text_release(&old);
}

/* The stored snapshot has the version that the timestamp names, and other content than it names. */
static void attack_08_stored_file_of_another_content(void **state)
{
	struct forge *forge = *state;

	forge->hashes = true;
	forge_publish_all(forge);
	forge_accepts(forge);
	/* Version 2 once more, other content; timestamp 3 names that. */
	forge_set_version(forge, "snapshot", 1);
	json_object_set_new(forge_role(forge, "snapshot")->document, "x-note",
			    json_string("other"));
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_non_null(strstr(forge->requests.data, "2.snapshot.json\n"));
}

/* ---- 27: targets ---- */

/* SHA-256 of "b"; what is published is "a". */
#define OF_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

static json_t *target(struct forge *forge)
{
	return json_object_get(json_object_get(forge_role(forge, "targets")->document, "targets"),
			       "rules/a");
}

static void put_hash(struct forge *forge, const char *kind, const char *value)
{
	json_object_set_new(target(forge), "hashes", json_pack("{s:s}", kind, value));
}

static void attack_27_target_described_wrongly(void **state)
{
	static const char right[] =
		"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
	static const struct {
		const char *kind, *value;
		json_int_t length;
		int error;
	} row[] = {
		{ "sha256", right, 1, 0 },
		{ "sha256", "CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB", 1,
		  -EINVAL },
		{ "sha256", "ca97", 1, -EINVAL },
		{ "sha256", "", 1, -EINVAL },
		{ "SHA256", right, 1, -EINVAL },
		{ "blake2b", right, 1, -EINVAL },
		{ "md5", "0cc175b9c0f1b6a831c399e269772661", 1, -EINVAL },
		{ "sha256", right, 2, -EINVAL },
		{ "sha256", right, 0, -EFBIG },
		{ "sha256", OF_B, 1, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct forge *forge = forge_new();
		char *content = NULL;

		forge_target(forge, "targets", "rules/a", "a");
		put_hash(forge, row[i].kind, row[i].value);
		json_object_set_new(target(forge), "length", json_integer(row[i].length));
		forge_publish_all(forge);
		(void)!forge_refresh(forge);
		if (row[i].error) {
			forge_refuses_target(forge, "rules/a", row[i].error);
		} else {
			assert_int_equal(forge_download(forge, "rules/a", &content), 0);
			assert_string_equal(content, "a");
			free(content);
		}
		forge_free(forge);
	}
}

static void attack_27_target_without_hashes(void **state)
{
	static const char *const hashes[] = { NULL, "{}", "[]", "null" };

	(void)state;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		struct forge *forge = forge_new();

		forge_target(forge, "targets", "rules/a", "a");
		if (hashes[i])
			json_object_set_new(target(forge), "hashes",
					    json_loads(hashes[i], JSON_DECODE_ANY, NULL));
		else
			json_object_del(target(forge), "hashes");
		forge_publish_all(forge);
		assert_int_equal(forge_refresh(forge), -EINVAL);
		forge_refuses(forge, -EINVAL);
		assert_int_equal(forge_kept(forge, "targets.json"), 0);
		forge_free(forge);
	}
}

static void attack_27_sha512_only(void **state)
{
	struct forge *forge = *state;
	uint8_t digest[DIGEST_SHA512_SIZE];
	char hex[2 * DIGEST_SHA512_SIZE + 1], name[256], *content = NULL;

	forge_target(forge, "targets", "rules/a", "a");
	assert_int_equal(digest_sha512("a", 1, digest), 0);
	hex_print(digest, sizeof(digest), hex);
	put_hash(forge, "sha512", hex);
	snprintf(name, sizeof(name), "targets/rules/%s.a", hex);
	forge_put(forge, name, "a", 1);
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	forge_put(forge, name, "b", 1);
	forge_refuses_target(forge, "rules/a", -EINVAL);
	/* One good digest beside a wrong one is no good. */
	json_object_set_new(json_object_get(target(forge), "hashes"), "sha256",
			    json_string(OF_B));
	forge_put(forge, "targets/rules/" OF_B ".a", "a", 1);
	forge_publish_all(forge);
	assert_int_equal(forge_refresh(forge), 0);
	forge_refuses_target(forge, "rules/a", -EINVAL);
}

static const char kept_name[] =
	"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.target";

static void attack_27_substituted_bytes(void **state)
{
	struct forge *forge = *state;

	forge->options.keep_targets = true;
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	forge_accepts(forge);
	for (size_t i = 0; i < forge->files; i++) {
		if (strncmp(forge->file[i].name, "targets/", 8) == 0)
			forge->file[i].data[0] = 'b';
	}
	forge_refuses_target(forge, "rules/a", -EINVAL);
	assert_int_equal(faccessat(forge->fd, kept_name, F_OK, 0), -1);
}

static void attack_27_kept_target_damaged_on_disk(void **state)
{
	struct forge *forge = *state;
	char *content = NULL, *data;
	size_t size;

	forge->options.keep_targets = true;
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_null(strstr(forge->requests.data, "rules/"));
	assert_int_equal(file_replace(forge->fd, kept_name, "x", 1, 0644), 0);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	assert_string_equal(content, "a");
	free(content);
	assert_non_null(strstr(forge->requests.data, "rules/"));
	assert_int_equal(file_read(forge->fd, kept_name, 16, &data, &size), 0);
	assert_string_equal(data, "a");
	free(data);
}

/* What is kept of metadata is trusted no more than what is fetched. */
static void attack_27_kept_metadata_damaged_on_disk(void **state)
{
	static const char *const name[] = { "timestamp.json", "snapshot.json", "targets.json" };
	struct forge *forge = *state;
	char *before;

	forge_accepts(forge);
	before = forge_state(forge);
	for (size_t i = 0; i < 3; i++) {
		char *after;

		assert_int_equal(file_replace(forge->fd, name[i], "{\"signed\":", 10, 0644), 0);
		forge_accepts(forge);
		assert_non_null(strstr(forge->requests.data, name[i]));
		after = forge_state(forge);
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_08_wrong_hash_or_length),
		cmocka_unit_test(attack_08_wrong_version),
		FORGE_TEST(attack_08_two_releases_mixed),
		FORGE_TEST(attack_08_stored_file_of_another_content),
		cmocka_unit_test(attack_27_target_described_wrongly),
		cmocka_unit_test(attack_27_target_without_hashes),
		FORGE_TEST(attack_27_sha512_only),
		FORGE_TEST(attack_27_substituted_bytes),
		FORGE_TEST(attack_27_kept_target_damaged_on_disk),
		FORGE_TEST(attack_27_kept_metadata_damaged_on_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
