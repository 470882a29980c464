/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client asks for, and what it finds; what it refuses is in tests/attacks. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void asks_in_order(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	assert_string_equal(forge->requests.data,
			    "2.root.json\ntimestamp.json\n1.snapshot.json\n1.targets.json\n");
}

/* Two small requests when there is nothing new, also with targets. */
static void asks_twice_when_nothing_is_new(void **state)
{
	struct forge *forge = *state;
	char *content = NULL;

	forge->options.keep_targets = true;
	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(forge, "rules", "rules/a", "a");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	assert_string_equal(content, "a");
	free(content);
	assert_string_equal(forge->requests.data, "2.root.json\ntimestamp.json\n");
}

static void asks_for_what_changed(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_string_equal(forge->requests.data, "2.root.json\ntimestamp.json\n");
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	assert_string_equal(forge->requests.data,
			    "2.root.json\ntimestamp.json\n2.snapshot.json\n");
	forge_publish(forge, "root");
	forge_accepts(forge);
	assert_string_equal(forge->requests.data, "2.root.json\n3.root.json\ntimestamp.json\n");
}

static void plain_names_without_consistent_snapshots(void **state)
{
	struct forge *forge = *state;
	char *content = NULL;

	json_object_set_new(forge_role(forge, "root")->document, "consistent_snapshot",
			    json_false());
	forge_publish(forge, "root");
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_string_equal(forge->requests.data, "2.root.json\n3.root.json\ntimestamp.json\n"
			    "snapshot.json\ntargets.json\nrules/a\n");
}

/* As received, byte for byte. */
static void keeps_the_bytes(void **state)
{
	struct forge *forge = *state;
	struct text bytes = TEXT_EMPTY;
	struct store *store;
	void *data;
	size_t size;

	forge_sign(forge_role(forge, "timestamp"), &bytes);
	text_puts(&bytes, " \n ");
	forge_serve(forge, forge_role(forge, "timestamp"), &bytes);
	forge_accepts(forge);
	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	assert_int_equal(store->load(store, "timestamp.json", 4096, &data, &size), 0);
	assert_int_equal(size, bytes.length);
	assert_memory_equal(data, bytes.data, size);
	store_free(store);
	free(data);
	text_release(&bytes);
}

static void by_hash_prefix(void **state)
{
	struct forge *forge = *state;
	json_t *delegation = forge_delegate(forge, "targets", "bin", forge_p256(4), "x");
	char *content = NULL;

	json_object_del(delegation, "paths");
	json_object_set_new(delegation, "path_hash_prefixes",
			    json_pack("[s,s,s,s,s,s,s,s]", "0", "1", "2", "3", "4", "5", "6", "7"));
	/* SHA-256("file1.txt") begins with 55, that of "file6.txt" with af. */
	forge_target(forge, "bin", "file1.txt", "one");
	forge_target(forge, "bin", "file6.txt", "two");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "file1.txt", &content), 0);
	free(content);
	assert_int_equal(forge_download(forge, "file6.txt", &content), -ENOENT);
}

static void several_targets_in_one_run(void **state)
{
	struct forge *forge = *state;
	const struct metadata_file *first, *second;
	char signer[2][METADATA_KEYID];
	struct client *client;
	struct store *store;
	const char *role;
	void *data;
	size_t size;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_delegate(forge, "targets", "images", forge_p256(5), "images/*");
	forge_target(forge, "rules", "rules/a", "rule");
	forge_target(forge, "images", "images/a", "image");
	forge_publish_all(forge);
	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	assert_int_equal(client_new(&client, store, &forge->source, &forge->options, NULL), 0);
	assert_null(forge->requests.data);
	assert_int_equal(client_lookup(client, "rules/a", &first, &role, NULL), -EINVAL);
	assert_int_equal(client_refresh(client, NULL), 0);
	assert_int_equal(client_lookup(client, "rules/a", &first, &role, NULL), 0);
	assert_string_equal(role, "rules");
	assert_int_equal(client_lookup(client, "images/a", &second, &role, NULL), 0);
	assert_string_equal(role, "images");
	assert_int_equal(client_lookup(client, "rules/b", &second, &role, NULL), -ENOENT);
	assert_null(second);
	/* The first one is still good, and who signed its role is known. */
	assert_int_equal(client_download(client, first, &data, &size, NULL), 0);
	assert_int_equal(size, 4);
	free(data);
	assert_int_equal(client_signers(client, "rules", signer, 2), 1);
	assert_string_equal(signer[0], forge_p256(4)->id);
	text_release(&forge->requests);
	assert_int_equal(client_refresh(client, NULL), 0);
	assert_null(forge->requests.data);
	client_free(client);
	store_free(store);
}

