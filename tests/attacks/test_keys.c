/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and signatures that must not count: twice the same, other algorithms, other names. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The timestamp as it stands, with these signatures: a JSON array. */
static void serve_timestamp(struct forge *forge, const char *signatures)
{
	struct forge_role *role = forge_role(forge, "timestamp");
	struct text bytes = TEXT_EMPTY;
	char *shown = json_dumps(role->document, 0);

	text_printf(&bytes, "{\"signatures\": %s, \"signed\": %s}", signatures, shown);
	forge_serve(forge, role, &bytes);
	text_release(&bytes);
	free(shown);
}

/* What the role's keys make of it: {"keyid": ..., "sig": ...} of the first. */
static json_t *sign_timestamp(struct forge *forge, size_t number)
{
	struct text bytes = TEXT_EMPTY;
	json_t *document, *signature;

	forge_sign(forge_role(forge, "timestamp"), &bytes);
	document = json_loadb(bytes.data, bytes.length, 0, NULL);
	signature = json_incref(json_array_get(json_object_get(document, "signatures"), number));
	json_decref(document);
	text_release(&bytes);
	return signature;
}

/* A root in which the timestamp takes two signatures of keys of the given ids. */
static void want_two(struct forge *forge, const struct forge_key *one, const struct forge_key *two)
{
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ one, two }, 2, 2);
	forge_publish(forge, "root");
}

/* ---- 9: the same key counted twice ---- */

static void attack_09_signature_repeated(void **state)
{
	struct forge *forge = *state;
	json_t *signature, *array;
	char *text;

	forge_accepts(forge);
	want_two(forge, forge_p256(1), forge_p256(5));
	forge_set_version(forge, "timestamp", 2);
	signature = sign_timestamp(forge, 0);
	array = json_pack("[O, O]", signature, signature);
	text = json_dumps(array, 0);
	serve_timestamp(forge, text);
	assert_int_equal(forge_refresh(forge), -EINVAL);
	forge_refuses(forge, -EINVAL);
	free(text);
	json_decref(array);
	json_decref(signature);
}

static void attack_09_same_id_in_upper_case(void **state)
{
	struct forge *forge = *state;
	json_t *signature, *other, *array;
	char id[METADATA_KEYID], *text;

	want_two(forge, forge_p256(1), forge_p256(5));
	signature = sign_timestamp(forge, 0);
	for (size_t i = 0; i < sizeof(id); i++) {
		char c = forge_p256(1)->id[i];

		id[i] = (char)(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
	}
	other = json_copy(signature);
	json_object_set_new(other, "keyid", json_string(id));
	array = json_pack("[O, o]", signature, other);
	text = json_dumps(array, 0);
	serve_timestamp(forge, text);
	assert_int_equal(forge_refresh(forge), -EINVAL);
	forge_refuses(forge, -EINVAL);
	free(text);
	json_decref(array);
	json_decref(signature);
}

static void attack_09_key_id_repeated_in_role(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	forge_grant(forge, "timestamp",
		    (const struct forge_key *[]){ forge_p256(1), forge_p256(1) }, 2, 2);
	forge_publish(forge, "root");
	forge_refuses(forge, -EINVAL);
	assert_int_equal(forge_kept(forge, "root.json"), 1);
}

/* Another field makes another id of the same key, and both ids are right. */
static struct forge_key alias_of(const struct forge_key *key)
{
	struct forge_key alias = *key;

	alias.json = json_deep_copy(key->json);
	json_object_set_new(alias.json, "x-owner", json_string("another person"));
	assert_int_equal(metadata_keyid(alias.json, alias.id), 0);
	return alias;
}

static void attack_09_same_key_under_two_ids(void **state)
{
	struct forge *forge = *state;
	struct forge_key alias = alias_of(forge_p256(1));

	want_two(forge, forge_p256(1), &alias);
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EACCES);
	forge_refuses(forge, -EACCES);
	json_decref(alias.json);
}

