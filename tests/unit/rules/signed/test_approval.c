/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/signed/approval.h"

/* SHA-256 of "[dns]\n". */
#define CONF "[dns]\n"
#define CONF_DIGEST "f90d3035547db6bfce2df404a54b8cf7e6151ce744d870f7566bd3c033cfd2a4"

static struct diag diag;

/* Of the root that root_of makes; so that settings() knows it, root_of comes first. */
static char repository[METADATA_KEYID] = CONF_DIGEST;

static json_t *settings_for(int64_t version, json_t *appliances)
{
	json_t *document = json_pack(
		"{s:s, s:I, s:s, s:o, s:{s:{s:s, s:I}}}", "_type", APPROVAL_TYPE, "version",
		(json_int_t)version, "x-cordon-repository", repository, "appliances", appliances,
		"files", "cordon.conf", "sha256", CONF_DIGEST, "length", (json_int_t)strlen(CONF));

	assert_non_null(document);
	return document;
}

static json_t *settings(int64_t version)
{
	return settings_for(version, json_string("all"));
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
	assert_int_equal(approval_root(&trust, repository, bytes.data, bytes.length, NULL, NULL),
			 0);
	text_release(&bytes);
	return trust;
}

#define KEY_ID "00aa11bb22cc33dd44ee55ff66aa77bb00aa11bb22cc33dd44ee55ff66aa77bb"

/* A box that nothing is wrong with; the test changes what it is about. */
static struct approval_judge box(const struct trust *trust)
{
	return (struct approval_judge){
		.root = trust_get(trust, METADATA_ROOT), .repository = repository, .key = KEY_ID,
		.serial = "SN-1", .now = FORGE_NOW, .root_repository = "",
	};
}

/* Takes document. */
static int judge_signed(const struct approval_judge *judge, json_t *document, size_t number,
			size_t count)
{
	struct approval approval;
	int error;

	assert_int_equal(parse(&approval, document, number, count), 0);
	error = approval_verify(&approval, judge, &diag);
	assert_true(!error == !diag.count);
	approval_release(&approval);
	return error;
}

static int judge(const struct approval_judge *judge, json_t *document)
{
	return judge_signed(judge, document, 10, 2);
}

static bool says(const char *text)
{
	return diag.count && strstr(diag.entry[diag.count - 1].message, text);
}

static void takes_a_threshold_and_a_later_version(void **state)
{
	struct trust *trust = root_of(*state);
	struct approval_judge at6 = box(trust), at0 = box(trust);

	at6.last = 6;
	assert_int_equal(judge_signed(&at6, settings(7), 10, 2), 0);
	assert_int_equal(judge_signed(&at0, settings(7), 10, 3), 0);
	assert_int_equal(judge_signed(&at6, settings(7), 10, 1), -EACCES);
	assert_int_equal(judge_signed(&at6, settings(7), 20, 2), -EACCES);
	assert_int_equal(judge_signed(&at6, settings(7), 12, 2),
			 -EACCES); /* one of them, and a stranger */
	assert_int_equal(judge_signed(&at6, settings(6), 10, 2), -EEXIST);
	assert_int_equal(judge_signed(&at6, settings(5), 10, 2), -EEXIST);
	trust_free(trust);
}

/* To a data partition that was made anew the last set may come back, and nothing else under its
 * version. */
static void the_last_version_comes_once_more_with_the_same_content_alone(void **state)
{
	struct trust *trust = root_of(*state);
	struct approval_judge judged = box(trust);
	uint8_t digest[DIGEST_SIZE];
	struct approval approval;

	assert_int_equal(parse(&approval, settings(7), 10, 2), 0);
	assert_int_equal(approval_digest(&approval, digest), 0);
	approval_release(&approval);
	judged.last = 7;
	assert_int_equal(judge(&judged, settings(7)), -EEXIST);
	judged.again = digest;
	assert_int_equal(judge(&judged, settings(7)), 0);
	assert_int_equal(judge(&judged, settings(6)), -EEXIST);
	assert_int_equal(judge(&judged, settings_for(7, json_pack("[s]", "SN-1"))), -EEXIST);
	digest[0] ^= 1;
	assert_int_equal(judge(&judged, settings(7)), -EEXIST);
	trust_free(trust);
}

static void takes_what_is_signed_for_this_appliance(void **state)
{
	struct trust *trust = root_of(*state);
	struct approval_judge judged = box(trust);

	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s]", "SN-1"))), 0);
	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s]", KEY_ID))), 0);
	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s, s]", "SN-0", "SN-1"))), 0);
	assert_int_equal(
		judge(&judged, settings_for(1, json_pack("[s, s, s]", "SN-0", "SN-2", "SN-3"))),
		-ENODEV);
	assert_true(says("SN-0, SN-2 and 1 more; this one is serial SN-1, key " KEY_ID));
	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s]", "SN-10"))), -ENODEV);
	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s]", "sn-1"))), -ENODEV);
	trust_free(trust);
}

