/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <string.h>

/* Feeds a role as it stands now. */
static int feed(struct trust *trust, struct forge *forge, const char *role, const char *parent,
		bool stored)
{
	struct text bytes = TEXT_EMPTY;
	int error;

	forge_sign(forge_role(forge, role), &bytes);
	if (strcmp(role, "root") == 0)
		error = trust_root(trust, bytes.data, bytes.length, NULL);
	else if (strcmp(role, "timestamp") == 0)
		error = trust_timestamp(trust, bytes.data, bytes.length, stored, NULL);
	else if (strcmp(role, "snapshot") == 0)
		error = trust_snapshot(trust, bytes.data, bytes.length, stored, NULL);
	else
		error = trust_targets(trust, role, parent, bytes.data, bytes.length, NULL);
	text_release(&bytes);
	return error;
}

static struct trust *begin(struct forge *forge)
{
	struct trust *trust = trust_new(FORGE_NOW);

	assert_non_null(trust);
	assert_int_equal(feed(trust, forge, "root", NULL, false), 0);
	return trust;
}

static void in_order(void **state)
{
	struct forge *forge = *state;
	struct trust *trust;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_publish_all(forge);
	trust = begin(forge);
	assert_int_equal(trust_root_done(trust, NULL), 0);
	/* Each rests on the one before. */
	assert_int_equal(feed(trust, forge, "snapshot", NULL, false), -EINVAL);
	assert_int_equal(feed(trust, forge, "targets", NULL, false), -EINVAL);
	assert_null(trust_get(trust, METADATA_TIMESTAMP));
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "targets", NULL, false), -EINVAL);
	assert_null(trust_get(trust, METADATA_SNAPSHOT));
	assert_int_equal(feed(trust, forge, "snapshot", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "rules", "targets", false), -EINVAL);
	assert_null(trust_get(trust, METADATA_TARGETS));
	assert_int_equal(feed(trust, forge, "targets", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "rules", "targets", false), 0);
	assert_int_equal(trust_get_targets(trust, "rules")->version, 1);
	assert_int_equal(trust_get(trust, METADATA_TARGETS)->version, 2);
	assert_null(trust_get_targets(trust, "images"));
	trust_free(trust);
}

static void same_timestamp_again(void **state)
{
	struct forge *forge = *state;
	struct trust *trust = begin(forge);
	const struct metadata *first;

	assert_int_equal(feed(trust, forge, "timestamp", NULL, true), 0);
	first = trust_get(trust, METADATA_TIMESTAMP);
	json_object_set_new(forge_role(forge, "timestamp")->document, "x", json_integer(1));
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), -EALREADY);
	assert_ptr_equal(trust_get(trust, METADATA_TIMESTAMP), first);
	trust_free(trust);
}

static enum trust_succession succeeds(struct forge *forge, const char *reached, const char *given)
{
	const struct forge_file *before = forge_find(forge, reached);
	const struct forge_file *after = forge_find(forge, given);

	return trust_succeeds(before->data, before->size, after->data, after->size);
}

/* Root 2 says which repository it is; root 3 has another key for the snapshot. */
static void root_that_was_given_beside_another(void **state)
{
	static const char one[] = "metadata/1.root.json", two[] = "metadata/2.root.json";
	static const char three[] = "metadata/3.root.json";
	struct forge *forge = *state, *other = forge_new();
	const struct forge_key *fresh = forge_p256(8);
	const struct forge_file *first = forge_find(forge, "metadata/1.root.json");
	struct metadata *root;
	char id[METADATA_KEYID];

	assert_int_equal(metadata_parse(&root, METADATA_ROOT, first->data, first->size, "1",
					NULL), 0);
	assert_int_equal(metadata_fingerprint(root, id), 0);
	metadata_free(root);
	json_object_set_new(forge_role(forge, "root")->document, "x-cordon-repository",
			    json_string(id));
	forge_publish(forge, "root");
	forge_grant(forge, "snapshot", &fresh, 1, 1);
	forge_publish(forge, "root");
	forge_expire(other, "root", FORGE_NOW + 77);
	forge_set_version(other, "root", 1);
	forge_role(other, "root")->published = false;
	forge_publish(other, "root");
	assert_int_equal(succeeds(forge, one, two), TRUST_LATER);
	assert_int_equal(succeeds(forge, one, three),
			 TRUST_WITHDRAWS);
	assert_int_equal(succeeds(forge, three, two), TRUST_NONE);
	assert_int_equal(succeeds(forge, two, two), TRUST_NONE);
	assert_int_equal(succeeds(forge, one, "metadata/timestamp.json"), TRUST_NONE);
	forge_put(forge, "other", forge_find(other, "metadata/1.root.json")->data,
		  forge_find(other, "metadata/1.root.json")->size);
	assert_int_equal(succeeds(forge, one, "other"), TRUST_OTHER);
	assert_int_equal(succeeds(forge, three, "other"), TRUST_OTHER);
	forge_free(other);
}

