/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that an attacker chose: of roles, of targets, in patterns; and where a search may lead. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- 16: delegations without end ---- */

static void attack_16_too_many_delegations(void **state)
{
	struct forge *forge = *state;
	char parent[32] = "targets", name[32], *content = NULL, *before, *after;

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "role%d", i);
		forge_delegate(forge, parent, name, forge_p256(4), "*/*");
		snprintf(parent, sizeof(parent), "%s", name);
	}
	forge_target(forge, "role39", "rules/far", "far");
	forge_target(forge, "role31", "rules/near", "near");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/near", &content), 0);
	free(content);
	assert_int_equal(forge_download(forge, "rules/far", &content), -E2BIG);
	assert_int_equal(forge_kept(forge, "role32.json"), 0);
	before = forge_state(forge);
	assert_int_equal(forge_download(forge, "rules/near", &content), 0);
	free(content);
	after = forge_state(forge);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void attack_16_delegation_cycle(void **state)
{
	struct forge *forge = *state;

	forge_delegate(forge, "targets", "a", forge_p256(4), "*/*");
	forge_delegate(forge, "a", "b", forge_p256(4), "*/*");
	forge_delegate(forge, "b", "a", forge_p256(4), "*/*");
	forge_delegate(forge, "b", "b", forge_p256(4), "*/*");
	for (size_t i = 0; i < forge->roles; i++)
		forge->role[i].signers = 1;
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/x", NULL), -ENOENT);
	forge_refuses_target(forge, "rules/x", -ENOENT);
}

/* The same role under two parents: each has to be satisfied by its own keys. */
static void attack_16_diamond(void **state)
{
	struct forge *forge = *state;
	char *content = NULL;

	forge_delegate(forge, "targets", "a", forge_p256(4), "a/*");
	forge_delegate(forge, "targets", "b", forge_p256(5), "b/*");
	forge_delegate(forge, "a", "release", forge_p256(6), "a/*");
	forge_delegate(forge, "b", "release", forge_p256(7), "b/*");
	forge_role(forge, "release")->signers = 1;	/* the key that a names */
	forge_target(forge, "release", "a/x", "good");
	forge_target(forge, "release", "b/x", "bad");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "a/x", &content), 0);
	assert_string_equal(content, "good");
	free(content);
	assert_int_equal(forge_download(forge, "b/x", &content), -EACCES);
	forge_refuses_target(forge, "b/x", -EACCES);
}

/* The same within one client: what was accepted for one parent is nothing for the other. */
static void attack_16_diamond_in_one_run(void **state)
{
	struct forge *forge = *state;
	const struct metadata_file *target;
	struct client *client;
	struct store *store;
	const char *role;

	forge_delegate(forge, "targets", "a", forge_p256(4), "a/*");
	forge_delegate(forge, "targets", "b", forge_p256(5), "b/*");
	forge_delegate(forge, "a", "release", forge_p256(6), "a/*");
	forge_delegate(forge, "b", "release", forge_p256(7), "b/*");
	forge_role(forge, "release")->signers = 1;
	forge_target(forge, "release", "a/x", "good");
	forge_target(forge, "release", "b/x", "bad");
	forge_publish_all(forge);
	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	assert_int_equal(client_new(&client, store, &forge->source, &forge->options, NULL), 0);
	assert_int_equal(client_refresh(client, NULL), 0);
	assert_int_equal(client_lookup(client, "a/x", &target, &role, NULL), 0);
	assert_string_equal(role, "release");
	assert_int_equal(client_lookup(client, "b/x", &target, &role, NULL), -EACCES);
	assert_int_equal(client_lookup(client, "a/x", &target, &role, NULL), 0);
	client_free(client);
	store_free(store);
}

/* ---- 17: who may speak for what ---- */