/* A person who can write a serial number could write a key's id there; and many boxes have none. */
static void a_serial_number_is_no_key_and_no_filler(void **state)
{
	struct trust *trust = root_of(*state);
	struct approval_judge judged = box(trust);

	judged.key = "";
	judged.serial = KEY_ID;
	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s]", KEY_ID))), -ENODEV);
	judged.serial = "";
	assert_int_equal(judge(&judged, settings_for(1, json_pack("[s]", "SN-1"))), -ENODEV);
	assert_true(says("without serial number and key"));
	assert_int_equal(judge(&judged, settings(1)), 0);
	assert_non_null(approval_appliance_wrong(""));
	assert_non_null(approval_appliance_wrong("Default string"));
	assert_non_null(approval_appliance_wrong("To be filled by O.E.M."));
	assert_non_null(approval_appliance_wrong("0000000"));
	assert_non_null(approval_appliance_wrong("all"));
	assert_non_null(approval_appliance_wrong(" SN"));
	assert_non_null(approval_appliance_wrong("SN\x1b[2J"));
	assert_non_null(approval_appliance_wrong(KEY_ID "0"));
	assert_null(approval_appliance_wrong(KEY_ID));
	assert_null(approval_appliance_wrong("VMware-56 4d 8a"));
	trust_free(trust);
}

static void refuses_what_is_signed_in_another_repository(void **state)
{
	struct trust *trust = root_of(*state);
	struct approval_judge judged = box(trust);
	json_t *stranger = settings(1);

	json_object_set_new(stranger, "x-cordon-repository", json_string(KEY_ID));
	assert_int_equal(judge(&judged, stranger), -EACCES);
	assert_true(says("signed in the repository " KEY_ID));
	judged.repository = "";
	assert_int_equal(judge(&judged, settings(1)), -EACCES);
	trust_free(trust);
}

static void an_expired_root_approves_nothing(void **state)
{
	struct trust *trust = root_of(*state);
	struct approval_judge judged = box(trust);

	judged.now = judged.root->expires - 1;
	assert_int_equal(judge(&judged, settings(1)), 0);
	judged.now++;
	assert_int_equal(judge(&judged, settings(1)), -ESTALE);
	assert_true(says("update to a newer root first"));
	trust_free(trust);
}

/* The image's root is older than the one that the box had followed to: who was taken out of it
 * since signs nothing. */
static void a_root_that_was_left_behind_approves_nothing(void **state)
{
	struct forge *forge = *state;
	struct trust *trust = root_of(forge);
	struct approval_judge judged = box(trust);

	judged.root_repository = repository;
	judged.root_version = judged.root->version;
	assert_int_equal(judge(&judged, settings(1)), 0);
	judged.root_version++;
	assert_int_equal(judge(&judged, settings(1)), -ESTALE);
	judged.root_repository = KEY_ID;	/* of another repository it says nothing */
	assert_int_equal(judge(&judged, settings(1)), 0);
	trust_free(trust);
}

static int replace(const struct trust *trust, struct forge *forge, bool *other)
{
	struct text bytes = TEXT_EMPTY;
	int error;

	diag_init(&diag);
	forge_sign(forge_role(forge, "root"), &bytes);
	error = approval_replace(trust_get(trust, METADATA_ROOT), repository, bytes.data,
				 bytes.length, other, &diag);
	text_release(&bytes);
	return error;
}

static void a_root_is_replaced_by_a_later_one_of_its_repository(void **state)
{
	struct forge *forge = *state;
	struct trust *first = root_of(forge), *third;
	json_t *root = forge_role(forge, "root")->document;
	char id[METADATA_KEYID];
	bool other;

	memcpy(id, repository, sizeof(id));
	assert_int_equal(replace(first, forge, &other), 0);	/* the same */
	assert_false(other);
	forge_set_version(forge, "root", 3);
	assert_int_equal(replace(first, forge, &other), 0);	/* does not say whose it is */
	assert_true(other);
	json_object_set_new(root, "x-cordon-repository", json_string(id));
	assert_int_equal(replace(first, forge, &other), 0);
	assert_false(other);
	third = root_of(forge);
	assert_string_equal(repository, id);
	forge_expire(forge, "root", FORGE_NOW + 3 * FORGE_DAY);
	assert_int_equal(replace(third, forge, &other), -EEXIST);	/* a fork */
	assert_true(says("another version 3"));
	forge_set_version(forge, "root", 2);
	assert_int_equal(replace(third, forge, &other), -EEXIST);
	assert_true(says("the older version 2"));
	json_object_set_new(root, "x-cordon-repository", json_string(KEY_ID));
	assert_int_equal(replace(third, forge, &other), 0);
	assert_true(other);
	forge_role(forge, "root")->signers = 1;
	assert_int_equal(replace(third, forge, &other), -EACCES);
	trust_free(first);
	trust_free(third);
}

