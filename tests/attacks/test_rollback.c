/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Old files served again, roles that vanish, files that are kept from expiring, versions pushed
 * ahead. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "rules/signed/field.h"

static void attack_01_timestamp_rollback(void **state)
{
	struct forge *forge = *state;

	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 2);
	forge_set_version(forge, "timestamp", 0);
	forge_publish(forge, "timestamp");
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 2);
}

static void snapshot_rollback(struct forge *forge)
{
	forge_publish_all(forge);
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 2);
	forge_set_version(forge, "snapshot", 0);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	/* The new timestamp is signed well and must not stay: it would freeze the client. */
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 2);
	/* And indeed an honest one is still taken. */
	forge_set_version(forge, "snapshot", 2);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
}

static void attack_02_snapshot_rollback(void **state)
{
	snapshot_rollback(*state);
}

static void attack_02_snapshot_rollback_with_hashes(void **state)
{
	struct forge *forge = *state;

	forge->hashes = true;
	snapshot_rollback(forge);
}

/* The stored timestamp is lost; the stored snapshot still knows. */
static void attack_02_snapshot_rollback_without_stored_timestamp(void **state)
{
	struct forge *forge = *state;

	forge_publish_all(forge);
	forge_accepts(forge);
	assert_int_equal(unlinkat(forge->fd, "timestamp.json", 0), 0);
	forge_set_version(forge, "snapshot", 0);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EEXIST);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 2);
}

/* role goes back by a version, in a snapshot that is newer. */
static void targets_rollback(struct forge *forge, const char *role, const char *kept)
{
	char *content = NULL;

	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_int_equal(forge_kept(forge, kept), 2);
	forge_set_version(forge, role, 0);
	forge_publish(forge, role);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EEXIST);
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 2);
	assert_int_equal(forge_kept(forge, kept), 2);
}

static void attack_03_targets_rollback(void **state)
{
	forge_target(*state, "targets", "rules/a", "a");
	targets_rollback(*state, "targets", "targets.json");
}

static void attack_03_delegated_rollback(void **state)
{
	forge_delegate(*state, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(*state, "rules", "rules/a", "a");
	forge_set_version(*state, "rules", 1);
	forge_publish(*state, "rules");
	targets_rollback(*state, "rules", "rules.json");
}

static void attack_03_role_removed_from_snapshot(void **state)
{
	struct forge *forge = *state;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_publish_all(forge);
	forge_accepts(forge);
	json_object_del(json_object_get(forge_role(forge, "snapshot")->document, "meta"),
			"rules.json");
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EEXIST);
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 2);
}

/* ---- 7: freeze ---- */

static void attack_07_freeze_by_replay(void **state)
{
	struct forge *forge = *state;

	forge_expire(forge, "timestamp", FORGE_NOW + FORGE_DAY);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	forge->options.now = FORGE_NOW + FORGE_DAY - 1;
	forge_accepts(forge);
	forge->options.now = FORGE_NOW + FORGE_DAY;
	forge_refuses(forge, -ESTALE);
	/* A fresh one ends it. */
	forge_expire(forge, "timestamp", FORGE_NOW + 8 * FORGE_DAY);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
}