/* Root version 2 wants two of its keys; one key has signed under both of its names. */
static void attack_09_same_key_under_two_ids_in_root(void **state)
{
	struct forge *forge = *state;
	struct forge_key alias = alias_of(forge_p256(0));

	forge_grant(forge, "root", (const struct forge_key *[]){ forge_p256(0), &alias }, 2, 2);
	forge_publish(forge, "root");
	forge_refuses(forge, -EACCES);
	json_decref(alias.json);
}

static void attack_09_same_key_under_two_ids_in_delegation(void **state)
{
	struct forge *forge = *state;
	struct forge_key alias = alias_of(forge_p256(4));
	json_t *delegation = forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	json_t *keys = json_object_get(json_object_get(forge_role(forge, "targets")->document,
						       "delegations"), "keys");
	struct forge_role *role = forge_role(forge, "rules");

	json_object_set(keys, alias.id, alias.json);
	json_array_append_new(json_object_get(delegation, "keyids"), json_string(alias.id));
	json_object_set_new(delegation, "threshold", json_integer(2));
	role->signer[role->signers++] = &alias;
	forge_target(forge, "rules", "rules/a", "a");
	forge_publish_all(forge);
	forge_accepts(forge);
	forge_refuses_target(forge, "rules/a", -EACCES);
	json_decref(alias.json);
}

/* ---- 10: thresholds ---- */

static void attack_10_threshold_out_of_range(void **state)
{
	static const char *const value[] = {
		"0", "-1", "1.0", "1.5", "1e0", "\"1\"", "true", "null", "[1]", "{}",
		"2147483648", "4294967297", "9223372036854775807", "9223372036854775808",
		"18446744073709551617",
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(value) / sizeof(*value); i++) {
		struct forge *forge = forge_new();

		forge_accepts(forge);
		snprintf(text, sizeof(text), "\"threshold\":%s", value[i]);
		forge_publish_edited(forge, "root", "\"threshold\":1", text);
		forge_refuses(forge, -EINVAL);
		assert_int_equal(forge_kept(forge, "root.json"), 1);
		forge_free(forge);
	}
}

static void attack_10_threshold_larger_than_keys(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ forge_p256(1) }, 1, 2);
	forge_publish(forge, "root");
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EACCES);
	forge_refuses(forge, -EACCES);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 1);
}

static void attack_10_threshold_of_a_delegation(void **state)
{
	static const char *const value[] = { "0", "-1", "1.0", "\"1\"", "2147483648" };
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(value) / sizeof(*value); i++) {
		struct forge *forge = forge_new();

		forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
		snprintf(text, sizeof(text), "\"threshold\":%s", value[i]);
		forge_publish_edited(forge, "targets", "\"threshold\":1", text);
		forge_publish(forge, "rules");
		forge_publish(forge, "snapshot");
		forge_publish(forge, "timestamp");
		assert_int_equal(forge_refresh(forge), -EINVAL);
		assert_int_equal(forge_kept(forge, "targets.json"), 0);
		forge_refuses(forge, -EINVAL);
		forge_free(forge);
	}
}

/* ---- 11: algorithms ---- */