static void delegated_role_that_the_snapshot_does_not_name(void **state)
{
	struct forge *forge = *state;

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_publish_all(forge);
	json_object_del(json_object_get(forge_role(forge, "snapshot")->document, "meta"),
			"rules.json");
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
	forge_refuses_target(forge, "rules/a", -EINVAL);
	assert_string_equal(forge->requests.data, "2.root.json\ntimestamp.json\n");
}

static void a_named_file_that_is_not_there(void **state)
{
	struct forge *forge = *state;

	forge_drop(forge, "metadata/1.targets.json");
	/* Not -ENOENT, which says that nobody lists a target. */
	assert_int_equal(forge_refresh(forge), -EBADMSG);
	forge_drop(forge, "metadata/timestamp.json");
	assert_int_equal(forge_refresh(forge), -ENOENT);
}

static void without_a_root(void **state)
{
	struct forge *forge = *state;

	assert_int_equal(unlinkat(forge->fd, "root.json", 0), 0);
	forge_refuses(forge, -ENOENT);
	assert_null(forge->requests.data);
}

/* Named by the SHA-256 of "a" and of "b". */
static const char of_a[] =
	"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.target";
static const char of_b[] =
	"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d.target";

static void old_targets_go(void **state)
{
	struct forge *forge = *state;
	const struct metadata_file *target;
	struct client *client;
	struct store *store;
	const char *role;
	char *content = NULL;
	void *data;
	size_t size;

	forge->options.keep_targets = true;
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	forge_target(forge, "targets", "rules/a", "b");
	forge_publish_all(forge);
	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	assert_int_equal(client_new(&client, store, &forge->source, &forge->options, NULL), 0);
	assert_int_equal(client_refresh(client, NULL), 0);
	assert_int_equal(client_lookup(client, "rules/a", &target, &role, NULL), 0);
	assert_int_equal(client_download(client, target, &data, &size, NULL), 0);
	free(data);
	assert_int_equal(client_prune(client, &target, 1, NULL), 0);
	client_free(client);
	store_free(store);
	assert_int_equal(faccessat(forge->fd, of_a, F_OK, 0), -1);
	assert_int_equal(faccessat(forge->fd, of_b, F_OK, 0), 0);
	assert_int_equal(forge_kept(forge, "targets.json"), 3);
}

/* ---- a run that ended between a new root and the removal of what the old keys had signed ---- */

static int (*real_save)(struct store *store, const char *name, const void *data, size_t size);

static int save_no_root(struct store *store, const char *name, const void *data, size_t size)
{
	return strcmp(name, "root.json") == 0 ? -ENOSPC : real_save(store, name, data, size);
}

/* Root 2 withdrew a key and was the last that an earlier run kept; this run meets root 3, which
 * withdraws another, and cannot keep it. What root 2 asked for is done all the same. */
static void rotation_of_an_earlier_run(void **state)
{
	struct forge *forge = *state;
	struct text root = TEXT_EMPTY, timestamp = TEXT_EMPTY;
	struct client *client;
	struct store *store;
	void *data;
	size_t size;

	forge_sign(forge_role(forge, "timestamp"), &timestamp);
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ forge_p256(5) }, 1, 1);
	forge_publish(forge, "root");
	forge_sign(forge_role(forge, "root"), &root);
	forge_grant(forge, "timestamp", (const struct forge_key *[]){ forge_p256(6) }, 1, 1);
	forge_publish(forge, "root");
	assert_int_equal(store_memory(&store), 0);
	assert_int_equal(store->save(store, "root.json", root.data, root.length), 0);
	assert_int_equal(store->save(store, "timestamp.json", timestamp.data, timestamp.length), 0);
	assert_int_equal(store->save(store, "rotation", "2", 1), 0);
	real_save = store->save;
	store->save = save_no_root;
	assert_int_equal(client_new(&client, store, &forge->source, &forge->options, NULL), 0);
	assert_int_equal(client_refresh(client, NULL), -ENOSPC);
	assert_int_equal(store->load(store, "timestamp.json", 4096, &data, &size), -ENOENT);
	client_free(client);
	store_free(store);
	text_release(&root);
	text_release(&timestamp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(asks_in_order),
		FORGE_TEST(asks_twice_when_nothing_is_new),
		FORGE_TEST(asks_for_what_changed),
		FORGE_TEST(plain_names_without_consistent_snapshots),
		FORGE_TEST(keeps_the_bytes),
		FORGE_TEST(by_hash_prefix),
		FORGE_TEST(several_targets_in_one_run),
		FORGE_TEST(delegated_role_that_the_snapshot_does_not_name),
		FORGE_TEST(a_named_file_that_is_not_there),
		FORGE_TEST(without_a_root),
		FORGE_TEST(old_targets_go),
		FORGE_TEST(rotation_of_an_earlier_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