/* Of a repository whose roots do not say which it is, nobody can tell. */
static void root_that_nobody_can_place(void **state)
{
	struct forge *forge = *state;

	forge_publish(forge, "root");
	forge_publish(forge, "root");
	assert_int_equal(succeeds(forge, "metadata/2.root.json", "metadata/3.root.json"),
			 TRUST_NONE);
	assert_int_equal(succeeds(forge, "metadata/1.root.json", "metadata/3.root.json"),
			 TRUST_NONE);
}

/* For those who look at what they published: all is verified, and they learn what to renew. */
static void past_expiry_everything_else_is_verified(void **state)
{
	static const char *const roles[] = { "root", "timestamp", "snapshot", "targets" };
	struct forge *forge = *state;
	struct trust *trust = trust_new(FORGE_NOW + 31 * FORGE_DAY);
	const char *role;
	int64_t expires;

	assert_non_null(trust);
	assert_int_equal(feed(trust, forge, "root", NULL, false), 0);
	assert_int_equal(trust_root_done(trust, NULL), -ESTALE);
	trust_pass_expiry(trust);
	assert_int_equal(trust_root_done(trust, NULL), 0);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "snapshot", NULL, false), 0);
	forge_role(forge, "targets")->signer[0] = forge_p256(9);
	assert_int_equal(feed(trust, forge, "targets", NULL, false), -EACCES);
	forge_role(forge, "targets")->signer[0] = forge_p256(3);
	assert_int_equal(feed(trust, forge, "targets", NULL, false), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_true(trust_expired(trust, i, &role, &expires));
		assert_string_equal(role, roles[i]);
		assert_int_equal(expires, FORGE_NOW + 30 * FORGE_DAY);
	}
	assert_false(trust_expired(trust, 4, &role, &expires));
	trust_free(trust);
}

static void nothing_expired(void **state)
{
	struct forge *forge = *state;
	struct trust *trust = begin(forge);
	const char *role;
	int64_t expires;

	assert_false(trust_expired(trust, 0, &role, &expires));
	trust_free(trust);
}

/* It holds against rollback, and for nothing else. */
static void stored_timestamp_that_expired(void **state)
{
	struct forge *forge = *state;
	struct trust *trust = begin(forge);

	forge_expire(forge, "timestamp", FORGE_NOW);
	forge_set_version(forge, "timestamp", 5);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), -ESTALE);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, true), 0);
	assert_int_equal(feed(trust, forge, "snapshot", NULL, true), -ESTALE);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), -ESTALE);
	forge_expire(forge, "timestamp", FORGE_NOW + 1);
	forge_set_version(forge, "timestamp", 4);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), -EEXIST);
	forge_set_version(forge, "timestamp", 6);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
	trust_free(trust);
}