/* The timestamp's key, described as another kind than it is. */
static void attack_11_key_under_another_algorithm(void **state)
{
	static const struct {
		enum key_type key;
		const char *type, *scheme;
	} row[] = {
		{ KEY_P256, "rsa", "ecdsa-sha2-nistp256" },
		{ KEY_P256, "ecdsa", "rsassa-pss-sha256" },
		{ KEY_P256, "ed25519", "ecdsa-sha2-nistp256" },
		{ KEY_P256, "ecdsa", "ecdsa-sha2-nistp384" },
		{ KEY_P256, "ecdsa", "none" },
		{ KEY_P256, "rsa", "rsassa-pss-sha256" },
		{ KEY_P384, "ecdsa", "ecdsa-sha2-nistp256" },
		{ KEY_RSA, "ecdsa", "ecdsa-sha2-nistp256" },
		{ KEY_RSA, "rsa", "rsa-pkcs1v15-sha256" },
		{ KEY_ED25519, "ecdsa", "ecdsa-sha2-nistp256" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct forge *forge = forge_new();
		struct forge_key key = *forge_key(row[i].key, 0);

		key.json = forge_key_json(&key.key, row[i].type, row[i].scheme);
		assert_int_equal(metadata_keyid(key.json, key.id), 0);
		forge_accepts(forge);
		forge_grant(forge, "timestamp", (const struct forge_key *[]){ &key }, 1, 1);
		forge_publish(forge, "root");
		forge_publish(forge, "timestamp");
		assert_int_equal(forge_refresh(forge), -EACCES);
		/* The keys were withdrawn, so the old files went; nothing comes in their place. */
		assert_int_equal(forge_kept(forge, "timestamp.json"), 0);
		forge_refuses(forge, -EACCES);
		json_decref(key.json);
		forge_free(forge);
	}
}

/* Each kind of key that is named rightly does count: else the test above would prove nothing. */
static void attack_11_each_algorithm_counts_under_its_name(void **state)
{
	struct forge *forge = *state;

	for (enum key_type type = KEY_P256; type < KEY_TYPES; type++) {
		forge_grant(forge, "timestamp",
			    (const struct forge_key *[]){ forge_key(type, 0) }, 1, 1);
		forge_publish(forge, "root");
		forge_publish(forge, "timestamp");
		forge_accepts(forge);
	}
}

/* 1024 bits, made by openssl genrsa. */
static const char small_rsa[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQClxJGvWUJYmpR0/+bgQbG6p+mY\n"
	"HZgx7MNB91v/142e92QXVY/ZTpinneSLnD9t3/QKJX+E3yiZavjhpmhSF4+GXnEx\n"
	"MzVdhzo45ZItd276Vt7tkHDpiy3TSe4PS8LuWotjcwnMwWOhZAQ0WQ4+i8o3NADk\n"
	"jzQWUGjbPkhYJ60jNQIDAQAB\n"
	"-----END PUBLIC KEY-----\n";

static void attack_11_key_that_is_none(void **state)
{
	static const struct {
		const char *type, *scheme, *public;
	} row[] = {
		{ "rsa", "rsassa-pss-sha256", small_rsa },
		{ "ecdsa", "ecdsa-sha2-nistp256", "-----BEGIN PUBLIC KEY-----\n" },
		/* The neutral element: without a check 01 00.. and zeros sign everything. */
		{ "ed25519", "ed25519",
		  "0100000000000000000000000000000000000000000000000000000000000000" },
		{ "ed25519", "ed25519",
		  "0000000000000000000000000000000000000000000000000000000000000000" },
	};
	char signature[] = "[{\"keyid\": \"................................................"
			   "................\", \"sig\": "
			   "\"0100000000000000000000000000000000000000000000000000000000000000"
			   "0000000000000000000000000000000000000000000000000000000000000000\"}]";

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct forge *forge = forge_new();
		struct forge_key key = *forge_p256(1);

		key.json = json_pack("{s:s, s:s, s:{s:s}}", "keytype", row[i].type, "scheme",
				     row[i].scheme, "keyval", "public", row[i].public);
		assert_int_equal(metadata_keyid(key.json, key.id), 0);
		forge_grant(forge, "timestamp", (const struct forge_key *[]){ &key }, 1, 1);
		forge_publish(forge, "root");
		memcpy(signature + strlen("[{\"keyid\": \""), key.id, strlen(key.id));
		serve_timestamp(forge, signature);
		assert_int_equal(forge_refresh(forge), -EACCES);
		forge_refuses(forge, -EACCES);
		json_decref(key.json);
		forge_free(forge);
	}
}

/* Forms of a signature that a lenient verifier would take for the same or for any. */
static void attack_11_ecdsa_signature_in_another_form(void **state)
{
	struct forge *forge = *state;
	json_t *signature = sign_timestamp(forge, 0);
	const char *der = json_string_value(json_object_get(signature, "sig"));
	size_t digits = strlen(der);
	const struct {
		const char *before;
		size_t skip, cut;	/* digits */
		const char *after;
	} row[] = {
		{ "3006020100020100", 999, 0, "" },	/* r = s = 0 */
		{ "3006020100020101", 999, 0, "" },
		{ "3006020101020100", 999, 0, "" },
		{ "", 0, 0, "00" },			/* trailing byte */
		{ "", 0, 2, "" },			/* one byte short */
		{ "3081", 2, 0, "" },			/* length in the long form */
		{ "31", 2, 0, "" },			/* a set, not a sequence */
		{ "", 999, 0, "" },			/* nothing */
		{ "", 0, 1, "" },			/* half a byte */
		{ "", 8, 0, "" },			/* the two numbers alone */
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		size_t skip = row[i].skip < digits ? row[i].skip : digits;
		size_t left = digits - skip > row[i].cut ? digits - skip - row[i].cut : 0;

		snprintf(text, sizeof(text), "[{\"keyid\": \"%s\", \"sig\": \"%s%.*s%s\"}]",
			 forge_p256(1)->id, row[i].before, (int)left, der + skip, row[i].after);
		serve_timestamp(forge, text);
		forge_refuses(forge, -EACCES);
	}
	/* As it was, it holds. */
	snprintf(text, sizeof(text), "[{\"keyid\": \"%s\", \"sig\": \"%s\"}]",
		 forge_p256(1)->id, der);
	serve_timestamp(forge, text);
	forge_accepts(forge);
	json_decref(signature);
}

/* ---- 12: key ids ---- */

static void attack_12_key_id_of_another_key(void **state)
{
	struct forge *forge = *state;
	struct forge_key key = *forge_p256(5);

	forge_accepts(forge);
	snprintf(key.id, sizeof(key.id), "%s", forge_p256(6)->id);
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ &key }, 1, 1);
	forge_publish(forge, "root");
	forge_refuses(forge, -EINVAL);
	assert_int_equal(forge_kept(forge, "root.json"), 1);
}

