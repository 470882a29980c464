/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signed/approval.h"

/* SHA-256 of "[dns]\n". */
#define CONF "[dns]\n"
#define CONF_DIGEST "f90d3035547db6bfce2df404a54b8cf7e6151ce744d870f7566bd3c033cfd2a4"

static struct diag diag;

static json_t *settings(int64_t version)
{
	json_t *document = json_pack("{s:s, s:I, s:{s:{s:s, s:I}}}", "_type", APPROVAL_TYPE, "version",
				     (json_int_t)version, "files", "cordon.conf", "sha256", CONF_DIGEST,
				     "length", (json_int_t)strlen(CONF));

	assert_non_null(document);
	return document;
}

/* Takes document; signed by the first count keys from the number-th on. */
static int parse(struct approval *approval, json_t *document, size_t number, size_t count)
{
	struct forge_role role = { .document = document, .signers = count };
	struct text bytes = TEXT_EMPTY;
	int error;

	for (size_t i = 0; i < count; i++)
		role.signer[i] = forge_p256(number + i);
	forge_sign(&role, &bytes);
	json_decref(document);
	diag_init(&diag);
	error = approval_parse(approval, bytes.data, bytes.length, &diag);
	text_release(&bytes);
	return error;
}

/* The root of a forge whose root role has two of the keys 10, 11 and 12. */
static struct trust *root_of(struct forge *forge)
{
	const struct forge_key *key[] = { forge_p256(10), forge_p256(11), forge_p256(12) };
	struct text bytes = TEXT_EMPTY;
	struct trust *trust;

	forge_grant(forge, "root", key, 3, 2);
	forge_sign(forge_role(forge, "root"), &bytes);
	assert_int_equal(approval_root(&trust, bytes.data, bytes.length, NULL, NULL), 0);
	text_release(&bytes);
	return trust;
}

static int verify(struct forge *forge, int64_t version, size_t number, size_t count, int64_t last)
{
	struct trust *trust = root_of(forge);
	struct approval approval;
	int error;

	assert_int_equal(parse(&approval, settings(version), number, count), 0);
	error = approval_verify(&approval, trust_get(trust, METADATA_ROOT), last, &diag);
	approval_release(&approval);
	trust_free(trust);
	return error;
}

static void takes_a_threshold_and_a_later_version(void **state)
{
	assert_int_equal(verify(*state, 7, 10, 2, 6), 0);
	assert_int_equal(verify(*state, 7, 10, 3, 0), 0);
	assert_int_equal(verify(*state, 7, 10, 1, 6), -EACCES);
	assert_int_equal(verify(*state, 7, 20, 2, 6), -EACCES);
	assert_int_equal(verify(*state, 7, 12, 2, 6), -EACCES);	/* one of them, and a stranger */
	assert_int_equal(verify(*state, 7, 10, 2, 7), -EEXIST);
	assert_int_equal(verify(*state, 7, 10, 2, 8), -EEXIST);
}

static void checks_every_file(void **state)
{
	struct approval approval;

	(void)state;
	assert_int_equal(parse(&approval, settings(1), 10, 2), 0);
	assert_int_equal(approval_check(&approval, "cordon.conf", CONF, strlen(CONF), &diag), 0);
	assert_int_equal(approval_check(&approval, "cordon.conf", "[dnS]\n", strlen(CONF), &diag), -EINVAL);
	assert_int_equal(approval_check(&approval, "cordon.conf", CONF, 0, &diag), -EINVAL);
	assert_int_equal(approval_check(&approval, "root.json", CONF, strlen(CONF), &diag), -ENOENT);
	approval_release(&approval);
}