static void attack_17_patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool covers;
	} row[] = {
		{ "rules/*", "rules/a", true },
		{ "rules/*", "rules/a/b", false },
		{ "rules/*", "rules/", true },
		{ "rules/*", "rules", false },
		{ "rules/*", "Rules/a", false },
		{ "rules/*", "xrules/a", false },
		{ "*", "a", true },
		{ "*", "a/b", false },
		{ "*/*", "a/b", true },
		{ "**", "a/b", false },
		{ "rules/?", "rules/a", true },
		{ "rules?a", "rules/a", false },
		{ "rules/?", "rules/", false },
		{ "rules/*.rules", "rules/a.rules", true },
		{ "rules/*.rules", "rules/a.rulesx", false },
		{ "rules/*a*b", "rules/xaxbxab", true },
		{ "rules/a", "rules/a", true },
		{ "rules/a", "rules/A", false },
		{ "rules/[a]", "rules/a", false },
		{ "rules/[a]", "rules/[a]", false },
		{ "rules/\\a", "rules/a", false },
		{ "rules/\\*", "rules/\\*", false },
		{ "/rules/*", "/rules/a", false },
		{ "/rules/*", "rules/a", false },
		{ "../*", "../a", false },
		{ "rules/../*", "rules/../a", false },
		{ "rules/..*", "rules/..a", true },
		{ "", "", false },
		{ "rules//a", "rules//a", true },
		{ "rules//a", "rules/a", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const char *pattern = row[i].pattern;
		struct metadata_role role = { .pattern = &pattern, .patterns = 1 };

		if (metadata_role_covers(&role, row[i].path) != row[i].covers)
			fail_msg("%s and %s", row[i].pattern, row[i].path);
	}
}

/* A pattern that costs a backtracking matcher years. */
static void attack_17_pattern_that_takes_for_ever(void **state)
{
	char pattern[255], path[255];
	const char *only = pattern;
	struct metadata_role role = { .pattern = &only, .patterns = 1 };

	(void)state;
	for (size_t i = 0; i < 254; i++) {
		pattern[i] = i % 2 ? 'a' : '*';
		path[i] = 'a';
	}
	pattern[253] = 'b';
	pattern[254] = path[254] = '\0';
	assert_false(metadata_role_covers(&role, path));
}

static void attack_17_hash_prefixes(void **state)
{
	/* SHA-256("rules/a") begins with 4c26c8. */
	static const char *const yes[] = { "4", "4c26c8" }, *const no[] = { "c26c8c" };
	struct metadata_role role = { .by_hash = true, .patterns = 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		role.pattern = (const char **)(uintptr_t)&yes[i];
		assert_true(metadata_role_covers(&role, "rules/a"));
		assert_false(metadata_role_covers(&role, "rules/A"));
	}
	role.pattern = (const char **)(uintptr_t)&no[0];
	assert_false(metadata_role_covers(&role, "rules/a"));
}

/* Whom the search meets first speaks; who is not let through by every parent does not. */
static void attack_17_order_and_termination(void **state)
{
	struct forge *forge = *state;
	char *content = NULL;
	json_t *first;

	first = forge_delegate(forge, "targets", "a", forge_p256(4), "rules/*");
	forge_delegate(forge, "targets", "b", forge_p256(5), "*/*");
	forge_delegate(forge, "a", "c", forge_p256(6), "*/*");
	forge_target(forge, "b", "rules/x", "by b");
	forge_target(forge, "c", "rules/x", "by c");
	forge_target(forge, "b", "rules/y", "by b");
	forge_target(forge, "c", "images/x", "by c");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/x", &content), 0);
	assert_string_equal(content, "by c");
	free(content);
	assert_int_equal(forge_download(forge, "rules/y", &content), 0);
	free(content);
	/* c may, but a, through which it is reached, may not. */
	forge_refuses_target(forge, "images/x", -ENOENT);
	json_object_set_new(first, "terminating", json_true());
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/y", &content), -ENOENT);
	forge_refuses_target(forge, "rules/y", -ENOENT);
	assert_int_equal(forge_download(forge, "rules/x", &content), 0);
	assert_string_equal(content, "by c");
	free(content);
}