static void attack_12_two_keys_under_one_id(void **state)
{
	struct forge *forge = *state;
	char *two = json_dumps(forge_p256(5)->json, JSON_COMPACT | JSON_SORT_KEYS);
	struct text to = TEXT_EMPTY;
	char from[METADATA_KEYID + 8];

	forge_accepts(forge);
	snprintf(from, sizeof(from), "\"%s\":{", forge_p256(1)->id);
	text_printf(&to, "\"%s\":%s,\"%s\":{", forge_p256(1)->id, two, forge_p256(1)->id);
	forge_publish_edited(forge, "root", from, to.data);
	forge_refuses(forge, -EINVAL);
	assert_int_equal(forge_kept(forge, "root.json"), 1);
	text_release(&to);
	free(two);
}

/* Both forms that publishers use are taken: with all fields, and with the three that are
 * specified. */
static void attack_12_both_forms_of_a_right_id(void **state)
{
	struct forge *forge = *state;
	struct forge_key full = alias_of(forge_p256(1)), brief = alias_of(forge_p256(1));

	snprintf(brief.id, sizeof(brief.id), "%s", forge_p256(1)->id);
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ &full }, 1, 1);
	forge_publish(forge, "root");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	json_object_del(json_object_get(forge_role(forge, "root")->document, "keys"),
			forge_p256(1)->id);
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ &brief }, 1, 1);
	forge_publish(forge, "root");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	json_decref(full.json);
	json_decref(brief.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(attack_09_signature_repeated),
		FORGE_TEST(attack_09_same_id_in_upper_case),
		FORGE_TEST(attack_09_key_id_repeated_in_role),
		FORGE_TEST(attack_09_same_key_under_two_ids),
		FORGE_TEST(attack_09_same_key_under_two_ids_in_root),
		FORGE_TEST(attack_09_same_key_under_two_ids_in_delegation),
		cmocka_unit_test(attack_10_threshold_out_of_range),
		FORGE_TEST(attack_10_threshold_larger_than_keys),
		cmocka_unit_test(attack_10_threshold_of_a_delegation),
		cmocka_unit_test(attack_11_key_under_another_algorithm),
		FORGE_TEST(attack_11_each_algorithm_counts_under_its_name),
		cmocka_unit_test(attack_11_key_that_is_none),
		FORGE_TEST(attack_11_ecdsa_signature_in_another_form),
		FORGE_TEST(attack_12_key_id_of_another_key),
		FORGE_TEST(attack_12_two_keys_under_one_id),
		FORGE_TEST(attack_12_both_forms_of_a_right_id),
	};

	key_use_ed25519();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