static void attack_07_expired_top_roles(void **state)
{
	static const struct {
		const char *role, *kept;
		int64_t timestamp, snapshot, targets;
	} row[] = {
		{ "timestamp", "timestamp.json", 1, 1, 1 },
		{ "snapshot", "snapshot.json", 2, 1, 1 },
		{ "targets", "targets.json", 2, 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct forge *forge = forge_new();

		forge_accepts(forge);
		forge_expire(forge, row[i].role, FORGE_NOW);
		forge_publish_all(forge);
		assert_int_equal(forge_refresh(forge), -ESTALE);
		forge_refuses(forge, -ESTALE);
		assert_int_equal(forge_kept(forge, "timestamp.json"), row[i].timestamp);
		assert_int_equal(forge_kept(forge, "snapshot.json"), row[i].snapshot);
		assert_int_equal(forge_kept(forge, "targets.json"), row[i].targets);
		forge_free(forge);
	}
}

static void attack_07_expired_delegated_role(void **state)
{
	struct forge *forge = *state;
	char *content = NULL;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(forge, "rules", "rules/a", "a");
	forge_expire(forge, "rules", FORGE_NOW + FORGE_DAY);
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	forge->options.now = FORGE_NOW + FORGE_DAY;
	forge_refuses_target(forge, "rules/a", -ESTALE);
}

/* ---- 24: fast-forward, and the way back by new keys ---- */

static void rotate(struct forge *forge, const char *role, size_t key)
{
	forge_grant(forge, role, (const struct forge_key *[]){ forge_p256(key) }, 1, 1);
}

static void attack_24_fast_forward_timestamp(void **state)
{
	struct forge *forge = *state;

	forge_set_version(forge, "timestamp", FIELD_INTEGER_MAX - 1);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "timestamp.json"), FIELD_INTEGER_MAX);
	forge_set_version(forge, "timestamp", 1);
	forge_publish(forge, "timestamp");
	forge_refuses(forge, -EEXIST);
	rotate(forge, "timestamp", 5);
	forge_publish(forge, "root");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 3);
}

static void attack_24_fast_forward_snapshot(void **state)
{
	struct forge *forge = *state;

	forge_set_version(forge, "snapshot", FIELD_INTEGER_MAX - 1);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "snapshot.json"), FIELD_INTEGER_MAX);
	forge_set_version(forge, "snapshot", 1);
	/* The snapshot's key alone is enough: the timestamp that named the version goes as well. */
	rotate(forge, "snapshot", 5);
	forge_publish(forge, "root");
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 2);
}

static void attack_24_fast_forward_targets(void **state)
{
	struct forge *forge = *state;

	forge_set_version(forge, "targets", FIELD_INTEGER_MAX - 1);
	forge_publish_all(forge);
	forge_accepts(forge);
	forge_set_version(forge, "targets", 1);
	rotate(forge, "snapshot", 5);
	rotate(forge, "targets", 6);
	forge_publish(forge, "root");
	forge_publish_all(forge);
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "targets.json"), 2);
}

/* The run that took the new root ended before the old files went; the last root had expired. */
static void attack_24_recovery_after_an_expired_root(void **state)
{
	struct forge *forge = *state;

	forge_set_version(forge, "snapshot", 100);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	rotate(forge, "snapshot", 5);
	forge_expire(forge, "root", FORGE_NOW);
	forge_publish(forge, "root");
	assert_int_equal(forge_refresh(forge), -ESTALE);
	assert_int_equal(forge_kept(forge, "root.json"), 2);
	forge_expire(forge, "root", FORGE_NOW + FORGE_DAY);
	forge_publish(forge, "root");
	forge_set_version(forge, "snapshot", 1);
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "snapshot.json"), 2);
}

/* A key that is only added is no rotation: the old versions still hold. */
static void attack_24_added_key_keeps_the_floor(void **state)
{
	struct forge *forge = *state;

	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	forge_grant(forge, "timestamp",
		    (const struct forge_key *[]){ forge_p256(1), forge_p256(5) }, 2, 1);
	forge_publish(forge, "root");
	forge_set_version(forge, "timestamp", 0);
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EEXIST);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(attack_01_timestamp_rollback),
		FORGE_TEST(attack_02_snapshot_rollback),
		FORGE_TEST(attack_02_snapshot_rollback_with_hashes),
		FORGE_TEST(attack_02_snapshot_rollback_without_stored_timestamp),
		FORGE_TEST(attack_03_targets_rollback),
		FORGE_TEST(attack_03_delegated_rollback),
		FORGE_TEST(attack_03_role_removed_from_snapshot),
		FORGE_TEST(attack_07_freeze_by_replay),
		FORGE_TEST(attack_07_expired_top_roles),
		FORGE_TEST(attack_07_expired_delegated_role),
		FORGE_TEST(attack_24_fast_forward_timestamp),
		FORGE_TEST(attack_24_fast_forward_snapshot),
		FORGE_TEST(attack_24_fast_forward_targets),
		FORGE_TEST(attack_24_recovery_after_an_expired_root),
		FORGE_TEST(attack_24_added_key_keeps_the_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