static void checks_every_file(void **state)
{
	struct approval approval;

	(void)state;
	assert_int_equal(parse(&approval, settings(1), 10, 2), 0);
	assert_int_equal(approval_check(&approval, "cordon.conf", CONF, strlen(CONF), &diag), 0);
	assert_int_equal(approval_check(&approval, "cordon.conf", "[dnS]\n", strlen(CONF), &diag),
			 -EINVAL);
	assert_int_equal(approval_check(&approval, "cordon.conf", CONF, 0, &diag), -EINVAL);
	assert_int_equal(approval_check(&approval, "root.json", CONF, strlen(CONF), &diag),
			 -ENOENT);
	approval_release(&approval);
}

static void refuses_other_shapes(void **state)
{
	static const struct {
		const char *member, *value;
	} row[] = {
		{ "_type", "\"root\"" },
		{ "_type", "1" },
		{ "version", "0" },
		{ "version", "\"1\"" },
		{ "files", "{}" },
		{ "files", "[]" },
		{ "files", "{\"a\": 1}" },
		{ "files", "{\"a\": {\"length\": 1}}" },
		{ "files", "{\"a\": {\"length\": -1, \"sha256\": \"" CONF_DIGEST "\"}}" },
		{ "files", "{\"a\": {\"length\": 1, \"sha256\": \"00\"}}" },
		{ "files", "{\"\": {\"length\": 1, \"sha256\": \"" CONF_DIGEST "\"}}" },
		{ "x-cordon-repository", "1" },
		{ "x-cordon-repository", "\"00\"" },
		{ "x-cordon-repository", "\"" KEY_ID "00\"" },
		{ "appliances", "\"everybody\"" },
		{ "appliances", "\"ALL\"" },
		{ "appliances", "[]" },
		{ "appliances", "{}" },
		{ "appliances", "true" },
		{ "appliances", "[\"all\"]" },
		{ "appliances", "[1]" },
		{ "appliances", "[\"\"]" },
		{ "appliances", "[\"a\", \"a\"]" },
		{ "appliances", "[\"a\\u001b\"]" },
		{ "appliances", "[\"" KEY_ID "00\"]" },
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
	assert_int_equal(approval_parse(&approval, "{\"signatures\": 1, \"signed\": {}}", 31,
					&diag),
			 -EINVAL);
	assert_int_equal(approval_parse(&approval, "", 0, &diag), -EINVAL);
}

/* As it was signed before appliances were named. */
static void refuses_the_old_form(void **state)
{
	json_t *document = settings(1);
	struct approval approval;

	(void)state;
	json_object_del(document, "appliances");
	assert_int_equal(parse(&approval, document, 10, 2), -EINVAL);
	assert_true(says("sign it again with --for or --for-all"));
	document = settings(1);
	json_object_del(document, "x-cordon-repository");
	assert_int_equal(parse(&approval, document, 10, 2), -EINVAL);
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
	assert_int_equal(
		approval_root(&trust, repository, first.data, first.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 5);
	trust_free(trust);
	/* An older one, or none that reads, changes nothing. */
	archive.count = 0;
	assert_int_equal(archive_add(&archive, "root.json", first.data, first.length), 0);
	assert_int_equal(
		approval_root(&trust, repository, fifth.data, fifth.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 5);
	trust_free(trust);
	archive.count = 0;
	assert_int_equal(archive_add(&archive, "root.json", "{}", 2), 0);
	assert_int_equal(
		approval_root(&trust, repository, first.data, first.length, &archive, NULL), 0);
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
	assert_int_equal(
		approval_root(&trust, repository, first.data, first.length, &archive, NULL), 0);
	assert_int_equal(trust_get(trust, METADATA_ROOT)->version, 2);
	trust_free(trust);
	assert_int_equal(approval_root(&trust, repository, "{}", 2, &archive, NULL), -EINVAL);
	assert_null(trust);
	text_release(&first);
	text_release(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(takes_a_threshold_and_a_later_version),
		FORGE_TEST(the_last_version_comes_once_more_with_the_same_content_alone),
		FORGE_TEST(takes_what_is_signed_for_this_appliance),
		FORGE_TEST(a_serial_number_is_no_key_and_no_filler),
		FORGE_TEST(refuses_what_is_signed_in_another_repository),
		FORGE_TEST(an_expired_root_approves_nothing),
		FORGE_TEST(a_root_that_was_left_behind_approves_nothing),
		FORGE_TEST(a_root_is_replaced_by_a_later_one_of_its_repository),
		FORGE_TEST(refuses_the_old_form),
		FORGE_TEST(checks_every_file),
		FORGE_TEST(refuses_other_shapes),
		FORGE_TEST(another_type_is_no_approval),
		FORGE_TEST(follows_newer_roots), FORGE_TEST(takes_the_newest_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
