/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signed settings, edited at every member: each edit is refused, or changes nothing of what is
 * signed. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "rules/signed/approval.h"

#define CONF "[dns]\n"
enum { NOW = FORGE_NOW, VERSION = 7 };

static struct diag diag;
static char repository[METADATA_KEYID];

static json_t *settings(void)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	assert_int_equal(digest_sha256(CONF, strlen(CONF), digest), 0);
	hex_print(digest, sizeof(digest), hex);
	return json_pack("{s:s, s:i, s:s, s:[s, s], s:{s:{s:s, s:i}}}", "_type", APPROVAL_TYPE,
			 "version", VERSION, "x-cordon-repository", repository, "appliances",
			 "SN-1", "SN-2", "files", "cordon.conf", "sha256", hex, "length",
			 (int)strlen(CONF));
}

static struct trust *trust_two_of_three(struct forge *forge)
{
	const struct forge_key *key[] = { forge_p256(10), forge_p256(11), forge_p256(12) };
	struct text bytes = TEXT_EMPTY;
	struct trust *trust;

	forge_grant(forge, "root", key, 3, 2);
	forge_sign(forge_role(forge, "root"), &bytes);
	assert_int_equal(approval_root(&trust, repository, bytes.data, bytes.length, NULL, NULL),
			 0);
	text_release(&bytes);
	return trust;
}

/* What a box makes of it: 0, and the digest of what was signed. */
static int judge(const struct trust *trust, const char *bytes, size_t size,
		 uint8_t digest[DIGEST_SIZE])
{
	const struct approval_judge judge = {
		.root = trust_get(trust, METADATA_ROOT),
		.repository = repository,
		.key = "",
		.serial = "SN-1",
		.now = NOW,
		.last = VERSION - 1,
		.root_repository = "",
	};
	static struct approval approval;
	int error;

	diag_init(&diag);
	error = approval_parse(&approval, bytes, size, &diag);
	if (error) {
		assert_true(diag.count > 0);
		return error;
	}
	error = approval_verify(&approval, &judge, &diag);
	assert_true(!error == !diag.count);
	if (!error)
		error = approval_check(&approval, "cordon.conf", CONF, strlen(CONF), &diag);
	if (!error)
		error = approval_digest(&approval, digest);
	approval_release(&approval);
	return error;
}

/* ---- edits of a tree ---- */

struct edits {
	const struct trust *trust;
	json_t *document;
	uint8_t digest[DIGEST_SIZE];
	size_t refused, harmless;
};

static void look(struct edits *edits)
{
	char *text = json_dumps(edits->document, JSON_COMPACT);
	uint8_t digest[DIGEST_SIZE];

	assert_non_null(text);
	if (judge(edits->trust, text, strlen(text), digest) < 0) {
		edits->refused++;
	} else {
		edits->harmless++;
		if (memcmp(digest, edits->digest, sizeof(digest)) != 0)
			fail_msg("taken, and not what was signed: %s", text);
	}
	free(text);
}

/* Other values of this one: the caller's. NULL: no more. */
static json_t *other_value(const json_t *value, size_t number)
{
	const char *text = json_string_value(value);
	char *copy;
	json_t *edited;

	switch (number) {
	case 0: return json_null();
	case 1: return json_true();
	case 2: return json_integer(json_is_integer(value) ? json_integer_value(value) + 1 : 1);
	case 3: return json_string(json_is_string(value) ? "all" : "");
	case 4: return json_array();
	case 5: return json_object();
	case 6: return json_pack("[O]", value);
	case 7: return json_pack("[O, O]", value, value);
	case 8: return json_integer(-1);
	case 9: return json_integer(INT64_MAX);
	default:
		/* Each character of a text. */
		if (!text || number - 10 >= strlen(text))
			return NULL;
		copy = strdup(text);
		copy[number - 10] = copy[number - 10] == '1' ? '2' : '1';
		edited = json_string(copy);
		free(copy);
		return edited;
	}
}

static void walk(struct edits *edits, json_t *at);

static void edit_member(struct edits *edits, json_t *object, const char *key)
{
	json_t *value = json_incref(json_object_get(object, key)), *other;
	char *renamed = malloc(strlen(key) + 2);

	for (size_t i = 0; (other = other_value(value, i)); i++) {
		json_object_set_new(object, key, other);
		look(edits);
	}
	json_object_del(object, key);
	look(edits);
	sprintf(renamed, "%sx", key);
	json_object_set(object, renamed, value);
	look(edits);
	json_object_set(object, key, value);
	look(edits);
	json_object_del(object, renamed);
	free(renamed);
	json_decref(value);
	walk(edits, json_object_get(object, key));
}