/* A role that ends the search ends it for those above, too. */
static void attack_17_termination_below(void **state)
{
	struct forge *forge = *state;
	json_t *inner;

	forge_delegate(forge, "targets", "a", forge_p256(4), "rules/*");
	forge_delegate(forge, "targets", "b", forge_p256(5), "rules/*");
	inner = forge_delegate(forge, "a", "c", forge_p256(6), "rules/*");
	json_object_set_new(inner, "terminating", json_true());
	forge_target(forge, "b", "rules/x", "by b");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/x", NULL), -ENOENT);
	forge_refuses_target(forge, "rules/x", -ENOENT);
	assert_int_equal(forge_kept(forge, "b.json"), 0);
}

/* ---- 18: names of roles ---- */

static size_t count_files(const struct forge *forge)
{
	char *state = forge_state(forge);
	size_t lines = 0;

	for (const char *at = state; *at; at++)
		lines += *at == '\n';
	free(state);
	return lines;
}

static void attack_18_names_that_lead_elsewhere(void **state)
{
	static const char *const name[] = {
		"../x", "/x", "/etc/passwd", "?", "#", ".", "..", "...", ".hidden", "a/b", "a\\b",
		"%2e%2e%2fx", "a b", "a\nb", "a\x7f", "\xc3\xa4", "1.root", "root.json", "lock",
		"rotation", "Root", "TARGETS", "a.new", "-rf", "x;y", "CON",
	};
	char *content = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct forge *forge = forge_new();

		forge_delegate(forge, "targets", name[i], forge_p256(4), "*/*");
		forge_target(forge, name[i], "rules/a", "a");
		forge_publish_all(forge);
		assert_int_equal(forge_download(forge, "rules/a", &content), 0);
		free(content);
		/* root, timestamp, snapshot, targets, and one more file. */
		if (count_files(forge) != 5)
			fail_msg("%s made another number of files", name[i]);
		assert_int_equal(forge_kept(forge, "root.json"), 1);
		forge_accepts(forge);
		forge_free(forge);
	}
}

static void attack_18_names_that_are_refused(void **state)
{
	char length_256[257], length_4096[4097];
	const char *const name[] = { "", "root", "timestamp", "snapshot", "targets", length_256,
				     length_4096 };

	(void)state;
	memset(length_256, 'a', sizeof(length_256) - 1);
	length_256[sizeof(length_256) - 1] = '\0';
	memset(length_4096, 'a', sizeof(length_4096) - 1);
	length_4096[sizeof(length_4096) - 1] = '\0';
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct forge *forge = forge_new();
		json_t *delegation = forge_delegate(forge, "targets", "a", forge_p256(4), "*/*");

		json_object_set_new(delegation, "name", json_string(name[i]));
		forge_publish_all(forge);
		assert_int_equal(forge_refresh(forge), -EINVAL);
		forge_refuses(forge, -EINVAL);
		assert_int_equal(forge_kept(forge, "targets.json"), 0);
		forge_free(forge);
	}
}

static void attack_18_nul_in_a_name(void **state)
{
	struct forge *forge = *state;

	forge_delegate(forge, "targets", "a", forge_p256(4), "*/*");
	forge_publish(forge, "a");
	forge_publish_edited(forge, "targets", "\"name\":\"a\"", "\"name\":\"a\\u0000b\"");
	forge_publish(forge, "snapshot");
	forge_publish(forge, "timestamp");
	assert_int_equal(forge_refresh(forge), -EINVAL);
	forge_refuses(forge, -EINVAL);
}

/* Encoded it is longer than a file name can be: refused when it is met, and nothing else
 * suffers. */