static void stored_snapshot(void **state)
{
	struct forge *forge = *state;
	struct trust *trust = begin(forge);
	struct text old = TEXT_EMPTY;

	/* The one that the timestamp names needs no fetching. */
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "snapshot", NULL, true), 0);
	trust_free(trust);
	/* An older one only says what was there. */
	forge_sign(forge_role(forge, "snapshot"), &old);
	json_object_del(json_object_get(forge_role(forge, "snapshot")->document, "meta"),
			"targets.json");
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	trust = begin(forge);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
	assert_int_equal(trust_snapshot(trust, old.data, old.length, true, NULL), -EAGAIN);
	assert_null(trust_get(trust, METADATA_SNAPSHOT));
	assert_int_equal(feed(trust, forge, "snapshot", NULL, false), -EEXIST);
	trust_free(trust);
	text_release(&old);
}

static void when_it_expires(void **state)
{
	static const char *const role[] = { "root", "timestamp", "snapshot", "targets", "rules" };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct forge *forge = forge_new();
		struct trust *trust;

		forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
		forge_expire(forge, role[i], FORGE_NOW + 77);
		forge_publish_all(forge);
		trust = begin(forge);
		assert_int_equal(trust_expires(trust, "rules"), 0);
		assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
		assert_int_equal(feed(trust, forge, "snapshot", NULL, false), 0);
		assert_int_equal(feed(trust, forge, "targets", NULL, false), 0);
		assert_int_equal(feed(trust, forge, "rules", "targets", false), 0);
		assert_int_equal(trust_expires(trust, "rules"), FORGE_NOW + 77);
		trust_free(trust);
		forge_free(forge);
	}
}

static void who_signed(void **state)
{
	struct forge *forge = *state;
	char signer[4][METADATA_KEYID];
	struct trust *trust;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_publish_all(forge);
	trust = begin(forge);
	assert_int_equal(feed(trust, forge, "timestamp", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "snapshot", NULL, false), 0);
	assert_int_equal(feed(trust, forge, "targets", NULL, false), 0);
	assert_int_equal(trust_signers(trust, "rules", signer, 4), 0);
	assert_int_equal(feed(trust, forge, "rules", "targets", false), 0);
	assert_int_equal(trust_signers(trust, "rules", signer, 4), 1);
	assert_string_equal(signer[0], forge_p256(4)->id);
	assert_int_equal(trust_signers(trust, "targets", signer, 4), 1);
	assert_string_equal(signer[0], forge_p256(3)->id);
	trust_free(trust);
}

static void keys_that_are_withdrawn(void **state)
{
	struct forge *forge = *state;
	struct trust *trust = begin(forge);

	assert_false(trust_rotated(trust, METADATA_TIMESTAMP));
	/* One more key. */
	forge_grant(forge, "timestamp",
		    (const struct forge_key *[]){ forge_p256(1), forge_p256(5) }, 2, 1);
	forge_publish(forge, "root");
	assert_int_equal(feed(trust, forge, "root", NULL, false), 0);
	assert_false(trust_rotated(trust, METADATA_TIMESTAMP));
	/* The first one goes, and comes back: it was away. */
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ forge_p256(5) }, 1, 1);
	forge_publish(forge, "root");
	assert_int_equal(feed(trust, forge, "root", NULL, false), 0);
	assert_true(trust_rotated(trust, METADATA_TIMESTAMP));
	assert_false(trust_rotated(trust, METADATA_SNAPSHOT));
	forge_grant(forge, "timestamp",
		    (const struct forge_key *[]){ forge_p256(1), forge_p256(5) }, 2, 1);
	forge_publish(forge, "root");
	assert_int_equal(feed(trust, forge, "root", NULL, false), 0);
	assert_true(trust_rotated(trust, METADATA_TIMESTAMP));
	trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(in_order),
		FORGE_TEST(root_that_was_given_beside_another),
		FORGE_TEST(root_that_nobody_can_place),
		FORGE_TEST(past_expiry_everything_else_is_verified),
		FORGE_TEST(nothing_expired),
		FORGE_TEST(same_timestamp_again),
		FORGE_TEST(stored_timestamp_that_expired),
		FORGE_TEST(stored_snapshot),
		cmocka_unit_test(when_it_expires),
		FORGE_TEST(who_signed),
		FORGE_TEST(keys_that_are_withdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