static void edit_element(struct edits *edits, json_t *array, size_t index)
{
	json_t *value = json_incref(json_array_get(array, index)), *other;

	for (size_t i = 0; (other = other_value(value, i)); i++) {
		json_array_set_new(array, index, other);
		look(edits);
	}
	json_array_remove(array, index);
	look(edits);
	json_array_insert(array, index, value);
	json_array_append(array, value);
	look(edits);
	json_array_remove(array, json_array_size(array) - 1);
	json_decref(value);
	walk(edits, json_array_get(array, index));
}

static void walk(struct edits *edits, json_t *at)
{
	json_t *keys = json_array(), *name;
	const char *key;
	json_t *value;
	size_t index;

	json_object_foreach(at, key, value)
		json_array_append_new(keys, json_string(key));
	json_array_foreach(keys, index, name)
		edit_member(edits, at, json_string_value(name));
	for (size_t i = 0; i < json_array_size(at); i++)
		edit_element(edits, at, i);
	json_decref(keys);
}

static json_t *sign(json_t *content, size_t first, size_t count, struct text *bytes)
{
	struct forge_role role = { .document = content, .signers = count };

	for (size_t i = 0; i < count; i++)
		role.signer[i] = forge_p256(first + i);
	forge_sign(&role, bytes);
	json_decref(content);
	return json_loadb(bytes->data, bytes->length, 0, NULL);
}

static void every_edit_of_signed_settings_is_refused_or_harmless(void **state)
{
	struct edits edits = { .trust = trust_two_of_three(*state) };
	struct text bytes = TEXT_EMPTY;

	edits.document = sign(settings(), 10, 2, &bytes);
	assert_non_null(edits.document);
	assert_int_equal(judge(edits.trust, bytes.data, bytes.length, edits.digest), 0);
	walk(&edits, edits.document);
	/* Harmless is what stands beside "signed" alone: a member more, the form of a signature. */
	assert_true(edits.refused > 500);
	assert_true(edits.harmless < 20);
	json_decref(edits.document);
	text_release(&bytes);
	trust_free((struct trust *)(uintptr_t)edits.trust);
}

static void every_byte_of_signed_settings_counts(void **state)
{
	struct trust *trust = trust_two_of_three(*state);
	uint8_t digest[DIGEST_SIZE], other[DIGEST_SIZE];
	struct text bytes = TEXT_EMPTY;

	json_decref(sign(settings(), 10, 2, &bytes));
	assert_int_equal(judge(trust, bytes.data, bytes.length, digest), 0);
	for (size_t i = 0; i < bytes.length; i++) {
		const char before = bytes.data[i];

		bytes.data[i] ^= 1;
		if (judge(trust, bytes.data, bytes.length, other) == 0)
			assert_memory_equal(digest, other, sizeof(digest));
		bytes.data[i] = before;
		assert_true(judge(trust, bytes.data, i, other) < 0 || i + 1 == bytes.length);
	}
	text_release(&bytes);
	trust_free(trust);
}

/* The same people sign in two repositories: what is meant for one opens nothing in the other. */
static void a_strangers_repository_with_our_keys_signs_nothing(void **state)
{
	struct forge *forge = *state;
	struct trust *stranger, *trust;
	struct text bytes = TEXT_EMPTY;
	char ours[METADATA_KEYID];
	uint8_t digest[DIGEST_SIZE];

	trust = trust_two_of_three(forge);
	memcpy(ours, repository, sizeof(ours));
	forge_expire(forge, "root", NOW + 400 * FORGE_DAY);
	stranger = trust_two_of_three(forge);
	assert_string_not_equal(ours, repository);
	json_decref(sign(settings(), 10, 3, &bytes));
	assert_int_equal(judge(stranger, bytes.data, bytes.length, digest), 0);
	memcpy(repository, ours, sizeof(ours));
	assert_int_equal(judge(trust, bytes.data, bytes.length, digest), -EACCES);
	text_release(&bytes);
	trust_free(stranger);
	trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(every_edit_of_signed_settings_is_refused_or_harmless),
		FORGE_TEST(every_byte_of_signed_settings_counts),
		FORGE_TEST(a_strangers_repository_with_our_keys_signs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