static void attack_18_name_too_long_for_a_file(void **state)
{
	struct forge *forge = *state;
	char name[121], *content = NULL;

	memset(name, '/', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	forge_delegate(forge, "targets", name, forge_p256(4), "*/*");
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	forge_refuses_target(forge, "rules/b", -ENAMETOOLONG);
}

static void attack_18_name_delegated_twice(void **state)
{
	struct forge *forge = *state;

	forge_delegate(forge, "targets", "a", forge_p256(4), "x/*");
	forge_delegate(forge, "targets", "a", forge_p256(5), "*/*");
	forge_publish_all(forge);
	assert_int_equal(forge_refresh(forge), -EINVAL);
	forge_refuses(forge, -EINVAL);
}

/* Two names that differ in case, or that would be equal if encoded once more, are two files. */
static void attack_18_names_that_look_alike(void **state)
{
	static const char *const name[] = { "a/b", "a%2Fb", "A/b", "a%252Fb" };
	struct forge *forge = *state;
	char path[16], *content = NULL;

	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%zu/x", i);
		forge_delegate(forge, "targets", name[i], forge_p256(4), path);
		forge_target(forge, name[i], path, path);
	}
	forge_publish_all(forge);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%zu/x", i);
		assert_int_equal(forge_download(forge, path, &content), 0);
		assert_string_equal(content, path);
		free(content);
	}
	assert_int_equal(count_files(forge), 4 + 4);
}

/* ---- 19: names of targets ---- */

static void attack_19_target_names_that_lead_elsewhere(void **state)
{
	static const char *const name[] = {
		"../../etc/x", "..", ".", "/etc/passwd", "rules/../../x", "rules//x", "rules/",
		"rules/./x", "a\nb", "a\x01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct forge *forge = forge_new();

		forge->options.keep_targets = true;
		forge_target(forge, "targets", name[i], "x");
		forge_publish_all(forge);
		forge_accepts(forge);
		forge_refuses_target(forge, name[i], -EINVAL);
		/* Refused before anybody was asked for it. */
		assert_null(strstr(forge->requests.data, ".x"));
		forge_free(forge);
	}
}

static const char kept_name[] =
	"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.target";

static void attack_19_link_in_place_of_a_kept_file(void **state)
{
	struct forge *forge = *state;
	char path[128], *content = NULL;
	struct stat status;

	forge->options.keep_targets = true;
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	snprintf(path, sizeof(path), "%s/outside", forge->folder);
	assert_int_equal(symlinkat(path, forge->fd, kept_name), 0);
	assert_int_equal(symlinkat(path, forge->fd, "timestamp.json"), 0);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(fstatat(forge->fd, kept_name, &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(status.st_mode));
}

static void attack_19_folder_in_place_of_a_kept_file(void **state)
{
	struct forge *forge = *state;

	forge->options.keep_targets = true;
	forge_target(forge, "targets", "rules/a", "a");
	forge_publish_all(forge);
	forge_accepts(forge);
	assert_int_equal(mkdirat(forge->fd, kept_name, 0755), 0);
	forge_refuses_target(forge, "rules/a", -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(attack_16_too_many_delegations),
		FORGE_TEST(attack_16_delegation_cycle),
		FORGE_TEST(attack_16_diamond),
		FORGE_TEST(attack_16_diamond_in_one_run),
		cmocka_unit_test(attack_17_patterns),
		cmocka_unit_test(attack_17_pattern_that_takes_for_ever),
		cmocka_unit_test(attack_17_hash_prefixes),
		FORGE_TEST(attack_17_order_and_termination),
		FORGE_TEST(attack_17_termination_below),
		cmocka_unit_test(attack_18_names_that_lead_elsewhere),
		cmocka_unit_test(attack_18_names_that_are_refused),
		FORGE_TEST(attack_18_nul_in_a_name),
		FORGE_TEST(attack_18_name_too_long_for_a_file),
		FORGE_TEST(attack_18_name_delegated_twice),
		FORGE_TEST(attack_18_names_that_look_alike),
		cmocka_unit_test(attack_19_target_names_that_lead_elsewhere),
		FORGE_TEST(attack_19_link_in_place_of_a_kept_file),
		FORGE_TEST(attack_19_folder_in_place_of_a_kept_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