static void refuses_other_shapes(void **state)
{
	static const struct {
		const char *member, *value;
	} row[] = {
		{ "_type", "\"root\"" }, { "_type", "1" }, { "version", "0" }, 
		{ "version", "\"1\"" }, { "files", "{}" }, { "files", "[]" }, { "files", "{\"a\": 1}" },
		{ "files", "{\"a\": {\"length\": 1}}" },
		{ "files", "{\"a\": {\"length\": -1, \"sha256\": \"" CONF_DIGEST "\"}}" },
		{ "files", "{\"a\": {\"length\": 1, \"sha256\": \"00\"}}" },
		{ "files", "{\"\": {\"length\": 1, \"sha256\": \"" CONF_DIGEST "\"}}" },
	};
	struct approval approval;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		json_t *document = settings(1);

		json_object_set_new(document, row[i].member,
				    json_loads(row[i].value, JSON_DECODE_ANY, NULL));
		assert_int_equal(parse(&approval, document, 10, 2), -EINVAL);
		assert_true(diag.count > 0);
	}
	diag_init(&diag);
	assert_int_equal(approval_parse(&approval, "{}", 2, &diag), -EINVAL);
	assert_int_equal(approval_parse(&approval, "{\"signatures\": 1, \"signed\": {}}", 31, &diag), -EINVAL);
	assert_int_equal(approval_parse(&approval, "", 0, &diag), -EINVAL);
}

static void another_type_is_no_approval(void **state)
{
	struct forge *forge = *state;
	struct approval approval;
	struct text bytes = TEXT_EMPTY;

	forge_sign(forge_role(forge, "root"), &bytes);
	diag_init(&diag);
	assert_int_equal(approval_parse(&approval, bytes.data, bytes.length, &diag), -EINVAL);
	text_release(&bytes);
}

/* What an appliance keeps after rotations: the newest root, and none of those before. */
static void takes_the_newest_root(void **state)
{
	static struct archive archive;
	struct forge *forge = *state;
	struct text first = TEXT_EMPTY, fifth = TEXT_EMPTY;
	struct trust *trust;

	archive.count = 0;
	forge_set_version(forge, "root", 1);
	forge_sign(forge_role(forge, "root"), &first);
	forge_set_version(forge, "root", 5);
	forge_sign(forge_role(forge, "root"), &fifth);
	assert_int_equal(archive_add(&archive, "root.json", fifth.data, fifth.length), 0);
	assert_int_equal(approval_root(&trust, first.data, first.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 5);
	trust_free(trust);
	/* An older one, or none that reads, changes nothing. */
	archive.count = 0;
	assert_int_equal(archive_add(&archive, "root.json", first.data, first.length), 0);
	assert_int_equal(approval_root(&trust, fifth.data, fifth.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 5);
	trust_free(trust);
	archive.count = 0;
	assert_int_equal(archive_add(&archive, "root.json", "{}", 2), 0);
	assert_int_equal(approval_root(&trust, first.data, first.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 1);
	trust_free(trust);
	text_release(&first);
	text_release(&fifth);
}

static void follows_newer_roots(void **state)
{
	static struct archive archive;
	struct forge *forge = *state;
	struct text first = TEXT_EMPTY, second = TEXT_EMPTY;
	struct trust *trust;

	forge_set_version(forge, "root", 1);
	forge_sign(forge_role(forge, "root"), &first);
	forge_set_version(forge, "root", 2);
	forge_sign(forge_role(forge, "root"), &second);
	assert_int_equal(archive_add(&archive, "2.root.json", second.data, second.length), 0);
	assert_int_equal(archive_add(&archive, "3.root.json", second.data, second.length), 0);
	assert_int_equal(approval_root(&trust, first.data, first.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 2);
	trust_free(trust);
	assert_int_equal(approval_root(&trust, "{}", 2, &archive, NULL), -EINVAL);
	assert_null(trust);
	text_release(&first);
	text_release(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(takes_a_threshold_and_a_later_version),
		FORGE_TEST(checks_every_file),
		FORGE_TEST(refuses_other_shapes),
		FORGE_TEST(another_type_is_no_approval),
		FORGE_TEST(follows_newer_roots), FORGE_TEST(takes_the_newest_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
